package jwk

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
)

// Thumbprint returns the key's SHA-256 thumbprint (RFC 7638 section 3) in base64url: of its required members alone, in
// the order of their names and without white space.
func (k *Key) Thumbprint() string {
	const roomy = 1024
	members := make([]byte, 0, roomy)
	add := func(before string, value []byte) {
		members = base64.RawURLEncoding.AppendEncode(append(members, before...), value)
	}
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		add(`{"e":"`, big.NewInt(int64(public.E)).Bytes())
		add(`","kty":"RSA","n":"`, public.N.Bytes())
	case *ecdsa.PublicKey:
		point := k.point
		if point == nil {
			point, _ = public.Bytes() // it was on its curve when it was read
		}
		size := len(point) / 2
		add(`{"crv":"`+public.Curve.Params().Name+`","kty":"EC","x":"`, point[1:1+size])
		add(`","y":"`, point[1+size:])
	case ed25519.PublicKey:
		add(`{"crv":"Ed25519","kty":"OKP","x":"`, public)
	}
	sum := sha256.Sum256(append(members, `"}`...))
	return string(base64.RawURLEncoding.AppendEncode(members[:0], sum[:]))
}
