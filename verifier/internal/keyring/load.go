package keyring

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// Metadata is what is read of an issuer's metadata (OpenID Connect Discovery section 3, RFC 8414 section 2).
// An endpoint that is absent or no usable URL is empty: it is no reason to refuse the keys.
type Metadata struct {
	JWKSURI               string
	AuthorizationEndpoint string
	TokenEndpoint         string
	EndSessionEndpoint    string
	NamesItself           bool // authorization_response_iss_parameter_supported (RFC 9207 section 3)
}

// A result is what one fetch brought, and what the operator should know of it. It has a snapshot, an error, or both:
// a snapshot that is stale, from the shared cache, and why the issuer gave no newer one.
type result struct {
	snapshot      *snapshot
	err           error
	reachedIssuer bool // the snapshot came from the issuer itself
	documents     documents
	skipped       []jwk.Skipped
	events        []ports.KeyEvent
}

// documents is what an issuer published, as received.
type documents struct {
	metadata, keys []byte
	fetchedAt      time.Time
	fresh          time.Duration // as ports.Document.Fresh, of the keys
}

var (
	errTooLarge = errors.New("document over the size bound")
	errMetadata = errors.New("metadata is not one JSON object")
	errIssuer   = errors.New("metadata names another issuer")
	errJWKSURI  = errors.New("metadata without a usable jwks_uri")
)

// load gets an issuer's documents, from the shared cache unless forced past it, and else from the issuer. It takes
// nothing from the cache that is not newer than known, the time of what is known already.
//
// What is cached and stale is kept at hand: should the issuer fail, it starts a fresh process as well as the memory
// of an old one keeps that going.
func (r *Ring) load(ctx context.Context, name string, forced bool, known time.Time) result {
	var cached result
	if r.Cache != nil && !forced {
		cached = r.fromCache(ctx, name, known)
		if cached.snapshot != nil && r.Clock.Now().Before(cached.snapshot.soft) {
			return cached
		}
	}
	fetched := r.fromIssuer(ctx, name)
	if fetched.err != nil && cached.snapshot != nil {
		cached.err = fetched.err
		return cached
	}
	fetched.events = cached.events
	return fetched
}

func (r *Ring) fromIssuer(ctx context.Context, name string) result {
	docs, err := r.fetch(ctx, name)
	if err != nil {
		return result{err: err}
	}
	taken := r.take(name, docs)
	taken.reachedIssuer = taken.err == nil
	return taken
}

func (r *Ring) fetch(ctx context.Context, name string) (documents, error) {
	metadata, err := r.Fetcher.Fetch(ctx, r.MetadataURL(name))
	if err != nil {
		return documents{}, fmt.Errorf("fetch metadata: %w", err)
	}
	parsed, err := r.parseMetadata(name, metadata.Body)
	if err != nil {
		return documents{}, err
	}
	keys, err := r.Fetcher.Fetch(ctx, parsed.JWKSURI)
	if err != nil {
		return documents{}, fmt.Errorf("fetch key set: %w", err)
	}
	return documents{metadata: metadata.Body, keys: keys.Body, fetchedAt: r.Clock.Now(), fresh: keys.Fresh}, nil
}

// take makes a snapshot of documents, which are untrusted wherever they come from.
func (r *Ring) take(name string, docs documents) result {
	metadata, err := r.parseMetadata(name, docs.metadata)
	if err != nil {
		return result{err: err}
	}
	if len(docs.keys) > r.MaxBytes {
		return result{err: fmt.Errorf("key set: %w", errTooLarge)}
	}
	keys, skipped, err := jwk.ParseSet(docs.keys, r.MaxKeys)
	if err != nil {
		return result{err: fmt.Errorf("key set: %w", err)}
	}
	return result{documents: docs, skipped: skipped, snapshot: &snapshot{
		metadata:  metadata,
		keys:      keys,
		fetchedAt: docs.fetchedAt,
		soft:      docs.fetchedAt.Add(r.soften(r.softTTL(docs.fresh))),
		hard:      docs.fetchedAt.Add(r.Hard),
	}}
}

// softTTL is how long keys are fresh (RFC 9111 section 4.2): what the answer says, within floor and soft. A floor is
// needed since some issuers say 15 s, for keys that live for months.
func (r *Ring) softTTL(fresh time.Duration) time.Duration {
	if fresh == 0 {
		return r.Soft
	}
	return max(r.Floor, min(fresh, r.Soft))
}

var metadataLimits = strictjson.Limits{Depth: 32, Members: 4096}

func (r *Ring) parseMetadata(name string, body []byte) (Metadata, error) {
	if len(body) > r.MaxBytes {
		return Metadata{}, fmt.Errorf("metadata: %w", errTooLarge)
	}
	object, err := strictjson.ParseObject(body, metadataLimits)
	if err != nil {
		return Metadata{}, errMetadata
	}
	// OpenID Connect Discovery section 4.3, RFC 8414 section 3.3: the same issuer, byte for byte, or one issuer
	// could pass off its keys as another's.
	if published, _ := object.Text("issuer"); published != name {
		return Metadata{}, errIssuer
	}
	jwksURI, _ := object.Text("jwks_uri")
	if _, err := issuerurl.CheckURL(jwksURI, r.LoopbackHTTP); err != nil {
		return Metadata{}, errJWKSURI
	}
	endpoint := func(name string) string {
		written, _ := object.Text(name)
		if _, err := issuerurl.CheckURL(written, r.LoopbackHTTP); err != nil {
			return ""
		}
		return written
	}
	supported, _ := object.Lookup("authorization_response_iss_parameter_supported")
	namesItself, _ := supported.Bool()
	return Metadata{
		JWKSURI:               jwksURI,
		AuthorizationEndpoint: endpoint("authorization_endpoint"),
		TokenEndpoint:         endpoint("token_endpoint"),
		EndSessionEndpoint:    endpoint("end_session_endpoint"),
		NamesItself:           namesItself,
	}, nil
}

// report tells the operator of a fetch.
func (r *Ring) report(name string, result result) {
	for _, event := range result.events {
		r.Observe(event)
	}
	for _, skipped := range result.skipped {
		r.Observe(ports.KeyEvent{Kind: ports.KeySkipped, Issuer: name, KeyID: strconv.QuoteToASCII(skipped.ID), Err: skipped.Reason})
	}
	switch {
	case result.reachedIssuer:
		r.Observe(ports.KeyEvent{Kind: ports.KeysFetched, Issuer: name})
	case result.snapshot != nil:
		r.Observe(ports.KeyEvent{Kind: ports.KeysFromCache, Issuer: name})
	}
	if result.err != nil {
		r.Observe(ports.KeyEvent{Kind: ports.KeysRefused, Issuer: name, Err: result.err})
	}
}
