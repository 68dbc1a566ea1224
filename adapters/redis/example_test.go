package redis_test

import (
	"log"
	"time"

	"github.com/holdfast-go/holdfast/adapters/redis"
	goredis "github.com/redis/go-redis/v9"
)

// A cache that may evict, on one server.
func ExampleNewCache() {
	client := goredis.NewClient(&goredis.Options{Addr: "cache.internal:6379", ContextTimeoutEnabled: true})
	defer client.Close()

	cache, err := redis.NewCache(client, redis.Config{})
	if err != nil {
		log.Fatal(err)
	}
	_ = cache // for the verifier's configuration
}

// A replay store on servers of its own that never evict, followed by Sentinel.
func ExampleNewReplayStore() {
	client := goredis.NewFailoverClient(&goredis.FailoverOptions{
		MasterName:            "replay",
		SentinelAddrs:         []string{"sentinel-1.internal:26379", "sentinel-2.internal:26379", "sentinel-3.internal:26379"},
		ContextTimeoutEnabled: true,
		DialTimeout:           200 * time.Millisecond,
		ReadTimeout:           200 * time.Millisecond,
		WriteTimeout:          200 * time.Millisecond,
		PoolTimeout:           200 * time.Millisecond,
		DialerRetries:         1,
	})
	defer client.Close()

	replays, err := redis.NewReplayStore(client, redis.Config{Prefix: "orders:"})
	if err != nil {
		log.Fatal(err)
	}
	_ = replays // for the verifier's configuration
}
