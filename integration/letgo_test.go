package integration

import (
	"context"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/holdfast-go/holdfast/integration/internal/servers"
	"github.com/holdfast-go/holdfast/ports"
)

// TestFaultStoppedServerHoldsLittle asks a server that stands still, ten times by a hundred calls at once. What a call
// holds must be free soon after its context ended, though the server still stands still.
func TestFaultStoppedServerHoldsLittle(t *testing.T) {
	const (
		calls    = 100
		poolSize = 20
	)
	for _, setup := range []struct {
		name string
		open func(t *testing.T) (*servers.Server, ports.ReplayStore)
	}{
		// Of the client's time-outs only those by the context are shorter than the patience of these tests, and that of
		// dialling, which go-redis does for whoever needs a connection next, without a context.
		{"Redis", func(t *testing.T) (*servers.Server, ports.ReplayStore) {
			server := servers.Redis(t)
			client := goredis.NewClient(&goredis.Options{
				Addr: server.Address, ContextTimeoutEnabled: true, PoolSize: poolSize,
				DialTimeout: 200 * time.Millisecond, DialerRetries: 1,
				ReadTimeout: 2 * patience, WriteTimeout: 2 * patience, PoolTimeout: 2 * patience,
			})
			t.Cleanup(func() { client.Close() })
			return server, redisReplays(t, client)
		}},
		{"Memcached", func(t *testing.T) (*servers.Server, ports.ReplayStore) {
			server := servers.Memcached(t)
			client := memcachedClient(t, server.Address)
			client.Timeout, client.MaxIdleConns = 200*time.Millisecond, poolSize
			return server, memcachedReplays(t, client)
		}},
	} {
		t.Run(setup.name, func(t *testing.T) {
			server, replays := setup.open(t)
			wantUse(t, replays, newKey(), long, true)
			goroutines, descriptors := runtime.NumGoroutine(), countDescriptors(t)
			server.Stop()
			for range 10 {
				var wave sync.WaitGroup
				for range calls {
					wave.Go(func() {
						ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
						defer cancel()
						if first, err := replays.FirstUse(ctx, newKey(), long); first || err == nil {
							t.Errorf("FirstUse: %t, %v, want an error", first, err)
						}
					})
				}
				wave.Wait()
				if now := runtime.NumGoroutine(); now > goroutines+5*calls {
					t.Errorf("%d goroutines, of %d before", now, goroutines)
				}
			}
			// A pool may keep connections that were made for calls which had gone, as many as it has places.
			eventually(t, "few goroutines and descriptors", func() bool {
				return runtime.NumGoroutine() <= goroutines+poolSize/2 && countDescriptors(t) <= descriptors+2*poolSize
			})
		})
	}
}

// countDescriptors counts the process's open files and connections.
func countDescriptors(t *testing.T) int {
	t.Helper()
	open, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(open)
}
