package jwk

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
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
	a, ok := algorithms[alg]
	if !ok || k.Algorithm != "" && k.Algorithm != alg {
		return false
	}
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		return a.family == rsaPKCS1 || a.family == rsaPSS
	case *ecdsa.PublicKey:
		return a.family == ecdsaFixed && a.curve == public.Curve
	case ed25519.PublicKey:
		return a.family == edDSA
	}
	return false
}

// Verify reports whether signature is alg's signature of signed by the key. A key that alg does not fit verifies
// nothing.
func (k *Key) Verify(alg string, signed, signature []byte) bool {
	if !k.Fits(alg) {
		return false
	}
	a := algorithms[alg]
	var buf [sha512.Size]byte
	digest := a.digest(buf[:0], signed)
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		if a.family == rsaPSS {
			// RFC 7518 section 3.5: the salt is as long as the hash, and no other length will do.
			return rsa.VerifyPSS(public, a.hash, digest, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
		return rsa.VerifyPKCS1v15(public, a.hash, digest, signature) == nil
	case *ecdsa.PublicKey:
		// RFC 7518 section 3.4: r and s, each as long as the curve's order, and nothing else. VerifyASN1 refuses
		// those that are zero or not below the order.
		size := coordinateSize(public.Curve)
		if len(signature) != 2*size {
			return false
		}
		return ecdsa.VerifyASN1(public, digest, asn1Signature(signature[:size], signature[size:]))
	case ed25519.PublicKey:
		return ed25519.Verify(public, signed, signature)
	}
	return false
}

// asn1Signature writes r and s as the ASN.1 that crypto/ecdsa wants: a SEQUENCE of two INTEGERs (RFC 3279 section
// 2.2.3), as DER demands. Its Verify would do so by way of big.Int, at 8 more allocations.
func asn1Signature(r, s []byte) []byte {
	const sequence, longForm = 0x30, 0x81 // of a length from 128 to 255 bytes
	var buf [160]byte                     // P-521 needs 3 + 2*(2+67)
	body := appendInteger(appendInteger(buf[3:3], r), s)
	if len(body) < 128 {
		buf[1], buf[2] = sequence, byte(len(body))
		return buf[1 : 3+len(body)]
	}
	buf[0], buf[1], buf[2] = sequence, longForm, byte(len(body))
	return buf[:3+len(body)]
}

// appendInteger appends a positive INTEGER: as short as can be, and with a zero in front where it would be negative.
func appendInteger(b, value []byte) []byte {
	const integer = 0x02
	for len(value) > 1 && value[0] == 0 {
		value = value[1:]
	}
	if value[0] >= 0x80 {
		b = append(b, integer, byte(len(value)+1), 0)
	} else {
		b = append(b, integer, byte(len(value)))
	}
	return append(b, value...)
}

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
