package integration

import (
	"bytes"
	"context"
	"crypto/tls"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/holdfast-go/holdfast/adapters/memcached"
	"github.com/holdfast-go/holdfast/integration/internal/servers"
)

// memcachedClient returns a new client that waits longer than any test's context.
func memcachedClient(t testing.TB, addresses ...string) *memcache.Client {
	t.Helper()
	list := new(memcache.ServerList)
	if err := list.SetServers(addresses...); err != nil {
		t.Fatal(err)
	}
	client := memcache.NewFromSelector(list)
	client.Timeout = time.Minute
	t.Cleanup(func() { client.Close() })
	return client
}

func memcachedCache(t testing.TB, client *memcache.Client) *memcached.Cache {
	t.Helper()
	cache, err := memcached.NewCache(client, memcached.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return cache
}

func memcachedReplays(t testing.TB, client *memcache.Client) *memcached.ReplayStore {
	t.Helper()
	replays, err := memcached.NewReplayStore(client, memcached.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return replays
}

func TestMemcached(t *testing.T) {
	server := servers.Memcached(t, "-I", "3m", "-m", "256", "-c", "4096")
	other := servers.Memcached(t, "-I", "3m", "-m", "256", "-c", "4096")
	setups := []struct {
		name      string
		addresses []string
	}{
		{"one server", []string{server.Address}},
		{"two servers", []string{server.Address, other.Address}},
	}
	for _, setup := range setups {
		t.Run(setup.name, func(t *testing.T) {
			testMemcachedContracts(t, setup.addresses, len(setup.addresses) == 1)
		})
	}
}

// By TLS, as gomemcache's documentation says: by its DialContext.
func TestMemcachedTLS(t *testing.T) {
	identity := servers.NewIdentity(t)
	address := servers.MemcachedTLS(t, identity)
	client := memcachedClient(t, address)
	client.DialContext = (&tls.Dialer{Config: identity.Client}).DialContext
	cache, replays := memcachedCache(t, client), memcachedReplays(t, client)
	key, value := newKey(), bytes.Repeat([]byte("v"), maxValue)
	mustSet(t, cache, key, value, long)
	wantValue(t, cache, key, value)
	wantUse(t, replays, key, long, true)
	wantUse(t, replays, key, long, false)

	stranger := memcachedClient(t, address)
	stranger.DialContext = (&tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12}}).DialContext
	wantNoUse(t.Context(), t, memcachedReplays(t, stranger), newKey(), long, nil)
	_, err := memcachedCache(t, stranger).Get(t.Context(), key)
	wantError(t, "Get", err, nil)
}

func TestMemcachedOutage(t *testing.T) {
	server := servers.Memcached(t, "-I", "3m")
	client := memcachedClient(t, server.Address)
	testOutage(t, server, memcachedCache(t, client), memcachedReplays(t, client))
}

// The keys of a server that is away are errors, and no other server takes them over.
func TestMemcachedPartialOutage(t *testing.T) {
	ctx := context.Background()
	first, second := servers.Memcached(t), servers.Memcached(t)
	client := memcachedClient(t, first.Address, second.Address)
	cache, replays := memcachedCache(t, client), memcachedReplays(t, client)
	keys := make([]string, 50)
	for i := range keys {
		keys[i] = newKey()
		mustSet(t, cache, keys[i], []byte("value"), long)
		wantUse(t, replays, keys[i], long, true)
	}

	second.Kill()
	failed := 0
	for _, key := range keys {
		if value, err := cache.Get(ctx, key); err != nil {
			wantError(t, "Get", err, nil)
		} else if string(value) != "value" {
			t.Errorf("Get: %q", value)
		}
		used, err := replays.FirstUse(ctx, key, long)
		if used {
			t.Error("FirstUse: true")
		}
		if err != nil {
			failed++
		}
	}
	if failed == 0 || failed == len(keys) {
		t.Errorf("%d of %d keys failed, want those of one server", failed, len(keys))
	}
}

// With -M a full server refuses a use instead of forgetting another.
func TestMemcachedFull(t *testing.T) {
	ctx := context.Background()
	replays := memcachedReplays(t, memcachedClient(t, servers.Memcached(t, "-M", "-m", "1", "-I", "512k").Address))
	var used []string
	eventually(t, "a full server", func() bool {
		for range 1000 {
			key := newKey()
			first, err := replays.FirstUse(ctx, key, long)
			if err != nil {
				return true
			}
			if !first {
				t.Error("FirstUse of a new key: false")
			}
			used = append(used, key)
		}
		return false
	})
	for _, key := range used {
		if first, _ := replays.FirstUse(ctx, key, long); first {
			t.Fatal("a use was forgotten")
		}
	}
}

// A value over the server's own limit is an error, and nothing older is left to be mistaken for it.
func TestMemcachedItemSize(t *testing.T) {
	cache := memcachedCache(t, memcachedClient(t, servers.Memcached(t).Address))
	fits, key := bytes.Repeat([]byte("v"), 1<<20-512), newKey()
	mustSet(t, cache, key, fits, long)
	wantValue(t, cache, key, fits)
	wantError(t, "Set", cache.Set(context.Background(), key, make([]byte, 1<<20), long), nil)
	wantMiss(t, cache, key)
}

// More than 30 days go over the wire as a date.
func TestMemcachedLongTTL(t *testing.T) {
	const month = 31 * 24 * time.Hour
	client := memcachedClient(t, servers.Memcached(t).Address)
	cache, replays, key := memcachedCache(t, client), memcachedReplays(t, client), newKey()
	mustSet(t, cache, key, []byte("value"), month)
	wantValue(t, cache, key, []byte("value"))
	wantUse(t, replays, key, month, true)
	wantUse(t, replays, key, month, false)
}
