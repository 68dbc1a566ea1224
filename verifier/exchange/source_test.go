package exchange_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

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

// failure is what the origin returns instead of a token.
func (o *origin) failure() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
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

// checkToken wants that token of a source, and that so many were asked for when everything has settled.
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
	_, err := exchange.NewSource(nil, exchange.SourceConfig{Ahead: -1, Timeout: -1, Clock: (*verifiertest.Clock)(nil)})
	checkError(t, err, exchange.Error{Class: verifier.Misconfigured, Code: exchange.CodeConfig, Status: 500})
	want := "holdfast: config_invalid: obtain is required\nAhead must not be negative\nTimeout must not be negative\nClock holds a nil pointer"
	if err.Error() != want {
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

func TestXCHG18SourceOfTokensThatHaveEnded(t *testing.T) {
	for _, lifetime := range []time.Duration{0, -time.Second} {
		t.Run(lifetime.String(), func(t *testing.T) {
			source, o := newSource(t, 0, lifetime)
			for range 2 {
				token, err := source.Token(t.Context())
				checkError(t, err, exchange.Error{Class: verifier.Undecidable, Code: exchange.CodeInvalidResponse, Rule: "XCHG-18", Status: 502})
				if token != nil {
					t.Errorf("got %v", token)
				}
			}
			if asked := o.requests(); asked != 1 {
				t.Errorf("%d were asked for, want 1", asked)
			}
		})
	}
}

// A caller that wakes up late must not get what was good when it fell asleep.
func TestXCHG18TokenEndsBeforeTheCallerHasIt(t *testing.T) {
	clock := &hastyClock{now: noon}
	source, err := exchange.NewSource(func(context.Context) (*exchange.Token, error) {
		return &exchange.Token{AccessToken: "token-1", ExpiresAt: clock.Now().Add(30 * time.Minute)}, nil
	}, exchange.SourceConfig{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	token, err := source.Token(t.Context())
	checkError(t, err, exchange.Error{Class: verifier.Undecidable, Code: exchange.CodeInvalidResponse, Rule: "XCHG-18", Status: 502})
	if token != nil {
		t.Errorf("got %v", token)
	}
}

// A hastyClock is 20 minutes further each time that it is looked at.
type hastyClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *hastyClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(20 * time.Minute)
	return c.now
}

func TestXCHG18ClockIsSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, o := newSource(t, 0, time.Hour)
		checkToken(t, source, o, "token-1", 1)
		o.clock.Advance(-1) // before the token came: how old it is can't be told
		checkToken(t, source, o, "token-2", 2)
		o.clock.Advance(time.Hour) // by its own word the first one would be good for a nanosecond more
		checkToken(t, source, o, "token-3", 3)
	})
}

// On a machine that slept, the wall clock has gone on and the monotonic clock has not.
func TestXCHG18MachineSlept(t *testing.T) {
	clock := &sleepyClock{}
	asked := 0
	source, err := exchange.NewSource(func(context.Context) (*exchange.Token, error) {
		asked++
		return &exchange.Token{AccessToken: fmt.Sprint("token-", asked), ExpiresAt: clock.Now().Add(time.Hour)}, nil
	}, exchange.SourceConfig{Clock: clock, Ahead: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		slept time.Duration
		want  string
	}{{0, "token-1"}, {time.Hour - time.Second, "token-1"}, {time.Hour, "token-2"}} {
		clock.slept = c.slept
		token, err := source.Token(t.Context())
		if err != nil || token.AccessToken != c.want {
			t.Errorf("after %v got %v, %v, want %s", c.slept, token.AccessToken, err, c.want)
		}
	}
}

// A sleepyClock is the system's clock on a machine that slept.
type sleepyClock struct{ slept time.Duration }

func (c *sleepyClock) Now() time.Time {
	now := time.Now().Add(c.slept)
	// The second word of a time.Time that has a monotonic reading is that reading.
	(*struct {
		wall      uint64
		monotonic int64
		location  *time.Location
	})(unsafe.Pointer(&now)).monotonic -= int64(c.slept)
	return now
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

// A caller that leaves does not end the wait of the others, also if it was the first.
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
