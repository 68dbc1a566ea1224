package keyring

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/holdfast-go/holdfast/ports"
)

// inBubble runs a test in an environment whose timers are those of a bubble. The ring's clock stands still all the same.
func inBubble(t *testing.T, edit func(*Config), test func(*testing.T, *environment)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newEnvironment(t, edit)) })
}

// wantAfter checks what a search comes to, and how long it takes.
func (env *environment) wantAfter(t *testing.T, kid, outcome string, waited time.Duration) {
	t.Helper()
	began := time.Now()
	if got := env.find(t, kid); got != outcome {
		t.Errorf("key %q is %s, want %s", kid, got, outcome)
	}
	if took := time.Since(began); took != waited {
		t.Errorf("the request waited %v, want %v", took, waited)
	}
}

// slow has the issuer answer each request after a while.
func (env *environment) slow(delay time.Duration) {
	env.set(func() { env.delay = delay })
}

func TestStages(t *testing.T) {
	env := newEnvironment(t, nil)
	i := env.Ring.issuer(of(issuerURL))
	s := &snapshot{fetchedAt: noon, due: 9 * time.Minute, soft: 10 * time.Minute}
	for _, c := range []struct {
		name string
		age  time.Duration
		want stage
	}{
		{"CACHE-16 from the future", -1, expired},
		{"CACHE-03 just fetched", 0, fresh},
		{"CACHE-03 before it is due", 9*time.Minute - 1, fresh},
		{"CACHE-03 due", 9 * time.Minute, due},
		{"CACHE-15 before the soft TTL", 10*time.Minute - 1, due},
		{"CACHE-15 at the soft TTL", 10 * time.Minute, stale},
		{"CACHE-04 before the hard TTL", 24*time.Hour - 1, stale},
		{"CACHE-04 at the hard TTL", 24 * time.Hour, expired},
	} {
		if got := i.stage(s, noon.Add(c.age)); got != c.want {
			t.Errorf("%s: stage is %d, want %d", c.name, got, c.want)
		}
	}
	if got := i.stage(nil, noon); got != expired {
		t.Errorf("without a snapshot the stage is %d", got)
	}
}

// A fleet does not refresh at once: within 90 and 95 % of the soft TTL, at random.
func TestCACHE03RefreshIsSpread(t *testing.T) {
	for name, jitter := range map[string]func(int64) int64{"least": func(int64) int64 { return 0 }, "most": func(n int64) int64 { return n - 1 }} {
		env := newEnvironment(t, func(c *Config) { c.Rand = jitter })
		env.want(t, "key-1", "found", 1)
		s := env.Ring.issuer(of(issuerURL)).snapshot.Load()
		if s.soft != 10*time.Minute || s.due < 9*time.Minute || s.due > 10*time.Minute*95/100 {
			t.Errorf("%s: due after %v, stale after %v", name, s.due, s.soft)
		}
	}
}

func TestFaultCACHE15WithdrawnKeyIsGoneFromAnIdleProcess(t *testing.T) {
	for name, idle := range map[string]time.Duration{
		"at the soft TTL": 10 * time.Minute, "just before the hard TTL": 24*time.Hour - 1, "after the hard TTL": 25 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, env *environment) {
				env.want(t, "key-1", "found", 1)
				env.issuer.SetKeys(newKeys(t, "key-2")...)
				env.clock.Advance(idle)
				env.slow(900 * time.Millisecond)                            // for each of metadata and keys
				env.wantAfter(t, "key-1", "unknown", 1800*time.Millisecond) // by the same fetch
				env.want(t, "key-2", "found", 2)
			})
		})
	}
}

func TestFaultCACHE15StaleKeysServeOnlyWhereTheIssuerFails(t *testing.T) {
	t.Run("at once, where the fetch fails at once", func(t *testing.T) {
		inBubble(t, nil, func(t *testing.T, env *environment) {
			env.want(t, "key-1", "found", 1)
			env.clock.Advance(time.Hour)
			env.set(func() { env.down = errDown })
			for range 10 {
				env.wantAfter(t, "key-1", "found", 0)
			}
			if metadata, _ := env.issuer.Fetched(); metadata != 2 {
				t.Errorf("the issuer was asked %d times, want one more than at start", metadata)
			}
		})
	})
	t.Run("after WaitTimeout, where it does not answer", func(t *testing.T) {
		inBubble(t, nil, func(t *testing.T, env *environment) {
			env.want(t, "key-1", "found", 1)
			env.issuer.SetKeys(newKeys(t, "key-2")...)
			env.clock.Advance(time.Hour)
			env.slow(2500 * time.Millisecond)
			env.wantAfter(t, "key-1", "found", 2*time.Second)
			for range 10 {
				env.wantAfter(t, "key-1", "found", 0)
			}
			env.settle()
			env.wantAfter(t, "key-1", "unavailable", 2*time.Second) // forced, and slow
			if last := env.events[2]; len(env.events) < 3 || last.Kind != ports.KeysServedStale {
				t.Errorf("events are %v", env.events)
			}
		})
	})
	t.Run("until the next fetch is overdue", func(t *testing.T) {
		for name, c := range map[string]struct {
			ago    time.Duration
			waited time.Duration
		}{
			"failed just now": {maxBackoff + 2*time.Second - 1, 0},
			"failed long ago": {maxBackoff + 2*time.Second, 2 * time.Second},
		} {
			t.Run(name, func(t *testing.T) {
				inBubble(t, nil, func(t *testing.T, env *environment) {
					env.want(t, "key-1", "found", 1)
					env.clock.Advance(time.Hour)
					env.set(func() { env.down = errDown })
					env.wantAfter(t, "key-1", "found", 0)
					env.clock.Advance(c.ago)
					env.slow(time.Hour)
					env.wantAfter(t, "key-1", "found", c.waited)
				})
			})
		}
	})
	t.Run("a failure of long ago excuses nothing", func(t *testing.T) {
		inBubble(t, nil, func(t *testing.T, env *environment) {
			env.want(t, "key-1", "found", 1)
			env.clock.Advance(time.Hour)
			env.set(func() { env.down = errDown })
			env.wantAfter(t, "key-1", "found", 0)
			env.set(func() { env.down = nil })
			env.issuer.SetKeys(newKeys(t, "key-2")...)
			env.clock.Advance(10 * time.Hour)
			env.want(t, "key-1", "unknown", 2)
		})
	})
	t.Run("a failure before the last success excuses nothing", func(t *testing.T) {
		inBubble(t, func(c *Config) { c.Floor = 0 }, func(t *testing.T, env *environment) {
			env.issuer.Fresh = 10 * time.Second
			env.set(func() { env.down = errDown })
			env.want(t, "key-1", "unavailable", 0)
			env.clock.Advance(time.Second)
			env.set(func() { env.down = nil })
			env.want(t, "key-1", "found", 1)
			env.issuer.SetKeys(newKeys(t, "key-2")...)
			env.clock.Advance(10 * time.Second)
			env.want(t, "key-1", "unknown", 2)
		})
	})
	t.Run("not where the fetch was ended by Close", func(t *testing.T) {
		inBubble(t, nil, func(t *testing.T, env *environment) {
			env.want(t, "key-1", "found", 1)
			env.clock.Advance(10*time.Minute - 1)
			env.slow(time.Hour)
			env.wantAfter(t, "key-1", "found", 0)
			synctest.Wait()
			env.Close()
			env.clock.Advance(1)
			env.wantAfter(t, "key-1", "unavailable", 0)
		})
	})
	t.Run("not for a request that waits when Close comes", func(t *testing.T) {
		inBubble(t, nil, func(t *testing.T, env *environment) {
			env.want(t, "key-1", "found", 1)
			env.clock.Advance(10 * time.Minute)
			env.slow(time.Hour)
			time.AfterFunc(time.Second, env.Close)
			env.wantAfter(t, "key-1", "unavailable", time.Second)
		})
	})
	t.Run("not for a request that waits when Close comes, with a stale entry of the shared cache", func(t *testing.T) {
		cache := &sharedCache{}
		inBubble(t, func(c *Config) { c.Cache = cache }, func(t *testing.T, env *environment) {
			env.want(t, "key-1", "found", 1)
			env.settle()
			env.clock.Advance(time.Hour)
			idle := newMember(t, env, cache)
			idle.slow(time.Hour)
			time.AfterFunc(time.Second, idle.Close)
			idle.wantAfter(t, "key-1", "unavailable", time.Second)
		})
	})
	t.Run("not where it was not asked", func(t *testing.T) {
		inBubble(t, nil, func(t *testing.T, env *environment) {
			env.want(t, "key-1", "found", 1)
			env.clock.Advance(10 * time.Minute)
			env.Close()
			env.wantAfter(t, "key-1", "unavailable", 0)
		})
	})
}

func TestFaultCACHE18ARequestWaitsForItsTime(t *testing.T) {
	t.Run("no keys are held", func(t *testing.T) {
		inBubble(t, nil, func(t *testing.T, env *environment) {
			env.slow(6 * time.Second)
			env.wantAfter(t, "key-1", "unavailable", 2*time.Second)
			for range 10 { // the fetch is late: none of them waits
				env.wantAfter(t, "key-1", "unavailable", 0)
			}
			env.settle() // and goes on until FetchTimeout
			env.slow(0)
			env.clock.Advance(maxBackoff)
			env.wantAfter(t, "key-1", "found", 0)
		})
	})
	t.Run("a slow issuer is used once it has answered", func(t *testing.T) {
		inBubble(t, nil, func(t *testing.T, env *environment) {
			env.slow(2 * time.Second)
			env.wantAfter(t, "key-1", "unavailable", 2*time.Second)
			env.settle()
			env.wantAfter(t, "key-1", "found", 0)
		})
	})
	t.Run("also for a key that is not there, in all", func(t *testing.T) {
		inBubble(t, nil, func(t *testing.T, env *environment) {
			env.want(t, "key-1", "found", 1)
			env.clock.Advance(10*time.Minute - 1)
			env.slow(750 * time.Millisecond)
			env.wantAfter(t, "key-1", "found", 0) // the refresh behind has begun
			time.Sleep(time.Millisecond)
			// It joins the refresh, which began before it came, and then a forced one for the rest of its time.
			env.wantAfter(t, "key-2", "unavailable", 2*time.Second)
		})
	})
	t.Run("Warm waits until the fetch has landed", func(t *testing.T) {
		inBubble(t, nil, func(t *testing.T, env *environment) {
			env.slow(4900 * time.Millisecond)
			began := time.Now()
			if err := env.Warm(t.Context(), of(issuerURL)); err != nil || time.Since(began) != 9800*time.Millisecond {
				t.Errorf("Warm = %v after %v", err, time.Since(began))
			}
			env.clock.Advance(25 * time.Hour)
			env.slow(time.Minute)
			began = time.Now()
			err := env.Warm(t.Context(), of(issuerURL))
			var unavailable *UnavailableError
			if !errors.As(err, &unavailable) || time.Since(began) != 10*time.Second {
				t.Errorf("Warm = %v after %v", err, time.Since(began))
			}
		})
	})
}

func TestCACHE04StaleKeysExpireWhileARequestWaits(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, env *environment) {
		env.want(t, "key-1", "found", 1)
		env.clock.Advance(24*time.Hour - time.Second)
		env.slow(time.Minute)
		time.AfterFunc(time.Second, func() { env.clock.Advance(time.Second) })
		env.wantAfter(t, "key-1", "unavailable", 2*time.Second)
	})
}

func TestFaultCACHE16ClockSetBack(t *testing.T) {
	t.Run("keys from the future are fetched again", func(t *testing.T) {
		env := newEnvironment(t, nil)
		env.want(t, "key-1", "found", 1)
		env.issuer.SetKeys(newKeys(t, "key-2")...)
		env.clock.Advance(-12 * time.Hour)
		env.want(t, "key-1", "unknown", 2)
		for n := range 3 { // and go on being refreshed
			env.clock.Advance(10*time.Minute - 1)
			env.want(t, "key-2", "found", 3+n)
		}
	})
	t.Run("nothing can be said of their age while the issuer is away", func(t *testing.T) {
		env := newEnvironment(t, nil)
		env.want(t, "key-1", "found", 1)
		env.set(func() { env.down = errDown })
		env.clock.Advance(-time.Second)
		env.want(t, "key-1", "unavailable", 1)
		env.clock.Advance(time.Second)
		env.want(t, "key-1", "found", 1)
	})
	t.Run("the backoff is not prolonged", func(t *testing.T) {
		env := newEnvironment(t, nil)
		env.set(func() { env.down = errDown })
		env.want(t, "key-1", "unavailable", 0)
		env.clock.Advance(-8 * time.Hour)
		env.set(func() { env.down = nil })
		env.want(t, "key-1", "found", 1)
	})
	t.Run("a failure in the future excuses nothing", func(t *testing.T) {
		inBubble(t, nil, func(t *testing.T, env *environment) {
			env.want(t, "key-1", "found", 1)
			env.clock.Advance(5 * time.Hour)
			env.set(func() { env.down = errDown })
			env.wantAfter(t, "key-1", "found", 0)
			env.clock.Advance(-time.Hour)
			env.set(func() { env.down = nil })
			env.issuer.SetKeys(newKeys(t, "key-2")...)
			env.want(t, "key-1", "unknown", 2)
		})
	})
	t.Run("the cooldown is not prolonged", func(t *testing.T) {
		env := newEnvironment(t, nil)
		env.want(t, "key-1", "found", 1)
		env.want(t, "key-2", "unknown", 2)
		// Only the cooldown is in the future: the keys are as old as the clock says.
		env.Ring.issuer(of(issuerURL)).forcedAt = noon.Add(time.Hour)
		env.issuer.SetKeys(newKeys(t, "key-2")...)
		env.want(t, "key-2", "found", 3)
	})
	t.Run("eviction takes the one that was used before", func(t *testing.T) {
		env := newEnvironment(t, func(c *Config) { c.MaxIssuers = 2 })
		env.Ring.issuer(of("https://before.example/")).touch(env.clock.Now())
		env.clock.Advance(-time.Hour)
		env.Ring.issuer(of("https://after.example/"))
		env.Ring.issuer(of("https://new.example/"))
		if held := env.held(); len(held) != 2 || held["https://before.example/"] {
			t.Errorf("held are %v", held)
		}
	})
}

// A key may be withdrawn while the set with it is on its way: the age of keys counts from before they were asked for.
func TestCACHE15AgeCountsFromTheRequest(t *testing.T) {
	env := newEnvironment(t, nil)
	env.answer = func(url string) (ports.Document, bool) {
		if strings.HasSuffix(url, "/jwks") {
			env.clock.Advance(time.Minute)
		}
		return ports.Document{}, false
	}
	env.want(t, "key-1", "found", 1)
	if fetched := env.Ring.issuer(of(issuerURL)).snapshot.Load().fetchedAt; !fetched.Equal(noon) {
		t.Errorf("fetched at %v, want %v", fetched, noon)
	}
}

// A clock with a monotonic reading is believed where it says more than the wall clock.
func TestSince(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name string
		t    time.Time
		want time.Duration
	}{
		{"both agree", now.Add(-time.Hour), time.Hour},
		{"CACHE-16 no monotonic reading, in the future", now.Round(0).Add(time.Hour), -time.Hour},
	} {
		if got := since(c.t, now); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	then := now.Add(-time.Hour)
	for _, c := range []struct {
		name  string
		moved time.Duration // of the wall clock, since then
		want  time.Duration
	}{
		{"CACHE-16 the wall clock was set back", -12 * time.Hour, time.Hour},
		{"CACHE-16 the wall clock was set forward, or the machine slept", 12 * time.Hour, 13 * time.Hour},
	} {
		if got := since(then, movedWall(now, c.moved)); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// movedWall returns a time whose wall clock was set while its monotonic reading went on, which package time has no way to
// make. With a monotonic reading, the upper 34 bits below the first of the first word are the seconds.
func movedWall(t time.Time, d time.Duration) time.Time {
	words := (*struct{ wall uint64 })(unsafe.Pointer(&t))
	words.wall += uint64(d/time.Second) << 30
	return t
}

// A request that finds that a fetch has ended since it looked starts no other.
func TestCACHE07AFetchThatEndedMeanwhile(t *testing.T) {
	env := newEnvironment(t, nil)
	env.want(t, "key-1", "found", 1)
	i := env.Ring.issuer(of(issuerURL))
	if f, err := i.refresh(nil); f != landed || err != nil {
		t.Errorf("refresh = %v, %v", f, err)
	}
	if f, err := i.force(nil, Selector{KeyID: "key-2", HasKeyID: true}); f != landed || err != nil {
		t.Errorf("force = %v, %v", f, err)
	}
	env.want(t, "key-1", "found", 1)
}

func TestFaultCACHE14ASuccessEndsTheBackoff(t *testing.T) {
	env := newEnvironment(t, nil)
	env.set(func() { env.down = errDown })
	for _, wait := range []time.Duration{1, 2, 4} {
		env.want(t, "key-1", "unavailable", 0)
		env.clock.Advance(wait * time.Second)
	}
	env.set(func() { env.down = nil })
	env.want(t, "key-1", "found", 1)
	env.clock.Advance(24 * time.Hour)
	env.set(func() { env.down = errDown })
	env.want(t, "key-1", "unavailable", 1)
	env.set(func() { env.down = nil })
	env.clock.Advance(time.Second) // the first backoff again
	env.want(t, "key-1", "found", 2)
	env.clock.Advance(10 * time.Minute) // of the failure nothing is left
	env.issuer.SetKeys(newKeys(t, "key-2")...)
	env.want(t, "key-1", "unknown", 3)
}
