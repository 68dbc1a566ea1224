// Package routers shows an API behind a guard in the frameworks that Go services use. Each file has one of them, and the
// lines between its comments "guard" and "end" are all that Holdfast asks for. The test plays every API over a listener:
// good and bad tokens, scopes of a route, and DPoP proofs behind a proxy.
package routers
