package exchange_test

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/exchange"
)

// checkFailure wants an error of the origin at once, and that so many tokens were asked for when everything has settled.
func checkFailure(t *testing.T, source *exchange.Source, o *origin, asked int) {
	t.Helper()
	if token, err := source.Token(t.Context()); !errors.Is(err, o.failure()) || token != nil {
		t.Errorf("got %v, %v, want the error of the origin", token, err)
	}
	synctest.Wait()
	if o.requests() != asked {
		t.Errorf("%d were asked for, want %d", o.requests(), asked)
	}
}

var errUnreachable = errors.New("no route to host")

// Without a token, callers get the failure at once, and the issuer is asked after 1 s, 2 s, 4 s, 8 s and so on, of
// which up to half is taken off at random.
func TestFaultXCHG19SourceWithoutATokenBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, o := newSource(t, 0, time.Hour)
		o.set(errUnreachable, nil)
		checkFailure(t, source, o, 1)
		for failures, bounds := range []struct{ shortest, longest time.Duration }{
			{time.Second, 2 * time.Second},
			{2 * time.Second, 4 * time.Second},
			{4 * time.Second, 8 * time.Second},
			{8 * time.Second, 16 * time.Second},
			{15 * time.Second, 30 * time.Second},
			{15 * time.Second, 30 * time.Second},
		} {
			o.clock.Advance(bounds.shortest - 1)
			checkFailure(t, source, o, failures+1)
			o.clock.Advance(bounds.longest - bounds.shortest + 1)
			checkFailure(t, source, o, failures+2)
		}
		o.set(nil, nil)
		o.clock.Advance(30 * time.Second)
		checkToken(t, source, o, "token-8", 8)
		// A success ends it: the next failure is a first one.
		o.set(errUnreachable, nil)
		o.clock.Advance(time.Hour)
		checkFailure(t, source, o, 9)
		o.clock.Advance(2 * time.Second)
		checkFailure(t, source, o, 10)
	})
}

// Many callers in a hurry, for three seconds, at an endpoint that refuses at once.
func TestFaultXCHG19SourceDoesNotHammer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, o := newSource(t, 0, time.Hour)
		o.set(errUnreachable, nil)
		for range 600 {
			var callers sync.WaitGroup
			for range 5 {
				callers.Go(func() {
					if token, err := source.Token(t.Context()); !errors.Is(err, errUnreachable) {
						t.Errorf("got %v, %v", token, err)
					}
				})
			}
			callers.Wait()
			o.clock.Advance(5 * time.Millisecond)
		}
		if asked := o.requests(); asked > 3 { // at 0 s, after 1 s at the earliest, and after 3 s
			t.Errorf("%d were asked for in 3 s", asked)
		}
	})
}

func TestFaultXCHG19SourceHeedsRetryAfter(t *testing.T) {
	for _, c := range []struct {
		name            string
		asked           time.Duration
		atLeast, atMost time.Duration
	}{
		{"nothing", 0, time.Second, 2 * time.Second},
		{"less than the backoff", time.Millisecond, time.Second, 2 * time.Second},
		{"two minutes", 2 * time.Minute, 2 * time.Minute, 132 * time.Second},
		{"the longest", 5 * time.Minute, 5 * time.Minute, 330 * time.Second},
		{"more than that", 1000 * time.Hour, 5 * time.Minute, 330 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source, o := newSource(t, 0, time.Hour)
				refusal := &exchange.Error{Class: verifier.Undecidable, Code: "too_many_requests", Status: 429, RetryAfter: c.asked}
				o.set(refusal, nil)
				wait := func() time.Duration {
					t.Helper()
					_, err := source.Token(t.Context())
					told, ok := errors.AsType[*exchange.Error](err)
					if !ok || told.Code != refusal.Code {
						t.Fatalf("the error is %v", err)
					}
					return told.RetryAfter
				}
				first := wait()
				if first < c.atLeast || first > c.atMost {
					t.Errorf("the source waits for %v, want %v to %v", first, c.atLeast, c.atMost)
				}
				o.clock.Advance(first - 1)
				if left := wait(); left != 1 || o.requests() != 1 {
					t.Errorf("%v are left after %d requests, want 1ns after 1", left, o.requests())
				}
				o.clock.Advance(1)
				if wait(); o.requests() != 2 {
					t.Errorf("%d were asked for, want 2", o.requests())
				}
				if refusal.RetryAfter != c.asked {
					t.Errorf("the origin's error was changed: %v", refusal.RetryAfter)
				}
			})
		})
	}
}

func TestFaultXCHG19ClockIsSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, o := newSource(t, 0, time.Hour)
		o.set(errUnreachable, nil)
		checkFailure(t, source, o, 1)
		o.clock.Advance(-time.Hour)
		checkFailure(t, source, o, 2)
		checkFailure(t, source, o, 2)
	})
}

// While a token is good, a failed renewal costs callers nothing.
func TestFaultXCHG19RenewalFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, o := newSource(t, time.Minute, time.Hour)
		checkToken(t, source, o, "token-1", 1)
		o.set(errUnreachable, nil)
		o.clock.Advance(59 * time.Minute)
		checkToken(t, source, o, "token-1", 2)
		o.clock.Advance(time.Second - 1)
		checkToken(t, source, o, "token-1", 2)
		o.clock.Advance(time.Second + 1)
		checkToken(t, source, o, "token-1", 3)
		o.clock.Advance(58*time.Second - 1)
		checkToken(t, source, o, "token-1", 4)
		o.clock.Advance(1)
		checkFailure(t, source, o, 4) // the token has ended
		o.set(nil, nil)
		o.clock.Advance(30 * time.Second)
		checkToken(t, source, o, "token-5", 5)
	})
}

// A renewal that hangs costs nothing while a token is good, however often it is asked for.
func TestFaultRenewalHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, o := newSource(t, time.Minute, time.Hour)
		checkToken(t, source, o, "token-1", 1)
		gate := make(chan struct{})
		o.set(nil, gate)
		o.clock.Advance(59 * time.Minute)
		for range 100 {
			checkToken(t, source, o, "token-1", 2)
		}
		close(gate)
		synctest.Wait()
		checkToken(t, source, o, "token-2", 2)
	})
}

func TestFaultObtainIgnoresItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		source, err := exchange.NewSource(func(context.Context) (*exchange.Token, error) {
			<-gate
			return nil, errUnreachable
		}, exchange.SourceConfig{})
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		_, err = source.Token(t.Context())
		checkError(t, err, exchange.Error{Class: verifier.Undecidable, Code: exchange.CodeTimeout, Rule: "XCHG-11", Status: 504})
		if waited := time.Since(begun); waited != time.Minute {
			t.Errorf("the caller waited for %v, want a minute", waited)
		}
		close(gate)
	})
}

func TestFaultObtainPanics(t *testing.T) {
	var counts map[int]int
	for name, obtain := range map[string]func(context.Context) (*exchange.Token, error){
		"panic":   func(context.Context) (*exchange.Token, error) { panic("out of cheese") },
		"Goexit":  func(context.Context) (*exchange.Token, error) { runtime.Goexit(); return nil, nil },
		"nil map": func(context.Context) (*exchange.Token, error) { counts[1]++; return nil, nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log strings.Builder
				source, err := exchange.NewSource(obtain, exchange.SourceConfig{Logger: slog.New(slog.NewTextHandler(&log, nil))})
				if err != nil {
					t.Fatal(err)
				}
				_, err = source.Token(t.Context())
				checkError(t, err, exchange.Error{Class: verifier.Undecidable, Code: exchange.CodeNetwork, Rule: "XCHG-11", Status: 502})
				synctest.Wait() // the log is written after the caller has its answer
				if name != "Goexit" && !strings.Contains(log.String(), "TestFaultObtainPanics.func") {
					t.Errorf("the log has no stack: %s", &log)
				}
			})
		})
	}
}

func TestFaultObtainReturnsNothing(t *testing.T) {
	source, err := exchange.NewSource(func(context.Context) (*exchange.Token, error) { return nil, nil }, exchange.SourceConfig{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = source.Token(t.Context())
	checkError(t, err, exchange.Error{Class: verifier.Undecidable, Code: exchange.CodeInvalidResponse, Status: 502})
}
