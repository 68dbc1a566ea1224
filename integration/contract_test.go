package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

const (
	long     = time.Minute // a TTL that no test outlives
	maxValue = 2 << 20     // bytes, by ports.Cache
)

// longestKey has 128 characters and the whole alphabet of keys.
var longestKey = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:" + strings.Repeat("k", 62)

// testCache holds the sentences of ports/cache.go against a cache. Each call of open returns another handle on one
// store; short is a TTL that it can count, to be waited for.
func testCache(t *testing.T, open func(*testing.T) ports.Cache, short time.Duration) {
	ctx := context.Background()
	tests := []struct {
		name string
		test func(*testing.T, ports.Cache, string)
	}{
		{"Get returns the value last set", func(t *testing.T, c ports.Cache, key string) {
			for _, value := range []string{"first", "second", "\x00\r\nEND\r\n\xff"} {
				mustSet(t, c, key, []byte(value), long)
				wantValue(t, c, key, []byte(value))
			}
		}},
		{"another handle shares the value", func(t *testing.T, c ports.Cache, key string) {
			mustSet(t, c, key, []byte("value"), long)
			wantValue(t, open(t), key, []byte("value"))
		}},
		{"Get returns a copy", func(t *testing.T, c ports.Cache, key string) {
			mustSet(t, c, key, []byte("value"), long)
			got, err := c.Get(ctx, key)
			if err != nil {
				t.Fatal(err)
			}
			got[0] = 'X'
			wantValue(t, c, key, []byte("value"))
		}},
		{"Set stores a copy", func(t *testing.T, c ports.Cache, key string) {
			value := []byte("value")
			mustSet(t, c, key, value, long)
			value[0] = 'X'
			wantValue(t, c, key, []byte("value"))
		}},
		{"no value is a miss", wantMiss},
		{"an expired value is a miss", func(t *testing.T, c ports.Cache, key string) {
			mustSet(t, c, key, []byte("value"), short)
			eventually(t, "a miss", func() bool { return missing(t, c, key) })
		}},
		{"a TTL finer than the resolution is rounded up", func(t *testing.T, c ports.Cache, key string) {
			mustSet(t, c, key, []byte("value"), 1)
			eventually(t, "a miss", func() bool { return missing(t, c, key) })
		}},
		{"Set replaces a TTL by a longer one", func(t *testing.T, c ports.Cache, key string) {
			mustSet(t, c, key, []byte("value"), short)
			mustSet(t, c, key, []byte("value"), long)
			other := newKey()
			mustSet(t, c, other, nil, short)
			eventually(t, "a miss", func() bool { return missing(t, c, other) })
			wantValue(t, c, key, []byte("value"))
		}},
		{"Set replaces a TTL by a shorter one", func(t *testing.T, c ports.Cache, key string) {
			mustSet(t, c, key, []byte("value"), long)
			mustSet(t, c, key, []byte("value"), short)
			eventually(t, "a miss", func() bool { return missing(t, c, key) })
		}},
		{"a TTL of zero removes", func(t *testing.T, c ports.Cache, key string) {
			mustSet(t, c, key, []byte("value"), long)
			mustSet(t, c, key, []byte("value"), 0)
			wantMiss(t, c, key)
		}},
		{"a negative TTL removes", func(t *testing.T, c ports.Cache, key string) {
			mustSet(t, c, key, []byte("value"), long)
			mustSet(t, c, key, []byte("value"), -long)
			wantMiss(t, c, key)
		}},
		{"a TTL of zero stores nothing", func(t *testing.T, c ports.Cache, key string) {
			mustSet(t, c, key, []byte("value"), 0)
			wantMiss(t, c, key)
		}},
		{"an empty value is no miss", func(t *testing.T, c ports.Cache, key string) {
			mustSet(t, c, key, []byte{}, long)
			wantValue(t, c, key, []byte{})
			mustSet(t, c, key, nil, long)
			wantValue(t, c, key, []byte{})
		}},
		{"Delete removes", func(t *testing.T, c ports.Cache, key string) {
			mustSet(t, c, key, []byte("value"), long)
			if err := c.Delete(ctx, key); err != nil {
				t.Fatal(err)
			}
			wantMiss(t, c, key)
		}},
		{"Delete of nothing is no error", func(t *testing.T, c ports.Cache, key string) {
			if err := c.Delete(ctx, key); err != nil {
				t.Error(err)
			}
		}},
		{"a key of 128 characters of the whole alphabet", func(t *testing.T, c ports.Cache, _ string) {
			other := longestKey[:127] + "K"
			mustSet(t, c, longestKey, []byte("value"), long)
			mustSet(t, c, other, []byte("other"), long)
			wantValue(t, c, longestKey, []byte("value"))
			wantValue(t, c, other, []byte("other"))
		}},
		{"a value of 2 MiB", func(t *testing.T, c ports.Cache, key string) {
			value := bytes.Repeat([]byte{0, '\r', '\n', 0xff}, maxValue/4)
			mustSet(t, c, key, value, long)
			wantValue(t, c, key, value)
		}},
		{"a value over 2 MiB is an error", func(t *testing.T, c ports.Cache, key string) {
			wantError(t, "Set", c.Set(ctx, key, make([]byte, maxValue+1), long), nil)
		}},
		{"an ended context", func(t *testing.T, c ports.Cache, key string) {
			mustSet(t, c, key, []byte("value"), long)
			ended, cancel := context.WithCancel(ctx)
			cancel()
			_, err := c.Get(ended, key)
			wantError(t, "Get", err, context.Canceled)
			wantError(t, "Set", c.Set(ended, key, []byte("other"), long), context.Canceled)
			wantError(t, "Delete", c.Delete(ended, key), context.Canceled)
			wantValue(t, c, key, []byte("value"))
		}},
		{"concurrent use", func(t *testing.T, c ports.Cache, key string) {
			var users sync.WaitGroup
			for i := range 32 {
				users.Go(func() {
					own := fmt.Sprint(key, ":", i)
					mustSet(t, c, own, []byte(own), long)
					mustSet(t, c, key, []byte("value"), long)
					wantValue(t, c, own, []byte(own))
					wantValue(t, c, key, []byte("value"))
				})
			}
			users.Wait()
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.test(t, open(t), newKey())
		})
	}
}

func mustSet(t *testing.T, c ports.Cache, key string, value []byte, ttl time.Duration) {
	t.Helper()
	if err := c.Set(context.Background(), key, value, ttl); err != nil {
		t.Errorf("Set: %v", err)
	}
}

func wantValue(t *testing.T, c ports.Cache, key string, want []byte) {
	t.Helper()
	if got, err := c.Get(context.Background(), key); err != nil || !bytes.Equal(got, want) {
		t.Errorf("Get: %d bytes, error %v, want %d bytes as set", len(got), err, len(want))
	}
}

func wantMiss(t *testing.T, c ports.Cache, key string) {
	t.Helper()
	if !missing(t, c, key) {
		t.Error("Get: a value, want a miss")
	}
}

func missing(t *testing.T, c ports.Cache, key string) bool {
	t.Helper()
	_, err := c.Get(context.Background(), key)
	if err != nil && !errors.Is(err, ports.ErrMiss) {
		t.Errorf("Get: %v", err)
	}
	return err != nil
}

// wantError wants err to be an error, not a miss, and to wrap want unless that is nil.
func wantError(t *testing.T, what string, err, want error) {
	t.Helper()
	switch {
	case err == nil || errors.Is(err, ports.ErrMiss):
		t.Errorf("%s: error %v, want one that is no miss", what, err)
	case want != nil && !errors.Is(err, want):
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

// testReplayStore holds the sentences of ports/replay.go against a store, as testCache does.
func testReplayStore(t *testing.T, open func(*testing.T) ports.ReplayStore, short time.Duration) {
	ctx := context.Background()
	tests := []struct {
		name string
		test func(*testing.T, ports.ReplayStore, string)
	}{
		{"a key is used first once", func(t *testing.T, s ports.ReplayStore, key string) {
			wantUse(t, s, key, long, true)
			wantUse(t, s, key, long, false)
			wantUse(t, s, newKey(), long, true)
		}},
		{"another handle shares the memory", func(t *testing.T, s ports.ReplayStore, key string) {
			wantUse(t, s, key, long, true)
			wantUse(t, open(t), key, long, false)
		}},
		{"of 1,000 concurrent calls through two handles one returns true", func(t *testing.T, s ports.ReplayStore, key string) {
			handles := [...]ports.ReplayStore{s, open(t)}
			var firsts atomic.Int32
			var users sync.WaitGroup
			begin := make(chan struct{})
			for i := range 1000 {
				users.Go(func() {
					<-begin
					if first(t, handles[i%2], key) {
						firsts.Add(1)
					}
				})
			}
			close(begin)
			users.Wait()
			if got := firsts.Load(); got != 1 {
				t.Errorf("%d calls returned true, want 1", got)
			}
		}},
		{"no use is forgotten before its TTL", func(t *testing.T, s ports.ReplayStore, key string) {
			var users sync.WaitGroup
			for i := range 10 { // from different moments between two ticks of a server's clock
				users.Go(func() {
					time.Sleep(time.Duration(i) * 100 * time.Millisecond)
					own := fmt.Sprint(key, ":", i)
					called := time.Now()
					wantUse(t, s, own, short, true)
					eventually(t, "another first use", func() bool { return first(t, s, own) })
					if lived := time.Since(called); lived < short {
						t.Errorf("remembered for %v, less than %v", lived, short)
					}
				})
			}
			users.Wait()
		}},
		{"a call that returns false does not prolong the memory", func(t *testing.T, s ports.ReplayStore, key string) {
			wantUse(t, s, key, short, true)
			wantUse(t, s, key, long, false)
			eventually(t, "another first use", func() bool { return first(t, s, key) })
		}},
		{"a TTL finer than the resolution is rounded up", func(t *testing.T, s ports.ReplayStore, key string) {
			wantUse(t, s, key, 1, true)
		}},
		{"a TTL of zero is an error", func(t *testing.T, s ports.ReplayStore, key string) {
			wantNoUse(ctx, t, s, key, 0, nil)
		}},
		{"a negative TTL is an error", func(t *testing.T, s ports.ReplayStore, key string) {
			wantNoUse(ctx, t, s, key, -long, nil)
		}},
		{"a key of 128 characters of the whole alphabet", func(t *testing.T, s ports.ReplayStore, _ string) {
			wantUse(t, s, longestKey, long, true)
			wantUse(t, s, longestKey[:127]+"K", long, true)
			wantUse(t, s, longestKey, long, false)
		}},
		{"an ended context", func(t *testing.T, s ports.ReplayStore, key string) {
			ended, cancel := context.WithCancel(ctx)
			cancel()
			wantNoUse(ended, t, s, key, long, context.Canceled)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.test(t, open(t), newKey())
		})
	}
}

func wantUse(t *testing.T, s ports.ReplayStore, key string, ttl time.Duration, want bool) {
	t.Helper()
	if got, err := s.FirstUse(context.Background(), key, ttl); err != nil || got != want {
		t.Errorf("FirstUse: %t, error %v, want %t", got, err, want)
	}
}

// first is FirstUse for long.
func first(t *testing.T, s ports.ReplayStore, key string) bool {
	t.Helper()
	first, err := s.FirstUse(context.Background(), key, long)
	if err != nil {
		t.Errorf("FirstUse: %v", err)
	}
	return first
}

// wantNoUse wants an error, as wantError does, and never true.
func wantNoUse(ctx context.Context, t *testing.T, s ports.ReplayStore, key string, ttl time.Duration, want error) {
	t.Helper()
	first, err := s.FirstUse(ctx, key, ttl)
	if first {
		t.Error("FirstUse: true")
	}
	wantError(t, "FirstUse", err, want)
}
