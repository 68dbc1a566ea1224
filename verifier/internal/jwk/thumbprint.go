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
	encode := base64.RawURLEncoding.EncodeToString
	var members string
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		members = `{"e":"` + encode(big.NewInt(int64(public.E)).Bytes()) + `","kty":"RSA","n":"` + encode(public.N.Bytes()) + `"}`
	case *ecdsa.PublicKey:
		point, _ := public.Bytes() // it was on its curve when it was read
		size := (len(point) - 1) / 2
		x, y := point[1:1+size], point[1+size:]
		members = `{"crv":"` + public.Curve.Params().Name + `","kty":"EC","x":"` + encode(x) + `","y":"` + encode(y) + `"}`
	case ed25519.PublicKey:
		members = `{"crv":"Ed25519","kty":"OKP","x":"` + encode(public) + `"}`
	}
	sum := sha256.Sum256([]byte(members))
	return encode(sum[:])
}
