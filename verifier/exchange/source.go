package exchange

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/backoff"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

// A SourceConfig says when a [Source] renews its token. Its zero value is usable.
type SourceConfig struct {
	// Ahead is how long before its end a token is renewed, but never more than half its lifetime. Zero means a minute;
	// negative is an error.
	Ahead time.Duration `default:"1m"`
	// Timeout bounds one renewal, also if obtain does not heed its context. Zero means a minute; negative is an error.
	// The methods of a Client have a shorter bound of their own: see Config.Timeout.
	Timeout time.Duration `default:"1m"`
	// Clock tells the time: the one that the client tells it by. Nil means the system's.
	Clock ports.Clock
	// Logger is told of panics of obtain, with their stack. Nil means that they are not logged.
	Logger *slog.Logger
}

// A Source gives out one token until shortly before its end, and gets the next one in time. It is safe for concurrent
// use.
//
// Of all who need a token at once one asks for it, and the others wait for that answer. In the time ahead of a token's
// end it is still given out, while the next one is fetched in the background; when it has ended, callers wait. A token
// that has ended is never given out, even if it had ended when it came.
//
// After a failure the source does not ask for 1 to 30 seconds, longer after each further failure, and part of it
// random. It heeds an [Error.RetryAfter] that is longer, with up to a tenth of it added at random. A caller who needs a
// token in that time gets the error of the failure at once.
type Source struct {
	obtain func(context.Context) (*Token, error)
	calls  *outbound.Port // of obtain
	ahead  time.Duration
	clock  ports.Clock
	random func(n int64) int64 // in [0, n)

	held atomic.Pointer[heldToken] // nil before the first

	mu      sync.Mutex // guards what follows
	renewal *renewal   // under way, or nil
	failed  *failure   // of the last renewal; nil if it did not fail
}

// A heldToken is one that a source gives out. It does not change.
type heldToken struct {
	token      Token
	obtainedAt time.Time
	renewAt    time.Time // from when on it is to be renewed
}

// A renewal is one request for the next token, shared by all who need it.
type renewal struct {
	done chan struct{} // closed when it has ended
	held *heldToken    // what it brought; read after done
	err  error         // why it failed; read after done
}

// A failure keeps a source from asking for a while.
type failure struct {
	err       error
	inARow    int
	at, until time.Time
}

// NewSource returns a source of the tokens that obtain gets, by a method of a [Client]:
//
//	source, err := exchange.NewSource(func(ctx context.Context) (*exchange.Token, error) {
//		return client.ClientCredentials(ctx, exchange.ClientCredentialsRequest{Audience: "https://api.example.com"})
//	}, exchange.SourceConfig{})
//
// The context of obtain has the values of a caller's, but not its end, as others wait for the same answer; it ends with
// SourceConfig.Timeout. Obtain is not called again before it has returned or that time is up.
//
// The token of obtain must have an ExpiresAt that is still to come.
func NewSource(obtain func(context.Context) (*Token, error), config SourceConfig) (*Source, error) {
	check := newChecker(config)
	if obtain == nil {
		check.Fault("obtain", settings.ErrRequired)
	}
	ahead, timeout := check.Duration("Ahead"), check.Duration("Timeout")
	checkClock(check, config.Clock)
	if err := check.Err(); err != nil {
		return nil, misconfigured(err)
	}
	s := &Source{
		obtain: obtain,
		calls:  &outbound.Port{Name: "obtain", Timeout: timeout, Logger: config.Logger},
		ahead:  ahead,
		clock:  config.Clock,
		random: rand.Int64N,
	}
	if s.clock == nil {
		s.clock = memory.Clock{}
	}
	return s, nil
}

// Token returns a token that is valid now. It waits only where there is none, until ctx ends; its errors are those of
// obtain, or an [*Error] with [CodeCanceled], [CodeTimeout], [CodeNetwork] or [CodeInvalidResponse]. An [*Error] says in
// RetryAfter how long the source does not ask again.
func (s *Source) Token(ctx context.Context) (*Token, error) {
	held := s.held.Load()
	now := s.clock.Now()
	if held.servesAt(now) {
		if !now.Before(held.renewAt) {
			_, _ = s.renew(ctx) // in the background
		}
		return held.copy(), nil
	}
	renewal, err := s.renew(ctx)
	if err != nil {
		return nil, err
	}
	select {
	case <-ctx.Done():
		return nil, unanswered(ctx, context.Cause(ctx))
	case <-renewal.done:
	}
	switch {
	case renewal.err != nil:
		return nil, renewal.err
	case !renewal.held.servesAt(s.clock.Now()): // the caller slept past its end
		return nil, tokenEnded()
	}
	return renewal.held.copy(), nil
}

// renew returns the renewal under way, and starts one if there is none. Its error says why there can't be one for now.
func (s *Source) renew(ctx context.Context) (*renewal, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.renewal != nil {
		return s.renewal, nil
	}
	now := s.clock.Now()
	begun := &renewal{done: make(chan struct{}), held: s.held.Load()}
	if begun.held.servesAt(now) && now.Before(begun.held.renewAt) { // a renewal ended since the caller looked
		close(begun.done)
		return begun, nil
	}
	if wait := s.failed.waitAt(now); wait > 0 {
		return nil, s.failed.tell(wait)
	}
	s.renewal = begun
	go s.run(context.WithoutCancel(ctx), begun)
	return begun, nil
}

// run asks for the next token and tells all who wait for it.
func (s *Source) run(ctx context.Context, current *renewal) {
	// An error of obtain is returned as it is. If it panics or gives no answer in time, that is told as of an endpoint.
	answer, err := outbound.Call(ctx, s.calls, func(ctx context.Context) (answer, error) {
		token, err := s.obtain(ctx)
		return answer{token, err}, nil
	})
	if err != nil {
		answer.err = unanswered(ctx, err)
	}
	now := s.clock.Now()
	current.held, current.err = s.hold(answer, now)

	s.mu.Lock()
	s.renewal = nil
	if current.err != nil {
		s.failed = s.failure(current.err, now)
		current.err = s.failed.tell(s.failed.waitAt(now))
	} else {
		s.failed = nil
		s.held.Store(current.held)
	}
	s.mu.Unlock()
	close(current.done)
}

// An answer is what obtain returned.
type answer struct {
	token *Token
	err   error
}

// hold takes the token of an answer, unless it can't be used.
func (s *Source) hold(a answer, now time.Time) (*heldToken, error) {
	switch {
	case a.err != nil:
		return nil, a.err
	case a.token == nil:
		return nil, unusable(CodeInvalidResponse, "", "obtain returned neither token nor error")
	}
	half := a.token.ExpiresAt.Sub(now) / 2
	held := &heldToken{token: *a.token, obtainedAt: now, renewAt: a.token.ExpiresAt.Add(-min(s.ahead, half))}
	if !held.servesAt(now) {
		return nil, tokenEnded()
	}
	return held, nil
}

// tokenEnded is about a token that can't be used any more (rule XCHG-18).
func tokenEnded() *Error {
	return unusable(CodeInvalidResponse, "XCHG-18", "the token ended before it could be used: its ExpiresAt is past")
}

// failure says how long the source does not ask after a renewal failed now (rule XCHG-19).
func (s *Source) failure(err error, now time.Time) *failure {
	next := &failure{err: err, inARow: 1, at: now}
	if s.failed != nil {
		next.inARow = s.failed.inARow + 1
	}
	wait := backoff.Wait(next.inARow, s.random)
	if told, ok := errors.AsType[*Error](err); ok && told.RetryAfter > 0 {
		asked := min(told.RetryAfter, maxRetryAfter)
		wait = max(wait, asked+time.Duration(s.random(int64(asked)/10+1)))
	}
	next.until = now.Add(wait)
	return next
}

// waitAt returns how much longer the source does not ask; zero if it may, as after a clock that was set back.
func (f *failure) waitAt(now time.Time) time.Duration {
	if f == nil || now.Before(f.at) {
		return 0
	}
	return max(0, f.until.Sub(now))
}

// tell returns the error of the failure, with how long the source does not ask.
func (f *failure) tell(wait time.Duration) error {
	told, ok := f.err.(*Error)
	if !ok {
		return f.err
	}
	updated := *told
	updated.RetryAfter = wait
	return &updated
}

// servesAt reports whether there is a token and it is good at that time. It has ended if either the wall clock or the
// monotonic clock says so: the one goes on while the machine sleeps, the other can't be set back. A clock that shows a
// time from before the token came says nothing.
func (h *heldToken) servesAt(now time.Time) bool {
	if h == nil || now.Before(h.obtainedAt) {
		return false
	}
	end := h.token.ExpiresAt
	return now.Before(end) && now.Round(0).Before(end.Round(0))
}

// copy returns the token for a receiver who may change it.
func (h *heldToken) copy() *Token {
	token := h.token
	return &token
}
