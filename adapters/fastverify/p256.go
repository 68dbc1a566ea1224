package fastverify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"math/big"
	"slices"
	"unsafe"

	"filippo.io/nistec"
)

type p256Comb = comb[nistec.P256Point, *nistec.P256Point]

const sizeOfP256 = entrySize + int(unsafe.Sizeof(p256Comb{}))

// p256Key is an ECDSA public key on P-256.
type p256Key struct{ multiples *p256Comb }

func prepareP256(key *ecdsa.PublicKey) (preparedKey, error) {
	encoded, err := key.Bytes()
	if err != nil {
		return nil, err
	}
	q, err := nistec.NewP256Point().SetBytes(encoded)
	if err != nil {
		return nil, err
	}
	return &p256Key{newComb[nistec.P256Point](q)}, nil
}

// p256Order is the order of the curve.
var p256Order = elliptic.P256().Params().N

// verify does as FIPS 186-5 section 6.4.2 says, whose names it has. Its numbers are public, so that math/big serves.
func (k *p256Key) verify(digest, signature []byte, opts crypto.SignerOpts) (bool, error) {
	const size = 32
	if opts != crypto.SHA256 || len(digest) != size || len(signature) != 2*size {
		return false, errAlgorithm
	}
	r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
	if r.Sign() == 0 || s.Sign() == 0 || r.Cmp(p256Order) >= 0 || s.Cmp(p256Order) >= 0 {
		return false, nil
	}
	inverse := s.ModInverse(s, p256Order)
	u, v := new(big.Int).SetBytes(digest), new(big.Int).Mul(r, inverse)
	u.Mul(u, inverse).Mod(u, p256Order)
	v.Mod(v, p256Order)

	var buf, little scalar
	ofG, err := nistec.NewP256Point().ScalarBaseMult(u.FillBytes(buf[:]))
	if err != nil {
		return false, err
	}
	v.FillBytes(little[:])
	slices.Reverse(little[:])
	ofQ := nistec.NewP256Point()
	addProducts(ofQ, product[nistec.P256Point, *nistec.P256Point]{k.multiples, &little})
	x, err := ofG.Add(ofG, ofQ).BytesX()
	if err != nil {
		return false, nil // the point at infinity
	}
	// x is below the field's prime, which is below twice the order.
	if u.SetBytes(x); u.Cmp(p256Order) >= 0 {
		u.Sub(u, p256Order)
	}
	return u.Cmp(r) == 0, nil
}
