package verifier

import "github.com/holdfast-go/holdfast/verifier/internal/jwk"

// Algorithms returns the names of the signature algorithms that can be allowed for access tokens, ID tokens and DPoP
// proofs: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512 (RFC 7518), EdDSA on Ed25519 (RFC 8037), Ed25519
// (RFC 9864) and, in programs built with Go 1.27 or newer, ML-DSA-44, ML-DSA-65 and ML-DSA-87 (RFC 9964). HMAC and none
// can't be allowed. The caller may change the slice.
//
// Ed25519 is the name of EdDSA on that curve. Where EdDSA is allowed, Ed25519 is accepted and advertised as well. Where
// only Ed25519 is allowed, EdDSA is not: RFC 9864 section 4.4 deprecates it.
func Algorithms() []string { return jwk.Algorithms() }
