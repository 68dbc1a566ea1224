package exchange_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/exchange"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// An origin is where the tokens of a source come from: token-1, token-2 and so on, each good for lifetime.
type origin struct {
	clock    *verifiertest.Clock
	lifetime time.Duration

	mu    sync.Mutex // guards what follows
	asked int
	err   error         // instead of a token
	gate  chan struct{} // if not nil, an answer waits for it
}

func (o *origin) obtain(ctx context.Context) (*exchange.Token, error) {
	o.mu.Lock()
	o.asked++
	number, err, gate := o.asked, o.err, o.gate
	o.mu.Unlock()
	if gate != nil {
		<-gate
	}
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return &exchange.Token{AccessToken: fmt.Sprintf("token-%d", number), ExpiresAt: o.clock.Now().Add(o.lifetime)}, nil
}

func (o *origin) set(err error, gate chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err, o.gate = err, gate
}

func (o *origin) requests() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked
}

func newSource(t *testing.T, ahead, lifetime time.Duration) (*exchange.Source, *origin) {
	t.Helper()
	o := &origin{clock: verifiertest.NewClock(noon), lifetime: lifetime}
	source, err := exchange.NewSource(o.obtain, exchange.SourceConfig{Ahead: ahead, Clock: o.clock})
	if err != nil {
		t.Fatal(err)
	}
	return source, o
}

// checkToken wants that token of a source, and that so many were asked for when all is quiet.
func checkToken(t *testing.T, source *exchange.Source, o *origin, token string, asked int) {
	t.Helper()
	got, err := source.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	if got.AccessToken != token || o.requests() != asked {
		t.Errorf("got %s, and %d were asked for, want %s and %d", got.AccessToken, o.requests(), token, asked)
	}
}

func TestNewSource(t *testing.T) {
	if _, err := exchange.NewSource((&origin{}).obtain, exchange.SourceConfig{}); err != nil {
		t.Error(err)
	}
	_, err := exchange.NewSource(nil, exchange.SourceConfig{Ahead: -1})
	checkError(t, err, exchange.Error{Class: verifier.Misconfigured, Code: exchange.CodeConfig, Status: 500})
	if want := "holdfast: config_invalid: obtain is required\nAhead must not be negative"; err.Error() != want {
		t.Errorf("the error is %q, want %q", err, want)
	}
}

func TestSourceRenewsAhead(t *testing.T) {
	tests := []struct {
		name            string
		ahead, lifetime time.Duration
		after           time.Duration // when the renewal is due
	}{
		{name: "by default", lifetime: time.Hour, after: 59 * time.Minute},
		{name: "as configured", ahead: 10 * time.Minute, lifetime: time.Hour, after: 50 * time.Minute},
		{name: "never before half the lifetime", lifetime: time.Minute, after: 30 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source, o := newSource(t, tt.ahead, tt.lifetime)
				checkToken(t, source, o, "token-1", 1)
				o.clock.Advance(tt.after - time.Second)
				checkToken(t, source, o, "token-1", 1)
				o.clock.Advance(time.Second)
				checkToken(t, source, o, "token-1", 2) // in the background
				checkToken(t, source, o, "token-2", 2)
			})
		})
	}
}

func TestSourceAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, o := newSource(t, time.Second, time.Hour)
		checkToken(t, source, o, "token-1", 1)
		o.clock.Advance(time.Hour)
		checkToken(t, source, o, "token-2", 2)
	})
}

// An issuer that says expires_in 0 is asked each time.
func TestSourceOfTokensThatEndAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, o := newSource(t, 0, 0)
		checkToken(t, source, o, "token-1", 1)
		checkToken(t, source, o, "token-2", 2)
	})
}

func TestFaultSourceRemembersNoError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, o := newSource(t, 0, time.Hour)
		broken := errors.New("no route to host")
		o.set(broken, nil)
		for range 2 {
			if token, err := source.Token(t.Context()); !errors.Is(err, broken) || token != nil {
				t.Errorf("got %v, %v, want the error of the origin", token, err)
			}
		}
		o.set(nil, nil)
		checkToken(t, source, o, "token-3", 3)
	})
}

// While a token is good, a failed renewal costs nobody anything, and the issuer is asked again every five seconds.
func TestFaultRenewalFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, o := newSource(t, time.Minute, time.Hour)
		checkToken(t, source, o, "token-1", 1)
		broken := errors.New("no route to host")
		o.set(broken, nil)
		o.clock.Advance(59 * time.Minute)
		checkToken(t, source, o, "token-1", 2)
		o.clock.Advance(5*time.Second - 1)
		checkToken(t, source, o, "token-1", 2)
		o.clock.Advance(1)
		checkToken(t, source, o, "token-1", 3)
		o.clock.Advance(55 * time.Second)
		if token, err := source.Token(t.Context()); !errors.Is(err, broken) {
			t.Errorf("a token that has ended: got %v, %v", token, err)
		}
		o.set(nil, nil)
		checkToken(t, source, o, "token-5", 5)
	})
}

func TestFaultObtainReturnsNothing(t *testing.T) {
	source, err := exchange.NewSource(func(context.Context) (*exchange.Token, error) { return nil, nil }, exchange.SourceConfig{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = source.Token(t.Context())
	checkError(t, err, exchange.Error{Class: verifier.Undecidable, Code: exchange.CodeInvalidResponse, Status: 502})
}

func TestSourceAsksOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, o := newSource(t, 0, time.Hour)
		gate := make(chan struct{})
		o.set(nil, gate)
		var callers sync.WaitGroup
		for range 100 {
			callers.Go(func() {
				if token, err := source.Token(t.Context()); err != nil || token.AccessToken != "token-1" {
					t.Errorf("got %v, %v, want token-1", token, err)
				}
			})
		}
		synctest.Wait()
		close(gate)
		callers.Wait()
		if asked := o.requests(); asked != 1 {
			t.Errorf("%d were asked for, want 1", asked)
		}
	})
}

// A caller may look before a renewal ends, and ask after it: it gets what that brought.
func TestSourceAsksOnceWhereAnswersAreQuick(t *testing.T) {
	for range 2000 {
		source, o := newSource(t, 0, time.Hour)
		var callers sync.WaitGroup
		for range 4 {
			callers.Go(func() {
				if _, err := source.Token(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		if asked := o.requests(); asked != 1 {
			t.Fatalf("%d were asked for, want 1", asked)
		}
	}
}

// One who leaves takes nobody along, be it the one who asked first.
func TestSourceCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, o := newSource(t, 0, time.Hour)
		gate := make(chan struct{})
		o.set(nil, gate)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var callers sync.WaitGroup
		callers.Go(func() {
			_, err := source.Token(ctx)
			checkError(t, err, exchange.Error{Class: verifier.Undecidable, Code: exchange.CodeTimeout, Rule: "XCHG-11", Status: 504})
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the error %v does not wrap the context's", err)
			}
		})
		synctest.Wait()
		callers.Go(func() {
			if token, err := source.Token(t.Context()); err != nil || token.AccessToken != "token-1" {
				t.Errorf("got %v, %v, want token-1", token, err)
			}
		})
		time.Sleep(2 * time.Second) // of the bubble's time
		close(gate)
		callers.Wait()
	})
}

func TestSourceKeepsItsToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, o := newSource(t, 0, time.Hour)
		token, err := source.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		token.AccessToken = "changed"
		checkToken(t, source, o, "token-1", 1)
	})
}
