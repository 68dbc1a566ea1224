package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/integration/internal/servers"
	"github.com/holdfast-go/holdfast/ports"
)

// testOutage lets server, which cache and replays use, fail in every way that a process can. An outage is never a
// miss and never a first use. The client's own timeouts must be far longer than this file's deadlines, so that
// what returns in time does so by its context.
func testOutage(t *testing.T, server *servers.Server, cache ports.Cache, replays ports.ReplayStore) {
	ctx := context.Background()
	value := bytes.Repeat([]byte("v"), maxValue)
	kept, used := newKey(), newKey()
	mustSet(t, cache, kept, []byte("value"), long)
	wantUse(t, replays, used, long, true)

	t.Run("a call returns when its context ends though the server stands still", func(t *testing.T) {
		server.Stop()
		defer server.Continue()
		calls := []struct {
			name string
			call func(context.Context) error
		}{
			{"Set", func(ctx context.Context) error {
				err := cache.Set(ctx, newKey(), value, long)
				value[0] = 'X' // the caller's again, whatever was left behind still sends
				return err
			}},
			{"Get", func(ctx context.Context) error { _, err := cache.Get(ctx, kept); return err }},
			{"Delete", func(ctx context.Context) error { return cache.Delete(ctx, newKey()) }},
			{"FirstUse", func(ctx context.Context) error {
				if first, err := replays.FirstUse(ctx, used, long); !first {
					return err
				}
				return errors.New("true")
			}},
		}
		for _, call := range calls {
			deadline, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
			wantError(t, call.name+", deadline", inTime(t, func() error { return call.call(deadline) }), context.DeadlineExceeded)
			cancel()

			canceled, cancel := context.WithCancel(ctx)
			time.AfterFunc(200*time.Millisecond, cancel)
			wantError(t, call.name+", cancelled", inTime(t, func() error { return call.call(canceled) }), context.Canceled)
		}
	})
	t.Run("a server that goes on serves what it had", func(t *testing.T) {
		eventually(t, "Get", func() bool { _, err := cache.Get(ctx, kept); return err == nil })
		wantUse(t, replays, used, long, false)
	})
	t.Run("a killed server is an error", func(t *testing.T) {
		server.Kill()
		for range 3 { // kept connections and new ones
			_, err := cache.Get(ctx, kept)
			wantError(t, "Get", err, nil)
			wantError(t, "Set", cache.Set(ctx, kept, nil, long), nil)
			wantError(t, "Delete", cache.Delete(ctx, kept), nil)
			wantNoUse(ctx, t, replays, used, long, nil)
		}
	})
	t.Run("a restarted server serves", func(t *testing.T) {
		server.Restart()
		eventually(t, "Set", func() bool { return cache.Set(ctx, kept, []byte("again"), long) == nil })
		wantValue(t, cache, kept, []byte("again"))
		eventually(t, "FirstUse", func() bool { _, err := replays.FirstUse(ctx, newKey(), long); return err == nil })
	})
}

// inTime returns what call returns, or an error if it hangs.
func inTime(t *testing.T, call func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- call() }()
	select {
	case err := <-done:
		return err
	case <-time.After(patience / 4): // the clients' own timeouts are longer
		return fmt.Errorf("still waiting after %v", patience/4)
	}
}
