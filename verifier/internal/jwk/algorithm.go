package jwk

import (
	"crypto"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"
)

// An algorithm is one asymmetric signature algorithm of RFC 7518 section 3.1 or RFC 8037 section 3.1. There is no
// entry for none and none for HMAC, so no configuration can allow them (RFC 8725 sections 2.1 and 3.2).
type algorithm struct {
	family family
	hash   crypto.Hash
	curve  elliptic.Curve // of ECDSA
}

type family int

const (
	rsaPKCS1 family = iota
	rsaPSS
	ecdsaFixed
	edDSA
)

var algorithms = map[string]algorithm{
	"RS256": {family: rsaPKCS1, hash: crypto.SHA256},
	"RS384": {family: rsaPKCS1, hash: crypto.SHA384},
	"RS512": {family: rsaPKCS1, hash: crypto.SHA512},
	"PS256": {family: rsaPSS, hash: crypto.SHA256},
	"PS384": {family: rsaPSS, hash: crypto.SHA384},
	"PS512": {family: rsaPSS, hash: crypto.SHA512},
	"ES256": {family: ecdsaFixed, hash: crypto.SHA256, curve: elliptic.P256()},
	"ES384": {family: ecdsaFixed, hash: crypto.SHA384, curve: elliptic.P384()},
	"ES512": {family: ecdsaFixed, hash: crypto.SHA512, curve: elliptic.P521()},
	"EdDSA": {family: edDSA},
}

// Supported reports whether alg, compared exactly, is a signature algorithm that can be allowed.
func Supported(alg string) bool {
	_, ok := algorithms[alg]
	return ok
}

// Fits reports whether alg agrees with the key's type and curve and, if the key names one, with its own algorithm
// (RFC 8725 section 3.1, RFC 7517 section 4.4).
func (k *Key) Fits(alg string) bool {
	_, fits := k.algorithm(alg)
	return fits
}

// algorithm returns the algorithm of that name, and whether the key is for it.
func (k *Key) algorithm(alg string) (algorithm, bool) {
	a, known := algorithms[alg]
	return a, known && (k.Algorithm == "" || k.Algorithm == alg) && k.public.fits(a)
}

// Verify reports whether signature is alg's signature of signed by the key. A key that alg does not fit verifies
// nothing.
func (k *Key) Verify(alg string, signed, signature []byte) bool {
	a, fits := k.algorithm(alg)
	return fits && k.public.verify(a, signed, signature)
}

// maxDigest is the length of the longest digest.
const maxDigest = sha512.Size

// digest appends the hash of signed to b; for an algorithm that hashes on its own it appends nothing.
func (a algorithm) digest(b, signed []byte) []byte {
	switch a.hash {
	case crypto.SHA256:
		sum := sha256.Sum256(signed)
		return append(b, sum[:]...)
	case crypto.SHA384:
		sum := sha512.Sum384(signed)
		return append(b, sum[:]...)
	case crypto.SHA512:
		sum := sha512.Sum512(signed)
		return append(b, sum[:]...)
	}
	return b
}
