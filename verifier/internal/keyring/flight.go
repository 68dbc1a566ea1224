package keyring

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
)

// A flight is one fetch of an issuer's documents, waiting for its turn or under way, shared by all who need it.
type flight struct {
	issuer *issuer
	class  class
	forced bool      // past the shared cache
	asked  time.Time // when the request came that started it

	begun       atomic.Bool   // false while it waits for its turn
	servedStale atomic.Bool   // keys past their soft TTL served meanwhile
	late        chan struct{} // closed when it has been under way for WaitTimeout
	done        chan struct{} // closed when it has landed

	// These are set when it begins.
	number uint64 // of the issuer's flights, in the order in which they began
	ctx    context.Context
	end    context.CancelCauseFunc

	// These are guarded by the mutex of slots.
	over    bool  // it has left its slot
	roomFor class // for which it was ended, or noClass

	err error // an *UnavailableError if it brought nothing; read after done
}

func (i *issuer) newFlight(now time.Time, forced bool) *flight {
	f := &flight{
		issuer: i, class: starting, forced: forced, asked: now,
		late: make(chan struct{}), done: make(chan struct{}), roomFor: noClass,
	}
	if i.stage(i.snapshot.Load(), now) < expired {
		f.class = refreshing
	}
	return f
}

// run is the whole of a flight, on a goroutine of its own. It lands, whatever panics.
func (f *flight) run() {
	defer f.end(nil)
	i, r := f.issuer, f.issuer.ring
	result := result{err: errAborted, at: f.asked}
	defer func() {
		i.land(f, result)
		_ = r.guard(func() { r.report(f, result) })
		_ = r.guard(func() { r.share(f.ctx, i, result) })
	}()
	f.number = i.flights.Add(1)
	late := time.AfterFunc(r.WaitTimeout, func() {
		close(f.late)
		r.slots.isLate(f)
	})
	defer late.Stop()
	result = f.load()
}

// load gets the documents, or an error for whatever went wrong.
func (f *flight) load() (loaded result) {
	r := f.issuer.ring
	at := f.asked
	err := r.guard(func() {
		loaded = r.load(f)
		at = r.Clock.Now()
	})
	if err != nil {
		loaded = result{err: err}
	}
	if loaded.err != nil && f.ctx.Err() != nil {
		loaded.err = context.Cause(f.ctx)
	}
	loaded.at = at
	return loaded
}

// guard makes a panic an error, and logs it: what runs on a goroutine of the ring must not end the process.
func (r *Ring) guard(do func()) error {
	_, err := outbound.Call(context.Background(), &r.inside, func(context.Context) (struct{}, error) {
		do()
		return struct{}{}, nil
	})
	return err
}

var errAborted = errors.New("the fetch ended its goroutine")

// What a request is told that waited without a result. RetryAfter is short, since the fetch goes on.
var (
	errLate   = errors.New("no answer of the issuer within Keys.WaitTimeout; the fetch goes on")
	errNoTurn = errors.New("the fetch still waits for its turn after Keys.WaitTimeout")
)

// A waiter is one request that may have to wait for flights: for no longer than limit in all.
type waiter struct {
	ctx     context.Context // the request's
	limit   time.Duration
	patient bool             // waits also for a flight that is late
	over    <-chan time.Time // since the first wait
}

// spent stands for a time that is over.
var spent = func() <-chan time.Time {
	over := make(chan time.Time)
	close(over)
	return over
}()

// wait returns when the flight has landed, and nil if it brought keys. Before that it returns when the flight is late,
// the waiter's time is over, or its context ends, whichever is first.
func (w *waiter) wait(f *flight) error {
	if w.over == nil {
		w.over = time.After(w.limit)
	}
	begun, late := f.begun.Load(), f.late
	if w.patient {
		late = nil
	}
	select {
	case <-f.done:
		return f.err
	default:
	}
	select {
	case <-f.done:
		return f.err
	case <-late:
		return &UnavailableError{RetryAfter: minBackoff, Err: errLate, issuerFailed: true}
	case <-w.over:
		w.over = spent
		if begun {
			return &UnavailableError{RetryAfter: minBackoff, Err: errLate, issuerFailed: true}
		}
		return &UnavailableError{RetryAfter: minBackoff, Err: errNoTurn}
	case <-w.ctx.Done():
		return w.ctx.Err()
	}
}
