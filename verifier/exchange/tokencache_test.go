package exchange_test

import (
	"context"
	"crypto/elliptic"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/exchange"
	"github.com/holdfast-go/holdfast/verifier/memory"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

var behalf = exchange.OnBehalfOfRequest{AccessToken: userToken, Audience: "https://b.example", Scope: "read:b"}

var cacheSecret = []byte("a secret of thirty-two bytes, say")

func newTokenCache(t *testing.T, client *exchange.Client, config exchange.TokenCacheConfig) *exchange.TokenCache {
	t.Helper()
	cache, err := exchange.NewTokenCache(client, config)
	if err != nil {
		t.Fatal(err)
	}
	return cache
}

func get(t *testing.T, cache *exchange.TokenCache, r exchange.OnBehalfOfRequest) *exchange.Token {
	t.Helper()
	token, err := cache.OnBehalfOf(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// XCHG-23: the same request is asked once, and any other is another one.
func TestXCHG23TokenIsOfItsRequest(t *testing.T) {
	client, e := newClient(t, nil)
	cache := newTokenCache(t, client, exchange.TokenCacheConfig{})
	first := get(t, cache, behalf)
	first.AccessToken = "changed by its receiver"
	if again := get(t, cache, behalf); again.AccessToken != issued || again.ExpiresIn != 5*time.Minute {
		t.Errorf("the second time it is %q", again.AccessToken)
	}
	if sent := len(e.requests()); sent != 1 {
		t.Fatalf("%d requests were sent, want 1", sent)
	}
	for i, edit := range []func(*exchange.OnBehalfOfRequest){
		func(r *exchange.OnBehalfOfRequest) { r.AccessToken += "2" },
		func(r *exchange.OnBehalfOfRequest) { r.Audience += "/" },
		func(r *exchange.OnBehalfOfRequest) { r.Scope = "" },
		func(r *exchange.OnBehalfOfRequest) { r.Scope = "read:b " },
		func(r *exchange.OnBehalfOfRequest) { r.Organization = "org_1" },
		func(r *exchange.OnBehalfOfRequest) { r.Audience, r.Scope = "https://b.exampler", "ead:b" },
	} {
		other := behalf
		edit(&other)
		get(t, cache, other)
		if sent := len(e.requests()); sent != i+2 {
			t.Errorf("request %d was answered with the token of another", i)
		}
	}
}

// XCHG-23: another client, or one with another DPoP key, has tokens of its own in a cache that both share.
func TestXCHG23ClientsShareNothing(t *testing.T) {
	shared := must(memory.NewCache(memory.CacheConfig{Clock: verifiertest.NewClock(noon)}))
	config := exchange.TokenCacheConfig{Shared: shared, Secrets: [][]byte{cacheSecret}}
	dpop := func(c *exchange.Config) {
		c.DPoPKey = exchange.SigningKey{Signer: ecKey(elliptic.P256())}
	}
	typed := ok(strings.Replace(string(good.Body), "Bearer", "DPoP", 1))
	for name, edit := range map[string]func(*exchange.Config){
		"the first":              nil,
		"another client":         func(c *exchange.Config) { c.ClientID = "client:2" },
		"another token endpoint": func(c *exchange.Config) { c.TokenEndpointURL += "2" },
		"a DPoP key":             dpop,
		"another DPoP key":       dpop,
	} {
		client, e := newClient(t, edit, typed)
		get(t, newTokenCache(t, client, config), behalf)
		if len(e.requests()) != 1 {
			t.Errorf("%s was given the token of another", name)
		}
	}
}

func TestTokenCacheAsksOnceForAll(t *testing.T) {
	client, e := newClient(t, nil)
	cache := newTokenCache(t, client, exchange.TokenCacheConfig{})
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, err := cache.OnBehalfOf(t.Context(), behalf); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if sent := len(e.requests()); sent != 1 {
		t.Errorf("%d requests were sent, want 1", sent)
	}
}

func TestTokenCacheRenews(t *testing.T) {
	clock := verifiertest.NewClock(noon)
	client, e := newClient(t, func(c *exchange.Config) { c.Clock = clock })
	cache := newTokenCache(t, client, exchange.TokenCacheConfig{})
	get(t, cache, behalf)
	clock.Advance(5*time.Minute - time.Nanosecond) // in its last minute it is still given out
	get(t, cache, behalf)
	clock.Advance(5 * time.Minute)
	if token := get(t, cache, behalf); !token.ExpiresAt.After(clock.Now()) {
		t.Errorf("a token was given out that ended at %s", token.ExpiresAt)
	}
	if sent := len(e.requests()); sent < 2 {
		t.Errorf("%d requests were sent", sent)
	}
}

// Memory is bounded: the least recently used token goes first, and one that is too large is not kept.
func TestTokenCacheIsBounded(t *testing.T) {
	client, e := newClient(t, nil)
	cache := newTokenCache(t, client, exchange.TokenCacheConfig{MaxTokens: 2})
	of := func(i int) exchange.OnBehalfOfRequest {
		r := behalf
		r.AccessToken = fmt.Sprint("token-", i)
		return r
	}
	for _, i := range []int{1, 2, 1, 3} {
		get(t, cache, of(i))
	}
	sent := len(e.requests())
	get(t, cache, of(1))
	if got := len(e.requests()); got != sent {
		t.Error("the token that was used last is gone")
	}
	get(t, cache, of(2))
	if got := len(e.requests()); got != sent+1 {
		t.Error("there are three tokens in a cache for two")
	}
	for size, kept := range map[int]bool{16<<10 - 200: true, 16<<10 + 1: false} {
		large := ok(strings.Replace(string(good.Body), issued, strings.Repeat("a", size), 1))
		client, e := newClient(t, nil, large)
		shared := must(memory.NewCache(memory.CacheConfig{Clock: verifiertest.NewClock(noon)}))
		config := exchange.TokenCacheConfig{Shared: shared, Secrets: [][]byte{cacheSecret}}
		cache := newTokenCache(t, client, config)
		get(t, cache, behalf)
		get(t, cache, behalf)
		get(t, newTokenCache(t, client, config), behalf)
		if sent := len(e.requests()); (sent == 1) != kept {
			t.Errorf("a token of %d bytes took %d requests", size, sent)
		}
	}
}

func TestTokenCacheRefuses(t *testing.T) {
	client, e := newClient(t, nil, ports.TokenResponse{Status: 403, Body: []byte(`{"error":"invalid_grant"}`)})
	cache := newTokenCache(t, client, exchange.TokenCacheConfig{})
	_, err := cache.OnBehalfOf(t.Context(), exchange.OnBehalfOfRequest{AccessToken: userToken})
	checkError(t, err, exchange.Error{Class: verifier.Rejected, Code: exchange.CodeArgument, Rule: "XCHG-12", Status: 400})
	for range 3 { // XCHG-19: it is not asked again at once
		_, err = cache.OnBehalfOf(t.Context(), behalf)
		checkError(t, err, exchange.Error{Class: verifier.Rejected, Code: exchange.CodeInvalidGrant, Rule: "XCHG-10", Status: 403})
	}
	if sent := len(e.requests()); sent != 1 {
		t.Errorf("%d requests were sent, want 1", sent)
	}
}

// A spy keeps what is written to a cache.
type spy struct {
	ports.Cache
	mu      sync.Mutex // guards entries
	entries map[string][]byte
	fail    error
	lie     func(key string, value []byte) []byte
}

func newSpy() *spy {
	return &spy{Cache: must(memory.NewCache(memory.CacheConfig{Clock: verifiertest.NewClock(noon)})), entries: make(map[string][]byte)}
}

func (s *spy) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries[key] = value
	if ttl != 4*time.Minute {
		return fmt.Errorf("the entry is for %v", ttl)
	}
	return errors.Join(s.fail, s.Cache.Set(ctx, key, value, ttl))
}

func (s *spy) Get(ctx context.Context, key string) ([]byte, error) {
	value, err := s.Cache.Get(ctx, key)
	if s.fail != nil {
		return nil, s.fail
	}
	if err == nil && s.lie != nil {
		value = s.lie(key, value)
	}
	return value, err
}

func (s *spy) Delete(ctx context.Context, key string) error {
	return errors.Join(s.fail, s.Cache.Delete(ctx, key))
}

// XCHG-24: one process gets the token, the others read it, and whoever reads the cache has nothing.
func TestXCHG24SharedTokensAreEncrypted(t *testing.T) {
	shared := newSpy()
	newSecret := []byte("another secret of thirty-two bytes")
	processes := []exchange.TokenCacheConfig{
		{Shared: shared, Secrets: [][]byte{cacheSecret}},
		{Shared: shared, Secrets: [][]byte{cacheSecret}},
		{Shared: shared, Secrets: [][]byte{newSecret, cacheSecret}}, // after a rotation
	}
	for i, config := range processes {
		client, e := newClient(t, nil)
		token := get(t, newTokenCache(t, client, config), behalf)
		if sent := len(e.requests()); (sent == 1) != (i == 0) {
			t.Errorf("process %d sent %d requests", i, sent)
		}
		if token.AccessToken != issued || !token.ExpiresAt.Equal(noon.Add(5*time.Minute)) || token.ExpiresIn != 5*time.Minute ||
			token.TokenType != "Bearer" || token.IssuedTokenType != exchange.TypeAccessToken || !token.Has("expires_in") {
			t.Errorf("process %d has %+v of %v", i, token, token.ExpiresIn)
		}
	}
	for key, value := range shared.entries {
		for _, secret := range []string{issued, userToken, "b.example", "read:b", "client", "Bearer"} {
			if strings.Contains(key+string(value), secret) {
				t.Errorf("an entry has %q: %s %q", secret, key, value)
			}
		}
		if len(key) > 128 || strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:") != "" {
			t.Errorf("the key %q is not of the alphabet of ports.Cache", key)
		}
	}
	if len(shared.entries) != 1 {
		t.Errorf("%d entries", len(shared.entries))
	}
}

// XCHG-24: what can't be opened counts as absent, and a cache that fails costs a request.
func TestXCHG24HostileCache(t *testing.T) {
	for name, c := range map[string]struct {
		break_  func(*spy)
		secrets [][]byte
	}{
		"away":           {break_: func(s *spy) { s.fail = errors.New("connection refused") }},
		"another secret": {secrets: [][]byte{[]byte("another secret of thirty-two bytes")}},
		"a bit":          {break_: func(s *spy) { s.lie = func(_ string, v []byte) []byte { v[len(v)-1] ^= 1; return v } }},
		"the salt":       {break_: func(s *spy) { s.lie = func(_ string, v []byte) []byte { v[0] ^= 1; return v } }},
		"cut short":      {break_: func(s *spy) { s.lie = func(_ string, v []byte) []byte { return v[:len(v)-1] } }},
		"nothing":        {break_: func(s *spy) { s.lie = func(string, []byte) []byte { return nil } }},
		"too large":      {break_: func(s *spy) { s.lie = func(_ string, v []byte) []byte { return append(v, make([]byte, 1<<20)...) } }},
		"panics":         {break_: func(s *spy) { s.lie = func(string, []byte) []byte { panic("the cache") } }},
		"in another's place": {break_: func(s *spy) {
			other := behalf
			other.AccessToken = "token-of-eve"
			client, _ := newClient(t, nil, ok(strings.Replace(string(good.Body), issued, "eves-token", 1)))
			before := len(s.entries)
			get(t, newTokenCache(t, client, exchange.TokenCacheConfig{Shared: s, Secrets: [][]byte{cacheSecret}}), other)
			if len(s.entries) != before+1 {
				t.Error("the other token was not shared")
			}
			s.lie = func(key string, _ []byte) []byte {
				for at, value := range s.entries {
					if at != key {
						return value
					}
				}
				return nil
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			shared := newSpy()
			config := exchange.TokenCacheConfig{Shared: shared, Secrets: [][]byte{cacheSecret}}
			client, _ := newClient(t, nil)
			get(t, newTokenCache(t, client, config), behalf)
			if c.break_ != nil {
				c.break_(shared)
			}
			if c.secrets != nil {
				config.Secrets = c.secrets
			}
			client, e := newClient(t, nil)
			if token := get(t, newTokenCache(t, client, config), behalf); token.AccessToken != issued || len(e.requests()) != 1 {
				t.Errorf("got %q by %d requests, want the issuer's answer", token.AccessToken, len(e.requests()))
			}
		})
	}
}

// A token that is about to end is not taken from the shared cache: another process has, or gets, the next one.
func TestSharedTokenThatEnds(t *testing.T) {
	shared, clock := newSpy(), verifiertest.NewClock(noon)
	config := exchange.TokenCacheConfig{Shared: shared, Secrets: [][]byte{cacheSecret}}
	client, _ := newClient(t, nil)
	get(t, newTokenCache(t, client, config), behalf)
	clock.Advance(4 * time.Minute)
	client, e := newClient(t, func(c *exchange.Config) { c.Clock = clock })
	get(t, newTokenCache(t, client, config), behalf)
	if len(e.requests()) != 1 {
		t.Error("a token was taken that has to be renewed")
	}
}

func TestForget(t *testing.T) {
	shared := newSpy()
	client, e := newClient(t, nil)
	cache := newTokenCache(t, client, exchange.TokenCacheConfig{Shared: shared, Secrets: [][]byte{cacheSecret}})
	get(t, cache, behalf)
	if err := cache.Forget(t.Context(), behalf); err != nil {
		t.Fatal(err)
	}
	get(t, cache, behalf)
	if sent := len(e.requests()); sent != 2 {
		t.Errorf("%d requests were sent, want 2", sent)
	}
	shared.fail = errors.New("connection refused")
	checkError(t, cache.Forget(t.Context(), behalf), exchange.Error{
		Class: verifier.Undecidable, Code: exchange.CodeNetwork, Rule: "XCHG-11", Status: 502})
}

func TestNewTokenCache(t *testing.T) {
	client, _ := newClient(t, nil)
	for name, c := range map[string]struct {
		client *exchange.Client
		config exchange.TokenCacheConfig
		want   string
	}{
		"no client":                {nil, exchange.TokenCacheConfig{}, "client is required"},
		"negative bound":           {client, exchange.TokenCacheConfig{MaxTokens: -1}, "MaxTokens must not be negative"},
		"a number of seconds":      {client, exchange.TokenCacheConfig{Ahead: 60}, "Ahead is 60ns"},
		"shared without secrets":   {client, exchange.TokenCacheConfig{Shared: newSpy()}, "Secrets are required with Shared"},
		"secrets, and none shared": {client, exchange.TokenCacheConfig{Secrets: [][]byte{cacheSecret}}, "Secrets are set, but Shared is not"},
		"a short secret":           {client, exchange.TokenCacheConfig{Shared: newSpy(), Secrets: [][]byte{[]byte("short")}}, "Secrets[0] has under 32 bytes"},
		"a nil pointer":            {client, exchange.TokenCacheConfig{Shared: (*spy)(nil), Secrets: [][]byte{cacheSecret}}, "Shared holds a nil pointer"},
	} {
		_, err := exchange.NewTokenCache(c.client, c.config)
		if err == nil || !errors.Is(err, verifier.Misconfigured) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}
