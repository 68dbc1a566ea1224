// Package interop runs third-party software with Holdfast: a certified issuer, certified clients, a browser, and other
// verifiers, behind small APIs in targets/ and node/targets, on which holdfast-conform plays its cases. Nothing of
// theirs is changed; the scripts in node/ configure them as their documentation shows. `make test` installs them, by
// the lock file.
//
// With SCREENSHOTS set to a folder, the tests that use the browser leave pictures of its pages there.
package interop
