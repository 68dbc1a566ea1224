package memcached_test

import (
	"log"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/holdfast-go/holdfast/adapters/memcached"
)

// A cache on two servers.
func ExampleNewCache() {
	servers := new(memcache.ServerList)
	if err := servers.SetServers("cache-1.internal:11211", "cache-2.internal:11211"); err != nil {
		log.Fatal(err)
	}
	client := memcache.NewFromSelector(servers)
	client.Timeout = 200 * time.Millisecond
	client.MaxIdleConns = 64
	defer client.Close()

	cache, err := memcached.NewCache(client, memcached.Config{})
	if err != nil {
		log.Fatal(err)
	}
	_ = cache // for the verifier's configuration
}

// A replay store on a server of its own, started with: memcached -M -m 256
func ExampleNewReplayStore() {
	servers := new(memcache.ServerList)
	if err := servers.SetServers("replay.internal:11211"); err != nil {
		log.Fatal(err)
	}
	client := memcache.NewFromSelector(servers)
	client.Timeout = 200 * time.Millisecond
	client.MaxIdleConns = 64
	defer client.Close()

	replays, err := memcached.NewReplayStore(client, memcached.Config{Prefix: "orders:"})
	if err != nil {
		log.Fatal(err)
	}
	_ = replays // for the verifier's configuration
}
