package jwk

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

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

// secretMembers are the members of private and symmetric keys (RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1, RFC 9964
// section 3). A key that has one of them is not public any more.
var secretMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}

// A Use is what the use of a key must say.
type Use int

const (
	// Signatures: sig or nothing (RFC 7517 section 4.2).
	Signatures Use = iota
	// JWTSVIDs: jwt-svid, in a SPIFFE bundle (SPIFFE Trust Domain and Bundle section 4.2.2).
	JWTSVIDs
)

// Parse reads one JSON Web Key (RFC 7517 section 4) that is public and for verifying signatures.
func Parse(raw string) (*Key, error) { return parse(raw, Signatures) }

func parse(raw string, use Use) (*Key, error) {
	object, err := strictjson.ParseObject(raw, keyLimits)
	if err != nil {
		return nil, ErrMalformed
	}
	for _, name := range secretMembers {
		if _, found := object.Lookup(name); found {
			return nil, ErrPrivate
		}
	}
	if !forVerifying(object, use) {
		return nil, ErrUse
	}
	key := &Key{}
	if value, found := object.Lookup("kid"); found {
		var isText bool
		if key.ID, isText = value.Text(); !isText || len(key.ID) > MaxIDBytes {
			return nil, ErrKeyID
		}
	}
	if key.public, err = read(object); err != nil {
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
// In a SPIFFE bundle use must be there.
func forVerifying(object strictjson.Object, wanted Use) bool {
	value, found := object.Lookup("use")
	use, _ := value.Text()
	if wanted == JWTSVIDs && use != "jwt-svid" || wanted == Signatures && found && use != "sig" {
		return false
	}
	if value, found := object.Lookup("key_ops"); found {
		if operations, _ := value.Strings(); !slices.Contains(operations, "verify") {
			return false
		}
	}
	return true
}

// New returns the key that the standard library made, as crypto/x509 parses it or a crypto.Signer has it.
func New(public crypto.PublicKey) (*Key, error) {
	key, err := adopt(public)
	if err != nil {
		return nil, err
	}
	return &Key{public: key}, nil
}

// Fits reports whether alg agrees with the key's type and curve and, if the key names one, with its own algorithm
// (RFC 8725 section 3.1, RFC 7517 section 4.4).
func (k *Key) Fits(alg string) bool {
	_, fits := k.algorithm(alg)
	return fits
}

// algorithm returns the algorithm of that name, and whether the key is for it. EdDSA and Ed25519 are one algorithm, so a
// key may say either (RFC 9864 section 5).
func (k *Key) algorithm(alg string) (*algorithm, bool) {
	a := byName[alg]
	return a, a != nil && (k.Algorithm == "" || k.Algorithm == alg || a.is(byName[k.Algorithm])) && k.public.fits(a)
}

// Verify reports whether signature is alg's signature of signed by the key. A key that alg does not fit verifies
// nothing.
func (k *Key) Verify(alg string, signed, signature []byte) bool {
	a, fits := k.algorithm(alg)
	return fits && k.public.verify(a, signed, signature)
}

// DefaultAlgorithm is the algorithm by which the key signs where none is named.
func (k *Key) DefaultAlgorithm() string {
	for _, a := range algorithms {
		if k.Fits(a.name) {
			return a.name
		}
	}
	return ""
}

// Sign returns alg's signature of signed by private, whose public half the key is.
func (k *Key) Sign(alg string, private crypto.Signer, signed []byte) ([]byte, error) {
	a, fits := k.algorithm(alg)
	if !fits {
		return nil, fmt.Errorf("the key does not sign by %q", alg)
	}
	return k.public.sign(a, private, signed)
}

// Members returns the key as a JSON Web Key that has the required members and no others.
func (k *Key) Members() []byte { return k.public.appendMembers(nil) }

// Thumbprint returns the key's SHA-256 thumbprint (RFC 7638 section 3) in base64url.
func (k *Key) Thumbprint() string {
	sum := k.public.thumbprint()
	const length = (sha256.Size*8 + 5) / 6
	return string(base64.RawURLEncoding.AppendEncode(make([]byte, 0, length), sum[:]))
}

// Generate makes a private key for tests, by which alg can sign.
func Generate(alg string) (crypto.Signer, error) {
	if err := CheckAlgorithm(alg); err != nil {
		return nil, fmt.Errorf("the algorithm %w", err)
	}
	a := byName[alg]
	return families[a.kty].generate(a)
}
