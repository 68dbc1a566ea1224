package keyring

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
)

var (
	secretA = []byte(strings.Repeat("a", 32))
	secretB = []byte(strings.Repeat("b", 32))
)

// A sharedCache is a ports.Cache in the hands of a test.
type sharedCache struct {
	mu      sync.Mutex
	entries map[string][]byte
	ttl     time.Duration
	err     error
	hang    bool
	gets    int
}

func (c *sharedCache) Get(ctx context.Context, key string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gets++
	if c.hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if c.err != nil {
		return nil, c.err
	}
	if value, found := c.entries[key]; found {
		return slices.Clone(value), nil
	}
	return nil, ports.ErrMiss
}

func (c *sharedCache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	if c.err == nil {
		c.entries = map[string][]byte{key: slices.Clone(value)}
		c.ttl = ttl
	}
	return c.err
}

func (c *sharedCache) Delete(context.Context, string) error { return nil }

// edit replaces every entry.
func (c *sharedCache) edit(change func(string) string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, value := range maps.All(c.entries) {
		c.entries[key] = []byte(change(string(value)))
	}
}

// newMember returns another process of the fleet: an environment that shares cache, issuer and clock with env.
func newMember(t *testing.T, env *environment, cache ports.Cache, secrets ...[]byte) *environment {
	t.Helper()
	member := newEnvironment(t, nil)
	member.issuer, member.clock = env.issuer, env.clock
	member.Ring.Clock, member.Ring.Cache, member.Ring.CacheSecrets = env.clock, cache, secrets
	return member
}

func TestCACHE11FleetFetchesOnce(t *testing.T) {
	cache := &sharedCache{}
	env := newEnvironment(t, nil)
	first := newMember(t, env, cache, secretA)
	first.want(t, "key-1", "found", 1)
	if cache.ttl != 24*time.Hour {
		t.Errorf("cached for %v, want the hard TTL", cache.ttl)
	}
	second := newMember(t, env, cache, secretA)
	second.want(t, "key-1", "found", 1) // without a fetch
	if kind := second.events[0].Kind; kind != ports.KeysFromCache {
		t.Errorf("event is %s", kind)
	}

	// A forced refresh goes past the cache and repairs it.
	cache.gets = 0
	env.issuer.SetKeys(newKeys(t, "key-2")...)
	second.want(t, "key-2", "found", 2)
	if cache.gets != 0 {
		t.Error("a forced refresh read the cache")
	}
	third := newMember(t, env, cache, secretA)
	third.want(t, "key-2", "found", 2)

	// What one process has refreshed, the others take from the cache.
	env.clock.Advance(10 * time.Minute)
	third.want(t, "key-2", "found", 3)
	first.want(t, "key-2", "found", 3) // stale, and takes the newer keys
}

func TestCACHE11StaleEntryStartsAProcessWhileTheIssuerIsDown(t *testing.T) {
	cache := &sharedCache{}
	env := newEnvironment(t, nil)
	newMember(t, env, cache).want(t, "key-1", "found", 1)
	env.clock.Advance(time.Hour)
	fresh := newMember(t, env, cache)
	fresh.down = errDown
	if got := fresh.find(t, "key-1"); got != "found" {
		t.Errorf("key is %s", got)
	}
	fresh.settle()
	before, _ := env.issuer.Fetched()
	for range 10 {
		fresh.find(t, "key-1")
		fresh.settle()
	}
	if after, _ := env.issuer.Fetched(); after != before {
		t.Error("CACHE-14: a failing issuer was asked again within its backoff")
	}
	env.clock.Advance(23 * time.Hour)
	late := newMember(t, env, cache)
	late.down = errDown
	if got := late.find(t, "key-1"); got != "unavailable" {
		t.Errorf("key is %s at the hard TTL", got)
	}
}

func TestCACHE08WithdrawnKeyDoesNotComeBackFromTheCache(t *testing.T) {
	cache := &sharedCache{}
	env := newEnvironment(t, nil)
	one := newMember(t, env, cache)
	one.want(t, "key-1", "found", 1)
	old := maps.Clone(cache.entries)
	env.issuer.SetKeys(newKeys(t, "key-2")...)
	env.clock.Advance(time.Minute)
	one.want(t, "key-2", "found", 2)
	cache.entries = old
	// The issuer is down, and the cache has something that is good but older than what is known.
	one.set(func() { one.down = errDown })
	env.clock.Advance(10 * time.Minute)
	for range 2 {
		if got := one.find(t, "key-2"); got != "found" {
			t.Errorf("the key that is known is %s", got)
		}
		one.settle()
	}
	if got := one.find(t, "key-1"); got != "unavailable" {
		t.Errorf("the key that was withdrawn is %s", got)
	}
}

func TestCACHE09BadEntryIsAMiss(t *testing.T) {
	cut := func(s, separator string) (before, after string) { before, after, _ = strings.Cut(s, separator); return }
	for _, c := range []struct {
		name    string
		secrets [][]byte
		change  func(string) string
		refused bool
		stale   bool // good, but the issuer is asked
	}{
		{name: "CACHE-09 untouched", change: func(s string) string { return s }},
		{name: "CACHE-09 untouched and authentic", secrets: [][]byte{secretA}, change: func(s string) string { return s }},
		{name: "CACHE-09 empty", change: func(string) string { return "" }, refused: true},
		{name: "CACHE-09 truncated", change: func(s string) string { return s[:len(s)/2] }, refused: true},
		{name: "CACHE-09 only first line", change: func(s string) string { a, _ := cut(s, "\n"); return a + "\n" }, refused: true},
		{name: "CACHE-09 another version", change: func(s string) string { return strings.Replace(s, "/1 ", "/2 ", 1) }, refused: true},
		{name: "CACHE-09 another issuer", change: func(s string) string {
			return strings.Replace(s, `"issuer":"https://issuer.example/"`, `"issuer":"https://other.example/"`, 1)
		}, refused: true},
		{name: "CACHE-09 metadata of another issuer", change: func(s string) string {
			i := strings.LastIndex(s, `"issuer":"https://issuer.example/"`)
			return s[:i] + strings.Replace(s[i:], "issuer.example", "other.example", 1)
		}, refused: true},
		{name: "CACHE-09 at the size bound", change: func(s string) string { return s + strings.Repeat(" ", 3<<20-len(s)) }},
		{name: "CACHE-09 over the size bound", change: func(s string) string { return s + strings.Repeat(" ", 3<<20-len(s)+1) }, refused: true},
		{name: "CACHE-09 metadata over the bound of one document", change: func(s string) string {
			return strings.Replace(s, `"metadata":{`, `"metadata":{"x":"`+strings.Repeat("x", 1<<20)+`",`, 1)
		}, refused: true},
		{name: "CACHE-09 keys over the bound of one document", change: func(s string) string {
			return strings.Replace(s, `"keys":{`, `"keys":{"x":"`+strings.Repeat("x", 1<<20)+`",`, 1)
		}, refused: true},
		{name: "KEYS-12 no usable key", change: func(s string) string { return strings.Replace(s, `"kty":"EC"`, `"kty":"XX"`, 1) }, refused: true},
		{name: "CACHE-16 a minute ahead", change: at(noon.Add(time.Minute))},
		{name: "CACHE-16 over a minute ahead", change: at(noon.Add(time.Minute + time.Millisecond)), refused: true},
		{name: "CACHE-04 a moment before the hard TTL", change: at(noon.Add(time.Millisecond - 24*time.Hour)), stale: true},
		{name: "CACHE-04 at the hard TTL", change: at(noon.Add(-24 * time.Hour)), refused: true},
		{name: "CACHE-09 keys that are not a set", change: func(s string) string { return strings.Replace(s, `{"keys":[`, `{"sets":[`, 1) }, refused: true},
		{name: "CACHE-09 from the future", change: func(s string) string { return strings.Replace(s, "2026-", "2027-", 1) }, refused: true},
		{name: "CACHE-09 changed and authenticated before", secrets: [][]byte{secretA}, change: func(s string) string { return strings.Replace(s, "key-1", "key-X", 1) }, refused: true},
		{name: "CACHE-09 authenticator removed", secrets: [][]byte{secretA}, change: func(s string) string {
			_, body := cut(s, "\n")
			return envelopeVersion + " -\n" + body
		}, refused: true},
		{name: "CACHE-09 empty authenticator", secrets: [][]byte{secretA}, change: func(s string) string {
			_, body := cut(s, "\n")
			return envelopeVersion + " \n" + body
		}, refused: true},
		{name: "CACHE-09 authenticator cut short", secrets: [][]byte{secretA}, change: func(s string) string {
			_, body := cut(s, "\n")
			return fmt.Sprintf("%s %s\n%s", envelopeVersion, encodeMAC(mac(secretA, []byte(body))[:16]), body)
		}, refused: true},
		{name: "CACHE-09 authenticator of another secret", secrets: [][]byte{secretA}, change: func(s string) string {
			_, body := cut(s, "\n")
			return fmt.Sprintf("%s %s\n%s", envelopeVersion, encodeMAC(mac(secretB, []byte(body))), body)
		}, refused: true},
		{name: "CACHE-09 authenticator is not base64url", secrets: [][]byte{secretA}, change: func(s string) string {
			_, body := cut(s, "\n")
			return envelopeVersion + " !\n" + body
		}, refused: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			cache := &sharedCache{}
			env := newEnvironment(t, nil)
			newMember(t, env, cache, c.secrets...).want(t, "key-1", "found", 1)
			cache.edit(c.change)
			other := newMember(t, env, cache, c.secrets...)
			asked, kind := 1, ports.KeysFromCache
			switch {
			case c.refused:
				asked, kind = 2, ports.CacheRefused
			case c.stale:
				asked, kind = 2, ports.KeysFetched
			}
			other.want(t, "key-1", "found", asked)
			if other.events[0].Kind != kind {
				t.Errorf("event is %s, want %s", other.events[0].Kind, kind)
			}
			newMember(t, env, cache, c.secrets...).want(t, "key-1", "found", asked) // it was repaired
		})
	}
}

// at has an entry fetched at another time.
func at(fetched time.Time) func(string) string {
	return func(s string) string {
		const field = `"fetched_at":"`
		i := strings.Index(s, field) + len(field)
		return s[:i] + fetched.Format(time.RFC3339Nano) + s[i+strings.IndexByte(s[i:], '"'):]
	}
}

// Of an entry by a clock that is ahead the keys serve for no longer than their soft TTL from now.
func TestCACHE16EntryFromAhead(t *testing.T) {
	cache := &sharedCache{}
	env := newEnvironment(t, nil)
	newMember(t, env, cache).want(t, "key-1", "found", 1)
	cache.edit(at(noon.Add(30 * time.Second)))
	member := newMember(t, env, cache)
	member.want(t, "key-1", "found", 1)
	env.issuer.SetKeys(newKeys(t, "key-2")...)
	env.clock.Advance(10 * time.Minute)
	member.want(t, "key-1", "unknown", 2)
}

// A cache that is slow to write must not keep older keys than the issuer gave last.
func TestCACHE11AnIssuersFetchesWriteInTheirOrder(t *testing.T) {
	cache := &slowFirst{}
	inBubble(t, func(c *Config) { c.Cache = cache }, func(t *testing.T, env *environment) {
		for n := 1; n < 4; n++ { // the second and the third fetch are forced, while the first one's entry is written
			kid := fmt.Sprint("key-", n)
			env.issuer.SetKeys(newKeys(t, kid)...)
			if got := env.find(t, kid); got != "found" {
				t.Errorf("%s is %s", kid, got)
			}
			synctest.Wait()
			env.clock.Advance(time.Minute)
		}
		env.settle()
		if want := []string{"key-1", "key-3"}; !slices.Equal(cache.written, want) {
			t.Errorf("the entries written have %v, want %v: key-2 was old by then", cache.written, want)
		}
	})
}

// A slowFirst is a cache that has nothing, and takes half a second for its first entry. It keeps the entries' kids.
type slowFirst struct {
	slowCache
	asked   atomic.Bool
	mu      sync.Mutex
	written []string
}

func (c *slowFirst) Set(_ context.Context, _ string, value []byte, _ time.Duration) error {
	if !c.asked.Swap(true) {
		time.Sleep(cacheTimeout / 2)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, kid, _ := strings.Cut(string(value), `"kid":"`)
	c.written = append(c.written, kid[:len("key-1")])
	return nil
}

// That the cache has no entry is nothing to tell.
func TestCACHE09AMissIsNoFault(t *testing.T) {
	env := newEnvironment(t, nil)
	member := newMember(t, env, &sharedCache{})
	member.want(t, "key-1", "found", 1)
	if len(member.events) != 1 || member.events[0].Kind != ports.KeysFetched {
		t.Errorf("events are %v", member.events)
	}
}

func TestCacheSecretsRotate(t *testing.T) {
	cache := &sharedCache{}
	env := newEnvironment(t, nil)
	newMember(t, env, cache, secretA).want(t, "key-1", "found", 1)
	newMember(t, env, cache, secretB, secretA).want(t, "key-1", "found", 1)
	newMember(t, env, cache, secretB).want(t, "key-1", "found", 2)
	newMember(t, env, cache, secretB, secretA).want(t, "key-1", "found", 2)
}

func TestCACHE10OutageCostsAFetch(t *testing.T) {
	for name, cache := range map[string]*sharedCache{
		"CACHE-10 error": {err: errors.New("refused")},
		"CACHE-10 hangs": {hang: true},
	} {
		t.Run(name, func(t *testing.T) {
			env := newEnvironment(t, nil)
			member := newMember(t, env, cache)
			member.want(t, "key-1", "found", 1)
			if len(member.events) != 3 || member.events[0].Kind != ports.CacheFailed || member.events[2].Kind != ports.CacheFailed {
				t.Errorf("events are %v", member.events)
			}
		})
	}
}

func FuzzOpen(f *testing.F) {
	config := Config{MetadataURL: issuerurl.OpenIDConfiguration, Clock: fixedClock{}, Hard: 24 * time.Hour, Soft: time.Hour, MaxBytes: 1 << 16, MaxKeys: 10, Rand: func(int64) int64 { return 0 }}
	r := New(config)
	config.CacheSecrets = [][]byte{secretA}
	withSecret := New(config)
	sealed, err := r.seal(Location{Issuer: issuerURL}, documents{metadata: []byte(`{}`), keys: []byte(`{"keys":[]}`), fetchedAt: noon})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Fuzz(func(t *testing.T, sealed []byte) {
		docs, err := r.open(Location{Issuer: issuerURL}, sealed)
		if err != nil {
			return
		}
		if taken := r.take(Location{Issuer: issuerURL}, docs); taken.err == nil && since(taken.snapshot.fetchedAt, noon) >= config.Hard {
			t.Error("an entry that is too old was taken")
		}
		if _, err := withSecret.open(Location{Issuer: issuerURL}, sealed); err == nil {
			t.Error("authentic without the secret")
		}
	})
}

// TestCACHE22AnEntryIsOfOnePlace has whoever can write to the cache put an authentic entry where another belongs.
func TestCACHE22AnEntryIsOfOnePlace(t *testing.T) {
	r := New(Config{MetadataURL: issuerurl.OpenIDConfiguration, Clock: fixedClock{}, Hard: time.Hour, MaxBytes: 1 << 16, CacheSecrets: [][]byte{secretA}})
	places := []Location{
		{Issuer: issuerURL}, {Issuer: issuerURL, JWKSURL: issuerURL + "jwks"}, {Issuer: issuerURL, JWKSURL: issuerURL + "old"},
		{Issuer: issuerURL, MetadataURL: issuerURL + "jwks"}, {Issuer: "https://other.example/", JWKSURL: issuerURL + "jwks"},
	}
	for _, written := range places {
		sealed, err := r.seal(written, documents{metadata: []byte(`{}`), keys: []byte(`{"keys":[]}`), fetchedAt: noon})
		if err != nil {
			t.Fatal(err)
		}
		for _, read := range places {
			_, err := r.open(read, sealed)
			if same := read == written; (err == nil) != same || (r.cacheKey(read) == r.cacheKey(written)) != same {
				t.Errorf("the entry of %+v is taken for %+v: %v", written, read, err)
			}
		}
	}
}

type fixedClock struct{}

func (fixedClock) Now() time.Time { return noon }

// TestExampleOfTheDocumentation holds the example in docs/cache-format.md against the code.
func TestExampleOfTheDocumentation(t *testing.T) {
	ring := New(Config{MetadataURL: issuerurl.OpenIDConfiguration, CacheSecrets: [][]byte{[]byte("a secret of thirty-two bytes, say")}})
	sealed, err := ring.seal(Location{Issuer: issuerURL}, documents{
		metadata:  []byte(`{"issuer":"https://issuer.example/","jwks_uri":"https://issuer.example/jwks"}`),
		keys:      []byte(`{"keys":[{"kty":"EC","crv":"P-256","kid":"key-1","x":"KSexBRK64-3c_kZ4KBKLrSkDJpkZ9whgacjE32xzKDg","y":"x3h5ZOqsAOWSH7FJimD0YGdms9loUAFVjRqXTnNBUT4"}]}`),
		fetchedAt: noon,
		fresh:     15 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../../docs/cache-format.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range append(strings.Split(string(sealed), "\n"), ring.cacheKey(Location{Issuer: issuerURL})) {
		if !strings.Contains(string(page), want) {
			t.Errorf("docs/cache-format.md lacks\n%s", want)
		}
	}
}
