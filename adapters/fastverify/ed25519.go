package fastverify

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/sha512"
	"sync"
	"unsafe"

	"filippo.io/edwards25519"
)

type ed25519Comb = comb[edwards25519.Point, *edwards25519.Point]

const sizeOfEd25519 = entrySize + int(unsafe.Sizeof(ed25519Comb{}))

// ed25519Base are the multiples of the base point.
var ed25519Base = sync.OnceValue(func() *ed25519Comb { return newComb[edwards25519.Point](edwards25519.NewGeneratorPoint()) })

// ed25519Key is an Ed25519 public key A.
type ed25519Key struct {
	encoded   [ed25519.PublicKeySize]byte
	multiples *ed25519Comb // of -A
}

func prepareEd25519(key ed25519.PublicKey) (preparedKey, error) {
	a, err := new(edwards25519.Point).SetBytes(key)
	if err != nil {
		return nil, err
	}
	return &ed25519Key{[ed25519.PublicKeySize]byte(key), newComb[edwards25519.Point](a.Negate(a))}, nil
}

// verify does as RFC 8032 section 5.1.7 says, as crypto/ed25519 does: S must be below the order of the base point, and
// [S]B - [k]A, encoded, must be the very bytes of R.
func (k *ed25519Key) verify(message, signature []byte, opts crypto.SignerOpts) (bool, error) {
	if opts != crypto.Hash(0) || len(signature) != ed25519.SignatureSize {
		return false, errAlgorithm
	}
	s, err := edwards25519.NewScalar().SetCanonicalBytes(signature[32:])
	if err != nil {
		return false, nil
	}
	h := sha512.New()
	h.Write(signature[:32])
	h.Write(k.encoded[:])
	h.Write(message)
	var sum [sha512.Size]byte
	challenge, err := edwards25519.NewScalar().SetUniformBytes(h.Sum(sum[:0]))
	if err != nil {
		return false, err
	}
	ofA, ofB := scalar(challenge.Bytes()), scalar(s.Bytes())
	r := edwards25519.NewIdentityPoint()
	addProducts(r,
		product[edwards25519.Point, *edwards25519.Point]{k.multiples, &ofA},
		product[edwards25519.Point, *edwards25519.Point]{ed25519Base(), &ofB})
	return bytes.Equal(signature[:32], r.Bytes()), nil
}
