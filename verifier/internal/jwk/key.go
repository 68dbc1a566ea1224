package jwk

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"math/big"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// A Key is one public key that may verify signatures. It does not change.
type Key struct {
	// ID is its kid, empty if it has none.
	ID string
	// Algorithm is the one algorithm it is for (its alg), empty if it does not say.
	Algorithm string

	public crypto.PublicKey // *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
	point  []byte           // of an elliptic curve key that was a JWK: uncompressed, by SEC 1 section 2.3.3
}

// Why a key is not used. The texts hold nothing of the key.
var (
	ErrMalformed = errors.New("malformed key")
	ErrKeyType   = errors.New("unknown key type or curve")
	ErrAlgorithm = errors.New("alg is no signature algorithm that fits the key")
	ErrUse       = errors.New("use or key_ops is not for verifying signatures")
	ErrPrivate   = errors.New("private or symmetric key")
	ErrSize      = errors.New("RSA modulus or exponent out of bounds")
	ErrPoint     = errors.New("coordinates of wrong length or not on the curve")
	ErrKeyID     = errors.New("kid is not a string of acceptable length")
)

// The bounds of RSA keys: RFC 7518 section 3.3 demands 2048 bits or more; the upper bound keeps one verification
// cheap.
const (
	minRSABits      = 2048
	maxRSABits      = 16384
	maxExponentBits = 31 // what crypto/rsa takes
)

// MaxIDBytes bounds a kid, in a key and in a token's header.
const MaxIDBytes = 512

// keyLimits bound one JSON Web Key; its longest array is key_ops or x5c.
var keyLimits = strictjson.Limits{Depth: 8, Members: 64}

// secretMembers are the members of private and symmetric keys (RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1). A key that
// has one of them is not public any more.
var secretMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"}

// Parse reads one JSON Web Key (RFC 7517 section 4) that is public and for verifying signatures.
func Parse(raw string) (*Key, error) {
	object, err := strictjson.ParseObject(raw, keyLimits)
	if err != nil {
		return nil, ErrMalformed
	}
	for _, name := range secretMembers {
		if _, found := object.Lookup(name); found {
			return nil, ErrPrivate
		}
	}
	if !forVerifying(object) {
		return nil, ErrUse
	}
	key := &Key{}
	if value, found := object.Lookup("kid"); found {
		var isText bool
		if key.ID, isText = value.Text(); !isText || len(key.ID) > MaxIDBytes {
			return nil, ErrKeyID
		}
	}
	if err := key.readPublic(object); err != nil {
		return nil, err
	}
	if value, found := object.Lookup("alg"); found {
		alg, isText := value.Text()
		if key.Algorithm = alg; !isText || !key.Fits(alg) {
			return nil, ErrAlgorithm
		}
	}
	return key, nil
}

// forVerifying looks at use and key_ops, each of which may be absent (RFC 7517 sections 4.2 and 4.3).
func forVerifying(object strictjson.Object) bool {
	if value, found := object.Lookup("use"); found {
		if use, _ := value.Text(); use != "sig" {
			return false
		}
	}
	if value, found := object.Lookup("key_ops"); found {
		if operations, _ := value.Strings(); !slices.Contains(operations, "verify") {
			return false
		}
	}
	return true
}

// readPublic reads the members that make a public key. The rest (x5c, say) is not even looked at: a certificate vouches
// for nothing here, and a broken one must not cost the key.
func (k *Key) readPublic(object strictjson.Object) error {
	var err error
	kty, _ := object.Text("kty")
	switch kty {
	case "RSA":
		k.public, err = rsaKey(object)
	case "EC":
		k.public, k.point, err = ecKey(object)
	case "OKP":
		k.public, err = okpKey(object)
	case "oct":
		return ErrPrivate
	default:
		return ErrKeyType
	}
	if err != nil {
		return err
	}
	return check(k.public)
}

// rsaKey reads an RSA public key (RFC 7518 section 6.3.1).
func rsaKey(object strictjson.Object) (*rsa.PublicKey, error) {
	n, e := octets(object, "n"), octets(object, "e")
	if len(n) == 0 || len(e) == 0 {
		return nil, ErrMalformed
	}
	exponent := new(big.Int).SetBytes(e)
	if exponent.BitLen() > maxExponentBits {
		return nil, ErrSize
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}, nil
}

var curves = map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}

// ecKey reads an elliptic curve public key: two coordinates of the curve's full length (RFC 7518 section 6.2.1) that
// are a point on it.
func ecKey(object strictjson.Object) (*ecdsa.PublicKey, []byte, error) {
	crv, _ := object.Text("crv")
	curve, known := curves[crv]
	if !known {
		return nil, nil, ErrKeyType
	}
	size := coordinateSize(curve)
	const uncompressed = 4 // SEC 1 section 2.3.3
	point := append(make([]byte, 0, 1+2*size), uncompressed)
	point = appendOctets(point, object, "x")
	if len(point) != 1+size {
		return nil, nil, ErrPoint
	}
	point = appendOctets(point, object, "y")
	if len(point) != 1+2*size {
		return nil, nil, ErrPoint
	}
	key, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	if err != nil {
		return nil, nil, ErrPoint
	}
	return key, point, nil
}

func coordinateSize(curve elliptic.Curve) int { return (curve.Params().BitSize + 7) / 8 }

// okpKey reads an Ed25519 public key (RFC 8037 section 2).
func okpKey(object strictjson.Object) (ed25519.PublicKey, error) {
	if crv, _ := object.Text("crv"); crv != "Ed25519" {
		return nil, ErrKeyType
	}
	return octets(object, "x"), nil
}

// octets returns a member that is canonical base64url, nil if it is anything else.
func octets(object strictjson.Object, name string) []byte { return appendOctets(nil, object, name) }

// appendOctets appends to b what a member holds in canonical base64url, nothing if it is anything else.
func appendOctets(b []byte, object strictjson.Object, name string) []byte {
	encoded, _ := object.Text(name)
	decoded, err := base64.RawURLEncoding.Strict().AppendDecode(b, []byte(encoded))
	if err != nil || strings.ContainsAny(encoded, "\r\n") {
		return b
	}
	return decoded
}

// check holds a key, from a set or a PEM block, against the bounds of requirement KEYS-05 and KEYS-06.
func check(public crypto.PublicKey) error {
	switch public := public.(type) {
	case *rsa.PublicKey:
		bits := public.N.BitLen()
		if bits < minRSABits || bits > maxRSABits || public.N.Bit(0) == 0 || public.E < 3 || public.E%2 == 0 {
			return ErrSize
		}
	case *ecdsa.PublicKey:
		// Whoever parsed it has seen that its point is on the curve and not at infinity.
		if _, supported := curves[public.Curve.Params().Name]; !supported {
			return ErrKeyType
		}
	case ed25519.PublicKey:
		if len(public) != ed25519.PublicKeySize {
			return ErrPoint
		}
	default:
		return ErrKeyType
	}
	return nil
}
