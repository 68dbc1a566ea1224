package keyring

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
)

// An envelope is what a shared cache holds of an issuer: one line with the format's version and an authenticator, and
// the documents as JSON. docs/cache-format.md describes it for those who read it elsewhere.
//
//	holdfast-keys/1 <base64url HMAC-SHA256 of the rest, or "-">
//	{"issuer":"...","fetched_at":"2026-01-02T15:04:05.000Z","fresh_ms":15000,"metadata":{...},"keys":{...}}
type envelope struct {
	Issuer    string          `json:"issuer"`
	Source    string          `json:"source,omitempty"` // as Ring.published has it
	FetchedAt time.Time       `json:"fetched_at"`
	FreshMS   int64           `json:"fresh_ms"`
	Metadata  json.RawMessage `json:"metadata"`
	Keys      json.RawMessage `json:"keys"`
}

const (
	envelopeVersion = "holdfast-keys/1"
	unauthenticated = "-"
	// cacheTimeout keeps a hanging cache from costing more than a fetch would.
	cacheTimeout = time.Second
)

var (
	errEnvelope     = errors.New("cache entry is malformed or of another version")
	errMAC          = errors.New("cache entry is not authentic")
	errCachedIssuer = errors.New("cache entry is of another issuer, or of keys from elsewhere")
	errCachedAge    = errors.New("cache entry is over the hard TTL, or from over a minute ahead")
)

// shares reports whether an issuer's keys are in the shared cache. A file is as near.
func (r *Ring) shares(i *issuer) bool { return r.Cache != nil && i.location.File == "" }

// cacheKey names an issuer's entry, one for each place that its keys may come from. It is hashed, since issuers are longer
// than what some caches take for a key.
func (r *Ring) cacheKey(at Location) string {
	name := at.Issuer
	if source := r.published(at); source != "" {
		name += "\n" + source
	}
	sum := sha256.Sum256([]byte(envelopeVersion + " " + name))
	return "keys:" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// published names where documents come from, for the shared cache: empty for OpenID Connect Discovery, which is what
// earlier versions shared.
func (r *Ring) published(l Location) string {
	if l.JWKSURL != "" {
		return "jwks_uri " + l.JWKSURL
	}
	if url := r.metadataURL(l); url != issuerurl.OpenIDConfiguration(l.Issuer) {
		return "metadata " + url
	}
	return ""
}

// seal writes an envelope, authenticated by the first secret if there is one.
func (r *Ring) seal(at Location, docs documents) ([]byte, error) {
	body, err := json.Marshal(envelope{
		Issuer:    at.Issuer,
		Source:    r.published(at),
		FetchedAt: docs.fetchedAt.UTC().Truncate(time.Millisecond),
		FreshMS:   docs.fresh.Milliseconds(),
		Metadata:  docs.metadata,
		Keys:      docs.keys,
	})
	if err != nil {
		return nil, err
	}
	authenticator := unauthenticated
	if len(r.CacheSecrets) > 0 {
		authenticator = encodeMAC(mac(r.CacheSecrets[0], body))
	}
	return fmt.Appendf(nil, "%s %s\n%s", envelopeVersion, authenticator, body), nil
}

// open reads an envelope. With secrets configured, one that none of them made is refused before it is parsed: whoever
// can write to the cache must not be able to mint tokens.
func (r *Ring) open(at Location, sealed []byte) (documents, error) {
	if len(sealed) > 3*r.MaxBytes {
		return documents{}, errTooLarge
	}
	line, body, found := bytes.Cut(sealed, []byte("\n"))
	version, authenticator, spaced := bytes.Cut(line, []byte(" "))
	if !found || !spaced || string(version) != envelopeVersion {
		return documents{}, errEnvelope
	}
	if len(r.CacheSecrets) > 0 && !r.authentic(authenticator, body) {
		return documents{}, errMAC
	}
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		return documents{}, errEnvelope
	}
	now := r.Clock.Now()
	age := now.Sub(e.FetchedAt)
	switch {
	case e.Issuer != at.Issuer, e.Source != r.published(at):
		return documents{}, errCachedIssuer
	case age >= r.Hard, age < -clockSkew:
		return documents{}, errCachedAge
	case age < 0: // by another clock
		e.FetchedAt = now
	}
	return documents{
		metadata:  e.Metadata,
		keys:      e.Keys,
		fetchedAt: e.FetchedAt,
		fresh:     clampMilliseconds(e.FreshMS),
	}, nil
}

// clampMilliseconds keeps a hostile number from overflowing; the soft TTL is far below a day anyway.
func clampMilliseconds(ms int64) time.Duration {
	const day = int64(24 * time.Hour / time.Millisecond)
	return time.Duration(max(-day, min(ms, day))) * time.Millisecond
}

func (r *Ring) authentic(authenticator, body []byte) bool {
	given := make([]byte, base64.RawURLEncoding.DecodedLen(len(authenticator)))
	n, err := base64.RawURLEncoding.Strict().Decode(given, authenticator)
	if err != nil {
		return false
	}
	for _, secret := range r.CacheSecrets {
		if hmac.Equal(given[:n], mac(secret, body)) {
			return true
		}
	}
	return false
}

func encodeMAC(mac []byte) string { return base64.RawURLEncoding.EncodeToString(mac) }

func mac(secret, body []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(envelopeVersion + "\n"))
	h.Write(body)
	return h.Sum(nil)
}

// fromCache returns a snapshot of what the shared cache holds, if that is any good and newer than what is known: a key
// that the issuer has withdrawn must not come back from an old entry. The cache's outage costs a fetch, never a
// decision.
func (r *Ring) fromCache(ctx context.Context, at Location, known *snapshot) result {
	sealed, err := outbound.Call(ctx, &r.cachePort, func(ctx context.Context) ([]byte, error) {
		return r.Cache.Get(ctx, r.cacheKey(at))
	})
	switch {
	case errors.Is(err, ports.ErrMiss), errors.Is(err, outbound.ErrCallerLeft):
		return result{}
	case err != nil:
		return cacheEvent(ports.CacheFailed, at.Issuer, err)
	}
	docs, err := r.open(at, sealed)
	if err != nil {
		return cacheEvent(ports.CacheRefused, at.Issuer, err)
	}
	if known != nil && !docs.fetchedAt.After(known.fetchedAt) {
		return result{}
	}
	taken := r.take(at, docs)
	if taken.err != nil {
		return cacheEvent(ports.CacheRefused, at.Issuer, taken.err)
	}
	return taken
}

// share writes what the issuer answered to the shared cache, for as long as it would be taken from there. It runs after
// those who waited for the keys have gone on. An issuer's fetches write in their order: what a later one has replaced
// meanwhile is not written.
func (r *Ring) share(ctx context.Context, i *issuer, result result) {
	if !r.shares(i) || !result.reachedIssuer {
		return
	}
	select {
	case i.sharing <- struct{}{}:
		defer func() { <-i.sharing }()
	case <-ctx.Done():
		return
	}
	if i.snapshot.Load() != result.snapshot {
		return
	}
	sealed, err := r.seal(i.location, result.documents)
	if err == nil {
		_, err = outbound.Call(ctx, &r.cachePort, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, r.Cache.Set(ctx, r.cacheKey(i.location), sealed, r.Hard)
		})
	}
	if err != nil && !errors.Is(err, outbound.ErrCallerLeft) {
		r.Observe(ports.KeyEvent{Kind: ports.CacheFailed, Issuer: i.name, Err: err})
	}
}

func cacheEvent(kind ports.KeyEventKind, name string, err error) result {
	return result{events: []ports.KeyEvent{{Kind: kind, Issuer: name, Err: err}}}
}
