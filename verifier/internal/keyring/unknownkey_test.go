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
func (env *environment) findIssued(t *testing.T, kid string, issued time.Time) (string, time.Duration) {
	t.Helper()
	_, err := env.Keys(t.Context(), of(issuerURL), Selector{KeyID: kid, HasKeyID: true, IssuedAt: issued})
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
			env := newEnvironment(t, nil)
			env.want(t, "key-1", "found", 1)
			env.clock.Advance(5 * time.Minute)
			fetched := env.clock.Now()
			env.want(t, "made-up", "unknown", 2) // holds the cooldown
			env.clock.Advance(10 * time.Second)
			var issued time.Time
			if c.issued != -1<<63 {
				issued = fetched.Add(c.issued)
			}
			got, retryAfter := env.findIssued(t, "key-2", issued)
			if got != c.want {
				t.Errorf("key is %s, want %s", got, c.want)
			}
			if got == "unavailable" && retryAfter != 20*time.Second {
				t.Errorf("retry after %v, want the rest of the cooldown", retryAfter)
			}
			env.want(t, "key-1", "found", 2)
			// Past the cooldown the issuer is asked, whatever the token says.
			env.clock.Advance(20 * time.Second)
			if got, _ := env.findIssued(t, "key-2", issued); got != "unknown" {
				t.Errorf("key is %s after the cooldown", got)
			}
			env.want(t, "key-1", "found", 3)
		})
	}
}

func TestFaultCACHE17MadeUpKeyIDsDoNotHideARotation(t *testing.T) {
	env := newEnvironment(t, nil)
	env.want(t, "key-1", "found", 1)
	for second := range 90 { // a made-up kid each second
		env.findIssued(t, fmt.Sprint("made-up-", second), env.clock.Now().Add(time.Hour))
		if second == 10 {
			env.issuer.SetKeys(newKeys(t, "key-2")...)
		}
		if second > 10 {
			got, _ := env.findIssued(t, "key-2", env.clock.Now())
			if want := map[bool]string{true: "found", false: "unavailable"}[second >= 30]; got != want {
				t.Fatalf("after %d s the new key is %s, want %s", second, got, want)
			}
		}
		env.clock.Advance(time.Second)
	}
	env.want(t, "key-2", "found", 4) // at 0, 30 and 60 s
}

func TestFaultCACHE05OneRequestForcesOneFetch(t *testing.T) {
	inBubble(t, func(c *Config) { c.Cooldown = time.Nanosecond }, func(t *testing.T, env *environment) {
		env.want(t, "key-1", "found", 1)
		env.slow(400 * time.Millisecond)
		env.wantAfter(t, "made-up", "unknown", 800*time.Millisecond)
		env.want(t, "key-1", "found", 2)
	})
}

func TestCACHE05CooldownRunsFromTheEndOfAForcedFetch(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, env *environment) {
		env.want(t, "key-1", "found", 1)
		env.slow(500 * time.Millisecond)
		time.AfterFunc(500*time.Millisecond, func() { env.clock.Advance(time.Minute) })
		env.wantAfter(t, "made-up", "unknown", time.Second) // in which the clock goes on by a minute
		env.slow(0)
		env.clock.Advance(30*time.Second - 1)
		env.want(t, "made-up", "unknown", 2)
		env.clock.Advance(1)
		env.want(t, "made-up", "unknown", 3)
	})
}

// A token of a cold process is decided by the fetch that it had begun.
func TestCACHE05UnknownKeyOfAFreshProcess(t *testing.T) {
	env := newEnvironment(t, nil)
	env.want(t, "made-up", "unknown", 1)
	env.issuer.SetKeys(newKeys(t, "key-2")...)
	env.want(t, "key-2", "found", 2) // no cooldown has begun
}

// A request that came while a fetch was under way is not decided by what that brings: the answer may be older than the
// key.
func TestCACHE05AFetchThatBeganBeforeDecidesNothing(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, env *environment) {
		env.want(t, "key-1", "found", 1)
		before, err := env.issuer.Fetch(t.Context(), issuerURL+"jwks")
		if err != nil {
			t.Fatal(err)
		}
		env.set(func() {
			env.delay = 100 * time.Millisecond
			env.answer = func(url string) (ports.Document, bool) { return before, url == issuerURL+"jwks" }
		})
		env.clock.Advance(10*time.Minute - 1)
		env.wantAfter(t, "key-1", "found", 0) // the refresh behind has begun
		time.Sleep(150 * time.Millisecond)
		env.issuer.SetKeys(newKeys(t, "key-2")...)
		time.AfterFunc(60*time.Millisecond, func() { env.set(func() { env.answer = nil }) })
		env.wantAfter(t, "key-2", "found", 250*time.Millisecond) // the rest of it, and a forced one
	})
}

func TestFaultCACHE07AWaiterOfAnUnknownKeyLeaves(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, env *environment) {
		env.want(t, "key-1", "found", 1)
		env.slow(time.Second)
		ctx, leave := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer leave()
		began := time.Now()
		_, err := env.Keys(ctx, of(issuerURL), Selector{KeyID: "made-up", HasKeyID: true})
		if !errors.Is(err, context.DeadlineExceeded) || errors.As(err, new(*UnavailableError)) || time.Since(began) != 300*time.Millisecond {
			t.Errorf("error is %v after %v", err, time.Since(began))
		}
		env.settle()
		if _, keys := env.issuer.Fetched(); keys != 2 {
			t.Errorf("the issuer was asked %d times, want twice", keys)
		}
	})
}

func TestCACHE05ManyWaitersOfUnknownKeysAskOnce(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, env *environment) {
		env.want(t, "key-1", "found", 1)
		env.slow(100 * time.Millisecond)
		var waiting sync.WaitGroup
		for n := range 1000 {
			waiting.Go(func() {
				_, err := env.Keys(t.Context(), of(issuerURL), Selector{KeyID: fmt.Sprint("made-up-", n), HasKeyID: true})
				if !errors.Is(err, ErrUnknownKey) {
					t.Error(err)
				}
			})
		}
		waiting.Wait()
		env.want(t, "key-1", "found", 2)
	})
}
