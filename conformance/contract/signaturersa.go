package contract

import (
	"bytes"
	"crypto"
	cryptorand "crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"encoding/hex"
	"math/big"
	"sync"
)

// An rsaPair signs encodings of its own, good or bad. The two highest bits of its modulus are set, so that encodings with a bit too
// many can be below it.
type rsaPair struct {
	public  *rsa.PublicKey
	private *big.Int
}

func newRSAPair(bits, exponent int) rsaPair {
	e, one := big.NewInt(int64(exponent)), big.NewInt(1)
	for {
		p, q := must(cryptorand.Prime(cryptorand.Reader, bits-bits/2)), must(cryptorand.Prime(cryptorand.Reader, bits/2))
		n := new(big.Int).Mul(p, q)
		phi := new(big.Int).Mul(p.Sub(p, one), q.Sub(q, one))
		if d := new(big.Int).ModInverse(e, phi); d != nil && n.BitLen() == bits && n.Bit(bits-2) == 1 {
			return rsaPair{&rsa.PublicKey{N: n, E: exponent}, d}
		}
	}
}

// sign signs an encoding as it is.
func (p rsaPair) sign(encoded []byte) []byte {
	m := new(big.Int).SetBytes(encoded)
	return m.Exp(m, p.private, p.public.N).FillBytes(make([]byte, p.public.Size()))
}

// rsaPairs have exponents that are usual, small and large, and moduli of whole bytes and of a bit more, by which the length of a PSS
// encoding is another.
var rsaPairs = sync.OnceValue(func() []rsaPair {
	const small, usual, large = 3, 65537, 1<<31 - 1
	return []rsaPair{newRSAPair(2048, usual), newRSAPair(2048, small), newRSAPair(2048, large), newRSAPair(2049, usual), newRSAPair(3072, usual)}
})

var rsaHashes = []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512}

func oddOfRSA(s *signer) []*big.Int {
	return around(new(big.Int), s.key.(*rsa.PublicKey).N)
}

var pkcs1Signatures = sync.OnceValue(func() *pool {
	p := &pool{odd: oddOfRSA, parts: 1}
	for _, pair := range rsaPairs() {
		for _, hash := range rsaHashes {
			s := rsaSigner(pair.public, hash, false)
			digest := s.digest([]byte("header.payload"))
			for _, encoded := range pkcs1Encodings(s.length, digest) {
				p.made = append(p.made, signature{s, digest, pair.sign(encoded)})
			}
			if pair.public.E == 3 {
				p.made = append(p.made, signature{s, digest, cubeRoot(pkcs1(s.length, 8, digestInfos[len(digest)], digest))})
			}
		}
	}
	return p.finished()
})

// digestInfos are DigestInfo in DER up to the digest, by its length (RFC 8017 section 9.2, note 1).
var digestInfos = map[int][]byte{
	32: fromHex("3031300d060960864801650304020105000420"),
	48: fromHex("3041300d060960864801650304020205000430"),
	64: fromHex("3051300d060960864801650304020305000440"),
}

func fromHex(text string) []byte { return must(hex.DecodeString(text)) }

// pkcs1 pads to length, with so many bytes of padding, and zeros after the digest where that is too short.
func pkcs1(length, padding int, info, digest []byte) []byte {
	encoded := append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, padding)...)
	encoded = append(append(append(encoded, 0), info...), digest...)
	return append(encoded, make([]byte, length-len(encoded))...)
}

// pkcs1Encodings returns the right one first.
func pkcs1Encodings(length int, digest []byte) [][]byte {
	info := digestInfos[len(digest)]
	whole := func(info, digest []byte) []byte { return pkcs1(length, length-3-len(info)-len(digest), info, digest) }
	right := whole(info, digest)
	changed := func(at int, to byte) []byte {
		encoded := bytes.Clone(right)
		encoded[at] = to
		return encoded
	}
	withoutNull := bytes.Clone(info[:len(info)-4]) // the parameters of the algorithm are left out
	withoutNull[1], withoutNull[3] = withoutNull[1]-2, withoutNull[3]-2
	withoutNull = append(withoutNull, 0x04, byte(len(digest)))
	longForm := append([]byte{0x30, 0x81}, info[1:]...) // of a length that is short
	otherHash := bytes.Clone(info)
	otherHash[14] ^= 7
	return [][]byte{
		right, right, right, // as often as the others, about
		changed(0, 1), changed(1, 2), changed(1, 0), changed(2, 0xfe), changed(9, 0), changed(length/2, 0), changed(length-len(digest)-len(info)-1, 0xff),
		pkcs1(length, 8, info, digest), pkcs1(length, 0, info, digest), whole(info, digest[:len(digest)-1]),
		whole(withoutNull, digest), whole(longForm, digest), whole(otherHash, digest), whole(nil, digest),
	}
}

// cubeRoot forges a signature for exponent 3 on who parses the encoding and ignores what follows the digest: the least number whose
// cube begins as the encoding does (Bleichenbacher, CRYPTO 2006).
func cubeRoot(encoded []byte) []byte {
	target := new(big.Int).SetBytes(encoded)
	low, high := new(big.Int), new(big.Int).Lsh(big.NewInt(1), uint(8*len(encoded)/3+1))
	for one := big.NewInt(1); low.Cmp(high) < 0; {
		middle := new(big.Int).Add(low, high)
		middle.Rsh(middle, 1)
		cube := new(big.Int).Exp(middle, big.NewInt(3), nil)
		if cube.Cmp(target) < 0 {
			low = middle.Add(middle, one)
		} else {
			high = middle
		}
	}
	return low.FillBytes(make([]byte, len(encoded)))
}

var pssSignatures = sync.OnceValue(func() *pool {
	p := &pool{odd: oddOfRSA, parts: 1}
	for _, pair := range rsaPairs() {
		for _, hash := range rsaHashes {
			s := rsaSigner(pair.public, hash, true)
			digest := s.digest([]byte("header.payload"))
			bits := pair.public.N.BitLen() - 1
			for _, e := range pssEncodings(hash, digest) {
				p.made = append(p.made, signature{s, digest, pair.sign(e.encode(bits, hash, digest))})
			}
		}
	}
	return p.finished()
})

// A pssEncoding is an EMSA-PSS encoding (RFC 8017 section 9.1.1) in which something may be wrong.
type pssEncoding struct {
	salt      []byte
	separator byte // 0x01
	padding   byte // 0x00
	trailer   byte // 0xbc
	unused    byte // is set in the bits that are to be zero
	front     byte // is in front
	mask      crypto.Hash
}

func pssEncodings(hash crypto.Hash, digest []byte) []pssEncoding {
	right := pssEncoding{salt: bytesOf(0x5a, len(digest)), separator: 1, trailer: 0xbc, mask: hash} // any salt will do
	encodings := []pssEncoding{right, right, right}
	for _, change := range []func(*pssEncoding){
		func(e *pssEncoding) { e.salt = nil },
		func(e *pssEncoding) { e.salt = e.salt[1:] },
		func(e *pssEncoding) { e.salt = append(bytes.Clone(e.salt), 0) },
		func(e *pssEncoding) { e.separator = 0 },
		func(e *pssEncoding) { e.separator = 2 },
		func(e *pssEncoding) { e.padding = 1 },
		func(e *pssEncoding) { e.trailer = 0xcc },
		func(e *pssEncoding) { e.unused = 0xff },
		func(e *pssEncoding) { e.front = 1 },
		func(e *pssEncoding) { e.mask = crypto.SHA1 },
	} {
		e := right
		change(&e)
		encodings = append(encodings, e)
	}
	return encodings
}

func (e *pssEncoding) encode(bits int, hash crypto.Hash, digest []byte) []byte {
	h := hash.New()
	h.Write(make([]byte, 8))
	h.Write(digest)
	h.Write(e.salt)
	sum := h.Sum(nil)
	length := (bits + 7) / 8
	block := bytes.Repeat([]byte{e.padding}, length-len(sum)-1-len(e.salt)-1)
	block = append(append(block, e.separator), e.salt...)
	for i, mask := 0, []byte(nil); i < len(block); i++ {
		if n := e.mask.Size(); i%n == 0 {
			h := e.mask.New()
			h.Write(sum)
			h.Write(binary.BigEndian.AppendUint32(nil, uint32(i/n)))
			mask = h.Sum(nil)
		}
		block[i] ^= mask[i%e.mask.Size()]
	}
	unused := byte(0xff) << (8 - (8*length - bits))
	block[0] = block[0]&^unused | e.unused&unused
	return append(append(append([]byte{e.front}, block...), sum...), e.trailer)
}
