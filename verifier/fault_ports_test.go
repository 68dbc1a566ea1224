package verifier_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/memory"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A storeFunc is a replay store that does as it is told.
type storeFunc func(ctx context.Context, key string) (bool, error)

func (f storeFunc) FirstUse(ctx context.Context, key string, _ time.Duration) (bool, error) {
	return f(ctx, key)
}

// stopped is a store whose server does not answer, and which ignores its context until the test ends.
func stopped(t *testing.T) storeFunc {
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended) })
	return func(context.Context, string) (bool, error) {
		<-ended
		return true, nil
	}
}

// withStore is in mode DPoPAllowed with that store.
func withStore(store ports.ReplayStore, acceptWithout bool) func(*verifier.Config) {
	return func(c *verifier.Config) {
		c.DPoP.ReplayStore, c.DPoP.InsecureAcceptWithoutReplayStore = store, acceptWithout
	}
}

func TestFaultReplayStoreDoesNotAnswer(t *testing.T) {
	for _, c := range []struct {
		name    string
		timeout time.Duration // as configured
		want    time.Duration
	}{
		{"DPOP-RPL-05 500 ms by default", 0, 500 * time.Millisecond},
		{"DPOP-RPL-05 as configured", 200 * time.Millisecond, 200 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				env := newEnvironment(t, func(config *verifier.Config) {
					withStore(stopped(t), false)(config)
					config.DPoP.ReplayTimeout = c.timeout
				})
				s := newSender(t, env)
				bound := s.bound(t)
				began := time.Now()
				_, err := env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, nil)))
				if waited := time.Since(began); waited != c.want {
					t.Errorf("waited %v, want %v", waited, c.want)
				}
				wantCode(t, err, verifier.CodeReplayStore)
				wantRule(t, err, c.name, "")
				if e := refusal(t, err); e.Status != 503 || e.Header["Retry-After"] == nil || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("answer is %d %v: %v", e.Status, e.Header, err)
				}
			})
		})
	}
}

func TestFaultReplayStoreThatIsAwayIsAskedByOneRequestAtATime(t *testing.T) {
	for name, want := range map[string]verifier.Code{
		"DPOP-RPL-05 undecidable":      verifier.CodeReplayStore,
		"DPOP-RPL-05 accepted without": "",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked atomic.Int64
				var back atomic.Bool
				store := storeFunc(func(ctx context.Context, _ string) (bool, error) {
					asked.Add(1)
					if back.Load() {
						return true, nil
					}
					<-ctx.Done()
					return false, ctx.Err()
				})
				env := newEnvironment(t, withStore(store, want == ""))
				s := newSender(t, env)
				bound := s.bound(t)
				request := func() error {
					_, err := env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, nil)))
					return err
				}
				for range 5 {
					wantCode(t, request(), want)
				}
				began := time.Now()
				var clients sync.WaitGroup
				for range 100 {
					clients.Go(func() { wantCode(t, request(), want) })
				}
				clients.Wait()
				if waited := time.Since(began); waited != 500*time.Millisecond || asked.Load() != 6 {
					t.Errorf("100 requests took %v and asked %d times, want 500ms and once", waited, asked.Load()-5)
				}
				_, err := verify(t, env, token(t, env.issuer, nil))
				wantCode(t, err, "") // Bearer goes on
				back.Store(true)
				for range 3 {
					wantCode(t, request(), "")
				}
				if asked.Load() != 9 {
					t.Errorf("asked %d times after it is back, want 3", asked.Load()-6)
				}
			})
		})
	}
}

// A client that hangs up says nothing about the store, so it can't make a used proof pass.
func TestFaultHangUpNeverAcceptsAUsedProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner, err := memory.NewReplayStore(memory.ReplayConfig{})
		if err != nil {
			t.Fatal(err)
		}
		slow := storeFunc(func(ctx context.Context, key string) (bool, error) {
			select {
			case <-time.After(time.Millisecond):
				return inner.FirstUse(ctx, key, time.Minute)
			case <-ctx.Done():
				return false, ctx.Err()
			}
		})
		env := newEnvironment(t, withStore(slow, true))
		s := newSender(t, env)
		bound := s.bound(t)
		used := get("DPoP "+bound, s.proof(t, bound, nil))
		_, err = env.VerifyRequest(t.Context(), used)
		wantCode(t, err, "")
		for range 200 {
			ctx, hangUp := context.WithCancel(t.Context())
			time.AfterFunc(time.Millisecond/2, hangUp)
			_, err := env.VerifyRequest(ctx, used)
			wantCode(t, err, verifier.CodeCanceled)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error is %v", err)
			}
		}
		_, err = env.VerifyRequest(t.Context(), used)
		wantCode(t, err, verifier.CodeProofReplayed)
	})
}

func TestFaultResolver(t *testing.T) {
	for _, c := range []struct {
		name     string
		resolver func(t *testing.T) ports.DomainResolverFunc
		want     verifier.Code
		after    time.Duration
	}{
		{"DISC-11 does not answer", func(t *testing.T) ports.DomainResolverFunc {
			ended := make(chan struct{})
			t.Cleanup(func() { close(ended) })
			return func(context.Context, ports.DomainQuery) ([]ports.Domain, error) { <-ended; return nil, nil }
		}, verifier.CodeResolverUnavailable, time.Second},
		{"DISC-11 panics", func(*testing.T) ports.DomainResolverFunc {
			return func(context.Context, ports.DomainQuery) ([]ports.Domain, error) { panic("no tenant") }
		}, verifier.CodeResolver, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				env := newEnvironment(t, func(config *verifier.Config) {
					byDefault(config)
					config.Domain, config.Resolver = "", c.resolver(t)
				})
				began := time.Now()
				_, err := verify(t, env, token(t, env.issuer, nil))
				wantCode(t, err, c.want)
				wantRule(t, err, c.name, "")
				if waited := time.Since(began); waited != c.after {
					t.Errorf("waited %v, want %v", waited, c.after)
				}
			})
		})
	}
	t.Run("the caller leaves", func(t *testing.T) {
		ctx, leave := context.WithCancel(t.Context())
		env := newEnvironment(t, func(config *verifier.Config) {
			config.Domain = ""
			config.Resolver = ports.DomainResolverFunc(func(ctx context.Context, _ ports.DomainQuery) ([]ports.Domain, error) {
				leave()
				<-ctx.Done()
				return nil, errors.New("query interrupted")
			})
		})
		_, err := env.VerifyAccessToken(ctx, token(t, env.issuer, nil))
		wantCode(t, err, verifier.CodeCanceled)
	})
}

// No panic of what the application plugged in ends the process, or decides anything.
func TestFaultPanicInAPort(t *testing.T) {
	t.Run("DPOP-RPL-05 replay store", func(t *testing.T) {
		var log syncBuffer
		env := newEnvironment(t, func(c *verifier.Config) {
			withStore(storeFunc(func(context.Context, string) (bool, error) { panic("nil pool") }), false)(c)
			c.Logger = slog.New(slog.NewTextHandler(&log, nil))
		})
		s := newSender(t, env)
		bound := s.bound(t)
		_, err := env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, nil)))
		wantCode(t, err, verifier.CodeReplayStore)
		wantRule(t, err, t.Name(), "DPOP-RPL-05")
		if !strings.Contains(err.Error(), "replay store panicked: nil pool") {
			t.Errorf("error is %v", err)
		}
		wantSoon(t, "the stack is logged", func() bool {
			return strings.Contains(log.String(), `msg=port_panicked port="replay store" panic="nil pool"`) && strings.Contains(log.String(), "storeFunc.FirstUse")
		})
	})
	t.Run("observer", func(t *testing.T) {
		var log syncBuffer
		env := newEnvironment(t, func(c *verifier.Config) {
			c.Observer = func(ports.KeyEvent) { panic("no such counter") }
			c.Logger = slog.New(slog.NewTextHandler(&log, nil))
		})
		_, err := verify(t, env, token(t, env.issuer, nil))
		wantCode(t, err, "")
		wantSoon(t, "it is logged", func() bool {
			return strings.Contains(log.String(), `msg=observer_failed err="observer panicked: no such counter"`)
		})
	})
}

// An observer that never returns costs neither requests nor logs.
func TestFaultObserverDoesNotReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan struct{})
		var log syncBuffer
		env := newEnvironment(t, func(c *verifier.Config) {
			c.Observer = func(ports.KeyEvent) { <-ended }
			c.Logger = slog.New(slog.NewTextHandler(&log, nil))
		})
		began := time.Now()
		_, err := verify(t, env, token(t, env.issuer, nil))
		wantCode(t, err, "")
		if waited := time.Since(began); waited != 0 {
			t.Errorf("the request waited %v for the observer", waited)
		}
		if err := env.Close(); err != nil {
			t.Error(err)
		}
		for _, want := range []string{"msg=keys_fetched", "msg=observer_failed"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log has no %s:\n%s", want, log.String())
			}
		}
		close(ended)
	})
}

// A syncBuffer may be written to while it is read.
type syncBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

func TestFaultTypedNilsAreRefusedByNew(t *testing.T) {
	for field, edit := range map[string]func(*verifier.Config){
		"Fetcher":          func(c *verifier.Config) { c.Fetcher = (*verifiertest.Issuer)(nil) },
		"Resolver":         func(c *verifier.Config) { c.Domain, c.Resolver = "", ports.DomainResolverFunc(nil) },
		"Cache":            func(c *verifier.Config) { c.Cache = (*memory.Cache)(nil) },
		"Clock":            func(c *verifier.Config) { c.Clock = (*verifiertest.Clock)(nil) },
		"DPoP.ReplayStore": func(c *verifier.Config) { c.DPoP.ReplayStore = (*memory.ReplayStore)(nil) },
	} {
		t.Run(field, func(t *testing.T) {
			config := verifier.Config{
				Domain: issuerURL, Audiences: []string{audience},
				Fetcher: newIssuer(t, issuerURL, nil, key(t, "ES256", "key-1")),
			}
			edit(&config)
			v, err := verifier.New(config)
			if err == nil {
				v.Close()
			}
			wantCode(t, err, verifier.CodeConfig)
			if fields := faultyFields(err); len(fields) == 0 || fields[0] != field {
				t.Errorf("fields are %v: %v", fields, err)
			}
		})
	}
}
