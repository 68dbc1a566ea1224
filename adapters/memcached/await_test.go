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
				cache, _ := newPorts(t, client, memcached.Config{})
				ctx, cancel := context.WithTimeout(test.ctx, test.deadline)
				defer cancel()

				start := time.Now()
				if _, err := cache.Get(ctx, "key"); err == nil || test.want != nil && !errors.Is(err, test.want) {
					t.Errorf("Get: %v, want %v", err, test.want)
				}
				if after := time.Since(start); after != test.after {
					t.Errorf("after %v, want %v", after, test.after)
				}
				time.Sleep(timeout) // what was left behind ends by itself
			})
		})
	}
}

// A use that the server leaves without an answer is tried three times, within the context.
func TestFaultHangingServer(t *testing.T) {
	for _, test := range []struct{ deadline, after time.Duration }{
		{deadline: time.Minute, after: 1500 * time.Millisecond},
		{deadline: 700 * time.Millisecond, after: 700 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			client := memcache.New("127.0.0.1:1")
			client.Timeout = 500 * time.Millisecond
			client.DialContext = func(context.Context, string, string) (net.Conn, error) {
				ours, _ := net.Pipe()
				return ours, nil
			}
			_, replays := newPorts(t, client, memcached.Config{})
			ctx, cancel := context.WithTimeout(t.Context(), test.deadline)
			defer cancel()
			start := time.Now()
			first, err := replays.FirstUse(ctx, "key", time.Second)
			var timeout interface{ Timeout() bool }
			if first || !errors.As(err, &timeout) || !timeout.Timeout() {
				t.Errorf("FirstUse: %t, %v, want a time-out", first, err)
			}
			if after := time.Since(start); after != test.after {
				t.Errorf("after %v, want %v", after, test.after)
			}
			time.Sleep(client.Timeout) // what was left behind ends by itself
		})
	}
}
