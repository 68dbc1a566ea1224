package jwk

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"math/big"

	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// ecKey is an elliptic curve public key (RFC 7518 section 6.2.1).
type ecKey struct {
	*ecdsa.PublicKey
	point []byte // uncompressed, by SEC 1 section 2.3.3
}

var curves = map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}

// read wants two coordinates of the curve's full length that are a point on it.
func (ecKey) read(object strictjson.Object) (publicKey, error) {
	crv, _ := object.Text("crv")
	curve, known := curves[crv]
	if !known {
		return nil, ErrKeyType
	}
	size := coordinateSize(curve)
	const uncompressed = 4 // SEC 1 section 2.3.3
	point := append(make([]byte, 0, 1+2*size), uncompressed)
	point = appendOctets(point, object, "x")
	if len(point) != 1+size {
		return nil, ErrPoint
	}
	point = appendOctets(point, object, "y")
	if len(point) != 1+2*size {
		return nil, ErrPoint
	}
	return newEC(curve, point)
}

func (ecKey) adopt(public crypto.PublicKey) (publicKey, error) {
	key, isECDSA := public.(*ecdsa.PublicKey)
	if !isECDSA {
		return nil, nil
	}
	if key == nil || key.Curve == nil || curves[key.Curve.Params().Name] != key.Curve {
		return nil, ErrKeyType
	}
	point, err := key.Bytes()
	if err != nil {
		return nil, ErrPoint
	}
	return newEC(key.Curve, point)
}

// newEC wants a point that is on the curve.
func newEC(curve elliptic.Curve, point []byte) (publicKey, error) {
	key, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	if err != nil {
		return nil, ErrPoint
	}
	return ecKey{key, point}, nil
}

func (ecKey) generate(a *algorithm) (crypto.Signer, error) {
	return ecdsa.GenerateKey(a.curve, rand.Reader)
}

func (k ecKey) fits(a *algorithm) bool { return a.curve == k.Curve }

// verify takes r and s, each as long as the curve's order, and nothing else (RFC 7518 section 3.4). VerifyASN1 refuses
// those that are zero or not below the order.
func (k ecKey) verify(a *algorithm, signed, signature []byte) bool {
	size := coordinateSize(k.Curve)
	if len(signature) != 2*size {
		return false
	}
	var buf [maxDigest]byte
	return ecdsa.VerifyASN1(k.PublicKey, a.digest(buf[:0], signed), asn1Signature(signature[:size], signature[size:]))
}

func (k ecKey) standard() (crypto.PublicKey, int) { return k.PublicKey, 2 * coordinateSize(k.Curve) }

func (k ecKey) cheap() bool { return true }

// sign writes r and s at full length, where a crypto.Signer writes ASN.1.
func (k ecKey) sign(a *algorithm, private crypto.Signer, signed []byte) ([]byte, error) {
	written, err := private.Sign(rand.Reader, a.digest(nil, signed), a.hash)
	if err != nil {
		return nil, err
	}
	var signature struct{ R, S *big.Int }
	size := coordinateSize(k.Curve)
	if rest, err := asn1.Unmarshal(written, &signature); err != nil || len(rest) > 0 ||
		signature.R.Sign() <= 0 || signature.S.Sign() <= 0 || max(signature.R.BitLen(), signature.S.BitLen()) > 8*size {
		return nil, errSignature
	}
	fixed := make([]byte, 2*size)
	signature.R.FillBytes(fixed[:size])
	signature.S.FillBytes(fixed[size:])
	return fixed, nil
}

var errSignature = errors.New("the key signed, but not as ECDSA does: an ASN.1 sequence of r and s was expected")

func (k ecKey) appendMembers(m []byte) []byte {
	size := coordinateSize(k.Curve)
	m = append(append(m, `{"crv":"`...), k.Curve.Params().Name...)
	m = appendMember(m, `","kty":"EC","x":"`, k.point[1:1+size])
	m = appendMember(m, `","y":"`, k.point[1+size:])
	return append(m, `"}`...)
}

func (k ecKey) thumbprint() [sha256.Size]byte {
	return sha256.Sum256(k.appendMembers(make([]byte, 0, membersLength)))
}

func coordinateSize(curve elliptic.Curve) int { return (curve.Params().BitSize + 7) / 8 }

// asn1Signature writes r and s as the ASN.1 that crypto/ecdsa wants: a SEQUENCE of two INTEGERs (RFC 3279 section
// 2.2.3), as DER demands. Its Verify would do so by way of big.Int, at 8 more allocations.
func asn1Signature(r, s []byte) []byte {
	const sequence, longForm = 0x30, 0x81 // of a length from 128 to 255 bytes
	var buf [160]byte                     // P-521 needs 3 + 2*(2+67)
	body := appendInteger(appendInteger(buf[3:3], r), s)
	if len(body) < 128 {
		buf[1], buf[2] = sequence, byte(len(body))
		return buf[1 : 3+len(body)]
	}
	buf[0], buf[1], buf[2] = sequence, longForm, byte(len(body))
	return buf[:3+len(body)]
}

// appendInteger appends a positive INTEGER: as short as can be, and with a zero in front where it would be negative.
func appendInteger(b, value []byte) []byte {
	const integer = 0x02
	for len(value) > 1 && value[0] == 0 {
		value = value[1:]
	}
	if value[0] >= 0x80 {
		b = append(b, integer, byte(len(value)+1), 0)
	} else {
		b = append(b, integer, byte(len(value)))
	}
	return append(b, value...)
}
