package integration

import (
	"context"
	"crypto/tls"
	"os"
	"regexp"
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

// redisClientAsAdvised returns a new client with the options that package redis advises.
func redisClientAsAdvised(t testing.TB, options goredis.UniversalOptions) goredis.UniversalClient {
	t.Helper()
	options.ContextTimeoutEnabled = true
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout, options.PoolTimeout = 200*time.Millisecond, 200*time.Millisecond, 200*time.Millisecond, 200*time.Millisecond
	options.DialerRetries = 1
	client := goredis.NewUniversalClient(&options)
	t.Cleanup(func() { client.Close() })
	return client
}

// The users that package redis names, and what their names and passwords are there.
const (
	cacheUser    = "holdfast-cache"
	replayUser   = "holdfast-replay"
	sentinelUser = "holdfast-sentinel"
	userPassword = "secret"
	replayPrefix = "holdfast:replay:"
)

// userLine is a line of the documentation that makes a user.
var userLine = regexp.MustCompile(`(?m)^//\t(ACL SETUSER (\S+) .*)$`)

// permit makes the users that package redis documents on servers and, if options name a master, on its Sentinels. It
// returns the options with which to log in; the caller sets the user.
func permit(t testing.TB, options goredis.UniversalOptions, addresses []string) goredis.UniversalOptions {
	t.Helper()
	documentation, err := os.ReadFile("../adapters/redis/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	makeUser := func(address, line string) {
		var command []any
		for word := range strings.FieldsSeq(line) {
			command = append(command, word)
		}
		admin := goredis.NewClient(&goredis.Options{Addr: address})
		defer admin.Close()
		if err := admin.Do(context.Background(), command...).Err(); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	users := 0
	for _, line := range userLine.FindAllStringSubmatch(string(documentation), -1) {
		users++
		on := addresses
		if line[2] == sentinelUser {
			on = nil
			if options.MasterName != "" {
				on = options.Addrs
			}
		}
		for _, address := range on {
			makeUser(address, line[1])
		}
	}
	if users != 3 {
		t.Fatalf("package redis names %d users, want 3", users)
	}
	options.Password = userPassword
	if options.MasterName != "" {
		options.SentinelUsername, options.SentinelPassword = sentinelUser, userPassword
	}
	return options
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
			addresses := []string{servers.Redis(t).Address}
			return permit(t, goredis.UniversalOptions{Addrs: addresses}, addresses)
		}},
		{"by its socket", func(t *testing.T) goredis.UniversalOptions {
			addresses := []string{servers.RedisSocket(t)}
			return permit(t, goredis.UniversalOptions{Addrs: addresses}, addresses)
		}},
		{"by TLS", func(t *testing.T) goredis.UniversalOptions {
			identity := servers.NewIdentity(t)
			server, address := servers.RedisTLS(t, identity)
			return permit(t, goredis.UniversalOptions{Addrs: []string{address}, TLSConfig: identity.Client}, []string{server.Address})
		}},
		{"Sentinel", func(t *testing.T) goredis.UniversalOptions {
			const master = "holdfast"
			redis := servers.RedisSentinel(t, master)
			return permit(t, goredis.UniversalOptions{Addrs: redis.Addresses(), MasterName: master}, []string{redis.Master.Address, redis.Replica.Address})
		}},
		{"Cluster", func(t *testing.T) goredis.UniversalOptions {
			addresses := servers.RedisCluster(t).Addresses()
			return permit(t, goredis.UniversalOptions{Addrs: addresses}, addresses)
		}},
		{"Cluster, read from replicas", func(t *testing.T) goredis.UniversalOptions {
			addresses := servers.RedisCluster(t).Addresses()
			return permit(t, goredis.UniversalOptions{Addrs: addresses, ReadOnly: true}, addresses)
		}},
	}
	for _, setup := range setups {
		t.Run(setup.name, func(t *testing.T) {
			testRedisContracts(t, setup.start(t), setup.name == "single")
		})
	}
}

// A server that can't show a certificate of the authority that the client trusts is an error.
func TestRedisTLSRefused(t *testing.T) {
	identity := servers.NewIdentity(t)
	_, address := servers.RedisTLS(t, identity)
	for name, config := range map[string]*tls.Config{
		"an authority that the client does not trust": {MinVersion: tls.VersionTLS12},
		"a client without a certificate":              {MinVersion: tls.VersionTLS12, RootCAs: identity.Client.RootCAs},
	} {
		t.Run(name, func(t *testing.T) {
			client := redisClientAsAdvised(t, goredis.UniversalOptions{Addrs: []string{address}, TLSConfig: config})
			wantNoUse(t.Context(), t, redisReplays(t, client), newKey(), long, nil)
			_, err := redisCache(t, client).Get(t.Context(), newKey())
			wantError(t, "Get", err, nil)
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
	cluster := servers.RedisCluster(t)
	client := redisClient(t, goredis.UniversalOptions{Addrs: cluster.Addresses()})
	cache, replays := redisCache(t, client), redisReplays(t, client)
	keys := make([]string, 50)
	for i := range keys {
		keys[i] = newKey()
		mustSet(t, cache, keys[i], []byte("value"), long)
		wantUse(t, replays, keys[i], long, true)
	}

	cluster.Masters[2].Kill()
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
