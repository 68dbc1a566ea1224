package verifier

import "crypto"

// A SigningKey signs JWTs, for an application that is an OAuth client, or that vouches for metadata.
type SigningKey struct {
	// Signer is the private key: RSA of at least 2048 bits, ECDSA on P-256, P-384 or P-521, Ed25519, or, in programs
	// built with Go 1.27 or newer, ML-DSA. It may be in a key management system; it must be safe for concurrent use.
	Signer crypto.Signer
	// Algorithm is the signature algorithm, of those that [Algorithms] returns. Empty means the first of them
	// that fits the key: RS256, EdDSA, or the one of its curve or parameters.
	Algorithm string
	// KeyID is the kid by which those who verify know the key. Empty means that they have to find the key without.
	KeyID string
}
