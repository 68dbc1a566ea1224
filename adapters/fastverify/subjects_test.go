package fastverify_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"testing"

	"github.com/holdfast-go/holdfast/adapters/fastverify"
)

// A subject is a key and a signature by it, as the port has them and as the standard library verifies them.
type subject struct {
	name              string
	key               crypto.PublicKey
	digest, signature []byte
	opts              crypto.SignerOpts
	standard          func() bool
}

func subjects(tb testing.TB) []subject {
	digest := sha256.Sum256([]byte("header.payload"))
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	pkcs1 := sign(tb, rsaKey, digest[:], crypto.SHA256)
	pssOptions := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
	pss := sign(tb, rsaKey, digest[:], pssOptions)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	r, s, err := ecdsa.Sign(rand.Reader, ecKey, digest[:])
	if err != nil {
		tb.Fatal(err)
	}
	fixed := make([]byte, 64)
	r.FillBytes(fixed[:32])
	s.FillBytes(fixed[32:])
	der := sign(tb, ecKey, digest[:], crypto.SHA256)
	edPublic, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	ed := sign(tb, edKey, digest[:], crypto.Hash(0))
	return []subject{
		{"RS256", &rsaKey.PublicKey, digest[:], pkcs1, crypto.SHA256, func() bool {
			return rsa.VerifyPKCS1v15(&rsaKey.PublicKey, crypto.SHA256, digest[:], pkcs1) == nil
		}},
		{"PS256", &rsaKey.PublicKey, digest[:], pss, pssOptions, func() bool {
			return rsa.VerifyPSS(&rsaKey.PublicKey, crypto.SHA256, digest[:], pss, pssOptions) == nil
		}},
		{"ES256", &ecKey.PublicKey, digest[:], fixed, crypto.SHA256, func() bool {
			return ecdsa.VerifyASN1(&ecKey.PublicKey, digest[:], der)
		}},
		{"Ed25519", edPublic, digest[:], ed, crypto.Hash(0), func() bool {
			return ed25519.Verify(edPublic, digest[:], ed)
		}},
	}
}

func sign(tb testing.TB, key crypto.Signer, digest []byte, opts crypto.SignerOpts) []byte {
	signature, err := key.Sign(rand.Reader, digest, opts)
	if err != nil {
		tb.Fatal(err)
	}
	return signature
}

// prepare uses a key until it is prepared.
func prepare(tb testing.TB, v *fastverify.Verifier, s subject) {
	tb.Helper()
	for range 8 {
		if valid, err := v.VerifySignature(s.key, s.digest, s.signature, s.opts); err == nil {
			if !valid {
				tb.Fatal("a valid signature is refused")
			}
			return
		}
	}
	tb.Fatal("the key is not prepared at its eighth use")
}

// copied returns an equal key that is another object, as each DPoP proof brings one.
func (s subject) copied() crypto.PublicKey {
	if key, isRSA := s.key.(*rsa.PublicKey); isRSA {
		return &rsa.PublicKey{N: key.N, E: key.E}
	}
	if key, isECDSA := s.key.(*ecdsa.PublicKey); isECDSA {
		point, _ := key.Bytes()
		other, _ := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
		return other
	}
	return ed25519.PublicKey(bytes.Clone(s.key.(ed25519.PublicKey)))
}
