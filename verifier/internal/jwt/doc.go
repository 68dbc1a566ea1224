// Package jwt is the front that tokens of all kinds have in common (RFC 7519): their form, the key that signed them, and
// the claims and times that they all have. Access tokens, ID tokens and DPoP proofs are checked by it, each under rules
// of its own.
package jwt
