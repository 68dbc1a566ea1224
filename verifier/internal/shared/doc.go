// Package shared is how a verifier lends its keyring to the other packages of this module that need an issuer's keys or
// metadata, so that there is one keyring for all of them. Other modules can't import it, and so can't reach the keyring.
package shared
