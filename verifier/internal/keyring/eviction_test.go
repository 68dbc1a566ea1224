package keyring

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

// held returns the names of the issuers that are held.
func (env *environment) held() map[string]bool {
	names := make(map[string]bool)
	env.Ring.held.bySource.Range(func(_, held any) bool {
		names[held.(*issuer).name] = true
		return true
	})
	return names
}

// An issuer is evicted by when it was used, not by when it came.
func TestCACHE12EvictionByUse(t *testing.T) {
	const first, second = "https://1.example/", "https://2.example/"
	for name, use := range map[string]func(*environment){
		"a look-up": func(env *environment) {
			_, _ = env.Keys(t.Context(), of(first), Selector{KeyID: "key-1", HasKeyID: true})
		},
		"a look-up that finds no key": func(env *environment) {
			_, _ = env.Keys(t.Context(), of(first), Selector{KeyID: "made-up", HasKeyID: true})
		},
		"metadata": func(env *environment) { _, _ = env.Metadata(t.Context(), of(first)) },
		"warming":  func(env *environment) { _ = env.Warm(t.Context(), of(first)) },
	} {
		t.Run(name, func(t *testing.T) {
			env := newEnvironment(t, func(c *Config) { c.MaxIssuers = 2 })
			env.down = errDown
			for _, issuer := range []string{first, second} {
				_ = env.Warm(t.Context(), of(issuer))
				env.clock.Advance(time.Second)
			}
			use(env)
			env.clock.Advance(time.Second)
			for n := 3; n < 6; n++ { // each drives out the one before, except the first time
				if n > 3 {
					use(env)
					env.clock.Advance(time.Second)
				}
				_ = env.Warm(t.Context(), of(fmt.Sprintf("https://%d.example/", n)))
				env.clock.Advance(time.Second)
				if held := env.held(); len(held) != 2 || !held[first] || !held[fmt.Sprintf("https://%d.example/", n)] {
					t.Errorf("held are %v, want the first and the last", held)
				}
			}
			if got := len(env.Ring.held.list); got != 2 {
				t.Errorf("%d are listed, want 2", got)
			}
		})
	}
}

func TestCACHE12MaxIssuersAreHeld(t *testing.T) {
	env := newEnvironment(t, func(c *Config) { c.MaxIssuers = 3 })
	for n := range 3 {
		env.Ring.issuer(of(fmt.Sprintf("https://%d.example/", n)))
	}
	if held := env.held(); len(held) != 3 {
		t.Errorf("held are %v, want 3", held)
	}
	for n := range 50 { // all in the same second: the new one stays
		name := fmt.Sprintf("https://new-%d.example/", n)
		env.Ring.issuer(of(name))
		if held := env.held(); len(held) != 3 || !held[name] {
			t.Errorf("held are %v, want 3, with %s", held, name)
		}
	}
}

// Issuers that come once, however many, drive out one another and not those in use.
func TestCACHE12StrangersDriveOutNoIssuerInUse(t *testing.T) {
	const most, inUse = 1000, 500
	for _, row := range []struct {
		name    string
		seconds int // in each of which the issuers in use are used once
		comers  int // new issuers in each second
		keys    bool
	}{
		{"in the course of time", 60, 100, false},
		{"more than are held in a second, where those in use have keys", 3, 5 * most, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			env := newEnvironment(t, func(c *Config) {
				c.MaxIssuers = most
				c.Rand = rand.New(rand.NewPCG(1, 2)).Int64N
			})
			used := make(map[Source]*issuer)
			for n := range inUse {
				source := of(fmt.Sprintf("https://used-%d.example/", n))
				used[source] = env.Ring.issuer(source)
				if row.keys {
					used[source].snapshot.Store(&snapshot{})
				}
			}
			for second := range row.seconds {
				env.clock.Advance(time.Second)
				for source := range used {
					env.Ring.issuer(source).touch(env.clock.Now())
				}
				for n := range row.comers {
					env.Ring.issuer(of(fmt.Sprintf("https://new-%d-%d.example/", second, n)))
				}
			}
			var lost int
			for source, before := range used {
				if held, _ := env.Ring.held.find(source); held != before {
					lost++
				}
			}
			if lost > 0 {
				t.Errorf("%d of %d issuers in use were evicted", lost, inUse)
			}
			if held := len(env.held()); held != most || len(env.Ring.held.list) != most {
				t.Errorf("%d are held, want %d", held, most)
			}
		})
	}
}

// What a fetch brings is not lost to those that come after, however long it takes and whoever comes meanwhile.
func TestCACHE12AnIssuerIsKeptWhileItIsAsked(t *testing.T) {
	inBubble(t, func(c *Config) { c.MaxIssuers = 10 }, func(t *testing.T, env *environment) {
		env.delay = 2 * time.Second // metadata and keys, so that the request has left when the keys come
		asked := env.Ring.issuer(of(issuerURL))
		if got := env.find(t, "key-1"); got != "unavailable" {
			t.Fatalf("the key is %s", got)
		}
		for n := range 100 {
			if n%30 == 29 {
				env.clock.Advance(time.Second)
			}
			env.Ring.issuer(of(fmt.Sprintf("https://%d.example/", n)))
		}
		env.settle()
		for n := range 5 { // and as the one that was used last
			env.Ring.issuer(of(fmt.Sprintf("https://later-%d.example/", n)))
		}
		if held, _ := env.Ring.held.find(of(issuerURL)); held != asked {
			t.Error("the issuer was evicted while it was asked")
		}
		env.want(t, "key-1", "found", 1)
	})
}

// However many bring new issuers at once, never more are held than may be, and all of one issuer share its state.
func TestCACHE12BoundHoldsWhileManyCome(t *testing.T) {
	const most, at, each = 50, 8, 500
	env := newEnvironment(t, func(c *Config) { c.MaxIssuers = most })
	one := env.Ring.admit(of(issuerURL))
	if other := env.Ring.admit(of(issuerURL)); other != one { // of two requests that have both found none
		t.Error("an issuer has two states")
	}
	var group sync.WaitGroup
	for g := range at {
		group.Go(func() {
			for n := range each {
				env.Ring.issuer(of(fmt.Sprintf("https://%d.example/", (n*(g%2+1))%(2*most))))
				var held int
				env.Ring.held.bySource.Range(func(_, _ any) bool { held++; return true })
				if held > 2*most { // a walk sees what comes and goes meanwhile
					t.Errorf("%d are held", held)
				}
			}
		})
	}
	group.Wait()
	if held := env.held(); len(held) != most || len(env.Ring.held.list) != most {
		t.Errorf("%d are held and %d listed, want %d", len(held), len(env.Ring.held.list), most)
	}
	for _, listed := range env.Ring.held.list {
		if held, _ := env.Ring.held.find(listed.source); held != listed.resident {
			t.Errorf("%s is listed, and another or none is held", listed.resident.name)
		}
	}
}

// BenchmarkNewIssuer has an issuer come where as many are held as may be.
func BenchmarkNewIssuer(b *testing.B) {
	for _, most := range []int{100, 10_000, 50_000} {
		b.Run(fmt.Sprintf("%d held", most), func(b *testing.B) {
			ring := New(Config{Clock: fixedClock{}, MaxIssuers: most, Rand: rand.Int64N})
			sources := make([]Source, most+b.N)
			for n := range sources {
				sources[n] = of(fmt.Sprintf("https://%d.example/", n))
			}
			for _, source := range sources[:most] {
				ring.issuer(source)
			}
			b.ResetTimer()
			for _, source := range sources[most:] {
				ring.issuer(source)
			}
		})
	}
}

// The name by which an issuer is asked for is part of a token, which must not be kept for it.
func TestAnIssuersStateKeepsNothingOfTheToken(t *testing.T) {
	const issuers, token = 500, 12 << 10
	down := func(c *Config) {
		c.MaxIssuers = issuers
		c.Fetcher = ports.FetcherFunc(func(context.Context, string) (ports.Document, error) { return ports.Document{}, errDown })
	}
	env := newEnvironment(t, down)
	before := liveBytes()
	for n := range issuers {
		name := fmt.Sprintf("https://%d.example/", n)
		payload := name + strings.Repeat("x", token)
		_ = env.Warm(t.Context(), of(payload[:len(name)]))
	}
	env.slots.launched.Wait()
	each := (liveBytes() - before) / issuers
	t.Logf("%d bytes an issuer", each)
	if each > 2<<10 {
		t.Errorf("an issuer without keys costs %d bytes", each)
	}
	runtime.KeepAlive(env)
}
