package fastverify_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"math/big"
	"testing"

	"github.com/holdfast-go/holdfast/adapters/fastverify"
)

// answer asks about a key until it is prepared.
func answer(v *fastverify.Verifier, key crypto.PublicKey, digest, signature []byte, opts crypto.SignerOpts) (valid bool, err error) {
	for range 8 {
		if valid, err = v.VerifySignature(key, digest, signature, opts); err == nil {
			break
		}
	}
	return valid, err
}

// FuzzRSA compares with crypto/rsa, by both paddings. The last argument is the exponent of a public key whose modulus is that of a
// key pair, so that all that is computed differs.
func FuzzRSA(f *testing.F) {
	v := newVerifier(f, fastverify.Config{})
	all := subjects(f)
	for _, s := range all[:2] {
		f.Add(s.digest, s.signature, uint32(65537))
		f.Add(s.digest, s.signature, uint32(3))
	}
	modulus := all[0].key.(*rsa.PublicKey).N
	f.Fuzz(func(t *testing.T, digest, signature []byte, exponent uint32) {
		key := &rsa.PublicKey{N: modulus, E: max(3, int(exponent&(1<<31-1)|1))}
		if len(signature) != key.Size() {
			return // the port's caller sees to it
		}
		for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
			valid, err := answer(v, key, digest, signature, hash)
			if want := rsa.VerifyPKCS1v15(key, hash, digest, signature) == nil; valid != want || err != nil && len(digest) == hash.Size() {
				t.Errorf("PKCS #1 v1.5 with %v: %v (%v), crypto/rsa says %v", hash, valid, err, want)
			}
			options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
			valid, err = answer(v, key, digest, signature, options)
			if want := rsa.VerifyPSS(key, hash, digest, signature, options) == nil; valid != want || err != nil && len(digest) == hash.Size() {
				t.Errorf("PSS with %v: %v (%v), crypto/rsa says %v", hash, valid, err, want)
			}
		}
	})
}

// FuzzP256 compares with crypto/ecdsa. Any private key makes a public one.
func FuzzP256(f *testing.F) {
	v := newVerifier(f, fastverify.Config{})
	s := subjects(f)[2]
	order := elliptic.P256().Params().N
	one := big.NewInt(1).FillBytes(make([]byte, 32))
	for _, private := range [][]byte{one, new(big.Int).Sub(order, big.NewInt(1)).Bytes(), s.digest} {
		f.Add(private, s.digest, s.signature[:32], s.signature[32:])
		f.Add(private, make([]byte, 32), one, one)
	}
	f.Fuzz(func(t *testing.T, private, digest, r, s []byte) {
		key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), private)
		if err != nil || len(r) != 32 || len(s) != 32 {
			return
		}
		signature := append(append([]byte(nil), r...), s...)
		for i := range 2 { // as it is, and one that is good for the digest
			if i == 1 && len(digest) == 32 {
				r, s, err := ecdsa.Sign(nil, key, digest)
				if err != nil {
					return
				}
				r.FillBytes(signature[:32])
				s.FillBytes(signature[32:])
			}
			valid, err := answer(v, &key.PublicKey, digest, signature, crypto.SHA256)
			want := ecdsa.Verify(&key.PublicKey, digest, new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
			if len(digest) == 32 && (err != nil || valid != want) || valid && !want {
				t.Errorf("%v (%v), crypto/ecdsa says %v", valid, err, want)
			}
		}
	})
}

// FuzzEd25519 compares with crypto/ed25519, also by public keys that no private one has.
func FuzzEd25519(f *testing.F) {
	v := newVerifier(f, fastverify.Config{})
	s := subjects(f)[3]
	f.Add([]byte(s.key.(ed25519.PublicKey)), s.digest, s.signature)
	lowOrder := make([]byte, 32)
	f.Add(lowOrder, []byte("message"), append(lowOrder, make([]byte, 32)...))
	f.Fuzz(func(t *testing.T, key, message, signature []byte) {
		if len(key) != ed25519.PublicKeySize || len(signature) != ed25519.SignatureSize {
			return
		}
		// An error says that the key is no point, and then the standard library answers.
		valid, err := answer(v, ed25519.PublicKey(key), message, signature, crypto.Hash(0))
		if want := ed25519.Verify(key, message, signature); err == nil && valid != want || err != nil && want {
			t.Errorf("%v (%v), crypto/ed25519 says %v", valid, err, want)
		}
	})
}
