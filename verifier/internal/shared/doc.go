// Package shared is what a verifier lends to the other packages of this module that need an issuer's keys or metadata,
// so that there is one keyring for all of them.
package shared
