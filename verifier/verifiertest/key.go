package verifiertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/go-jose/go-jose/v4"
)

// A Key signs tokens. It does not change, and is safe for concurrent use.
type Key struct {
	// ID is its kid.
	ID string
	// Algorithm is the one algorithm it signs by.
	Algorithm string

	private crypto.Signer
}

// NewKey makes a key for one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512 and EdDSA (Ed25519). RSA
// keys have 2048 bits and take a while to make: tests do well to share them.
func NewKey(algorithm, id string) (*Key, error) {
	var (
		private crypto.Signer
		err     error
	)
	switch algorithm {
	case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512":
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	case "ES256":
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		private, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "EdDSA":
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		return nil, fmt.Errorf("verifiertest: no key is made for algorithm %q", algorithm)
	}
	if err != nil {
		return nil, err
	}
	return &Key{ID: id, Algorithm: algorithm, private: private}, nil
}

// JWK returns the public key as a JSON Web Key (RFC 7517 section 4).
func (k *Key) JWK() (json.RawMessage, error) {
	return jose.JSONWebKey{Key: k.private.Public(), KeyID: k.ID, Algorithm: k.Algorithm, Use: "sig"}.MarshalJSON()
}

// Sign returns the compact JWS (RFC 7515 section 7.1) of the very bytes given, by the key's algorithm whatever the
// header says: to see what a verifier makes of odd ones.
func (k *Key) Sign(header, payload []byte) (string, error) {
	signed := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload)
	signature, err := k.signature([]byte(signed))
	if err != nil {
		return "", err
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

var hashes = map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}

func (k *Key) signature(signed []byte) ([]byte, error) {
	if private, isEd25519 := k.private.(ed25519.PrivateKey); isEd25519 {
		return ed25519.Sign(private, signed), nil
	}
	hash := hashes[k.Algorithm[2:]]
	h := hash.New()
	h.Write(signed)
	digest := h.Sum(nil)
	switch private := k.private.(type) {
	case *ecdsa.PrivateKey:
		// RFC 7518 section 3.4: r and s, each as long as the order, and not the DER that Signer writes.
		r, s, err := ecdsa.Sign(rand.Reader, private, digest)
		if err != nil {
			return nil, err
		}
		size := (private.Curve.Params().BitSize + 7) / 8
		return append(fixed(r, size), fixed(s, size)...), nil
	case *rsa.PrivateKey:
		if k.Algorithm[0] == 'P' {
			return rsa.SignPSS(rand.Reader, private, hash, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
		return rsa.SignPKCS1v15(rand.Reader, private, hash, digest)
	}
	return nil, fmt.Errorf("verifiertest: no signature by %T", k.private)
}

func fixed(n *big.Int, size int) []byte { return n.FillBytes(make([]byte, size)) }
