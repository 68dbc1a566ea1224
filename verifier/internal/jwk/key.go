package jwk

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
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

	public publicKey
}

// A publicKey is the key of one family of algorithms. All that differs from family to family is here, so that a new
// family which lacks a part does not compile.
type publicKey interface {
	// fits reports whether the algorithm is for keys of this type and curve.
	fits(algorithm) bool
	// verify reports whether signature is the signature of signed by an algorithm that fits.
	verify(a algorithm, signed, signature []byte) bool
	// cheap reports whether a verification costs little enough for a key that a stranger chose.
	cheap() bool
	// thumbprint is the SHA-256 of RFC 7638 section 3. Keys that differ have different ones.
	thumbprint() [sha256.Size]byte
}

// Why a key is not used. The texts hold nothing of the key.
var (
	ErrMalformed = errors.New("malformed key")
	ErrKeyType   = errors.New("unknown key type or curve")
	ErrAlgorithm = errors.New("alg is not a signature algorithm that fits the key")
	ErrUse       = errors.New("use or key_ops is not for verifying signatures")
	ErrPrivate   = errors.New("private or symmetric key")
	ErrSize      = errors.New("RSA modulus or exponent out of bounds")
	ErrPoint     = errors.New("coordinates of wrong length or not on the curve")
	ErrKeyID     = errors.New("kid is not a string of acceptable length")
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
	if key.public, err = readPublic(object); err != nil {
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

// ParseEmbedded is [Parse] for a key that came with what it signed, so that its sender chose it. It returns [ErrSize] for
// one that would make a verification expensive.
func ParseEmbedded(raw string) (*Key, error) {
	key, err := Parse(raw)
	if err == nil && !key.public.cheap() {
		return nil, ErrSize
	}
	return key, err
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

// readers read the members that make a public key, by kty. The rest (x5c, say) is not even looked at: a certificate
// vouches for nothing here, and a broken one must not cost the key.
var readers = map[string]func(strictjson.Object) (publicKey, error){"RSA": readRSA, "EC": readEC, "OKP": readOKP}

func readPublic(object strictjson.Object) (publicKey, error) {
	kty, _ := object.Text("kty")
	if kty == "oct" {
		return nil, ErrPrivate
	}
	read, known := readers[kty]
	if !known {
		return nil, ErrKeyType
	}
	return read(object)
}

// newPublic takes a key as crypto/x509 parses it.
func newPublic(public any) (publicKey, error) {
	switch public := public.(type) {
	case *rsa.PublicKey:
		return newRSA(public)
	case *ecdsa.PublicKey:
		return newEC(public)
	case ed25519.PublicKey:
		return newEd25519(public)
	}
	return nil, ErrKeyType
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
