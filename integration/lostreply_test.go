package integration

import (
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/holdfast-go/holdfast/integration/internal/servers"
	"github.com/holdfast-go/holdfast/ports"
)

// TestFaultLostReply loses the replies of a server that has remembered the use. The call that was first must learn so,
// within its time limit, and every other that it was not (DPOP-RPL-03).
func TestFaultLostReply(t *testing.T) {
	for _, setup := range []struct {
		name string
		open func(t *testing.T) (*servers.Proxy, ports.ReplayStore)
	}{
		{"Redis", func(t *testing.T) (*servers.Proxy, ports.ReplayStore) {
			proxy := servers.NewProxy(t, servers.Redis(t).Address)
			return proxy, redisReplays(t, redisClient(t, goredis.UniversalOptions{Addrs: []string{proxy.Address}}))
		}},
		{"Memcached", func(t *testing.T) (*servers.Proxy, ports.ReplayStore) {
			proxy := servers.NewProxy(t, servers.Memcached(t).Address)
			return proxy, memcachedReplays(t, memcachedClient(t, proxy.Address))
		}},
	} {
		t.Run(setup.name, func(t *testing.T) {
			proxy, replays := setup.open(t)
			wantUse(t, replays, newKey(), long, true)

			used, other := newKey(), newKey()
			proxy.LoseReplies(1)
			wantUse(t, replays, used, long, true)
			wantUse(t, replays, used, long, false)
			wantUse(t, replays, other, long, true)
			proxy.LoseReplies(1)
			wantUse(t, replays, other, long, false)

			proxy.LoseReplies(100)
			wantNoUse(t.Context(), t, replays, newKey(), long, nil)
			proxy.LoseReplies(0)
			eventually(t, "FirstUse", func() bool { _, err := replays.FirstUse(t.Context(), newKey(), long); return err == nil })
			wantUse(t, replays, used, long, false)
		})
	}
}

// TestFaultPausedServer pauses a server for longer than a reply may take, and for less than all attempts of a call take. No
// call fails, and no good proof is rejected.
func TestFaultPausedServer(t *testing.T) {
	const attempt = 4 * time.Second // long, so that it does not matter when a busy machine sets the server going
	for _, setup := range []struct {
		name string
		open func(t *testing.T) (*servers.Server, ports.ReplayStore)
	}{
		{"Redis", func(t *testing.T) (*servers.Server, ports.ReplayStore) {
			server := servers.Redis(t)
			client := goredis.NewClient(&goredis.Options{Addr: server.Address, ContextTimeoutEnabled: true, ReadTimeout: attempt})
			t.Cleanup(func() { client.Close() })
			return server, redisReplays(t, client)
		}},
		{"Memcached", func(t *testing.T) (*servers.Server, ports.ReplayStore) {
			server := servers.Memcached(t)
			client := memcachedClient(t, server.Address)
			client.Timeout = attempt
			return server, memcachedReplays(t, client)
		}},
	} {
		t.Run(setup.name, func(t *testing.T) {
			t.Parallel()
			server, replays := setup.open(t)
			key := newKey()
			wantUse(t, replays, newKey(), long, true)
			server.Stop()
			time.AfterFunc(attempt*3/2, server.Continue) // after the first attempt, before the third has ended
			wantUse(t, replays, key, long, true)
			wantUse(t, replays, key, long, false)
		})
	}
}
