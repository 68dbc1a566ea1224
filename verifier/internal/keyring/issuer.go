package keyring

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
)

// An issuer is the state machine that the package comment draws.
type issuer struct {
	ring     *Ring
	name     string
	location Location
	// fetcher is the way to the Fetcher, one for each issuer: that one issuer hangs says nothing of another.
	fetcher outbound.Port

	snapshot atomic.Pointer[snapshot] // nil while empty
	flight   atomic.Pointer[flight]   // waiting for its turn or under way, or nil; changed with mu held
	failure  atomic.Pointer[failure]  // of the last fetch, nil if it did not fail
	flights  atomic.Uint64            // that have begun
	lastUsed atomic.Int64             // Unix seconds, for eviction
	sharing  chan struct{}            // full while the issuer's entry of the shared cache is written

	mu        sync.Mutex // guards what follows
	failures  int        // fetches that failed in a row
	forcedAt  time.Time  // when the last forced fetch ended
	forcedErr error      // why it failed, nil once a fetch has reached the issuer since
}

// A snapshot is what one good fetch brought. It does not change.
type snapshot struct {
	metadata  Metadata
	keys      *jwk.Set
	fetchedAt time.Time     // when the issuer was asked for the keys, by whoever asked it
	number    uint64        // of the flight that brought it from the issuer, 0 if it came from the shared cache
	due       time.Duration // from this age on it is refreshed
	soft      time.Duration // from this age on it is stale
}

// A failure is why an issuer could not be asked, and for how long it is left alone.
type failure struct {
	at      time.Time
	backoff time.Duration
	err     error
}

// A stage is what the age of a snapshot says of it.
type stage int

const (
	fresh stage = iota
	due
	stale
	expired
)

func (i *issuer) stage(s *snapshot, now time.Time) stage {
	if s == nil {
		return expired
	}
	age := since(s.fetchedAt, now)
	switch {
	case 0 <= age && age < s.due:
		return fresh
	case age < 0 || age >= i.ring.Hard:
		return expired
	case age < s.soft:
		return due
	}
	return stale
}

// since is how long ago t was: by the wall clock or by the monotonic one, whichever says more. So a clock that is set
// back prolongs nothing, and neither does a machine that slept. Of a clock without monotonic readings it is negative
// once that was set back behind t.
func since(t, now time.Time) time.Duration {
	return max(now.Sub(t), time.Duration(now.UnixNano()-t.UnixNano()))
}

// look returns the snapshot and the time. The snapshot is read first, so that it is not newer than the time.
func (i *issuer) look() (*snapshot, time.Time) {
	current := i.snapshot.Load()
	return current, i.ring.Clock.Now()
}

// touch marks the issuer as used, at most once a second so that busy cores do not fight for the line.
func (i *issuer) touch(now time.Time) {
	if second := now.Unix(); i.lastUsed.Load() != second {
		i.lastUsed.Store(second)
	}
}

// lastUse is when the issuer was last used, or now while a fetch of its keys is under way. One that was used in the future
// was used before the clock was set back.
func (i *issuer) lastUse(now int64) use {
	last := use{second: i.lastUsed.Load()}
	if last.second > now {
		last.second = 0
	}
	if i.flight.Load() != nil {
		last = use{now, fetchUnderWay}
	}
	if i.snapshot.Load() != nil {
		last.state = keysHeld
	}
	return last
}

func (i *issuer) keys(ctx context.Context, selector Selector) ([]*jwk.Key, error) {
	arrived := i.flights.Load()
	w := waiter{ctx: ctx, limit: i.ring.WaitTimeout}
	current, err := i.serving(&w)
	if err != nil {
		return nil, err
	}
	if keys := i.find(selector, current); len(keys) > 0 {
		return keys, nil
	}
	return i.keysAhead(&w, selector, arrived)
}

func (i *issuer) find(selector Selector, in *snapshot) []*jwk.Key {
	if i.location.File != "" {
		return selector.inLocal(in.keys)
	}
	return selector.in(in.keys)
}

// serving returns the snapshot whose keys serve now, as the package comment says.
func (i *issuer) serving(w *waiter) (*snapshot, error) {
	current, now := i.look()
	i.touch(now)
	switch i.stage(current, now) {
	case fresh:
		return current, nil
	case due:
		i.refreshBehind(current, now)
		return current, nil
	case stale:
		if i.failing(now) {
			i.refreshBehind(current, now)
			return i.serveStale(current), nil
		}
	}
	flight, err := i.refresh(current)
	if err == nil {
		err = w.wait(flight)
	}
	if err == nil {
		return i.snapshot.Load(), nil
	}
	// The issuer failed, or the fetch under way has had no answer for WaitTimeout.
	if current, now = i.look(); issuerFailed(err) && i.stage(current, now) < expired {
		return i.serveStale(current), nil
	}
	return nil, err
}

// failing reports whether the last fetch failed so short a time ago that the next one is not overdue.
func (i *issuer) failing(now time.Time) bool {
	last := i.failure.Load()
	if last == nil {
		return false
	}
	age := since(last.at, now)
	return 0 <= age && age-maxBackoff < i.ring.WaitTimeout
}

// serveStale remembers that a snapshot serves past its soft TTL, to be told once the flight under way has landed.
func (i *issuer) serveStale(current *snapshot) *snapshot {
	if flight := i.flight.Load(); flight != nil {
		flight.servedStale.Store(true)
	}
	return current
}

// backoffLeft returns how much longer an issuer that failed is left alone, and why it failed.
func (i *issuer) backoffLeft(now time.Time) (time.Duration, error) {
	last := i.failure.Load()
	if last == nil {
		return 0, nil
	}
	age := since(last.at, now)
	if age < 0 || age >= last.backoff { // negative: the clock was set back
		return 0, nil
	}
	return last.backoff - age, last.err
}

// refreshBehind sees to it that a fetch is under way, unless a failed one forbids it for now. The request does not wait for it.
func (i *issuer) refreshBehind(current *snapshot, now time.Time) {
	if rest, _ := i.backoffLeft(now); rest > 0 || i.flight.Load() != nil {
		return // as seen without the lock
	}
	_, _ = i.refresh(current)
}

// landed stands for a flight that has ended well.
var landed = func() *flight {
	f := &flight{done: make(chan struct{})}
	close(f.done)
	return f
}()

// refresh returns the fetch under way, or starts one unless a failed one forbids it for now. Seen is the snapshot that
// the caller wants to be replaced.
func (i *issuer) refresh(seen *snapshot) (*flight, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if current := i.flight.Load(); current != nil {
		return current, nil
	}
	if i.snapshot.Load() != seen { // a fetch ended since the caller looked
		return landed, nil
	}
	now := i.ring.Clock.Now()
	if rest, err := i.backoffLeft(now); rest > 0 {
		return nil, &UnavailableError{RetryAfter: rest, Err: err, issuerFailed: true}
	}
	return i.start(now, false)
}

// keysAhead looks for keys that are not in the snapshot: in what the fetch under way brings, or one ahead of time if the
// cooldown allows it. Arrived is how many flights had begun when the request came: what a later one brought from the
// issuer has every key that the request's token can be signed with.
func (i *issuer) keysAhead(w *waiter, selector Selector, arrived uint64) ([]*jwk.Key, error) {
	for {
		current := i.snapshot.Load()
		if keys := i.find(selector, current); len(keys) > 0 {
			return keys, nil
		}
		if current.number > arrived {
			return nil, ErrUnknownKey
		}
		flight, err := i.force(current, selector)
		if err == nil {
			err = w.wait(flight)
		}
		if err != nil {
			return nil, err
		}
	}
}

// force returns the fetch under way or starts a forced one. Within the cooldown it answers from memory. Seen is the
// snapshot that does not have the key.
func (i *issuer) force(seen *snapshot, selector Selector) (*flight, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if current := i.flight.Load(); current != nil {
		return current, nil
	}
	if i.snapshot.Load() != seen { // a fetch ended since the caller looked
		return landed, nil
	}
	now := i.ring.Clock.Now()
	ago := since(i.forcedAt, now)
	if ago < 0 || ago >= i.ring.Cooldown { // negative: the clock was set back
		return i.start(now, true)
	}
	switch {
	case i.forcedErr != nil:
		return nil, &UnavailableError{RetryAfter: i.ring.Cooldown - ago, Err: i.forcedErr}
	case selector.issuedAfter(seen, now):
		return nil, &UnavailableError{RetryAfter: i.ring.Cooldown - ago, Err: errIssuedSince}
	}
	return nil, ErrUnknownKey
}

// start begins a fetch, or has it wait for its turn. The caller holds mu, and no fetch is under way.
func (i *issuer) start(now time.Time, forced bool) (*flight, error) {
	f := i.newFlight(now, forced)
	if err := i.ring.slots.launch(f); err != nil {
		return nil, &UnavailableError{RetryAfter: minBackoff, Err: err}
	}
	i.flight.Store(f) // before it can land, which needs mu
	return f, nil
}

// land takes a fetch's result into use and wakes those who wait for it.
func (i *issuer) land(f *flight, result result) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.touch(result.at)
	if result.snapshot != nil {
		i.snapshot.Store(result.snapshot)
	}
	retryAfter := minBackoff
	switch {
	case result.err == nil:
		i.failures = 0
		i.failure.Store(nil)
	case !errors.Is(result.err, errClosed):
		retryAfter = i.ring.backoff(i.failures)
		i.failures++
		i.failure.Store(&failure{at: result.at, backoff: retryAfter, err: result.err})
		if i.stage(i.snapshot.Load(), result.at) == stale {
			f.servedStale.Store(true)
		}
	}
	if f.forced {
		i.forcedAt = result.at
	}
	if f.forced || result.reachedIssuer {
		i.forcedErr = result.err
	}
	if result.snapshot == nil {
		f.err = &UnavailableError{RetryAfter: retryAfter, Err: result.err, issuerFailed: !errors.Is(result.err, errClosed)}
	}
	i.flight.Store(nil)
	close(f.done)
}
