package keyring

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

// held returns the names of the issuers that are held.
func (env *environment) held() map[string]bool {
	names := make(map[string]bool)
	env.issuers.Range(func(_, held any) bool {
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
			if got := env.Ring.held.Load(); got != 2 {
				t.Errorf("%d are counted, want 2", got)
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
