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
func (w *world) ignoring() (end func()) {
	ended := make(chan struct{})
	w.Ring.Fetcher = ports.FetcherFunc(func(ctx context.Context, url string) (ports.Document, error) {
		w.mu.Lock()
		hangs := w.hangs
		w.mu.Unlock()
		if hangs {
			<-ended
		}
		return w.issuer.Fetch(ctx, url)
	})
	w.set(func() { w.hangs = true })
	return func() { close(ended) }
}

func TestFaultCACHE20FetcherIgnoresItsContext(t *testing.T) {
	t.Run("the fetch ends all the same, and the next one is asked", func(t *testing.T) {
		inBubble(t, nil, func(t *testing.T, w *world) {
			end := w.ignoring()
			defer end()
			began := time.Now()
			err := w.Warm(t.Context(), issuerURL)
			if time.Since(began) != 10*time.Second || !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, outbound.ErrCallerLeft) {
				t.Errorf("Warm = %v after %v", err, time.Since(began))
			}
			for _, want := range []string{"fetch metadata ", `"https://issuer.example/.well-known/openid-configuration"`, "no answer within 10s"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %s", err, want)
				}
			}
			w.set(func() { w.hangs = false })
			w.clock.Advance(maxBackoff)
			w.wantAfter(t, "key-1", "found", 0)
		})
	})
	t.Run("Close does not wait for it", func(t *testing.T) {
		inBubble(t, nil, func(t *testing.T, w *world) {
			end := w.ignoring()
			defer end()
			waited := make(chan string)
			go func() { waited <- w.find(t, "key-1") }()
			synctest.Wait()
			began := time.Now()
			w.Close()
			if got := <-waited; got != "unavailable" || time.Since(began) != 0 {
				t.Errorf("key is %s after %v", got, time.Since(began))
			}
		})
	})
	t.Run("what it leaves behind is bounded, by issuer", func(t *testing.T) {
		inBubble(t, nil, func(t *testing.T, w *world) {
			end := w.ignoring()
			for range maxGivenUp {
				if err := w.Warm(t.Context(), issuerURL); !errors.Is(err, context.DeadlineExceeded) {
					t.Fatal(err)
				}
				w.clock.Advance(maxBackoff)
			}
			if err := w.Warm(t.Context(), issuerURL); !errors.Is(err, outbound.ErrStuck) {
				t.Errorf("error is %v, want ErrStuck", err)
			}
			if left := w.fetching.Load(); left != maxGivenUp {
				t.Errorf("%d calls are left, want %d", left, maxGivenUp)
			}
			end()
			synctest.Wait()
			w.clock.Advance(maxBackoff)
			w.wantAfter(t, "key-1", "found", 0)
		})
	})
	t.Run("and over all issuers", func(t *testing.T) {
		w := newWorld(t, nil)
		w.fetching.Store(64 + maxGivenUpAll - 1)
		w.want(t, "key-1", "found", 1)
		w.clock.Advance(25 * time.Hour)
		w.fetching.Store(64 + maxGivenUpAll)
		if err := w.Warm(t.Context(), issuerURL); !errors.Is(err, errStuck) {
			t.Errorf("error is %v, want errStuck", err)
		}
	})
}

// A fetch that runs into FetchTimeout is a time-out of the Fetcher, also if the Fetcher heeds its context and spends the
// time on the second document.
func TestFaultCACHE20FetchTimeoutBoundsBothDocuments(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		w.slow(6 * time.Second)
		began := time.Now()
		err := w.Warm(t.Context(), issuerURL)
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
			w := newWorld(t, c.edit)
			outcome := "unavailable"
			if c.kind == ports.CacheFailed {
				outcome = "found"
			}
			if got := w.find(t, "key-1"); got != outcome {
				t.Errorf("key is %s, want %s", got, outcome)
			}
			w.settle()
			if len(w.events) == 0 || w.events[0].Kind != c.kind || w.events[0].Err == nil {
				t.Errorf("events are %v, want %s first", w.events, c.kind)
			}
		})
	}
}

func TestFaultCACHE20PanicsAreLogged(t *testing.T) {
	var log bytes.Buffer
	w := newWorld(t, func(c *Config) {
		c.Rand, c.Logger = panicsOnce(), slog.New(slog.NewTextHandler(&log, nil))
	})
	w.find(t, "key-1")
	w.Close()
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
			w := newWorld(t, nil)
			good := w.Ring.Clock
			broken := &brokenClock{Clock: good, fail: fail}
			w.Ring.Clock = broken
			i := w.Ring.issuer(issuerURL)
			f := i.newFlight(noon, false)
			i.flight.Store(f)
			broken.broken = true
			if err := w.slots.launch(f); err != nil {
				t.Fatal(err)
			}
			<-f.done
			w.slots.launched.Wait()
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
	w := newWorld(t, func(c *Config) { c.Observe = func(ports.KeyEvent) { panic("no metric") } })
	for range 3 {
		w.want(t, "key-1", "found", 1)
	}
	w.Close()
}

// Those who wait for the keys have gone on when the operator is told.
func TestEventsAreToldAfterLanding(t *testing.T) {
	told, proceed := make(chan struct{}), make(chan struct{})
	w := newWorld(t, func(c *Config) {
		c.Observe = func(ports.KeyEvent) {
			told <- struct{}{}
			<-proceed
		}
	})
	for _, kid := range []string{"key-1", "made-up"} {
		w.find(t, kid)
		<-told
		proceed <- struct{}{}
		if kid == "made-up" { // forced, and fetched
			<-told
			proceed <- struct{}{}
		}
	}
	w.settle()
}

func TestCloseEndsFetches(t *testing.T) {
	w := newWorld(t, nil)
	w.set(func() { w.hold = make(chan struct{}) }) // never let go
	waited := make(chan string)
	go func() { waited <- w.find(t, "key-1") }()
	for w.underWay() == nil {
	}
	w.Close()
	if got := <-waited; got != "unavailable" {
		t.Errorf("key is %s after Close", got)
	}
	w.clock.Advance(time.Hour)
	if got := w.find(t, "key-1"); got != "unavailable" {
		t.Errorf("key is %s after Close", got)
	}
	w.Close()
}

func TestCloseWaitsForWhatIsUnderWay(t *testing.T) {
	reported, told := make(chan struct{}), make(chan struct{})
	w := newWorld(t, func(c *Config) {
		c.Observe = func(ports.KeyEvent) {
			close(told)
			<-reported
		}
	})
	w.find(t, "key-1")
	<-told
	closed := make(chan struct{})
	go func() { w.Close(); close(closed) }()
	for !w.isClosed() {
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

func (w *world) isClosed() bool {
	w.slots.mu.Lock()
	defer w.slots.mu.Unlock()
	return w.slots.closed
}

func TestCloseLetsNoFetchBegin(t *testing.T) {
	w := newWorld(t, nil)
	w.want(t, "key-1", "found", 1)
	w.Close()
	w.clock.Advance(10*time.Minute - 1) // due
	w.want(t, "key-1", "found", 1)
	w.want(t, "key-2", "unavailable", 1)
	w.clock.Advance(1) // stale
	w.want(t, "key-1", "unavailable", 1)
	if metadata, _ := w.issuer.Fetched(); metadata != 1 {
		t.Errorf("the issuer was asked %d times, want once", metadata)
	}
	for _, event := range w.events[1:] {
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
			inBubble(t, func(c *Config) { c.Cache = cache }, func(t *testing.T, w *world) {
				go func() { _, _ = w.Keys(t.Context(), issuerURL, Selector{KeyID: "key-1", HasKeyID: true}) }()
				time.Sleep(100 * time.Millisecond)
				w.Close()
				for _, event := range w.events {
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
