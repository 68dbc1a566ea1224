package redis_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/adapters/redis"
	goredis "github.com/redis/go-redis/v9"
)

// own stands for the value of a call in what tests expect.
const own = "the value of the call"

// isOwn reports whether value may be that of a call: 128 random bits in base 32.
func isOwn(value string) bool {
	return len(value) == 26 && strings.Trim(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// refused is an error that the server answered with.
type refused string

func (r refused) Error() string { return string(r) }
func (refused) RedisError()     {}

// What the server answers to a SET, besides an error.
var (
	errStored = errors.New("stored")
	errExists = errors.New("exists")
)

func TestFaultFirstUse(t *testing.T) {
	lost := &net.OpError{Op: "read", Err: syscall.ECONNRESET}
	refusedDial := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	full := refused("OOM command not allowed when used memory > 'maxmemory'.")
	tests := []struct {
		name   string
		sets   []error // what becomes of each SET
		holder string  // what GETRANGE answers
		read   error   // or fails with
		want   bool
		err    error
	}{
		{name: "DPOP-RPL-01 stored", sets: []error{errStored}, want: true},
		{name: "DPOP-RPL-01 there already", sets: []error{errExists}},
		{name: "DPOP-RPL-03 lost before the server, then stored", sets: []error{lost, errStored}, want: true},
		{name: "DPOP-RPL-03 stored and the reply lost", sets: []error{io.EOF, errExists}, holder: own, want: true},
		{name: "DPOP-RPL-03 lost twice", sets: []error{os.ErrDeadlineExceeded, lost, errExists}, holder: own, want: true},
		{name: "DPOP-RPL-03 lost, and another's", sets: []error{lost, errExists}, holder: strings.Repeat("A", 26)},
		{name: "DPOP-RPL-03 lost, and one that starts with another's", sets: []error{lost, errExists}, holder: own + "A"},
		{name: "DPOP-RPL-03 lost, and an earlier version's", sets: []error{lost, errExists}, holder: "1"},
		{name: "DPOP-RPL-05 lost, there, and gone", sets: []error{lost, errExists}, err: errors.New("a reply was lost, and the entry is gone")},
		{name: "DPOP-RPL-05 lost, there, and the reading fails", sets: []error{lost, errExists}, read: io.EOF, err: io.EOF},
		{name: "DPOP-RPL-05 lost three times", sets: []error{lost, lost, io.EOF}, err: io.EOF},
		{name: "DPOP-RPL-05 lost, then refused", sets: []error{lost, full}, err: full},
		{name: "DPOP-RPL-05 refused", sets: []error{full}, err: full},
		{name: "DPOP-RPL-05 no connection", sets: []error{refusedDial}, err: refusedDial},
		{name: "DPOP-RPL-05 no free connection", sets: []error{goredis.ErrPoolTimeout}, err: goredis.ErrPoolTimeout},
		{name: "DPOP-RPL-05 closed", sets: []error{goredis.ErrClosed}, err: goredis.ErrClosed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var values []string
			client := newClient(t, func(cmd goredis.Cmder) {
				if cmd.Name() == "getrange" {
					cmd.(*goredis.StringCmd).SetVal(strings.Replace(test.holder, own, values[0], 1))
					cmd.SetErr(test.read)
					return
				}
				values = append(values, cmd.Args()[2].(string))
				setResult(cmd, test.sets[min(len(values), len(test.sets))-1])
			})
			_, replays := newPorts(t, client, redis.Config{})
			first, err := replays.FirstUse(t.Context(), "key", time.Minute)
			if first != test.want || !errors.Is(err, test.err) && (err == nil || !strings.HasSuffix(err.Error(), test.err.Error())) {
				t.Errorf("FirstUse: %t, %v, want %t, %v", first, err, test.want, test.err)
			}
			if len(values) != len(test.sets) || len(slices.Compact(values)) != 1 || !isOwn(values[0]) {
				t.Errorf("sent the values %q, want one value %d times", values, len(test.sets))
			}
		})
	}
}

// setResult lets a command to store end in one of errStored, errExists and an error. The client's type is the adapter's own, and
// embeds a *goredis.BoolCmd.
func setResult(cmd goredis.Cmder, result error) {
	switch result {
	case errStored, errExists:
		cmd.(interface{ SetVal(bool) }).SetVal(result == errStored)
	default:
		cmd.SetErr(result)
	}
}

func TestFaultCallsDiffer(t *testing.T) {
	var values []string
	client := newClient(t, func(cmd goredis.Cmder) { values = append(values, cmd.Args()[2].(string)) })
	_, replays := newPorts(t, client, redis.Config{})
	for range 2 {
		if _, err := replays.FirstUse(t.Context(), "key", time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if values[0] == values[1] {
		t.Error("two calls wrote the same value: each would take the other's use for its own")
	}
}

// A caller that left wants no more attempts.
func TestFaultFirstUseEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	attempts := 0
	client := newClient(t, func(cmd goredis.Cmder) {
		attempts++
		cancel()
		cmd.SetErr(io.EOF)
	})
	_, replays := newPorts(t, client, redis.Config{})
	if first, err := replays.FirstUse(ctx, "key", time.Minute); first || !errors.Is(err, context.Canceled) {
		t.Errorf("FirstUse: %t, %v, want %v", first, err, context.Canceled)
	}
	if attempts > 1 {
		t.Errorf("%d attempts, want 1", attempts)
	}
}

// The domain knows a time-out by its Timeout method.
func TestFaultNoFreeConnectionIsATimeout(t *testing.T) {
	client := newClient(t, func(cmd goredis.Cmder) { cmd.SetErr(goredis.ErrPoolTimeout) })
	_, replays := newPorts(t, client, redis.Config{})
	_, err := replays.FirstUse(t.Context(), "key", time.Minute)
	var timeout interface{ Timeout() bool }
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("%v is not a time-out", err)
	}
}

// A cluster is a client that knows which server holds which keys, and fails.
type cluster struct {
	*goredis.Client
	reloads chan struct{}
}

func (c cluster) ReloadState(context.Context) {
	c.reloads <- struct{}{}
	panic("a client of the application's")
}

func TestFaultTopologyIsReloaded(t *testing.T) {
	failing := newClient(t, func(cmd goredis.Cmder) { cmd.SetErr(io.EOF) })
	fail := func(t *testing.T, ctx context.Context, c cluster, times int) {
		t.Helper()
		cache, replays := newPorts(t, c, redis.Config{})
		for range times {
			if _, err := replays.FirstUse(ctx, "key", time.Minute); err == nil {
				t.Error("FirstUse: no error")
			}
		}
		if _, err := cache.Get(ctx, "key"); err == nil {
			t.Error("Get: no error")
		}
		synctest.Wait()
	}
	synctest.Test(t, func(t *testing.T) {
		c := cluster{failing, make(chan struct{}, 1000)}
		fail(t, t.Context(), c, 100)
		if got := len(c.reloads); got != 2 {
			t.Errorf("%d reloads after 100 errors of a store and one of a cache, want one each", got)
		}
		time.Sleep(time.Second)
	})
	synctest.Test(t, func(t *testing.T) {
		c := cluster{failing, make(chan struct{}, 1000)}
		_, replays := newPorts(t, c, redis.Config{})
		for range 10 {
			replays.FirstUse(t.Context(), "key", time.Minute)
			time.Sleep(100 * time.Millisecond)
		}
		if got := len(c.reloads); got < 4 || got > 5 {
			t.Errorf("%d reloads in a second, want one each 200 ms", got)
		}
		time.Sleep(time.Second)
	})
	synctest.Test(t, func(t *testing.T) {
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		c := cluster{failing, make(chan struct{}, 1000)}
		fail(t, gone, c, 1)
		if got := len(c.reloads); got != 0 {
			t.Errorf("%d reloads for callers that left", got)
		}
	})
}

func TestFaultPanicInAHook(t *testing.T) {
	client := newClient(t, func(goredis.Cmder) { panic("a tracing hook") })
	cache, replays := newPorts(t, client, redis.Config{})
	const want = "the client panicked in github.com/holdfast-go/holdfast/adapters/redis_test.TestFaultPanicInAHook.func1 (replay_test.go:"
	_, err := replays.FirstUse(t.Context(), "key", time.Minute)
	if err == nil || !strings.Contains(err.Error(), want) || !strings.HasSuffix(err.Error(), ": a tracing hook") {
		t.Errorf("FirstUse: %v, want that %s", err, want)
	}
	if err := cache.Set(t.Context(), "key", nil, time.Minute); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Set: %v, want that %s", err, want)
	}
}
