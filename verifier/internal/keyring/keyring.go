package keyring

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/backoff"
	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
)

// ErrUnknownKey says that the issuer, asked after the token was issued, has no such key.
var ErrUnknownKey = errors.New("the issuer has no such key")

var errIssuedSince = errors.New("the token says that it was issued after the issuer's keys were fetched, and its key is not among them")

// An UnavailableError says that the issuer's keys can't be had now, so nothing can be said of a token.
type UnavailableError struct {
	// RetryAfter is how long it makes no sense to ask again.
	RetryAfter time.Duration
	// Err is why.
	Err error

	issuerFailed bool // it was asked and failed, so that keys that are stale serve on
}

// Error tells the cause, and not when to ask again.
func (e *UnavailableError) Error() string { return "issuer unavailable: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *UnavailableError) Unwrap() error { return e.Err }

func issuerFailed(err error) bool {
	var unavailable *UnavailableError
	return errors.As(err, &unavailable) && unavailable.issuerFailed
}

// Config is the policy of a [Ring]. Every field but Cache is set by the caller; package verifier documents them and
// supplies the defaults.
type Config struct {
	Fetcher      ports.Fetcher
	Clock        ports.Clock
	Observe      func(ports.KeyEvent) // returns soon, whatever the application's observer does
	Logger       *slog.Logger         // is told of panics; nil for none
	MetadataURL  func(issuer string) string
	LoopbackHTTP bool

	Soft, Floor, Hard time.Duration // life times of a snapshot
	Cooldown          time.Duration // between forced fetches
	FetchTimeout      time.Duration // of metadata and keys together
	WaitTimeout       time.Duration // of a request for fetches, in all
	MaxFetches        int           // at once, over all issuers

	MaxBytes, MaxKeys, MaxIssuers int

	Cache        ports.Cache // shared by a fleet; nil for none
	CacheSecrets [][]byte    // authenticate its entries: the first writes, all read

	// Rand returns a random number in [0, n), as [math/rand/v2.Int64N] does.
	Rand func(n int64) int64
}

// A Ring keeps the keys of issuers. It is safe for concurrent use.
type Ring struct {
	Config

	held residents[*issuer]

	slots     *slots
	cachePort outbound.Port
	inside    outbound.Port // what runs on the ring's own goroutines
	// fetching counts the calls of the Fetcher that have not returned, those that were given up included.
	fetching atomic.Int64
}

// New returns a Ring by config, which the caller has checked.
func New(config Config) *Ring {
	return &Ring{
		Config:    config,
		slots:     newSlots(config.MaxFetches),
		cachePort: outbound.Port{Name: "shared cache", Timeout: cacheTimeout, Logger: config.Logger},
		inside:    outbound.Port{Name: "keyring", Logger: config.Logger},
	}
}

// Close ends the fetches under way and waits for them. After it no fetch starts.
func (r *Ring) Close() { r.slots.close() }

// A Selector says which keys are looked for.
type Selector struct {
	KeyID    string
	HasKeyID bool
	// Algorithm chooses the only key that fits it for a token without kid.
	Algorithm string
	// IssuedAt is when the token says it was issued; zero if it does not say. Nothing vouches for it.
	IssuedAt time.Time
}

// clockSkew is how far the clocks of issuers and of the processes of a fleet may differ.
const clockSkew = time.Minute

// issuedAfter reports whether the token may have been issued after a snapshot was fetched, so that its key can be newer.
func (s Selector) issuedAfter(current *snapshot, now time.Time) bool {
	return now.Sub(s.IssuedAt) < since(current.fetchedAt, now)+clockSkew
}

func (s Selector) in(set *jwk.Set) []*jwk.Key {
	if s.HasKeyID {
		return set.ByID(s.KeyID)
	}
	return set.Sole(s.Algorithm)
}

// Keys returns the issuer's keys that are selected, at least one. Its errors are [ErrUnknownKey], an
// [*UnavailableError], or the context's. The caller must have found the issuer among those allowed, and must not
// change the slice.
func (r *Ring) Keys(ctx context.Context, source Source, selector Selector) ([]*jwk.Key, error) {
	if set := source.Location().Static; set != nil {
		return staticKeys(set, selector)
	}
	return r.issuer(source).keys(ctx, selector)
}

// staticKeys finds keys that the operator vouched for.
func staticKeys(set *jwk.Set, selector Selector) ([]*jwk.Key, error) {
	if keys := selector.inLocal(set); len(keys) > 0 {
		return keys, nil
	}
	return nil, ErrUnknownKey
}

// inLocal finds keys in what the operator has put there. One without kid (PEM has none) serves tokens of any kid.
func (s Selector) inLocal(set *jwk.Set) []*jwk.Key {
	if keys := s.in(set); len(keys) > 0 {
		return keys
	}
	return set.WithoutID()
}

// Metadata returns what the issuer published of itself, as recent as its keys. Its errors are those of Keys. The source is
// one that publishes metadata.
func (r *Ring) Metadata(ctx context.Context, source Source) (Metadata, error) {
	current, err := r.issuer(source).serving(&waiter{ctx: ctx, limit: r.WaitTimeout})
	if err != nil {
		return Metadata{}, err
	}
	return current.metadata, nil
}

// Warm has the issuer's keys fetched if there are none that serve. It waits also for an issuer that is late, and for its
// turn as long as for the fetch.
func (r *Ring) Warm(ctx context.Context, source Source) error {
	if source.Location().Static != nil {
		return nil
	}
	_, err := r.issuer(source).serving(&waiter{ctx: ctx, limit: 2 * r.FetchTimeout, patient: true})
	return err
}

// issuer returns the state of one issuer, which begins empty.
func (r *Ring) issuer(source Source) *issuer {
	if held, found := r.held.find(source); found {
		return held
	}
	return r.admit(source)
}

// admit returns the state of an issuer of which none was held.
func (r *Ring) admit(source Source) *issuer {
	now := r.Clock.Now()
	return r.held.admit(source, r.MaxIssuers, now.Unix(), func() *issuer { return r.newIssuer(source.Location(), now) })
}

func (r *Ring) newIssuer(at Location, now time.Time) *issuer {
	i := &issuer{ring: r, name: at.Issuer, location: at, sharing: make(chan struct{}, 1)}
	i.fetcher.Name, i.fetcher.Timeout, i.fetcher.Logger = "fetcher", r.FetchTimeout, r.Logger
	i.fetcher.MaxGivenUp = maxGivenUp
	i.touch(now)
	return i
}

// dueBefore is how long before it is stale a snapshot is refreshed: a twentieth to a tenth of its soft TTL, at random,
// which spreads over time what a fleet would do at once.
func (r *Ring) dueBefore(soft time.Duration) time.Duration {
	return soft/20 + time.Duration(r.Rand(int64(soft)/20+1))
}

const (
	minBackoff = backoff.Min
	maxBackoff = backoff.Max
)

// backoff is how long an issuer that failed so many times in a row is left alone.
func (r *Ring) backoff(failures int) time.Duration { return backoff.Wait(failures, r.Rand) }
