package integration

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	goredis "github.com/redis/go-redis/v9"

	"github.com/holdfast-go/holdfast/adapters/httpfetch"
	"github.com/holdfast-go/holdfast/conformance/contract"
	"github.com/holdfast-go/holdfast/integration/internal/servers"
	"github.com/holdfast-go/holdfast/ports"
)

// The contracts of ports, held by every adapter on real servers. How the servers are set up is in redis_test.go and
// memcached_test.go.

// testRedisContracts opens clients by options, which name a server that is up and lack the user. What a full server does is tried where
// filled says so, on servers of its own.
func testRedisContracts(t *testing.T, options goredis.UniversalOptions, filled bool) {
	t.Helper()
	const password = "of-no-server"
	connect := func(t *testing.T, address string) goredis.UniversalClient {
		elsewhere := options
		elsewhere.Addrs = make([]string, len(options.Addrs)) // as many, which is what makes a Cluster of them
		for i := range elsewhere.Addrs {
			elsewhere.Addrs[i] = address
		}
		elsewhere.Username, elsewhere.Password = "holdfast", password
		elsewhere.TLSConfig = nil // what the suite plays there speaks none
		elsewhere.MasterName = "" // with one, Close waits for a Sentinel to answer
		return redisClient(t, elsewhere)
	}
	small := func(t *testing.T, policy string) goredis.UniversalClient {
		server := servers.Redis(t, "--maxmemory", "2mb", "--maxmemory-policy", policy)
		return redisClient(t, goredis.UniversalOptions{Addrs: []string{server.Address}})
	}
	const holds = 20_000 // at most: each entry takes about 100 bytes

	caches := contract.CacheTraits{
		Resolution:  time.Millisecond,
		Shared:      true,
		Connect:     func(t *testing.T, address string) ports.Cache { return redisCache(t, connect(t, address)) },
		Credentials: []string{password},
	}
	replays := contract.ReplayTraits{
		Resolution:  time.Millisecond,
		Shared:      true,
		Connect:     func(t *testing.T, address string) ports.ReplayStore { return redisReplays(t, connect(t, address)) },
		Credentials: []string{password},
	}
	if filled {
		caches.Small = func(t *testing.T) (ports.Cache, int) { return redisCache(t, small(t, "allkeys-lru")), holds }
		replays.Small = func(t *testing.T) (ports.ReplayStore, int) { return redisReplays(t, small(t, "noeviction")), holds }
	}
	as := func(t *testing.T, user string) goredis.UniversalClient {
		options := options
		options.Username = user
		return redisClient(t, options)
	}
	t.Run("Cache", func(t *testing.T) {
		contract.TestCache(t, func(t *testing.T) ports.Cache { return redisCache(t, as(t, cacheUser)) }, caches)
	})
	t.Run("ReplayStore", func(t *testing.T) {
		contract.TestReplayStore(t, func(t *testing.T) ports.ReplayStore { return redisReplays(t, as(t, replayUser)) }, replays)
	})
}

// testMemcachedContracts opens clients of servers that are up. What a full server does is tried where filled says so, on
// servers of its own.
func testMemcachedContracts(t *testing.T, addresses []string, filled bool) {
	t.Helper()
	small := func(t *testing.T, more ...string) *memcache.Client {
		return memcachedClient(t, servers.Memcached(t, append(more, "-m", "1", "-I", "512k")...).Address)
	}
	const holds = 50_000 // at most: each entry takes about 100 bytes

	caches := contract.CacheTraits{
		Resolution: time.Second,
		Early:      5 * time.Second, // two, and more for a server that is short of CPU
		Shared:     true,
		Connect:    func(t *testing.T, address string) ports.Cache { return memcachedCache(t, memcachedClient(t, address)) },
	}
	replays := contract.ReplayTraits{
		Resolution: time.Second,
		Shared:     true,
		Connect: func(t *testing.T, address string) ports.ReplayStore {
			return memcachedReplays(t, memcachedClient(t, address))
		},
	}
	if filled {
		caches.Small = func(t *testing.T) (ports.Cache, int) { return memcachedCache(t, small(t)), holds }
		replays.Small = func(t *testing.T) (ports.ReplayStore, int) { return memcachedReplays(t, small(t, "-M")), holds }
	}
	t.Run("Cache", func(t *testing.T) {
		contract.TestCache(t, func(t *testing.T) ports.Cache { return memcachedCache(t, memcachedClient(t, addresses...)) }, caches)
	})
	t.Run("ReplayStore", func(t *testing.T) {
		contract.TestReplayStore(t, func(t *testing.T) ports.ReplayStore { return memcachedReplays(t, memcachedClient(t, addresses...)) }, replays)
	})
}

func TestHTTPFetch(t *testing.T) {
	open := func(t *testing.T, roots *x509.CertPool, timeout time.Duration) *httpfetch.Fetcher {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
		t.Cleanup(transport.CloseIdleConnections)
		fetcher, err := httpfetch.New(httpfetch.Config{Client: &http.Client{Transport: transport, Jar: jar}, Timeout: timeout})
		if err != nil {
			t.Fatal(err)
		}
		return fetcher
	}
	t.Run("Fetcher", func(t *testing.T) {
		contract.TestFetcher(t, func(t *testing.T, roots *x509.CertPool) ports.Fetcher { return open(t, roots, time.Minute) }, contract.FetchTraits{})
	})
	t.Run("TokenEndpoint", func(t *testing.T) {
		contract.TestTokenEndpoint(t, func(t *testing.T, roots *x509.CertPool) ports.TokenEndpoint { return open(t, roots, time.Minute) }, contract.TokenTraits{
			Hasty: func(t *testing.T, roots *x509.CertPool) ports.TokenEndpoint { return open(t, roots, time.Second) },
		})
	})
}

const (
	long     = time.Minute // a TTL that no test outlives
	maxValue = 2 << 20     // bytes, by ports.Cache
)

func mustSet(t *testing.T, c ports.Cache, key string, value []byte, ttl time.Duration) {
	t.Helper()
	if err := c.Set(context.Background(), key, value, ttl); err != nil {
		t.Errorf("Set: %v", err)
	}
}

func wantValue(t *testing.T, c ports.Cache, key string, want []byte) {
	t.Helper()
	if got, err := c.Get(context.Background(), key); err != nil || !bytes.Equal(got, want) {
		t.Errorf("Get: %d bytes, error %v, want %d bytes as set", len(got), err, len(want))
	}
}

func wantMiss(t *testing.T, c ports.Cache, key string) {
	t.Helper()
	if _, err := c.Get(context.Background(), key); !errors.Is(err, ports.ErrMiss) {
		t.Errorf("Get: error %v, want a miss", err)
	}
}

// wantError wants err to be an error, not a miss, and to wrap want unless that is nil.
func wantError(t *testing.T, what string, err, want error) {
	t.Helper()
	switch {
	case err == nil || errors.Is(err, ports.ErrMiss):
		t.Errorf("%s: error %v, want one that is not a miss", what, err)
	case want != nil && !errors.Is(err, want):
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

func wantUse(t *testing.T, s ports.ReplayStore, key string, ttl time.Duration, want bool) {
	t.Helper()
	if got, err := s.FirstUse(context.Background(), key, ttl); err != nil || got != want {
		t.Errorf("FirstUse: %t, error %v, want %t", got, err, want)
	}
}

// wantNoUse wants an error, as wantError does, and never true.
func wantNoUse(ctx context.Context, t *testing.T, s ports.ReplayStore, key string, ttl time.Duration, want error) {
	t.Helper()
	first, err := s.FirstUse(ctx, key, ttl)
	if first {
		t.Error("FirstUse: true")
	}
	wantError(t, "FirstUse", err, want)
}
