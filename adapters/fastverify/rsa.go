package fastverify

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes of RSASSA-PSS
	_ "crypto/sha512"
	"encoding/binary"
	"hash"

	"filippo.io/bigmod"
)

// rsaKey is an RSA public key whose modulus is kept with what makes Montgomery multiplication by it fast; crypto/rsa
// computes that for each signature.
type rsaKey struct {
	modulus  *bigmod.Modulus
	exponent uint
}

// sizeOfRSA counts the modulus, R² modulo it, and both as bytes.
func sizeOfRSA(length int) int { return entrySize + 4*length }

func prepareRSA(key *rsa.PublicKey) (preparedKey, error) {
	if key.N.Bit(0) == 0 || key.E < 3 || key.E%2 == 0 {
		return nil, errKind // and bigmod would panic
	}
	modulus, err := bigmod.NewModulus(key.N.Bytes())
	if err != nil {
		return nil, err
	}
	return &rsaKey{modulus, uint(key.E)}, nil
}

func (k *rsaKey) verify(digest, signature []byte, opts crypto.SignerOpts) (bool, error) {
	pss, isPSS := opts.(*rsa.PSSOptions)
	if _, isHash := opts.(crypto.Hash); !isHash && !isPSS || isPSS && pss.SaltLength != rsa.PSSSaltLengthEqualsHash {
		return false, errAlgorithm
	}
	h := opts.HashFunc()
	prefix, known := digestInfo[h]
	if !known || len(digest) != h.Size() || len(signature) != k.modulus.Size() {
		return false, errAlgorithm
	}
	s, err := bigmod.NewNat().SetBytes(signature, k.modulus)
	if err != nil {
		return false, nil // not below the modulus
	}
	encoded := bigmod.NewNat().ExpShortVarTime(s, k.exponent, k.modulus).Bytes(k.modulus)
	if isPSS {
		return isPSSEncoding(encoded, k.modulus.BitLen()-1, digest, h.New()), nil
	}
	return isPKCS1v15Encoding(encoded, prefix, digest), nil
}

// digestInfo is the start of a DigestInfo in DER, up to the digest (RFC 8017 section 9.2, note 1).
var digestInfo = map[crypto.Hash][]byte{
	crypto.SHA256: {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20},
	crypto.SHA384: {0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30},
	crypto.SHA512: {0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40},
}

// isPKCS1v15Encoding reports whether encoded is the one EMSA-PKCS1-v1_5 encoding of the digest in its length (RFC 8017
// section 8.2.2): it is compared as a whole, and nothing in it is parsed.
func isPKCS1v15Encoding(encoded, prefix, digest []byte) bool {
	padding := len(encoded) - len(prefix) - len(digest) - 3
	const least = 8
	if padding < least || encoded[0] != 0 || encoded[1] != 1 || encoded[2+padding] != 0 {
		return false
	}
	for _, b := range encoded[2 : 2+padding] {
		if b != 0xff {
			return false
		}
	}
	info := encoded[3+padding:]
	return bytes.Equal(info[:len(prefix)], prefix) && bytes.Equal(info[len(prefix):], digest)
}

// isPSSEncoding reports whether encoded is an EMSA-PSS encoding of the digest in so many bits, with a salt as long as the
// digest (RFC 8017 section 9.1.2, whose steps it names). It overwrites encoded.
func isPSSEncoding(encoded []byte, bits int, digest []byte, h hash.Hash) bool {
	if length := (bits + 7) / 8; length < len(encoded) { // the modulus has one bit more than a whole number of bytes
		if encoded[0] != 0 {
			return false
		}
		encoded = encoded[1:]
	}
	last := len(encoded) - 1
	masked := last - len(digest)
	padding := masked - len(digest) - 1
	if padding < 0 || encoded[last] != 0xbc { // steps 3 and 4
		return false
	}
	block, sum := encoded[:masked], encoded[masked:last] // step 5
	unused := byte(0xff) << (8 - (8*len(encoded) - bits))
	if block[0]&unused != 0 { // step 6
		return false
	}
	unmask(block, sum, h) // steps 7 and 8
	block[0] &^= unused   // step 9
	for _, b := range block[:padding] {
		if b != 0 { // step 10
			return false
		}
	}
	if block[padding] != 1 {
		return false
	}
	h.Reset() // steps 12 and 13
	h.Write(make([]byte, 8))
	h.Write(digest)
	h.Write(block[padding+1:])
	return bytes.Equal(h.Sum(nil), sum) // step 14
}

// unmask adds MGF1 of the seed to block (RFC 8017 appendix B.2.1).
func unmask(block, seed []byte, h hash.Hash) {
	var counter [4]byte
	var mask []byte
	for i := uint32(0); len(block) > 0; i++ {
		binary.BigEndian.PutUint32(counter[:], i)
		h.Reset()
		h.Write(seed)
		h.Write(counter[:])
		mask = h.Sum(mask[:0])
		n := min(len(mask), len(block))
		for j := range n {
			block[j] ^= mask[j]
		}
		block = block[n:]
	}
}
