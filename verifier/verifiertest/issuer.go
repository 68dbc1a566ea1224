package verifiertest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

// Claims are the claims of a token, as encoding/json writes them.
type Claims map[string]any

// Absent, as the value of a claim, leaves the claim out of a token that would have it by default.
const Absent absent = "absent"

type absent string

// An Issuer signs tokens and publishes its metadata and keys as a [ports.Fetcher]. It is safe for concurrent use, once
// its fields are set.
type Issuer struct {
	// URL is its issuer identifier.
	URL string
	// Clock is what its tokens' times count from; nil means the system's.
	Clock ports.Clock
	// Fresh is how long its documents say they are fresh, as [ports.Document.Fresh].
	Fresh time.Duration

	mu                       sync.Mutex // guards what follows
	keys                     []*Key
	metadataAsked, keysAsked int
}

// NewIssuer returns an issuer with that identifier, which publishes keys and signs with the first one. Without keys it
// makes one for RS256. A nil key is an error.
func NewIssuer(url string, keys ...*Key) (*Issuer, error) {
	if slices.Contains(keys, nil) {
		return nil, errors.New("verifiertest: a key is nil; leave out all keys to have one made")
	}
	if len(keys) == 0 {
		key, err := NewKey("RS256", "key-1")
		if err != nil {
			return nil, err
		}
		keys = []*Key{key}
	}
	return &Issuer{URL: url, keys: slices.Clone(keys)}, nil
}

// SetKeys replaces the keys that are published; the first one signs from now on. An issuer that rotates publishes the
// new key and the old one, and withdraws the old one later. Without keys the issuer publishes an empty set, and can't
// sign. Nil keys are left out.
func (i *Issuer) SetKeys(keys ...*Key) {
	published := slices.DeleteFunc(slices.Clone(keys), func(key *Key) bool { return key == nil })
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = published
}

// signer returns the key that signs.
func (i *Issuer) signer() (*Key, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.keys) == 0 {
		return nil, errNoKey
	}
	return i.keys[0], nil
}

// Keys returns the keys that are published, the one that signs first.
func (i *Issuer) Keys() []*Key {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.keys)
}

// Token returns an access token (RFC 9068) with these claims, signed. By default it has iss, sub, iat, jti and exp, in
// five minutes; what claims names is set on top of them.
func (i *Issuer) Token(claims Claims) (string, error) {
	key, err := i.signer()
	if err != nil {
		return "", err
	}
	header, err := json.Marshal(map[string]string{"alg": key.Algorithm, "kid": key.ID, "typ": "at+jwt"})
	if err != nil {
		return "", err
	}
	payload, err := i.Payload(claims)
	if err != nil {
		return "", err
	}
	return key.Sign(header, payload)
}

// Payload returns what Token would sign.
func (i *Issuer) Payload(claims Claims) ([]byte, error) {
	check := settings.In("verifiertest", nil)
	source := check.ClockOr(i.Clock, memory.Clock{})
	if err := check.Err(); err != nil {
		return nil, err
	}
	issued := source.Now().Unix()
	return overlay(Claims{"iss": i.URL, "sub": "user-1", "iat": issued, "exp": issued + 300, "jti": rand.Text()}, claims)
}

// Fetch serves the issuer's metadata, at either of its well-known addresses, and its keys. It is the only network that
// there is: any other url is an error.
func (i *Issuer) Fetch(ctx context.Context, url string) (ports.Document, error) {
	if err := ctx.Err(); err != nil {
		return ports.Document{}, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	base := strings.TrimSuffix(i.URL, "/")
	switch {
	case url == base+"/jwks":
		i.keysAsked++
		return i.document(i.keySet())
	case url == base+"/.well-known/openid-configuration", strings.Contains(url, "/.well-known/oauth-authorization-server"):
		i.metadataAsked++
		return i.document(map[string]any{
			"issuer":                                i.URL,
			"jwks_uri":                              base + "/jwks",
			"token_endpoint":                        base + "/token",
			"authorization_endpoint":                base + "/authorize",
			"response_types_supported":              []string{"code"},
			"subject_types_supported":               []string{"public"},
			"id_token_signing_alg_values_supported": i.algorithms(),
		}, nil)
	}
	return ports.Document{}, fmt.Errorf("verifiertest: %s publishes nothing at that URL", i.URL)
}

// Fetched returns how often the metadata and the keys were asked for.
func (i *Issuer) Fetched() (metadata, keys int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.metadataAsked, i.keysAsked
}

// algorithms are those of the published keys.
func (i *Issuer) algorithms() []string {
	algorithms := make([]string, len(i.keys))
	for n, key := range i.keys {
		algorithms[n] = key.Algorithm
	}
	slices.Sort(algorithms)
	return slices.Compact(algorithms)
}

func (i *Issuer) keySet() (any, error) {
	set := make([]json.RawMessage, len(i.keys))
	for n, key := range i.keys {
		var err error
		if set[n], err = key.JWK(); err != nil {
			return nil, err
		}
	}
	return map[string]any{"keys": set}, nil
}

func (i *Issuer) document(content any, err error) (ports.Document, error) {
	if err != nil {
		return ports.Document{}, err
	}
	body, err := json.Marshal(content)
	return ports.Document{Body: body, Fresh: i.Fresh}, err
}
