package keyring

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

// A crowd is many issuers behind one Fetcher, which counts what is under way. Those whose URL begins with
// https://hang do not answer.
type crowd struct {
	*environment
	keys []byte

	mu        sync.Mutex
	delay     time.Duration
	now, most int             // fetches under way, and the most of them
	asked     map[string]bool // issuers
	hanging   bool            // all of them
}

// inCrowd runs a test in a bubble, in an environment of many issuers that publish key-1.
func inCrowd(t *testing.T, edit func(*Config), test func(*testing.T, *crowd)) {
	t.Helper()
	inBubble(t, func(c *Config) {
		c.MaxIssuers = 100_000
		if edit != nil {
			edit(c)
		}
	}, func(t *testing.T, env *environment) {
		document, err := env.issuer.Fetch(t.Context(), issuerURL+"jwks")
		if err != nil {
			t.Fatal(err)
		}
		c := &crowd{environment: env, keys: document.Body, asked: make(map[string]bool)}
		env.Ring.Fetcher = c
		test(t, c)
	})
}

func (c *crowd) Fetch(ctx context.Context, url string) (ports.Document, error) {
	name, _, _ := strings.Cut(strings.TrimPrefix(url, "https://"), "/")
	name = "https://" + name + "/"
	c.mu.Lock()
	c.now++
	c.most = max(c.most, c.now)
	c.asked[name] = true
	hangs, delay := c.hanging || strings.HasPrefix(name, "https://hang"), c.delay
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.now--
	}()
	if hangs {
		delay = time.Hour
	}
	select {
	case <-time.After(delay):
	case <-ctx.Done():
		return ports.Document{}, ctx.Err()
	}
	if strings.HasSuffix(url, "/jwks") {
		return ports.Document{Body: c.keys}, nil
	}
	return ports.Document{Body: fmt.Appendf(nil, `{"issuer":%q,"jwks_uri":%q}`, name, name+"jwks")}, nil
}

func (c *crowd) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

func (c *crowd) count(read func() int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return read()
}

func nth(kind string, n int) string { return fmt.Sprintf("https://%s-%d.example/", kind, n) }

// ask looks for key-1 of an issuer, and reports the outcome and how long it took.
func (c *crowd) ask(ctx context.Context, issuer string) (time.Duration, error) {
	began := time.Now()
	_, err := c.Keys(ctx, of(issuer), Selector{KeyID: "key-1", HasKeyID: true})
	return time.Since(began), err
}

// leave asks for the keys of n issuers, by requests that have gone.
func (c *crowd) leave(kind string, n int) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for i := range n {
		_, _ = c.ask(ctx, nth(kind, i))
	}
}

func (c *crowd) wantFound(t *testing.T, issuer string, within time.Duration) {
	t.Helper()
	if took, err := c.ask(t.Context(), issuer); err != nil || took > within {
		t.Errorf("%s: %v after %v, want keys within %v", issuer, err, took, within)
	}
}

func (c *crowd) wantUnavailable(t *testing.T, issuer string, why error, after time.Duration) {
	t.Helper()
	took, err := c.ask(t.Context(), issuer)
	var unavailable *UnavailableError
	if !errors.As(err, &unavailable) || !errors.Is(err, why) || unavailable.RetryAfter <= 0 || took != after {
		t.Errorf("%s: %v after %v, want %v after %v", issuer, err, took, why, after)
	}
}

// refused counts the fetches that failed for that reason.
func (c *crowd) refused(why error) (count int) {
	c.environment.set(func() {
		for _, event := range c.events {
			if event.Kind == ports.KeysRefused && errors.Is(event.Err, why) {
				count++
			}
		}
	})
	return count
}

func TestFaultCACHE19FetchesAtOnceAreBounded(t *testing.T) {
	t.Run("10,000 requests that have gone, and issuers that hang", func(t *testing.T) {
		inCrowd(t, nil, func(t *testing.T, c *crowd) {
			before := runtime.NumGoroutine()
			c.leave("hang", 10_000)
			synctest.Wait()
			if now := c.count(func() int { return c.now }); now != 32 {
				t.Errorf("%d fetches are under way, want 32", now)
			}
			if more := runtime.NumGoroutine() - before; more > 100 {
				t.Errorf("%d goroutines more", more)
			}
			c.wantUnavailable(t, "https://next.example/", errBusy, 0)
			time.Sleep(time.Hour) // all of them have had their turn
			if asked := c.count(func() int { return len(c.asked) }); asked != 32+maxWaiting {
				t.Errorf("%d issuers were asked, want %d", asked, 32+maxWaiting)
			}
			c.wantFound(t, "https://next.example/", 0)
		})
	})
	t.Run("issuers that answer get their turn within the wait", func(t *testing.T) {
		inCrowd(t, nil, func(t *testing.T, c *crowd) {
			c.set(func() { c.delay = 25 * time.Millisecond })
			var requests sync.WaitGroup
			for n := range 1000 {
				requests.Go(func() { c.wantFound(t, nth("good", n), 2*time.Second) })
			}
			requests.Wait()
			if most := c.count(func() int { return c.most }); most != 32 {
				t.Errorf("%d fetches at once, want 32", most)
			}
		})
	})
	t.Run("refreshes may take every slot", func(t *testing.T) {
		inCrowd(t, nil, func(t *testing.T, c *crowd) {
			for n := range 100 {
				c.wantFound(t, nth("good", n), 0)
			}
			c.clock.Advance(10*time.Minute - 1)
			c.set(func() { c.most, c.delay = 0, 25*time.Millisecond })
			for n := range 100 {
				c.wantFound(t, nth("good", n), 0) // refreshed behind
			}
			time.Sleep(time.Second)
			if most := c.count(func() int { return c.most }); most != 64 {
				t.Errorf("%d fetches at once, want 64", most)
			}
		})
	})
	t.Run("one is enough for both kinds", func(t *testing.T) {
		inCrowd(t, func(c *Config) { c.MaxFetches = 1 }, func(t *testing.T, c *crowd) {
			c.wantFound(t, "https://good.example/", 0)
			c.clock.Advance(time.Hour)
			c.set(func() { c.delay = 25 * time.Millisecond })
			var requests sync.WaitGroup
			for n := range 10 {
				requests.Go(func() { c.wantFound(t, nth("new", n), time.Second) })
				requests.Go(func() { c.wantFound(t, "https://good.example/", time.Second) })
			}
			requests.Wait()
			if most := c.count(func() int { return c.most }); most != 1 {
				t.Errorf("%d fetches at once, want 1", most)
			}
		})
	})
}

func TestFaultCACHE19IssuersThatHangHoldUpNobodyElse(t *testing.T) {
	t.Run("strangers' issuers hang: known issuers are refreshed at once", func(t *testing.T) {
		inCrowd(t, nil, func(t *testing.T, c *crowd) {
			for n := range 50 {
				c.wantFound(t, nth("good", n), 0)
			}
			c.leave("hang", 10_000)
			c.clock.Advance(time.Hour) // keys of that age may not be used without asking
			for n := range 50 {
				c.wantFound(t, nth("good", n), 0)
			}
		})
	})
	t.Run("64 known issuers hang: the others are refreshed after WaitTimeout", func(t *testing.T) {
		inCrowd(t, nil, func(t *testing.T, c *crowd) {
			for n := range 64 {
				c.wantFound(t, nth("later", n), 0)
			}
			c.wantFound(t, "https://good.example/", 0)
			c.clock.Advance(10*time.Minute - 1)
			c.set(func() { c.hanging = true })
			for n := range 64 {
				c.wantFound(t, nth("later", n), 0)
			}
			synctest.Wait()
			c.set(func() { c.hanging = false })
			c.wantFound(t, "https://good.example/", 0) // its refresh waits for its turn
			time.Sleep(2*time.Second + 1)
			c.clock.Advance(time.Hour)
			c.wantFound(t, "https://good.example/", 0)
			if now := c.count(func() int { return c.now }); now != 63 {
				t.Errorf("%d fetches are under way, want the 63 that need not make room", now)
			}
		})
	})
	t.Run("strangers' issuers hang: a new one gets its turn when those before it are late", func(t *testing.T) {
		inCrowd(t, nil, func(t *testing.T, c *crowd) {
			c.leave("hang", 32)
			time.Sleep(time.Millisecond)
			c.wantFound(t, "https://good.example/", 1999*time.Millisecond)
		})
	})
	t.Run("one that comes when all are late gets its turn at once", func(t *testing.T) {
		inCrowd(t, nil, func(t *testing.T, c *crowd) {
			c.leave("hang", 32)
			time.Sleep(5 * time.Second)
			c.wantFound(t, "https://good.example/", 0)
			time.Sleep(5 * time.Second)
			synctest.Wait()
			if room, end := c.refused(errMadeRoom), c.refused(context.DeadlineExceeded); room != 1 || end != 31 {
				t.Errorf("%d made room and %d had all of FetchTimeout, want 1 and 31", room, end)
			}
		})
	})
	t.Run("so do several, at once and one after the other", func(t *testing.T) {
		inCrowd(t, nil, func(t *testing.T, c *crowd) {
			c.leave("hang", 32)
			time.Sleep(5 * time.Second)
			for round := range 3 {
				var requests sync.WaitGroup
				for n := range 5 {
					requests.Go(func() { c.wantFound(t, nth(fmt.Sprint("good-", round), n), 0) })
				}
				requests.Wait()
			}
		})
	})
	t.Run("and one that comes after others that took the room and hang", func(t *testing.T) {
		inCrowd(t, nil, func(t *testing.T, c *crowd) {
			c.leave("hang", 32)
			time.Sleep(5 * time.Second)
			c.leave("hanging", 5)
			synctest.Wait()
			c.wantFound(t, "https://good.example/", 0)
		})
	})
	t.Run("a refresh makes no room for what may not have its slot", func(t *testing.T) {
		inCrowd(t, nil, func(t *testing.T, c *crowd) {
			for n := range 10 {
				c.wantFound(t, nth("later", n), 0)
			}
			c.clock.Advance(10*time.Minute - 1)
			c.set(func() { c.hanging = true })
			for n := range 10 {
				c.wantFound(t, nth("later", n), 0)
			}
			time.Sleep(5 * time.Second) // these are late
			c.leave("hang", 33)
			time.Sleep(time.Second)
			if room := c.refused(errMadeRoom); room != 0 {
				t.Errorf("%d made room", room)
			}
		})
	})
	t.Run("one that has landed is not late", func(t *testing.T) {
		inCrowd(t, nil, func(t *testing.T, c *crowd) {
			c.wantFound(t, "https://good.example/", 0)
			synctest.Wait()
			c.slots.isLate(&flight{over: true})
			if len(c.slots.late) != 0 {
				t.Error("it counts as late")
			}
		})
	})
	t.Run("a fetch that waits for its turn excuses no stale keys", func(t *testing.T) {
		inCrowd(t, nil, func(t *testing.T, c *crowd) {
			for n := range 65 {
				c.wantFound(t, nth("later", n), 0)
			}
			c.clock.Advance(10*time.Minute - 1)
			c.set(func() { c.hanging = true })
			for n := range 64 {
				c.wantFound(t, nth("later", n), 0)
			}
			time.Sleep(time.Second)
			c.clock.Advance(time.Hour)
			c.wantUnavailable(t, nth("later", 64), errNoTurn, 2*time.Second)
			c.wantFound(t, nth("later", 63), 0) // whose issuer has had no answer for so long
		})
	})
}

func TestCACHE19OneLateFlightMakesRoomForOneThatWaits(t *testing.T) {
	s := newSlots(3)
	var late [3]*flight
	ended := func() (count int) {
		for _, f := range late {
			if f.ctx.Err() != nil {
				count++
			}
		}
		return count
	}
	for n := range late {
		late[n] = &flight{class: refreshing, roomFor: noClass}
		late[n].ctx, late[n].end = context.WithCancelCause(t.Context())
		s.under[refreshing]++
	}
	s.late = slices.Clone(late[:])
	s.waiting[refreshing] = []*flight{{}, {}}
	for range 2 {
		s.makeRoom()
		if ended() != 2 {
			t.Errorf("%d have ended for two that wait", ended())
		}
	}
	s.waiting[refreshing] = nil
	for _, f := range late {
		s.ended(f)
	}
	if len(s.late) != 0 || s.promised[refreshing] != 0 || s.under[refreshing] != 0 {
		t.Errorf("after all have landed %d are late, %d promised and %d under way", len(s.late), s.promised[refreshing], s.under[refreshing])
	}
}

func TestFaultCACHE20CloseEndsWhatWaitsForItsTurn(t *testing.T) {
	inCrowd(t, nil, func(t *testing.T, c *crowd) {
		c.leave("hang", 33)
		waited := make(chan error)
		go func() { _, err := c.ask(t.Context(), nth("hang", 32)); waited <- err }()
		synctest.Wait()
		began := time.Now()
		c.Close()
		if err := <-waited; !errors.Is(err, errClosed) || time.Since(began) != 0 {
			t.Errorf("error is %v after %v", err, time.Since(began))
		}
		c.wantUnavailable(t, "https://good.example/", errClosed, 0)
		if asked := c.count(func() int { return len(c.asked) }); asked != 32 {
			t.Errorf("%d issuers were asked, want 32", asked)
		}
	})
}
