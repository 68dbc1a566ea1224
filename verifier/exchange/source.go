package exchange

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

// A SourceConfig says when a [Source] renews its token. Its zero value is usable.
type SourceConfig struct {
	// Ahead is how long before its end a token is renewed, but never more than half its lifetime. Zero means a minute;
	// negative is an error.
	Ahead time.Duration
	// Clock tells the time: the one that the client tells it by. Nil means the system's.
	Clock ports.Clock
}

// The times of a source.
const (
	defaultAhead = time.Minute
	// retryAfter is how long a failed renewal is not tried again while there is a token that is good.
	retryAfter = 5 * time.Second
)

// A Source gives out one token until shortly before its end, and gets the next one in time. It is safe for concurrent
// use.
//
// Of all who need a token at once one asks for it, and the others wait for that answer. In the time ahead of a token's
// end it is still given out, while the next one is fetched in the background; when it has ended, callers wait. An error
// is told to those who waited for it, and is not remembered.
type Source struct {
	obtain func(context.Context) (*Token, error)
	ahead  time.Duration
	clock  ports.Clock

	held     atomic.Pointer[heldToken] // nil before the first
	renewals singleflight.Group        // of one key
}

// A heldToken is one that a source gives out. It does not change.
type heldToken struct {
	token   Token
	renewAt time.Time // from when on it is to be renewed
}

// NewSource returns a source of the tokens that obtain gets, by a method of a [Client]:
//
//	source, err := exchange.NewSource(func(ctx context.Context) (*exchange.Token, error) {
//		return client.ClientCredentials(ctx, exchange.ClientCredentialsRequest{Audience: "https://api.example.com"})
//	}, exchange.SourceConfig{})
//
// The context of obtain has the values of a caller's, but not its end, as others wait for the same answer; obtain must
// end by itself, as the methods of a Client do. It is never called twice at once.
func NewSource(obtain func(context.Context) (*Token, error), config SourceConfig) (*Source, error) {
	check := checker{}
	if obtain == nil {
		check.fault("obtain", errRequired)
	}
	if config.Ahead < 0 {
		check.fault("Ahead", errNegative)
	}
	if len(check.faults) > 0 {
		return nil, misconfigured(check.faults)
	}
	s := &Source{obtain: obtain, ahead: config.Ahead, clock: config.Clock}
	if s.ahead == 0 {
		s.ahead = defaultAhead
	}
	if s.clock == nil {
		s.clock = memory.Clock{}
	}
	return s, nil
}

// Token returns a token that is good now. It waits only where there is none, until ctx ends; its errors are those of
// obtain, or an [*Error] with [CodeCanceled] or [CodeTimeout].
func (s *Source) Token(ctx context.Context) (*Token, error) {
	now := s.clock.Now()
	held := s.held.Load()
	if held.servesAt(now) && now.Before(held.renewAt) {
		return held.copy(), nil
	}
	renewed := s.renewals.DoChan("", func() (any, error) { return nil, s.renew(context.WithoutCancel(ctx)) })
	if held.servesAt(now) {
		return held.copy(), nil
	}
	select {
	case <-ctx.Done():
		return nil, unanswered(ctx, context.Cause(ctx))
	case result := <-renewed:
		if result.Err != nil {
			return nil, result.Err
		}
		return s.held.Load().copy(), nil
	}
}

// renew gets the next token, unless another renewal has just done so.
func (s *Source) renew(ctx context.Context) error {
	held := s.held.Load()
	if now := s.clock.Now(); held.servesAt(now) && now.Before(held.renewAt) {
		return nil
	}
	token, err := s.obtain(ctx)
	if token == nil && err == nil {
		err = useless(CodeInvalidResponse, "", "obtain returned neither token nor error")
	}
	now := s.clock.Now()
	if err != nil {
		if held != nil {
			s.held.Store(&heldToken{token: held.token, renewAt: now.Add(retryAfter)})
		}
		return err
	}
	half := token.ExpiresAt.Sub(now) / 2
	s.held.Store(&heldToken{token: *token, renewAt: token.ExpiresAt.Add(-min(s.ahead, half))})
	return nil
}

// servesAt reports whether there is a token and it is good at that time.
func (h *heldToken) servesAt(now time.Time) bool { return h != nil && now.Before(h.token.ExpiresAt) }

// copy returns the token for a receiver who may change it.
func (h *heldToken) copy() *Token {
	token := h.token
	return &token
}
