package integration

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/adapters/redis"
	"github.com/holdfast-go/holdfast/integration/internal/servers"
	goredis "github.com/redis/go-redis/v9"
)

// redisClient returns a new client of options that waits longer than any test's context.
func redisClient(t testing.TB, options goredis.UniversalOptions) goredis.UniversalClient {
	t.Helper()
	options.DialTimeout, options.ReadTimeout, options.PoolTimeout = time.Minute, time.Minute, time.Minute
	options.DialerRetries, options.MinRetryBackoff = 1, -1 // a killed server need not be waited for
	client := goredis.NewUniversalClient(&options)
	t.Cleanup(func() { client.Close() })
	return client
}

func redisCache(t testing.TB, client goredis.UniversalClient) *redis.Cache {
	t.Helper()
	cache, err := redis.NewCache(client, redis.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return cache
}

func redisReplays(t testing.TB, client goredis.UniversalClient) *redis.ReplayStore {
	t.Helper()
	replays, err := redis.NewReplayStore(client, redis.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return replays
}

func TestRedis(t *testing.T) {
	setups := []struct {
		name  string
		start func(*testing.T) goredis.UniversalOptions
	}{
		{"single", func(t *testing.T) goredis.UniversalOptions {
			return goredis.UniversalOptions{Addrs: []string{servers.Redis(t).Address}}
		}},
		{"by its socket", func(t *testing.T) goredis.UniversalOptions {
			return goredis.UniversalOptions{Addrs: []string{servers.RedisSocket(t)}}
		}},
		{"Sentinel", func(t *testing.T) goredis.UniversalOptions {
			const master = "holdfast"
			return goredis.UniversalOptions{Addrs: []string{servers.RedisSentinel(t, master).Address}, MasterName: master}
		}},
		{"Cluster", func(t *testing.T) goredis.UniversalOptions {
			var addresses []string
			for _, node := range servers.RedisCluster(t) {
				addresses = append(addresses, node.Address)
			}
			return goredis.UniversalOptions{Addrs: addresses}
		}},
		{"with the permissions that package redis names", func(t *testing.T) goredis.UniversalOptions {
			address := servers.Redis(t).Address
			admin := redisClient(t, goredis.UniversalOptions{Addrs: []string{address}})
			const user = "acl setuser holdfast on >secret ~holdfast:cache:* ~holdfast:replay:* +getrange +set +del"
			var command []any
			for word := range strings.FieldsSeq(user) {
				command = append(command, word)
			}
			if err := admin.Do(context.Background(), command...).Err(); err != nil {
				t.Fatal(err)
			}
			return goredis.UniversalOptions{Addrs: []string{address}, Username: "holdfast", Password: "secret"}
		}},
	}
	for _, setup := range setups {
		t.Run(setup.name, func(t *testing.T) {
			testRedisContracts(t, setup.start(t), setup.name == "single")
		})
	}
}

func TestRedisOutage(t *testing.T) {
	for _, minded := range []bool{false, true} {
		name := map[bool]string{false: "the client waits on", true: "the client minds deadlines"}[minded]
		t.Run(name, func(t *testing.T) {
			server := servers.Redis(t)
			client := redisClient(t, goredis.UniversalOptions{Addrs: []string{server.Address}, ContextTimeoutEnabled: minded})
			testOutage(t, server, redisCache(t, client), redisReplays(t, client))
		})
	}
}

// A Cluster that has lost a node answers some keys or none, by its configuration; it must never take a used key
// for new, nor a stored one for a miss.
func TestRedisClusterOutage(t *testing.T) {
	nodes := servers.RedisCluster(t)
	client := redisClient(t, goredis.UniversalOptions{Addrs: []string{nodes[0].Address, nodes[1].Address, nodes[2].Address}})
	cache, replays := redisCache(t, client), redisReplays(t, client)
	keys := make([]string, 50)
	for i := range keys {
		keys[i] = newKey()
		mustSet(t, cache, keys[i], []byte("value"), long)
		wantUse(t, replays, keys[i], long, true)
	}

	nodes[2].Kill()
	failed := 0
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for _, key := range keys {
		if value, err := cache.Get(ctx, key); err != nil {
			wantError(t, "Get", err, nil)
		} else if string(value) != "value" {
			t.Errorf("Get: %q", value)
		}
		first, err := replays.FirstUse(ctx, key, long)
		if first {
			t.Error("FirstUse: true")
		}
		if err != nil {
			failed++
		}
	}
	if failed == 0 {
		t.Error("no key was on the node that was killed")
	}
}

// A full server that does not evict refuses a use instead of forgetting another.
func TestRedisFull(t *testing.T) {
	ctx := context.Background()
	client := redisClient(t, goredis.UniversalOptions{Addrs: []string{servers.Redis(t).Address}})
	replays, used := redisReplays(t, client), newKey()
	wantUse(t, replays, used, long, true)
	limit(t, client, "1")
	wantNoUse(ctx, t, replays, newKey(), long, nil)
	wantNoUse(ctx, t, replays, used, long, nil)
	limit(t, client, "0") // none
	wantUse(t, replays, newKey(), long, true)
	wantUse(t, replays, used, long, false)
}

// limit sets the memory that a server may use, in bytes.
func limit(t *testing.T, client goredis.UniversalClient, bytes string) {
	t.Helper()
	if err := client.ConfigSet(context.Background(), "maxmemory", bytes).Err(); err != nil {
		t.Fatal(err)
	}
}

// What somebody else wrote under a key of the cache is an error, whatever it is.
func TestRedisForeignEntries(t *testing.T) {
	ctx := context.Background()
	client := redisClient(t, goredis.UniversalOptions{Addrs: []string{servers.Redis(t).Address}})
	cache, key := redisCache(t, client), newKey()
	entries := []struct {
		name  string
		write func() error
	}{
		{"another format", func() error { return client.Set(ctx, "holdfast:cache:"+key, "value", 0).Err() }},
		{"over 2 MiB", func() error {
			return client.Set(ctx, "holdfast:cache:"+key, "1"+strings.Repeat("v", maxValue+1), 0).Err()
		}},
		{"another type", func() error {
			client.Del(ctx, "holdfast:cache:"+key)
			return client.LPush(ctx, "holdfast:cache:"+key, "value").Err()
		}},
	}
	for _, entry := range entries {
		t.Run(entry.name, func(t *testing.T) {
			if err := entry.write(); err != nil {
				t.Fatal(err)
			}
			_, err := cache.Get(ctx, key)
			wantError(t, "Get", err, nil)
		})
	}
}
