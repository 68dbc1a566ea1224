package ports

import "crypto"

// A SignatureVerifier verifies signatures in place of the standard library, for speed: the same public keys come again
// and again, so it may prepare a key once and verify with it often.
//
// What it accepts, package verifier accepts. It is asked only about keys within the bounds of package verifier (RSA of
// 2048 to 16384 bits with an odd modulus and an odd exponent of 3 to 2³¹-1, points that are on their curve), about
// algorithms that fit the key, and about signatures of the right length. It must bound its memory: a client chooses its
// own key. It must not block.
type SignatureVerifier interface {
	// VerifySignature reports whether signature is the signature of digest by key. It must answer as the standard
	// library does, which opts select as for [crypto.Signer.Sign]:
	//
	//   - [*crypto/rsa.PublicKey] and a [crypto.Hash]: RSASSA-PKCS1-v1_5. The signature is as long as the modulus.
	//   - [*crypto/rsa.PublicKey] and [*crypto/rsa.PSSOptions]: RSASSA-PSS with a salt as long as the hash, and of no
	//     other length.
	//   - [*crypto/ecdsa.PublicKey] and a [crypto.Hash]: ECDSA. The signature is r and s, each as long as the order of
	//     the curve (RFC 7518 section 3.4).
	//   - [crypto/ed25519.PublicKey] and crypto.Hash(0): Ed25519. The digest is the message itself.
	//
	// If it can't tell, as of a key that it has not prepared or of another kind, it must return an error: then the
	// standard library verifies the signature. It must not change what it is given, and must keep only the key, which
	// does not change.
	VerifySignature(key crypto.PublicKey, digest, signature []byte, opts crypto.SignerOpts) (bool, error)
}
