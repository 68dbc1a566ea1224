// Package fastverify verifies signatures by keys that it has prepared, faster than the standard library, which prepares a
// key for each signature. [Verifier] is a ports.SignatureVerifier:
//
//	fast, err := fastverify.New(fastverify.Config{})
//	v, err := verifier.New(verifier.Config{SignatureVerifier: fast}) // and the rest
//
// It is off unless it is named so. Read decision 17 of Holdfast's documentation first: it tells the risk, and who should
// leave it. In short: it is for servers whose time goes into signatures of access tokens that come once, or of DPoP
// proofs. It is not for programs that need FIPS 140-3, where [New] fails.
//
// # What is prepared
//
// A key is prepared at its eighth use. Until then, and for all other keys, the standard library verifies.
//
//   - RSA, PKCS #1 v1.5 and PSS (RS256 to RS512, PS256 to PS512): the modulus is kept as filippo.io/bigmod has it.
//   - P-256 (ES256): 255 sums of multiples of the public key, by filippo.io/nistec.
//   - Ed25519 (EdDSA): the same, by filippo.io/edwards25519.
//
// P-384, P-521 and ML-DSA are not prepared: tokens rarely have them.
//
// These libraries are the code of the Go standard library, exported by who maintains it there. This package adds what is made
// of their additions and multiplications: encodings of RFC 8017, and the equations of FIPS 186-5 and RFC 8032. It only
// verifies; it sees no secret, so its time may depend on what it is given.
//
// # Memory
//
// Config.MaxBytes bounds it. Over it a key gives way only to one that was used eight times since it was used last. The uses
// of at most 8,192 keys are counted.
package fastverify
