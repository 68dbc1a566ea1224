package catalogue

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"sync"
)

// ownKey is an RSA key that the issuer publishes and the catalogue signs with in ways that no issuer does. Its kid is
// own- and the algorithm that it is published for.
func ownKey(w *World) (*rsa.PrivateKey, error) { return w.own() }

// smallKey is an RSA key of 1024 bits, which only the catalogue still makes.
func smallKey(w *World) (*rsa.PrivateKey, error) { return w.small() }

func newRSAKey(bits int) func() (*rsa.PrivateKey, error) {
	return sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, bits) })
}

// ownKeys publishes the own key for several algorithms.
func ownKeys(algorithms ...string) func(*World) ([]any, error) {
	return func(w *World) ([]any, error) {
		private, err := w.own()
		if err != nil {
			return nil, err
		}
		keys := make([]any, len(algorithms))
		for i, alg := range algorithms {
			keys[i] = fields{
				"kty": "RSA", "use": "sig", "alg": alg, "kid": "own-" + alg,
				"e": "AQAB", "n": base64.RawURLEncoding.EncodeToString(private.N.Bytes()),
			}
		}
		return keys, nil
	}
}

// signOwn signs by the own key with RSASSA-PKCS1-v1_5.
func signOwn(hash crypto.Hash) func(*scene, []byte) []byte { return signPKCS1(ownKey, hash) }

// signSmall signs by the small key.
func signSmall(hash crypto.Hash) func(*scene, []byte) []byte { return signPKCS1(smallKey, hash) }

func signPKCS1(key func(*World) (*rsa.PrivateKey, error), hash crypto.Hash) func(*scene, []byte) []byte {
	return func(s *scene, signed []byte) []byte {
		private, err := key(s.World)
		if err != nil {
			s.must(err)
			return nil
		}
		signature, err := rsa.SignPKCS1v15(rand.Reader, private, hash, digest(hash, signed))
		s.must(err)
		return signature
	}
}

// signPSS signs by the own key with RSASSA-PSS and SHA-256, and a salt of that length.
func signPSS(salt int) func(*scene, []byte) []byte {
	return func(s *scene, signed []byte) []byte {
		private, err := s.World.own()
		if err != nil {
			s.must(err)
			return nil
		}
		signature, err := rsa.SignPSS(rand.Reader, private, crypto.SHA256, digest(crypto.SHA256, signed), &rsa.PSSOptions{SaltLength: salt})
		s.must(err)
		return signature
	}
}

func digest(hash crypto.Hash, content []byte) []byte {
	h := hash.New()
	h.Write(content)
	return h.Sum(nil)
}

// signHMAC signs with HMAC-SHA256 by a secret that everybody knows.
func signHMAC(secret func(*scene) []byte) func(*scene, []byte) []byte {
	return func(s *scene, signed []byte) []byte {
		mac := hmac.New(sha256.New, secret(s))
		mac.Write(signed)
		return mac.Sum(nil)
	}
}

// ownPEM is the public half of the own key as many write it.
func ownPEM(s *scene) []byte {
	encoded, err := ownPEMBytes(s.World)
	s.must(err)
	return encoded
}

func ownPEMBytes(w *World) ([]byte, error) {
	private, err := w.own()
	if err != nil {
		return nil, err
	}
	encoded, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: encoded}), err
}

func ownModulus(s *scene) []byte {
	private, err := s.World.own()
	if err != nil {
		s.must(err)
		return nil
	}
	return private.N.Bytes()
}
