package keyring

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
)

// An issuer is the state machine that the package comment draws.
type issuer struct {
	ring *Ring
	name string

	snapshot atomic.Pointer[snapshot] // nil while empty
	lastUsed atomic.Int64             // Unix seconds, for eviction
	quiet    atomic.Int64             // Unix nanoseconds before which no unforced fetch starts

	mu        sync.Mutex // guards what follows
	flight    *flight    // under way, or nil
	failures  int        // fetches that failed in a row
	lastErr   error      // why the last fetch failed, nil if it did not
	forcedAt  time.Time  // when the last forced fetch started
	forcedErr error      // why it failed, nil once a fetch has reached the issuer since
}

// A snapshot is what one good fetch brought. It does not change.
type snapshot struct {
	metadata  Metadata
	keys      *jwk.Set
	fetchedAt time.Time // from the issuer, by whoever asked it
	soft      time.Time // from here on it is stale
	hard      time.Time // from here on it is expired
}

// A flight is one fetch under way, shared by all who need it.
type flight struct {
	forced bool
	done   chan struct{} // closed when it has ended
	err    error         // why it failed; read after done
}

func (i *issuer) keys(ctx context.Context, selector Selector) ([]*jwk.Key, error) {
	now := i.ring.Clock.Now()
	i.touch(now)
	current, err := i.serving(ctx, now)
	if err != nil {
		return nil, err
	}
	if keys := selector.in(current.keys); len(keys) > 0 {
		return keys, nil
	}
	return i.keysAhead(ctx, selector)
}

// touch marks the issuer as used, at most once a second so that busy cores do not fight for the line.
func (i *issuer) touch(now time.Time) {
	if second := now.Unix(); i.lastUsed.Load() != second {
		i.lastUsed.Store(second)
	}
}

// serving returns the snapshot that serves now. In state stale it starts a fetch in the background; in states empty
// and expired it waits for one.
func (i *issuer) serving(ctx context.Context, now time.Time) (*snapshot, error) {
	current := i.snapshot.Load()
	if current != nil && now.Before(current.hard) {
		if !now.Before(current.soft) && now.UnixNano() >= i.quiet.Load() {
			i.refreshBehind(now)
		}
		return current, nil
	}
	if err := i.refresh(ctx, now); err != nil {
		return nil, err
	}
	return i.snapshot.Load(), nil
}

// refreshBehind starts a fetch that nobody waits for.
func (i *issuer) refreshBehind(now time.Time) {
	i.mu.Lock()
	due := i.flight == nil && now.UnixNano() >= i.quiet.Load()
	if due {
		i.start(now, false)
	}
	i.mu.Unlock()
	if due {
		i.ring.Observe(ports.KeyEvent{Kind: ports.KeysServedStale, Issuer: i.name})
	}
}

// refresh waits for the fetch under way, or starts one unless a failed one forbids it for now.
func (i *issuer) refresh(ctx context.Context, now time.Time) error {
	i.mu.Lock()
	current := i.flight
	if current == nil {
		if current := i.snapshot.Load(); current != nil && now.Before(current.hard) {
			i.mu.Unlock() // a fetch ended since the caller looked
			return nil
		}
		// A wait that is longer than any backoff means that the clock was set back.
		if wait := time.Duration(i.quiet.Load() - now.UnixNano()); 0 < wait && wait <= maxBackoff && i.lastErr != nil {
			defer i.mu.Unlock()
			return &UnavailableError{RetryAfter: wait, Err: i.lastErr}
		}
		current = i.start(now, false)
	}
	i.mu.Unlock()
	return current.wait(ctx)
}

// keysAhead looks for keys that are not in the snapshot, by a fetch ahead of time if the cooldown allows one. It waits
// for the fetch under way first, which may bring them.
func (i *issuer) keysAhead(ctx context.Context, selector Selector) ([]*jwk.Key, error) {
	for {
		current, err := i.ahead()
		if err == nil {
			err = current.wait(ctx)
		}
		if keys := selector.in(i.snapshot.Load().keys); len(keys) > 0 {
			return keys, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// ahead returns the fetch under way or starts a forced one. Within the cooldown it answers from memory: nothing, if
// the issuer has been reached since the cooldown began, else that nothing is known.
func (i *issuer) ahead() (*flight, error) {
	i.mu.Lock()
	if i.flight != nil {
		defer i.mu.Unlock()
		return i.flight, nil
	}
	now := i.ring.Clock.Now()
	if since := now.Sub(i.forcedAt); 0 <= since && since < i.ring.Cooldown {
		defer i.mu.Unlock()
		if i.forcedErr != nil {
			return nil, &UnavailableError{RetryAfter: i.ring.Cooldown - since, Err: i.forcedErr}
		}
		return nil, ErrUnknownKey
	}
	current := i.start(now, true)
	i.mu.Unlock()
	i.ring.Observe(ports.KeyEvent{Kind: ports.KeyRefreshForced, Issuer: i.name})
	return current, nil
}

// start begins a fetch. The caller holds mu, and no fetch is under way.
func (i *issuer) start(now time.Time, forced bool) *flight {
	current := &flight{forced: forced, done: make(chan struct{})}
	if forced {
		i.forcedAt = now
	}
	i.quiet.Store(now.Add(i.ring.FetchTimeout).UnixNano())
	if i.ring.launch(func(ctx context.Context) { i.fly(ctx, current) }) {
		i.flight = current
	} else {
		current.err = &UnavailableError{RetryAfter: minBackoff, Err: errClosed}
		if forced {
			i.forcedErr = errClosed
		}
		close(current.done)
	}
	return current
}

func (i *issuer) fly(ctx context.Context, current *flight) {
	var known time.Time
	if before := i.snapshot.Load(); before != nil {
		known = before.fetchedAt
	}
	result := i.ring.load(ctx, i.name, current.forced, known)
	i.land(current, result)
	i.ring.report(i.name, result)
	i.ring.share(ctx, i.name, result)
}

// land takes a fetch's result into use and wakes those who wait for it.
func (i *issuer) land(current *flight, result result) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if result.snapshot != nil {
		i.snapshot.Store(result.snapshot)
	}
	if i.lastErr = result.err; result.err == nil {
		i.failures = 0
		i.quiet.Store(result.snapshot.soft.UnixNano())
	} else {
		wait := i.ring.backoff(i.failures)
		i.failures++
		i.quiet.Store(i.ring.Clock.Now().Add(wait).UnixNano())
		if result.snapshot == nil {
			current.err = &UnavailableError{RetryAfter: wait, Err: result.err}
		}
	}
	if current.forced || result.reachedIssuer {
		i.forcedErr = result.err
	}
	i.flight = nil
	close(current.done)
}

// wait returns when the flight has ended or ctx has, whichever is first.
func (f *flight) wait(ctx context.Context) error {
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errClosed = errors.New("the verifier is closed")

// launch runs fetch in the background, with the fetch timeout for a deadline and ended early by Close. It reports
// false if the ring is closed.
func (r *Ring) launch(fetch func(context.Context)) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.fetches.Go(func() {
		// The context is nobody's request: a fetch outlives the caller that started it.
		ctx, cancel := context.WithTimeout(context.Background(), r.FetchTimeout)
		defer cancel()
		go func() {
			select {
			case <-r.closing:
				cancel()
			case <-ctx.Done():
			}
		}()
		fetch(ctx)
	})
	return true
}
