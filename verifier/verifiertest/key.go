package verifiertest

import (
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
)

// A Key signs tokens. It does not change, and is safe for concurrent use.
type Key struct {
	// ID is its kid.
	ID string
	// Algorithm is the one algorithm it signs by.
	Algorithm string

	private crypto.Signer
	public  *jwk.Key
}

// NewKey makes a key for an algorithm, of those that [verifier.Algorithms] returns. RSA keys have 2048 bits and take a
// while to make: tests do well to share them.
//
// [verifier.Algorithms]: https://pkg.go.dev/github.com/holdfast-go/holdfast/verifier#Algorithms
func NewKey(algorithm, id string) (*Key, error) {
	private, err := jwk.Generate(algorithm)
	if err != nil {
		return nil, fmt.Errorf("verifiertest: make a key: %w", err)
	}
	return KeyFrom(private, algorithm, id)
}

// KeyFrom returns the key that signs by private, of a kind and size that verifiers accept.
func KeyFrom(private crypto.Signer, algorithm, id string) (*Key, error) {
	public, err := jwk.New(private.Public())
	if err != nil {
		return nil, fmt.Errorf("verifiertest: make a key: %w", err)
	}
	return &Key{ID: id, Algorithm: algorithm, private: private, public: public}, nil
}

// JWK returns the public key as a JSON Web Key (RFC 7517 section 4).
func (k *Key) JWK() (json.RawMessage, error) {
	members := Claims{}
	if err := json.Unmarshal(k.public.Members(), &members); err != nil {
		return nil, err
	}
	members["alg"], members["use"] = k.Algorithm, "sig"
	if k.ID != "" {
		members["kid"] = k.ID
	}
	return json.Marshal(members)
}

// Public returns the public key as the standard library has it.
func (k *Key) Public() crypto.PublicKey { return k.private.Public() }

// Sign returns the compact JWS (RFC 7515 section 7.1) of the very bytes given, by the key's algorithm whatever the
// header says: to see what a verifier makes of odd ones.
func (k *Key) Sign(header, payload []byte) (string, error) {
	signed := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload)
	signature, err := k.public.Sign(k.Algorithm, k.private, []byte(signed))
	if err != nil {
		return "", fmt.Errorf("verifiertest: sign: %w", err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// TokenHash returns what an ID token that the key signs has as at_hash of an access token, and as c_hash of a code
// (OpenID Connect Core sections 3.1.3.6 and 3.3.2.11).
func (k *Key) TokenHash(value string) string { return jwk.TokenHash(k.Algorithm, value) }

// A PublicKey verifies what was signed by a key of someone else: a client's assertions, say.
type PublicKey struct{ key *jwk.Key }

// NewPublicKey takes a public key of the standard library, of a kind and size that verifiers accept.
func NewPublicKey(public crypto.PublicKey) (*PublicKey, error) {
	key, err := jwk.New(public)
	if err != nil {
		return nil, fmt.Errorf("verifiertest: read the public key: %w", err)
	}
	return &PublicKey{key}, nil
}

// Open returns the payload of a compact JWS that the key verifies. Of the header it looks at alg only.
func (p *PublicKey) Open(compact string) ([]byte, error) {
	segments := strings.Split(compact, ".")
	if len(segments) != 3 {
		return nil, errors.New("verifiertest: not a compact JWS: three segments were expected")
	}
	var decoded [3][]byte
	for i, segment := range segments {
		var err error
		if decoded[i], err = base64.RawURLEncoding.DecodeString(segment); err != nil {
			return nil, fmt.Errorf("verifiertest: segment %d is not base64url: %w", i, err)
		}
	}
	var header struct {
		Algorithm string `json:"alg"`
	}
	if err := json.Unmarshal(decoded[0], &header); err != nil {
		return nil, fmt.Errorf("verifiertest: read the header: %w", err)
	}
	if !p.key.Verify(header.Algorithm, []byte(segments[0]+"."+segments[1]), decoded[2]) {
		return nil, errors.New("verifiertest: the signature is not that of the key")
	}
	return decoded[1], nil
}
