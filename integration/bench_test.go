package integration

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/holdfast-go/holdfast/integration/internal/servers"
	"github.com/holdfast-go/holdfast/ports"
	goredis "github.com/redis/go-redis/v9"
)

// benchValue is about the size of an issuer's key set.
var benchValue = bytes.Repeat([]byte("k"), 4<<10)

// day outlives every run.
const day = 24 * time.Hour

// A row with "bare client" is the floor that the adapter stands on.
func BenchmarkRedis(b *testing.B) {
	ctx := context.Background()
	client := redisClient(b, goredis.UniversalOptions{Addrs: []string{servers.RedisSocket(b)}})
	benchmarkPorts(b, redisCache(b, client), redisReplays(b, client))

	benchmark(b, "Get, bare client", func() error { return client.Get(ctx, "bare").Err() },
		client.Set(ctx, "bare", benchValue, day).Err())
	benchmark(b, "Set, bare client", func() error { return client.Set(ctx, "bare", benchValue, day).Err() }, nil)
	benchmark(b, "FirstUse, bare client", func() error {
		return client.Do(ctx, "set", newKey(), 1, "px", 60_000, "nx").Err()
	}, nil)
}

func BenchmarkMemcached(b *testing.B) {
	client := memcachedClient(b, servers.Memcached(b, "-m", "1024").Address)
	benchmarkPorts(b, memcachedCache(b, client), memcachedReplays(b, client))

	item := &memcache.Item{Key: "bare", Value: benchValue, Expiration: int32(day.Seconds())}
	benchmark(b, "Get, bare client", func() error { _, err := client.Get("bare"); return err }, client.Set(item))
	benchmark(b, "Set, bare client", func() error { return client.Set(item) }, nil)
	benchmark(b, "FirstUse, bare client", func() error {
		return client.Add(&memcache.Item{Key: newKey(), Value: []byte("1"), Expiration: int32(day.Seconds())})
	}, nil)
}

func benchmarkPorts(b *testing.B, cache ports.Cache, replays ports.ReplayStore) {
	ctx, cancel := context.WithCancel(context.Background()) // as the domain's, it can end
	defer cancel()
	set := func() error { return cache.Set(ctx, "key", benchValue, day) }
	benchmark(b, "Get", func() error { _, err := cache.Get(ctx, "key"); return err }, set())
	benchmark(b, "Set", set, nil)
	benchmark(b, "FirstUse", func() error {
		_, err := replays.FirstUse(ctx, newKey(), long)
		return err
	}, nil)
}

// benchmark times call after what failed or not before it.
func benchmark(b *testing.B, name string, call func() error, before error) {
	b.Run(name, func(b *testing.B) {
		if before != nil {
			b.Fatal(before)
		}
		b.ReportAllocs()
		for b.Loop() {
			if err := call(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
