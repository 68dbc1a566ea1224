package keyring

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/keyfile"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
	"github.com/holdfast-go/holdfast/verifier/internal/quote"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// Metadata is what is read of an issuer's metadata (OpenID Connect Discovery section 3, RFC 8414 section 2).
// An endpoint that is absent or not a usable URL is empty: the keys are taken all the same.
type Metadata struct {
	JWKSURI               string
	AuthorizationEndpoint string
	TokenEndpoint         string
	RevocationEndpoint    string
	UserinfoEndpoint      string
	EndSessionEndpoint    string
	NamesItself           bool // authorization_response_iss_parameter_supported (RFC 9207 section 3)
}

// A result is what one fetch brought, and what the operator should know of it. It has a snapshot, an error, or both:
// a snapshot that is stale, from the shared cache, and why the issuer gave no newer one.
type result struct {
	snapshot      *snapshot
	err           error
	at            time.Time // when it ended
	reachedIssuer bool      // the snapshot came from the issuer itself
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
	errMetadata = errors.New("not one JSON object")
	errIssuer   = errors.New("names another issuer")
	errJWKSURI  = errors.New("has no usable jwks_uri")
	errStuck    = errors.New("not asked, since too many calls of the Fetcher that were given up have not returned")
)

// A Fetcher that ignores its context leaves calls behind. So many of one issuer, and of all, may be left before it is no
// longer asked.
const (
	maxGivenUp    = 16
	maxGivenUpAll = 1024
)

// load gets an issuer's documents, from the shared cache unless forced past it, and else from the issuer. It takes
// nothing from the cache that is not newer than what is known already.
//
// What is cached and stale is kept: should the issuer fail, it starts a fresh process as well as the memory
// of an old one keeps that going.
func (r *Ring) load(f *flight) result {
	i := f.issuer
	var cached result
	if r.shares(i) && !f.forced {
		cached = r.fromCache(f.ctx, i.location, i.snapshot.Load())
		if cached.snapshot != nil && i.stage(cached.snapshot, r.Clock.Now()) == fresh {
			return cached
		}
	}
	fetched := r.fromIssuer(f)
	// A fetch that Close ended says nothing of the issuer, and so excuses no stale keys.
	if fetched.err != nil && cached.snapshot != nil && !errors.Is(context.Cause(f.ctx), errClosed) {
		cached.err, cached.skipped = fetched.err, append(cached.skipped, fetched.skipped...)
		return cached
	}
	fetched.events = cached.events
	return fetched
}

func (r *Ring) fromIssuer(f *flight) result {
	docs, err := r.fetch(f.ctx, f.issuer)
	if err != nil {
		return result{err: err}
	}
	taken := r.take(f.issuer.location, docs)
	if taken.err == nil {
		taken.snapshot.number, taken.reachedIssuer = f.number, true
	}
	return taken
}

// fetch asks the issuer for its metadata and keys. FetchTimeout bounds both together.
func (r *Ring) fetch(ctx context.Context, i *issuer) (documents, error) {
	if i.location.File != "" {
		return r.readFile(ctx, i)
	}
	if r.fetching.Load() >= int64(r.MaxFetches)+maxGivenUpAll {
		return documents{}, errStuck
	}
	var asked atomic.Pointer[string] // what is waited for
	get := func(ctx context.Context, what, url string) (ports.Document, error) {
		step := what + " " + quote.Text(url)
		asked.Store(&step)
		return r.Fetcher.Fetch(ctx, url)
	}
	docs, err := outbound.Call(ctx, &i.fetcher, func(ctx context.Context) (documents, error) {
		r.fetching.Add(1)
		defer r.fetching.Add(-1)
		var metadata []byte
		jwksURI := i.location.JWKSURL
		if jwksURI == "" {
			document, err := get(ctx, "metadata", r.metadataURL(i.location))
			if err != nil {
				return documents{}, err
			}
			parsed, err := r.parseMetadata(i.name, document.Body)
			if err != nil {
				return documents{}, err
			}
			metadata, jwksURI = document.Body, parsed.JWKSURI
		}
		// What the issuer withdraws from here on may still be in its answer.
		fetchedAt := r.Clock.Now()
		keys, err := get(ctx, "key set", jwksURI)
		if err != nil {
			return documents{}, err
		}
		return documents{metadata: metadata, keys: keys.Body, fetchedAt: fetchedAt, fresh: keys.Fresh}, nil
	})
	if step := asked.Load(); err != nil && step != nil {
		err = fmt.Errorf("fetch %s: %w", *step, err)
	}
	return docs, err
}

// changing is how fresh a file is: it is read again as soon as the floor permits.
const changing = -1

// readFile reads keys where the operator has put them.
func (r *Ring) readFile(ctx context.Context, i *issuer) (documents, error) {
	return outbound.Call(ctx, &i.fetcher, func(context.Context) (documents, error) {
		fetchedAt := r.Clock.Now()
		keys, err := keyfile.Read(i.location.File, r.MaxBytes)
		return documents{keys: keys, fetchedAt: fetchedAt, fresh: changing}, err
	})
}

// MetadataURLOf is where the metadata of a source is that publishes some.
func (r *Ring) MetadataURLOf(source Source) string { return r.metadataURL(source.Location()) }

// metadataURL is where the metadata of an issuer is that publishes some.
func (r *Ring) metadataURL(l Location) string {
	if l.MetadataURL != "" {
		return l.MetadataURL
	}
	return r.MetadataURL(l.Issuer)
}

// take makes a snapshot of documents, which are untrusted wherever they come from.
func (r *Ring) take(at Location, docs documents) result {
	metadata := Metadata{JWKSURI: at.JWKSURL + at.File}
	if at.JWKSURL == "" && at.File == "" {
		var err error
		if metadata, err = r.parseMetadata(at.Issuer, docs.metadata); err != nil {
			return result{err: fmt.Errorf("metadata %w", err)}
		}
	}
	keys, skipped, err := r.parseKeys(at, docs.keys)
	if err != nil {
		return result{err: fmt.Errorf("key set %s: %w", quote.Text(metadata.JWKSURI), err), skipped: skipped}
	}
	soft := r.softTTL(docs.fresh)
	return result{documents: docs, skipped: skipped, snapshot: &snapshot{
		metadata:  metadata,
		keys:      keys,
		fetchedAt: docs.fetchedAt,
		due:       soft - r.dueBefore(soft),
		soft:      soft,
	}}
}

// parseKeys reads a key set. One without a key that can be used is refused: it says that every token is bad, and that
// is far more often a fault of the issuer's than meant.
func (r *Ring) parseKeys(at Location, body []byte) (*jwk.Set, []jwk.Skipped, error) {
	if len(body) > r.MaxBytes {
		return nil, nil, errTooLarge
	}
	if at.File != "" && isPEM(body) {
		keys, err := jwk.ParseStatic(body, at.Use)
		return keys, nil, err
	}
	keys, skipped, err := jwk.ParseSet(body, r.MaxKeys, at.Use)
	if err == nil && keys.Len() == 0 {
		err = jwk.ErrNoKey
	}
	return keys, skipped, err
}

func isPEM(body []byte) bool { return !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) }

// CheckFile reports what is wrong with a file that is to have keys.
func CheckFile(path string, maxBytes, maxKeys int, use jwk.Use) error {
	body, err := keyfile.Read(path, maxBytes)
	if err != nil {
		return fmt.Errorf("can't be read: %w", err)
	}
	if isPEM(body) {
		_, err = jwk.ParseStatic(body, use)
		return err
	}
	keys, _, err := jwk.ParseSet(body, maxKeys, use)
	if err == nil && keys.Len() == 0 {
		err = jwk.ErrNoKey
	}
	return err
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
		return Metadata{}, errTooLarge
	}
	object, err := strictjson.ParseObject(body, metadataLimits)
	if err != nil {
		return Metadata{}, errMetadata
	}
	// OpenID Connect Discovery section 4.3, RFC 8414 section 3.3: the same issuer, byte for byte, or one issuer
	// could pass off its keys as another's.
	if published, _ := object.Text("issuer"); published != name {
		cure := issuerurl.Cure(published, func(identifier string) bool { return identifier == name })
		return Metadata{}, fmt.Errorf("%w: %s, not %s%s", errIssuer, quote.Text(published), quote.Text(name), cure)
	}
	jwksURI, _ := object.Text("jwks_uri")
	if _, err := issuerurl.CheckURL(jwksURI, r.LoopbackHTTP); err != nil {
		return Metadata{}, fmt.Errorf("%w: %s", errJWKSURI, quote.Text(jwksURI))
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
		RevocationEndpoint:    endpoint("revocation_endpoint"),
		UserinfoEndpoint:      endpoint("userinfo_endpoint"),
		EndSessionEndpoint:    endpoint("end_session_endpoint"),
		NamesItself:           namesItself,
	}, nil
}

// report tells the operator of a fetch that has landed.
func (r *Ring) report(f *flight, result result) {
	tell := func(kind ports.KeyEventKind, err error) {
		r.Observe(ports.KeyEvent{Kind: kind, Issuer: f.issuer.name, Err: err})
	}
	if f.forced {
		tell(ports.KeyRefreshForced, nil)
	}
	for _, event := range result.events {
		r.Observe(event)
	}
	for _, skipped := range result.skipped {
		r.Observe(ports.KeyEvent{Kind: ports.KeySkipped, Issuer: f.issuer.name, KeyID: strconv.QuoteToASCII(skipped.ID), Err: skipped.Reason})
	}
	switch {
	case result.reachedIssuer:
		tell(ports.KeysFetched, nil)
	case result.snapshot != nil:
		tell(ports.KeysFromCache, nil)
	}
	if result.err != nil {
		tell(ports.KeysRefused, result.err)
	}
	if f.servedStale.Load() {
		tell(ports.KeysServedStale, nil)
	}
}
