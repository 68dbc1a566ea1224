package player

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
	"sync"

	"github.com/holdfast-go/holdfast/verifier"
)

// ownKey is an RSA key that the issuer publishes and the catalogue signs with in ways that no issuer does. Its kid is
// own- and the algorithm that it is published for.
func ownRSAKey(e *Environment) (*rsa.PrivateKey, error) { return e.own() }

// smallKey is an RSA key of 1024 bits, which only the catalogue still makes.
func smallKey(e *Environment) (*rsa.PrivateKey, error) { return e.small() }

func newRSAKey(bits int) func() (*rsa.PrivateKey, error) {
	return sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, bits) })
}

// SignOwn signs by the own key with RSASSA-PKCS1-v1_5.
func SignOwn(hash crypto.Hash) func(*Run, []byte) []byte { return signPKCS1(ownRSAKey, hash) }

// SignSmall signs by the small key.
func SignSmall(hash crypto.Hash) func(*Run, []byte) []byte { return signPKCS1(smallKey, hash) }

func signPKCS1(key func(*Environment) (*rsa.PrivateKey, error), hash crypto.Hash) func(*Run, []byte) []byte {
	return func(run *Run, signed []byte) []byte {
		private, err := key(run.Environment)
		if err != nil {
			run.Must(err)
			return nil
		}
		signature, err := rsa.SignPKCS1v15(rand.Reader, private, hash, Digest(hash, signed))
		run.Must(err)
		return signature
	}
}

// SignPSS signs by the own key with RSASSA-PSS and SHA-256, and a salt of that length.
func SignPSS(salt int) func(*Run, []byte) []byte {
	return func(run *Run, signed []byte) []byte {
		private, err := run.Environment.own()
		if err != nil {
			run.Must(err)
			return nil
		}
		digest := Digest(crypto.SHA256, signed)
		signature, err := rsa.SignPSS(bytes.NewReader(digest), private, crypto.SHA256, digest, &rsa.PSSOptions{SaltLength: salt})
		run.Must(err)
		return signature
	}
}

// Digest is the hash of content.
func Digest(hash crypto.Hash, content []byte) []byte {
	h := hash.New()
	h.Write(content)
	return h.Sum(nil)
}

// SignHMAC signs with HMAC-SHA256 by a secret that is public.
func SignHMAC(secret func(*Run) []byte) func(*Run, []byte) []byte {
	return func(run *Run, signed []byte) []byte {
		mac := hmac.New(sha256.New, secret(run))
		mac.Write(signed)
		return mac.Sum(nil)
	}
}

// OwnPEM is the public half of the own key as many write it.
func OwnPEM(run *Run) []byte {
	encoded, err := OwnPEMBytes(run.Environment)
	run.Must(err)
	return encoded
}

// OwnPEMBytes is [OwnPEM] for what is configured before a run.
func OwnPEMBytes(e *Environment) ([]byte, error) {
	private, err := e.own()
	if err != nil {
		return nil, err
	}
	encoded, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: encoded}), err
}

// OwnModulus is the modulus of the own key.
func OwnModulus(run *Run) []byte {
	private, err := run.Environment.own()
	if err != nil {
		run.Must(err)
		return nil
	}
	return private.N.Bytes()
}

// Algorithms are the signature algorithms of every Go release that is supported, so that the cases are the same wherever
// they are built.
var Algorithms = slices.DeleteFunc(verifier.Algorithms(), func(alg string) bool { return strings.HasPrefix(alg, "ML-DSA-") })
