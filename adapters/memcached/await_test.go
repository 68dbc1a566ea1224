package memcached_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/holdfast-go/holdfast/adapters/memcached"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestContext plays a server that takes connections and then hangs.
func TestContext(t *testing.T) {
	const timeout = 500 * time.Millisecond // of the client
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	tests := []struct {
		name     string
		ctx      context.Context
		deadline time.Duration
		want     error
		after    time.Duration
	}{
		{name: "the context ends first", ctx: context.Background(), deadline: timeout - 1, want: context.DeadlineExceeded, after: timeout - 1},
		{name: "the client's timeout ends first", ctx: context.Background(), deadline: timeout + 1, after: timeout},
		{name: "the context has ended", ctx: ended, deadline: timeout, want: context.Canceled},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := memcache.New("127.0.0.1:1")
				client.Timeout = timeout
				client.DialContext = func(context.Context, string, string) (net.Conn, error) {
					ours, _ := net.Pipe()
					return ours, nil
				}
				_, replays := newPorts(t, client, memcached.Config{})
				ctx, cancel := context.WithTimeout(test.ctx, test.deadline)
				defer cancel()

				start := time.Now()
				first, err := replays.FirstUse(ctx, "key", time.Second)
				if first || err == nil || test.want != nil && !errors.Is(err, test.want) {
					t.Errorf("FirstUse: %t, %v, want %v", first, err, test.want)
				}
				if after := time.Since(start); after != test.after {
					t.Errorf("after %v, want %v", after, test.after)
				}
				time.Sleep(timeout) // what was left behind ends by itself
			})
		})
	}
}
