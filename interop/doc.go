// Package interop runs third-party software beside Holdfast: a certified issuer, and certified clients. Nothing of
// theirs is changed; the scripts in node/ configure them as their documentation shows. `make test` installs them, by
// the lock file.
package interop
