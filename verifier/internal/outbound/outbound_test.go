package outbound

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errPort = errors.New("connection refused")

func answering(context.Context) (string, error) { return "answer", nil }

func failing(context.Context) (string, error) { return "half an answer", errPort }

func heeding(ctx context.Context) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

// ignoring returns a call that ignores its context, and what ends it.
func ignoring() (call func(context.Context) (string, error), end func()) {
	ended := make(chan struct{})
	return func(context.Context) (string, error) {
		<-ended
		return "late", nil
	}, func() { close(ended) }
}

func panicking(context.Context) (string, error) { panic("no such shard") }

func exiting(context.Context) (string, error) {
	runtime.Goexit()
	return "", nil
}

func TestFaultCall(t *testing.T) {
	for _, c := range []struct {
		name  string
		do    func(context.Context) (string, error)
		want  error  // by errors.Is, nil for any
		text  string // in the error, empty for an answer
		after time.Duration
	}{
		{name: "an answer", do: answering},
		{name: "the port's own error", do: failing, want: errPort, text: "connection refused"},
		{name: "a port that heeds its context", do: heeding, want: context.DeadlineExceeded, text: "deadline exceeded", after: time.Second},
		{name: "a panic", do: panicking, text: "the store panicked: no such shard"},
		{name: "a goroutine that ends itself", do: exiting, text: "the store ended its goroutine"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				value, err := Call(t.Context(), &Port{Name: "the store", Timeout: time.Second}, c.do)
				if waited := time.Since(began); waited != c.after {
					t.Errorf("waited %v, want %v", waited, c.after)
				}
				if c.text == "" {
					if value != "answer" || err != nil {
						t.Errorf("got %q, %v", value, err)
					}
					return
				}
				if value != "" || err == nil || !strings.Contains(err.Error(), c.text) || c.want != nil && !errors.Is(err, c.want) {
					t.Errorf("got %q and the error %v; want %q", value, err, c.text)
				}
				if errors.Is(err, ErrCallerLeft) {
					t.Error("the error says that the caller left")
				}
			})
		})
	}
}

func TestFaultCallGivesUpOnAPortThatIgnoresItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Port{Name: "the store", Timeout: time.Second}
		call, end := ignoring()
		began := time.Now()
		value, err := Call(t.Context(), p, call)
		if time.Since(began) != time.Second || value != "" || !errors.Is(err, context.DeadlineExceeded) || err.Error() != "the store: no answer within 1s: context deadline exceeded" {
			t.Errorf("got %q, %v after %v", value, err, time.Since(began))
		}
		if p.givenUp.Load() != 1 {
			t.Errorf("%d calls are given up, want 1", p.givenUp.Load())
		}
		end()
		synctest.Wait()
		if p.givenUp.Load() != 0 {
			t.Errorf("%d calls are given up after all returned", p.givenUp.Load())
		}
	})
}

func TestFaultCallBoundsWhatIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Port{Name: "the store", Timeout: time.Second}
		call, end := ignoring()
		var callers sync.WaitGroup
		for range defaultGivenUp {
			callers.Go(func() {
				ctx, leave := context.WithCancel(t.Context())
				time.AfterFunc(time.Millisecond, leave) // so that it does not count as a time-out
				_, _ = Call(ctx, p, call)
			})
		}
		callers.Wait()
		if _, err := Call(t.Context(), p, answering); !errors.Is(err, ErrStuck) {
			t.Errorf("error is %v, want ErrStuck", err)
		}
		end()
		synctest.Wait()
		if _, err := Call(t.Context(), p, answering); err != nil {
			t.Errorf("after all have returned: %v", err)
		}
	})
}

func TestFaultCallerLeft(t *testing.T) {
	const timeout = time.Second
	for name, leave := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"before the call": func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return ctx, cancel
		},
		"during the call": func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(timeout/2, cancel)
			return ctx, cancel
		},
		"by its deadline": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, timeout/2)
		},
	} {
		for kind, p := range map[string]*Port{
			"waited for": {Name: "the store", Timeout: timeout}, "inline": {Name: "the store"},
		} {
			t.Run(name+", "+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := leave(t.Context())
					defer cancel()
					_, err := Call(ctx, p, heeding)
					if !errors.Is(err, ErrCallerLeft) || !errors.Is(err, ctx.Err()) || ctx.Err() == nil {
						t.Errorf("error is %v, context's %v", err, ctx.Err())
					}
					if p.timeouts.Load() != 0 {
						t.Error("it counts as a time-out of the port")
					}
				})
			})
		}
	}
	t.Run("its deadline strikes in the port first", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		p := &Port{Name: "the store", Timeout: 2 * time.Hour}
		_, err := Call(ctx, p, func(context.Context) (string, error) { return "", context.DeadlineExceeded })
		if !errors.Is(err, ErrCallerLeft) {
			t.Errorf("error is %v", err)
		}
	})
	t.Run("an answer counts all the same", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		value, err := Call(ctx, &Port{Name: "the store"}, func(context.Context) (string, error) {
			cancel()
			return "answer", nil
		})
		if value != "answer" || err != nil {
			t.Errorf("got %q, %v", value, err)
		}
	})
}

// After tripAfter time-outs in a row a port is asked by one call at a time, until it answers in time.
func TestFaultPortThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Port{Name: "the store", Timeout: time.Second}
		timeOut := func() {
			if _, err := Call(t.Context(), p, heeding); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("error is %v", err)
			}
		}
		for range tripAfter - 1 {
			timeOut()
		}
		if _, err := Call(t.Context(), p, failing); !errors.Is(err, errPort) {
			t.Fatalf("error is %v", err) // an error in time ends the row
		}
		for range tripAfter - 1 {
			timeOut()
		}
		if _, err := Call(t.Context(), p, answering); err != nil {
			t.Fatal(err) // and so does an answer
		}
		for range tripAfter {
			timeOut()
		}

		probe := make(chan error)
		go func() {
			_, err := Call(t.Context(), p, heeding)
			probe <- err
		}()
		synctest.Wait()
		began := time.Now()
		if _, err := Call(t.Context(), p, answering); !errors.Is(err, ErrAway) || time.Since(began) != 0 {
			t.Errorf("during a probe: %v after %v, want ErrAway at once", err, time.Since(began))
		}
		if err := <-probe; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the probe's error is %v", err)
		}
		if _, err := Call(t.Context(), p, answering); err != nil {
			t.Errorf("the next probe: %v", err)
		}
		if p.timeouts.Load() != 0 {
			t.Error("it is away after an answer")
		}
	})
}

// Time-outs of package net count like those of contexts.
// Calls that began before the port answered time out after it: they must not make it count as away.
func TestFaultPortThatIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Port{Name: "the store", Timeout: time.Second}
		var hanging sync.WaitGroup
		for range tripAfter {
			hanging.Go(func() { _, _ = Call(t.Context(), p, heeding) })
		}
		synctest.Wait()
		if _, err := Call(t.Context(), p, answering); err != nil {
			t.Fatal(err)
		}
		hanging.Wait()

		slow := func(context.Context) (string, error) {
			time.Sleep(time.Millisecond)
			return "answer", nil
		}
		for range 2 {
			hanging.Go(func() {
				if _, err := Call(t.Context(), p, slow); err != nil {
					t.Errorf("a port that is back: %v", err)
				}
			})
		}
		hanging.Wait()
	})
}

func TestFaultNetworkTimeoutsTrip(t *testing.T) {
	p := &Port{Name: "the store", Timeout: time.Minute}
	for range tripAfter {
		_, _ = Call(t.Context(), p, func(context.Context) (string, error) { return "", timeoutError{} })
	}
	if p.timeouts.Load() != tripAfter {
		t.Errorf("%d time-outs are counted, want %d", p.timeouts.Load(), tripAfter)
	}
}

type timeoutError struct{}

func (timeoutError) Error() string { return "i/o timeout" }
func (timeoutError) Timeout() bool { return true }

func TestFaultPanicIsLoggedWithItsStack(t *testing.T) {
	for kind, timeout := range map[string]time.Duration{"waited for": time.Second, "inline": 0} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				p := &Port{Name: "the store", Timeout: timeout, Logger: slog.New(slog.NewTextHandler(&log, nil))}
				if _, err := Call(t.Context(), p, panicking); err == nil {
					t.Error("no error")
				}
				synctest.Wait()
				for _, want := range []string{"level=ERROR", "msg=port_panicked", `port="the store"`, `panic="no such shard"`, "outbound.panicking"} {
					if !strings.Contains(log.String(), want) {
						t.Errorf("the log has no %s:\n%s", want, &log)
					}
				}
			})
		})
	}
}

type panickingHandler struct{ slog.Handler }

func (panickingHandler) Handle(context.Context, slog.Record) error { panic("disk full") }

func TestFaultLoggerPanicsToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Port{Name: "the store", Timeout: time.Second}
		p.Logger = slog.New(panickingHandler{slog.NewTextHandler(&bytes.Buffer{}, nil)})
		if _, err := Call(t.Context(), p, panicking); err == nil {
			t.Error("no error")
		}
		synctest.Wait()
	})
}

func TestIsNil(t *testing.T) {
	var (
		pointer  *Port
		function func()
	)
	for name, c := range map[string]struct {
		port any
		want bool
	}{
		"nil":                 {nil, true},
		"pointer that is nil": {pointer, true},
		"func that is nil":    {function, true},
		"pointer":             {&Port{}, false},
		"func":                {func() {}, false},
		"struct":              {struct{}{}, false},
		"map that is nil":     {map[string]bool(nil), false}, // its methods can work
	} {
		if got := IsNil(c.port); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
