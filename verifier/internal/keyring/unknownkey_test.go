package keyring

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

// findIssued is find for a token that says it was issued then.
func (w *world) findIssued(t *testing.T, kid string, issued time.Time) (string, time.Duration) {
	t.Helper()
	_, err := w.Keys(t.Context(), issuerURL, Selector{KeyID: kid, HasKeyID: true, IssuedAt: issued})
	var unavailable *UnavailableError
	switch {
	case err == nil:
		return "found", 0
	case errors.Is(err, ErrUnknownKey):
		return "unknown", 0
	case errors.As(err, &unavailable):
		return "unavailable", unavailable.RetryAfter
	}
	t.Fatal(err)
	return "", 0
}

func TestFaultCACHE17IssuedAfterTheKeysWereFetched(t *testing.T) {
	for _, c := range []struct {
		name   string
		issued time.Duration // after the keys were fetched
		want   string
	}{
		{"CACHE-17 a minute before", -time.Minute, "unknown"},
		{"CACHE-17 less than a minute before, by a clock that may differ", -time.Minute + 1, "unavailable"},
		{"CACHE-17 after", time.Second, "unavailable"},
		{"CACHE-17 in a hundred years", 100 * 365 * 24 * time.Hour, "unavailable"},
		{"CACHE-17 not said", -1 << 63, "unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.want(t, "key-1", "found", 1)
			w.clock.Advance(5 * time.Minute)
			fetched := w.clock.Now()
			w.want(t, "made-up", "unknown", 2) // holds the cooldown
			w.clock.Advance(10 * time.Second)
			var issued time.Time
			if c.issued != -1<<63 {
				issued = fetched.Add(c.issued)
			}
			got, retryAfter := w.findIssued(t, "key-2", issued)
			if got != c.want {
				t.Errorf("key is %s, want %s", got, c.want)
			}
			if got == "unavailable" && retryAfter != 20*time.Second {
				t.Errorf("retry after %v, want the rest of the cooldown", retryAfter)
			}
			w.want(t, "key-1", "found", 2)
			// Past the cooldown the issuer is asked, whatever the token says.
			w.clock.Advance(20 * time.Second)
			if got, _ := w.findIssued(t, "key-2", issued); got != "unknown" {
				t.Errorf("key is %s after the cooldown", got)
			}
			w.want(t, "key-1", "found", 3)
		})
	}
}

func TestFaultCACHE17MadeUpKeyIDsDoNotHideARotation(t *testing.T) {
	w := newWorld(t, nil)
	w.want(t, "key-1", "found", 1)
	for second := range 90 { // a made-up kid each second
		w.findIssued(t, fmt.Sprint("made-up-", second), w.clock.Now().Add(time.Hour))
		if second == 10 {
			w.issuer.SetKeys(newKeys(t, "key-2")...)
		}
		if second > 10 {
			got, _ := w.findIssued(t, "key-2", w.clock.Now())
			if want := map[bool]string{true: "found", false: "unavailable"}[second >= 30]; got != want {
				t.Fatalf("after %d s the new key is %s, want %s", second, got, want)
			}
		}
		w.clock.Advance(time.Second)
	}
	w.want(t, "key-2", "found", 4) // at 0, 30 and 60 s
}

func TestFaultCACHE05OneRequestForcesOneFetch(t *testing.T) {
	inBubble(t, func(c *Config) { c.Cooldown = time.Nanosecond }, func(t *testing.T, w *world) {
		w.want(t, "key-1", "found", 1)
		w.slow(400 * time.Millisecond)
		w.wantAfter(t, "made-up", "unknown", 800*time.Millisecond)
		w.want(t, "key-1", "found", 2)
	})
}

func TestCACHE05CooldownRunsFromTheEndOfAForcedFetch(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		w.want(t, "key-1", "found", 1)
		w.slow(500 * time.Millisecond)
		time.AfterFunc(500*time.Millisecond, func() { w.clock.Advance(time.Minute) })
		w.wantAfter(t, "made-up", "unknown", time.Second) // in which the clock goes on by a minute
		w.slow(0)
		w.clock.Advance(30*time.Second - 1)
		w.want(t, "made-up", "unknown", 2)
		w.clock.Advance(1)
		w.want(t, "made-up", "unknown", 3)
	})
}

// A token of a cold process is decided by the fetch that it had begun.
func TestCACHE05UnknownKeyOfAFreshProcess(t *testing.T) {
	w := newWorld(t, nil)
	w.want(t, "made-up", "unknown", 1)
	w.issuer.SetKeys(newKeys(t, "key-2")...)
	w.want(t, "key-2", "found", 2) // no cooldown has begun
}

// A request that came while a fetch was under way is not decided by what that brings: the answer may be older than the
// key.
func TestCACHE05AFetchThatBeganBeforeDecidesNothing(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		w.want(t, "key-1", "found", 1)
		before, err := w.issuer.Fetch(t.Context(), issuerURL+"jwks")
		if err != nil {
			t.Fatal(err)
		}
		w.set(func() {
			w.delay = 100 * time.Millisecond
			w.answer = func(url string) (ports.Document, bool) { return before, url == issuerURL+"jwks" }
		})
		w.clock.Advance(10*time.Minute - 1)
		w.wantAfter(t, "key-1", "found", 0) // the refresh behind has begun
		time.Sleep(150 * time.Millisecond)
		w.issuer.SetKeys(newKeys(t, "key-2")...)
		time.AfterFunc(60*time.Millisecond, func() { w.set(func() { w.answer = nil }) })
		w.wantAfter(t, "key-2", "found", 250*time.Millisecond) // the rest of it, and a forced one
	})
}

func TestFaultCACHE07AWaiterOfAnUnknownKeyLeaves(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		w.want(t, "key-1", "found", 1)
		w.slow(time.Second)
		ctx, leave := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer leave()
		began := time.Now()
		_, err := w.Keys(ctx, issuerURL, Selector{KeyID: "made-up", HasKeyID: true})
		if !errors.Is(err, context.DeadlineExceeded) || errors.As(err, new(*UnavailableError)) || time.Since(began) != 300*time.Millisecond {
			t.Errorf("error is %v after %v", err, time.Since(began))
		}
		w.settle()
		if _, keys := w.issuer.Fetched(); keys != 2 {
			t.Errorf("the issuer was asked %d times, want twice", keys)
		}
	})
}

func TestCACHE05ManyWaitersOfUnknownKeysAskOnce(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		w.want(t, "key-1", "found", 1)
		w.slow(100 * time.Millisecond)
		var waiting sync.WaitGroup
		for n := range 1000 {
			waiting.Go(func() {
				_, err := w.Keys(t.Context(), issuerURL, Selector{KeyID: fmt.Sprint("made-up-", n), HasKeyID: true})
				if !errors.Is(err, ErrUnknownKey) {
					t.Error(err)
				}
			})
		}
		waiting.Wait()
		w.want(t, "key-1", "found", 2)
	})
}
