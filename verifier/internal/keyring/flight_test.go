package keyring

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
)

// ignoring has every fetch ignore its context. It returns what ends them.
func (env *environment) ignoring() (end func()) {
	ended := make(chan struct{})
	env.Ring.Fetcher = ports.FetcherFunc(func(ctx context.Context, url string) (ports.Document, error) {
		env.mu.Lock()
		hangs := env.hangs
		env.mu.Unlock()
		if hangs {
			<-ended
		}
		return env.issuer.Fetch(ctx, url)
	})
	env.set(func() { env.hangs = true })
	return func() { close(ended) }
}

func TestFaultCACHE20FetcherIgnoresItsContext(t *testing.T) {
	t.Run("the fetch ends all the same, and the next one is asked", func(t *testing.T) {
		inBubble(t, nil, func(t *testing.T, env *environment) {
			end := env.ignoring()
			defer end()
			began := time.Now()
			err := env.Warm(t.Context(), of(issuerURL))
			if time.Since(began) != 10*time.Second || !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, outbound.ErrCallerLeft) {
				t.Errorf("Warm = %v after %v", err, time.Since(began))
			}
			for _, want := range []string{"fetch metadata ", `"https://issuer.example/.well-known/openid-configuration"`, "no answer within 10s"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %s", err, want)
				}
			}
			env.set(func() { env.hangs = false })
			env.clock.Advance(maxBackoff)
			env.wantAfter(t, "key-1", "found", 0)
		})
	})
	t.Run("Close does not wait for it", func(t *testing.T) {
		inBubble(t, nil, func(t *testing.T, env *environment) {
			end := env.ignoring()
			defer end()
			waited := make(chan string)
			go func() { waited <- env.find(t, "key-1") }()
			synctest.Wait()
			began := time.Now()
			env.Close()
			if got := <-waited; got != "unavailable" || time.Since(began) != 0 {
				t.Errorf("key is %s after %v", got, time.Since(began))
			}
		})
	})
	t.Run("what it leaves behind is bounded, by issuer", func(t *testing.T) {
		inBubble(t, nil, func(t *testing.T, env *environment) {
			end := env.ignoring()
			for range maxGivenUp {
				if err := env.Warm(t.Context(), of(issuerURL)); !errors.Is(err, context.DeadlineExceeded) {
					t.Fatal(err)
				}
				env.clock.Advance(maxBackoff)
			}
			if err := env.Warm(t.Context(), of(issuerURL)); !errors.Is(err, outbound.ErrStuck) {
				t.Errorf("error is %v, want ErrStuck", err)
			}
			if left := env.fetching.Load(); left != maxGivenUp {
				t.Errorf("%d calls are left, want %d", left, maxGivenUp)
			}
			end()
			synctest.Wait()
			env.clock.Advance(maxBackoff)
			env.wantAfter(t, "key-1", "found", 0)
		})
	})
	t.Run("and over all issuers", func(t *testing.T) {
		env := newEnvironment(t, nil)
		env.fetching.Store(64 + maxGivenUpAll - 1)
		env.want(t, "key-1", "found", 1)
		env.clock.Advance(25 * time.Hour)
		env.fetching.Store(64 + maxGivenUpAll)
		if err := env.Warm(t.Context(), of(issuerURL)); !errors.Is(err, errStuck) {
			t.Errorf("error is %v, want errStuck", err)
		}
	})
}

// A fetch that runs into FetchTimeout is a time-out of the Fetcher, also if the Fetcher heeds its context and spends the
// time on the second document.
func TestFaultCACHE20FetchTimeoutBoundsBothDocuments(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, env *environment) {
		env.slow(6 * time.Second)
		began := time.Now()
		err := env.Warm(t.Context(), of(issuerURL))
		if time.Since(began) != 10*time.Second || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), `fetch key set "https://issuer.example/jwks"`) {
			t.Errorf("Warm = %v after %v", err, time.Since(began))
		}
	})
}

func TestFaultCACHE20PanicsLandTheFlight(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*Config)
		kind ports.KeyEventKind
	}{
		"Fetcher": {func(c *Config) {
			c.Fetcher = ports.FetcherFunc(func(context.Context, string) (ports.Document, error) { panic("no such host") })
		}, ports.KeysRefused},
		"a Fetcher that ends its goroutine": {func(c *Config) {
			c.Fetcher = ports.FetcherFunc(func(context.Context, string) (ports.Document, error) { runtime.Goexit(); panic("unreachable") })
		}, ports.KeysRefused},
		"metadata URL": {func(c *Config) { c.MetadataURL = func(string) string { panic("no such host") } }, ports.KeysRefused},
		"randomness":   {func(c *Config) { c.Rand = panicsOnce() }, ports.KeysRefused},
		"cache":        {func(c *Config) { c.Cache = panickingCache{} }, ports.CacheFailed},
	} {
		t.Run(name, func(t *testing.T) {
			env := newEnvironment(t, c.edit)
			outcome := "unavailable"
			if c.kind == ports.CacheFailed {
				outcome = "found"
			}
			if got := env.find(t, "key-1"); got != outcome {
				t.Errorf("key is %s, want %s", got, outcome)
			}
			env.settle()
			if len(env.events) == 0 || env.events[0].Kind != c.kind || env.events[0].Err == nil {
				t.Errorf("events are %v, want %s first", env.events, c.kind)
			}
		})
	}
}

func TestFaultCACHE20PanicsAreLogged(t *testing.T) {
	var log bytes.Buffer
	env := newEnvironment(t, func(c *Config) {
		c.Rand, c.Logger = panicsOnce(), slog.New(slog.NewTextHandler(&log, nil))
	})
	env.find(t, "key-1")
	env.Close()
	for _, want := range []string{"port_panicked", "port=keyring", `panic="no entropy"`, "panicsOnce"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log has no %s:\n%s", want, &log)
		}
	}
}

// panicsOnce panics when it is first asked, by take; later it is asked for the backoff.
func panicsOnce() func(int64) int64 {
	asked := false
	return func(int64) int64 {
		if !asked {
			asked = true
			panic("no entropy")
		}
		return 0
	}
}

type panickingCache struct{}

func (panickingCache) Get(context.Context, string) ([]byte, error) { panic("no such shard") }
func (panickingCache) Set(context.Context, string, []byte, time.Duration) error {
	panic("no such shard")
}
func (panickingCache) Delete(context.Context, string) error { panic("no such shard") }

// A clock that panics on a goroutine of the ring fails the fetch; one that ends the goroutine, too.
func TestFaultCACHE20ClockFails(t *testing.T) {
	for name, fail := range map[string]func(){"panics": func() { panic("no clock") }, "ends its goroutine": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			env := newEnvironment(t, nil)
			good := env.Ring.Clock
			broken := &brokenClock{Clock: good, fail: fail}
			env.Ring.Clock = broken
			i := env.Ring.issuer(of(issuerURL))
			f := i.newFlight(noon, false)
			i.flight.Store(f)
			broken.broken = true
			if err := env.slots.launch(f); err != nil {
				t.Fatal(err)
			}
			<-f.done
			env.slots.launched.Wait()
			if f.err == nil || i.flight.Load() != nil {
				t.Errorf("error is %v", f.err)
			}
		})
	}
}

type brokenClock struct {
	ports.Clock
	fail   func()
	broken bool
}

func (c *brokenClock) Now() time.Time {
	if c.broken {
		c.fail()
	}
	return c.Clock.Now()
}

func TestFaultCACHE20ObserverPanics(t *testing.T) {
	env := newEnvironment(t, func(c *Config) { c.Observe = func(ports.KeyEvent) { panic("no metric") } })
	for range 3 {
		env.want(t, "key-1", "found", 1)
	}
	env.Close()
}

// Those who wait for the keys have gone on when the operator is told.
func TestEventsAreToldAfterLanding(t *testing.T) {
	told, proceed := make(chan struct{}), make(chan struct{})
	env := newEnvironment(t, func(c *Config) {
		c.Observe = func(ports.KeyEvent) {
			told <- struct{}{}
			<-proceed
		}
	})
	for _, kid := range []string{"key-1", "made-up"} {
		env.find(t, kid)
		<-told
		proceed <- struct{}{}
		if kid == "made-up" { // forced, and fetched
			<-told
			proceed <- struct{}{}
		}
	}
	env.settle()
}

func TestCloseEndsFetches(t *testing.T) {
	env := newEnvironment(t, nil)
	env.set(func() { env.hold = make(chan struct{}) }) // never let go
	waited := make(chan string)
	go func() { waited <- env.find(t, "key-1") }()
	for env.underWay() == nil {
	}
	env.Close()
	if got := <-waited; got != "unavailable" {
		t.Errorf("key is %s after Close", got)
	}
	env.clock.Advance(time.Hour)
	if got := env.find(t, "key-1"); got != "unavailable" {
		t.Errorf("key is %s after Close", got)
	}
	env.Close()
}

func TestCloseWaitsForWhatIsUnderWay(t *testing.T) {
	reported, told := make(chan struct{}), make(chan struct{})
	env := newEnvironment(t, func(c *Config) {
		c.Observe = func(ports.KeyEvent) {
			close(told)
			<-reported
		}
	})
	env.find(t, "key-1")
	<-told
	closed := make(chan struct{})
	go func() { env.Close(); close(closed) }()
	for !env.isClosed() {
		runtime.Gosched()
	}
	select {
	case <-closed:
		t.Error("Close returned while the operator was being told")
	default:
	}
	close(reported)
	<-closed
}

func (env *environment) isClosed() bool {
	env.slots.mu.Lock()
	defer env.slots.mu.Unlock()
	return env.slots.closed
}

func TestCloseLetsNoFetchBegin(t *testing.T) {
	env := newEnvironment(t, nil)
	env.want(t, "key-1", "found", 1)
	env.Close()
	env.clock.Advance(10*time.Minute - 1) // due
	env.want(t, "key-1", "found", 1)
	env.want(t, "key-2", "unavailable", 1)
	env.clock.Advance(1) // stale
	env.want(t, "key-1", "unavailable", 1)
	if metadata, _ := env.issuer.Fetched(); metadata != 1 {
		t.Errorf("the issuer was asked %d times, want once", metadata)
	}
	for _, event := range env.events[1:] {
		t.Errorf("event %v", event)
	}
}

// That Close ended a call of the shared cache is not a failure of the cache.
func TestCloseIsNoFaultOfTheCache(t *testing.T) {
	for name, hang := range map[string]func(*slowCache){
		"reading": func(c *slowCache) { c.get = true }, "writing": func(c *slowCache) { c.set = true },
	} {
		t.Run(name, func(t *testing.T) {
			cache := &slowCache{}
			hang(cache)
			inBubble(t, func(c *Config) { c.Cache = cache }, func(t *testing.T, env *environment) {
				go func() { _, _ = env.Keys(t.Context(), of(issuerURL), Selector{KeyID: "key-1", HasKeyID: true}) }()
				time.Sleep(100 * time.Millisecond)
				env.Close()
				for _, event := range env.events {
					if event.Kind == ports.CacheFailed {
						t.Errorf("event %v", event)
					}
				}
			})
		})
	}
}

// A slowCache has nothing, and does not answer when it is read, or written.
type slowCache struct{ get, set bool }

func (c *slowCache) Get(ctx context.Context, _ string) ([]byte, error) {
	if c.get {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return nil, ports.ErrMiss
}

func (c *slowCache) Set(ctx context.Context, _ string, _ []byte, _ time.Duration) error {
	if c.set {
		<-ctx.Done()
	}
	return ctx.Err()
}

func (c *slowCache) Delete(context.Context, string) error { return nil }
