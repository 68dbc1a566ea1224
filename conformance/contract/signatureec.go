package contract

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	cryptorand "crypto/rand"
	_ "crypto/sha1" // of PSS encodings that are wrong
	"math/big"
	"sync"
)

// oddOfECDSA are around the ends of r and s, and of the prime of the field: x may be above the order, which is below the prime.
func oddOfECDSA(s *signer) []*big.Int {
	curve := s.key.(*ecdsa.PublicKey).Curve.Params()
	most := new(big.Int).Lsh(big.NewInt(1), uint(curve.BitSize))
	return around(new(big.Int), curve.N, curve.P, most, new(big.Int).Sub(curve.P, curve.N), new(big.Int).Rsh(curve.N, 1))
}

var ecdsaSignatures = sync.OnceValue(func() *pool {
	p := &pool{odd: oddOfECDSA, parts: 2}
	for _, c := range []struct {
		curve elliptic.Curve
		hash  crypto.Hash
		most  int // of its keys, since the larger curves are slow
	}{{elliptic.P256(), crypto.SHA256, 8}, {elliptic.P384(), crypto.SHA384, 1}, {elliptic.P521(), crypto.SHA512, 1}} {
		n := c.curve.Params().N
		// The generator and its neighbours meet themselves and their opposites in sums of points.
		private := []*big.Int{big.NewInt(1), big.NewInt(2), new(big.Int).Sub(n, big.NewInt(1)), new(big.Int).Sub(n, big.NewInt(2))}
		for len(private) < c.most {
			private = append(private, new(big.Int).SetBytes(must(must(ecdsa.GenerateKey(c.curve, cryptorand.Reader)).Bytes())))
		}
		for _, d := range private[:c.most] {
			p.made = append(p.made, ecdsaOf(c.curve, c.hash, d)...)
		}
	}
	return p.finished()
})

// ecdsaOf returns good signatures by d, and ones whose sum is the point at infinity. It chooses digests, so that the two points that
// are added are equal, opposite, or one of them is at infinity.
func ecdsaOf(curve elliptic.Curve, hash crypto.Hash, d *big.Int) []signature {
	n := curve.Params().N
	size := (n.BitLen() + 7) / 8
	key := must(ecdsa.ParseRawPrivateKey(curve, d.FillBytes(make([]byte, size))))
	by := ecdsaSigner(&key.PublicKey, hash)
	var all []signature
	add := func(digest []byte, r, s *big.Int) {
		all = append(all, signature{by, digest, append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)})
	}
	for i := range 4 {
		nonce := must(ecdsa.GenerateKey(curve, cryptorand.Reader))
		k := new(big.Int).SetBytes(must(nonce.Bytes()))
		if i == 0 {
			k.Set(d) // so that the sum is the public key
			nonce = key
		}
		point := must(nonce.PublicKey.Bytes())
		r := new(big.Int).SetBytes(point[1 : 1+size])
		r.Mod(r, n)
		inverse := new(big.Int).ModInverse(k, n)
		rd := new(big.Int).Mul(r, d)
		rd.Mod(rd, n)
		usual, ones := by.digest([]byte("header.payload")), bytesOf(0xff, hash.Size())
		for _, e := range []*big.Int{ofDigest(usual, n), ofDigest(ones, n), new(big.Int), rd, big.NewInt(1)} {
			digest := e.FillBytes(make([]byte, size))[size-min(size, hash.Size()):]
			if size > hash.Size() {
				if e.BitLen() > 8*hash.Size() {
					continue // no digest of P-521 gives it
				}
			}
			s := new(big.Int).Add(ofDigest(digest, n), rd)
			s.Mul(s, inverse).Mod(s, n)
			add(digest, r, s)
			add(digest, r, new(big.Int).Sub(n, s)) // is as good
		}
		opposite := new(big.Int).Sub(n, rd)
		if opposite.BitLen() <= 8*hash.Size() {
			add(opposite.FillBytes(make([]byte, size))[size-min(size, hash.Size()):], r, k)
		}
		add(ones, r, r) // so that the public key is multiplied by one
		add(ones, r, new(big.Int).Sub(n, r))
	}
	return all
}

// ofDigest is the number that ECDSA makes of a digest that is not longer than the order.
func ofDigest(digest []byte, n *big.Int) *big.Int {
	e := new(big.Int).SetBytes(digest)
	return e.Mod(e, n)
}

func bytesOf(b byte, n int) []byte {
	all := make([]byte, n)
	for i := range all {
		all[i] = b
	}
	return all
}

// lowOrder are all encodings that crypto/ed25519 takes of points whose order is 8 or less, those not canonical too.
var lowOrder = []string{
	"0100000000000000000000000000000000000000000000000000000000000000", "0100000000000000000000000000000000000000000000000000000000000080",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"0000000000000000000000000000000000000000000000000000000000000000", "0000000000000000000000000000000000000000000000000000000000000080",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
}

// ed25519Order is the order of the base point.
var ed25519Order, _ = new(big.Int).SetString("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed", 16)

var ed25519Signatures = sync.OnceValue(func() *pool {
	prime := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	odd := around(new(big.Int), ed25519Order, prime, new(big.Int).Lsh(ed25519Order, 3))
	p := &pool{odd: func(*signer) []*big.Int { return odd }, parts: 2, reversed: true}
	for range 8 {
		public, private, err := ed25519.GenerateKey(cryptorand.Reader)
		if err != nil {
			panic(err)
		}
		s := ed25519Signer(public)
		for _, message := range []string{"header.payload", "", "another"} {
			value := ed25519.Sign(private, []byte(message))
			p.made = append(p.made, s.signature([]byte(message), value))
		}
		// R of low order and S of zero is good if the key times the challenge is the opposite of R, which it is of a key of low order only.
		p.made = append(p.made, s.signature([]byte("header.payload"), append(fromHex(lowOrder[0]), make([]byte, 32)...)))
	}
	for _, key := range lowOrder {
		s := ed25519Signer(fromHex(key))
		for _, r := range lowOrder {
			p.made = append(p.made, s.signature([]byte("message"), append(fromHex(r), make([]byte, 32)...)))
		}
	}
	return p.finished()
})
