package jwk

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"

	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// A Set is the usable keys of one issuer. It does not change.
type Set struct {
	keys      []*Key
	byID      map[string][]*Key
	withoutID []*Key
}

// Skipped tells of a key in a set that is not used.
type Skipped struct {
	ID     string
	Reason error
}

// Why a whole set is refused.
var (
	ErrNoSet     = errors.New("not a JWK Set")
	ErrTooMany   = errors.New("too many keys")
	ErrNoKey     = errors.New("no usable key")
	errNoPEM     = errors.New("neither a JWK Set nor PEM")
	errPEMFormat = errors.New("PEM block is neither a public key nor a certificate")
)

// ParseSet reads a JWK Set (RFC 7517 section 5). A key that cannot be used is skipped with a reason; a set that holds
// more than maxKeys, or is not an object with an array of keys, is refused as a whole. A set without any usable key is a
// set: the issuer has withdrawn them.
func ParseSet(body []byte, maxKeys int, use Use) (*Set, []Skipped, error) {
	object, err := strictjson.ParseObject(body, setLimits(maxKeys))
	if err != nil {
		if errors.Is(err, strictjson.ErrMembers) {
			return nil, nil, ErrTooMany
		}
		return nil, nil, ErrNoSet
	}
	value, found := object.Lookup("keys")
	elements, isArray := value.Array()
	switch {
	case !found || !isArray:
		return nil, nil, ErrNoSet
	case len(elements) > maxKeys:
		return nil, nil, ErrTooMany
	}
	var (
		keys    []*Key
		skipped []Skipped
	)
	for _, element := range elements {
		key, err := parse(element.Raw(), use)
		if use == JWTSVIDs && err == ErrUse {
			continue // a bundle has keys for other kinds of SVID too
		}
		if err != nil {
			skipped = append(skipped, Skipped{ID: displayID(element), Reason: err})
			continue
		}
		keys = append(keys, key)
	}
	return newSet(keys), skipped, nil
}

// setLimits are wider than those of one key, so that a key beyond its own is skipped and does not cost the set.
func setLimits(maxKeys int) strictjson.Limits {
	return strictjson.Limits{Depth: 64, Members: max(maxKeys+1, 1024)}
}

// ParseStatic reads keys that the operator configured: a JWK Set, or PEM blocks with public keys or certificates. Here
// a key that cannot be used is an error, since someone is there to fix it.
func ParseStatic(source []byte, use Use) (*Set, error) {
	source = bytes.TrimSpace(source)
	if bytes.HasPrefix(source, []byte("{")) || use == JWTSVIDs {
		set, skipped, err := ParseSet(source, 1000, use)
		switch {
		case err != nil:
			return nil, err
		case len(skipped) > 0:
			return nil, skipped[0].Reason
		case len(set.keys) == 0:
			return nil, ErrNoKey
		}
		return set, nil
	}
	var keys []*Key
	for len(source) > 0 {
		block, rest := pem.Decode(source)
		if block == nil {
			return nil, errNoPEM
		}
		key, err := parsePEM(block)
		if err != nil {
			return nil, err
		}
		keys, source = append(keys, key), bytes.TrimSpace(rest)
	}
	if len(keys) == 0 {
		return nil, ErrNoKey
	}
	return newSet(keys), nil
}

func parsePEM(block *pem.Block) (*Key, error) {
	var (
		parsed any
		err    error
	)
	switch block.Type {
	case "PUBLIC KEY":
		parsed, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		parsed, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var certificate *x509.Certificate
		if certificate, err = x509.ParseCertificate(block.Bytes); err == nil {
			parsed = certificate.PublicKey
		}
	default:
		return nil, errPEMFormat
	}
	if err != nil {
		return nil, ErrMalformed
	}
	return New(parsed)
}

func newSet(keys []*Key) *Set {
	set := &Set{keys: keys, byID: make(map[string][]*Key)}
	for _, key := range keys {
		if key.ID == "" {
			set.withoutID = append(set.withoutID, key)
			continue
		}
		set.byID[key.ID] = append(set.byID[key.ID], key)
	}
	return set
}

// Len is how many keys are usable.
func (s *Set) Len() int { return len(s.keys) }

// ByID returns the keys whose kid is id, compared byte for byte. The caller must not change the slice.
func (s *Set) ByID(id string) []*Key { return s.byID[id] }

// WithoutID returns the keys that have no kid: those that were configured as PEM, or an unusual issuer's. The caller
// must not change the slice.
func (s *Set) WithoutID() []*Key { return s.withoutID }

// Sole returns the only key that fits alg, or nothing if there are several or none.
func (s *Set) Sole(alg string) []*Key {
	var sole []*Key
	for i, key := range s.keys {
		if !key.Fits(alg) {
			continue
		}
		if sole != nil {
			return nil
		}
		sole = s.keys[i : i+1 : i+1]
	}
	return sole
}

// displayID is the kid of a key that was skipped, for the operator's eyes.
func displayID(element strictjson.Value) string {
	object, err := element.Object()
	if err != nil {
		return ""
	}
	id, _ := object.Text("kid")
	return id[:min(len(id), 64)]
}
