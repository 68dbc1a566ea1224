package jwk

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"

	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// The bounds of RSA keys: RFC 7518 section 3.3 demands 2048 bits or more; the upper bounds keep one verification cheap.
// They are lower for a key that came with what it signed, since whoever sent it chose its size: at 16,384 bits one
// verification takes 500 times as long as at 2048.
const (
	minRSABits      = 2048
	maxRSABits      = 16384
	maxExponentBits = 31 // what crypto/rsa takes

	maxEmbeddedRSABits  = 4096
	maxEmbeddedExponent = 65537
)

// rsaKey is an RSA public key (RFC 7518 section 6.3.1).
type rsaKey struct{ *rsa.PublicKey }

func (rsaKey) read(object strictjson.Object) (publicKey, error) {
	n, e := octets(object, "n"), octets(object, "e")
	if len(n) == 0 || len(e) == 0 {
		return nil, ErrMalformed
	}
	exponent := new(big.Int).SetBytes(e)
	if exponent.BitLen() > maxExponentBits {
		return nil, ErrSize
	}
	return rsaKey{}.adopt(&rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())})
}

// adopt checks the bounds of rule KEYS-05.
func (rsaKey) adopt(public crypto.PublicKey) (publicKey, error) {
	key, isRSA := public.(*rsa.PublicKey)
	if !isRSA {
		return nil, nil
	}
	if key == nil || key.N == nil {
		return nil, ErrMalformed
	}
	bits := key.N.BitLen()
	if bits < minRSABits || bits > maxRSABits || key.N.Bit(0) == 0 || key.E < 3 || key.E%2 == 0 {
		return nil, ErrSize
	}
	return rsaKey{key}, nil
}

func (rsaKey) generate(*algorithm) (crypto.Signer, error) {
	return rsa.GenerateKey(rand.Reader, minRSABits)
}

func (k rsaKey) fits(a *algorithm) bool { return a.kty == "RSA" }

// verify takes a PSS salt as long as the hash, and of no other length (RFC 7518 section 3.5).
func (k rsaKey) verify(a *algorithm, signed, signature []byte) bool {
	var buf [maxDigest]byte
	digest := a.digest(buf[:0], signed)
	if a.pss {
		return rsa.VerifyPSS(k.PublicKey, a.hash, digest, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
	}
	return rsa.VerifyPKCS1v15(k.PublicKey, a.hash, digest, signature) == nil
}

func (k rsaKey) standard() (crypto.PublicKey, int) { return k.PublicKey, k.Size() }

func (k rsaKey) sign(a *algorithm, private crypto.Signer, signed []byte) ([]byte, error) {
	digest := a.digest(nil, signed)
	if a.pss {
		return private.Sign(rand.Reader, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: a.hash})
	}
	return private.Sign(rand.Reader, digest, a.hash)
}

func (k rsaKey) cheap() bool { return k.N.BitLen() <= maxEmbeddedRSABits && k.E <= maxEmbeddedExponent }

func (k rsaKey) appendMembers(m []byte) []byte {
	m = appendMember(m, `{"e":"`, big.NewInt(int64(k.E)).Bytes())
	m = appendMember(m, `","kty":"RSA","n":"`, k.N.Bytes())
	return append(m, `"}`...)
}

func (k rsaKey) thumbprint() [sha256.Size]byte {
	return sha256.Sum256(k.appendMembers(make([]byte, 0, membersLength)))
}
