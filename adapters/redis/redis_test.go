package redis_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/holdfast-go/holdfast/adapters/redis"
	"github.com/holdfast-go/holdfast/ports"
	goredis "github.com/redis/go-redis/v9"
)

const maxValue = 2 << 20

// newClient returns a client whose commands answer handles, without a server.
func newClient(t *testing.T, answer func(goredis.Cmder)) *goredis.Client {
	t.Helper()
	client := goredis.NewClient(&goredis.Options{Addr: "127.0.0.1:1"})
	t.Cleanup(func() { client.Close() })
	client.AddHook(answers(answer))
	return client
}

// answers is a hook that lets no command through.
type answers func(goredis.Cmder)

func (answers) DialHook(next goredis.DialHook) goredis.DialHook { return next }

func (a answers) ProcessHook(goredis.ProcessHook) goredis.ProcessHook {
	return func(_ context.Context, cmd goredis.Cmder) error {
		a(cmd)
		return cmd.Err()
	}
}

func (answers) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return next
}

func TestNew(t *testing.T) {
	client := newClient(t, func(goredis.Cmder) {})
	var none *goredis.Client
	var noCluster *goredis.ClusterClient
	ring := goredis.NewRing(&goredis.RingOptions{})
	t.Cleanup(func() { ring.Close() })

	const alphabet = "holdfast/redis: Config.Prefix has the character"
	tests := []struct {
		name       string
		client     goredis.UniversalClient
		prefix     string
		want       string // of both, or "" where New succeeds
		wantReplay string // of NewReplayStore only
	}{
		{name: "the zero Config", client: client},
		{name: "a prefix of the whole alphabet", client: client, prefix: "ABCXYZabcxyz0189._-:"},
		{name: "a prefix of 64", client: client, prefix: strings.Repeat("p", 64)},
		{name: "a prefix of 65", client: client, prefix: strings.Repeat("p", 65), want: "holdfast/redis: Config.Prefix has 65 characters, over 64"},
		{name: "a blank", client: client, prefix: "a b", want: alphabet + ` ' ', which is not one of A-Z a-z 0-9 . : _ -`},
		{name: "a hash tag", client: client, prefix: "{a}", want: alphabet + ` '{', which is not one of A-Z a-z 0-9 . : _ -`},
		{name: "a line end", client: client, prefix: "a\n", want: alphabet + ` '\n', which is not one of A-Z a-z 0-9 . : _ -`},
		{name: "no client", want: "holdfast/redis: client is nil"},
		{name: "a nil *redis.Client", client: none, want: "holdfast/redis: client is nil"},
		{name: "a nil *redis.ClusterClient", client: noCluster, want: "holdfast/redis: client is nil"},
		{name: "two faults", prefix: "/", want: "holdfast/redis: client is nil\n" + alphabet + ` '/', which is not one of A-Z a-z 0-9 . : _ -`},
		{name: "a ring", client: ring, wantReplay: "holdfast/redis: client is a *redis.Ring, which forgets uses when a shard is away"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := redis.NewCache(test.client, redis.Config{Prefix: test.prefix})
			checkMessage(t, "NewCache", err, test.want)
			_, err = redis.NewReplayStore(test.client, redis.Config{Prefix: test.prefix})
			checkMessage(t, "NewReplayStore", err, test.want+test.wantReplay)
		})
	}
}

func checkMessage(t *testing.T, what string, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != want {
		t.Errorf("%s: error %q, want %q", what, got, want)
	}
}

func TestCommands(t *testing.T) {
	ctx := context.Background()
	value := []byte("value")
	tests := []struct {
		name   string
		prefix string
		call   func(ports.Cache, ports.ReplayStore) error
		want   []any
	}{
		{"CACHE-13 a sub-millisecond TTL rounds up", "", set(value, 1), []any{"set", "holdfast:cache:key", []byte("1value"), "px", int64(1)}},
		{"CACHE-13 a whole TTL stays", "", set(value, time.Millisecond), []any{"set", "holdfast:cache:key", []byte("1value"), "px", int64(1)}},
		{"CACHE-13 a broken TTL rounds up", "", set(value, time.Millisecond+1), []any{"set", "holdfast:cache:key", []byte("1value"), "px", int64(2)}},
		{"CACHE-13 the longest TTL", "", set(value, math.MaxInt64), []any{"set", "holdfast:cache:key", []byte("1value"), "px", int64(9223372036855)}},
		{"CACHE-13 a TTL of zero deletes", "", set(value, 0), []any{"del", "holdfast:cache:key"}},
		{"CACHE-13 a negative TTL deletes", "", set(value, -1), []any{"del", "holdfast:cache:key"}},
		{"an empty value", "", set(nil, time.Second), []any{"set", "holdfast:cache:key", []byte("1"), "px", int64(1000)}},
		{"delete", "", func(c ports.Cache, _ ports.ReplayStore) error { return c.Delete(ctx, "key") }, []any{"del", "holdfast:cache:key"}},
		{"a prefix of the application", "app:", set(value, time.Second), []any{"set", "app:cache:key", []byte("1value"), "px", int64(1000)}},
		{"DPOP-RPL-01 first use is one command", "", firstUse(time.Minute), []any{"set", "holdfast:replay:key", own, "px", int64(60000), "nx"}},
		{"DPOP-RPL-01 a broken TTL rounds up", "app:", firstUse(1), []any{"set", "app:replay:key", own, "px", int64(1), "nx"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []any
			client := newClient(t, func(cmd goredis.Cmder) { got = append(got, cmd.Args()...) })
			cache, replays := newPorts(t, client, redis.Config{Prefix: test.prefix})
			if err := test.call(cache, replays); err != nil {
				t.Fatal(err)
			}
			if value, ok := got[min(2, len(got)-1)].(string); ok && isOwn(value) {
				got[2] = own
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("command (-want +got):\n%s", diff)
			}
		})
	}
}

func set(value []byte, ttl time.Duration) func(ports.Cache, ports.ReplayStore) error {
	return func(c ports.Cache, _ ports.ReplayStore) error { return c.Set(context.Background(), "key", value, ttl) }
}

func firstUse(ttl time.Duration) func(ports.Cache, ports.ReplayStore) error {
	return func(_ ports.Cache, r ports.ReplayStore) error {
		_, err := r.FirstUse(context.Background(), "key", ttl)
		return err
	}
}

func newPorts(t *testing.T, client goredis.UniversalClient, config redis.Config) (*redis.Cache, *redis.ReplayStore) {
	t.Helper()
	cache, err := redis.NewCache(client, config)
	if err != nil {
		t.Fatal(err)
	}
	replays, err := redis.NewReplayStore(client, config)
	if err != nil {
		t.Fatal(err)
	}
	return cache, replays
}

func TestNothingIsSent(t *testing.T) {
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	tests := []struct {
		name string
		call func(ports.Cache, ports.ReplayStore) error
		want string
	}{
		{"a value over 2 MiB", set(make([]byte, maxValue+1), time.Second), "holdfast/redis: set: the value is over 2 MiB"},
		{"a use with a TTL of zero", firstUse(0), "holdfast/redis: first use: the ttl is not positive"},
		{"a use with a negative TTL", firstUse(-1), "holdfast/redis: first use: the ttl is not positive"},
		{"a context that has ended", func(c ports.Cache, _ ports.ReplayStore) error { return c.Delete(gone, "key") }, "holdfast/redis: delete: context canceled"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client := newClient(t, func(cmd goredis.Cmder) { t.Errorf("sent %s", cmd.Name()) })
			cache, replays := newPorts(t, client, redis.Config{})
			checkMessage(t, "the call", test.call(cache, replays), test.want)
		})
	}
	t.Run("a value of 2 MiB is sent", func(t *testing.T) {
		sent := 0
		cache, _ := newPorts(t, newClient(t, func(goredis.Cmder) { sent++ }), redis.Config{})
		if err := cache.Set(context.Background(), "key", make([]byte, maxValue), time.Second); err != nil || sent != 1 {
			t.Errorf("error %v, %d commands, want none and 1", err, sent)
		}
	})
}

func TestCacheGet(t *testing.T) {
	wrongType := errors.New("WRONGTYPE Operation against a key holding the wrong kind of value")
	tests := []struct {
		name    string
		answer  string
		fail    error
		want    []byte
		wantErr string
	}{
		{name: "a value", answer: "1value", want: []byte("value")},
		{name: "an empty value is not a miss", answer: "1", want: []byte{}},
		{name: "nothing", answer: "", wantErr: ports.ErrMiss.Error()},
		{name: "a value of 2 MiB", answer: "1" + strings.Repeat("v", maxValue), want: bytes.Repeat([]byte("v"), maxValue)},
		{name: "a value over 2 MiB", answer: "1" + strings.Repeat("v", maxValue+1), wantErr: "holdfast/redis: get: the value is over 2 MiB"},
		{name: "an entry of somebody else", answer: "value", wantErr: "holdfast/redis: get: the entry was not written by this package"},
		{name: "a key of another type", fail: wrongType, wantErr: "holdfast/redis: get: " + wrongType.Error()},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client := newClient(t, func(cmd goredis.Cmder) {
				if diff := cmp.Diff([]any{"getrange", "holdfast:cache:key", int64(0), int64(maxValue + 1)}, cmd.Args()); diff != "" {
					t.Errorf("command (-want +got):\n%s", diff)
				}
				cmd.(*goredis.StringCmd).SetVal(test.answer)
				cmd.SetErr(test.fail)
			})
			cache, _ := newPorts(t, client, redis.Config{})
			got, err := cache.Get(context.Background(), "key")
			checkMessage(t, "Get", err, test.wantErr)
			if !bytes.Equal(got, test.want) || (got == nil) != (test.want == nil) {
				t.Errorf("a value of %d bytes, want %d", len(got), len(test.want))
			}
			if miss := test.wantErr == ports.ErrMiss.Error(); errors.Is(err, ports.ErrMiss) != miss {
				t.Errorf("Get: %v is a miss: %t, want %t", err, !miss, miss)
			}
		})
	}
}

// go-redis repeats what may be repeated; a use is repeated by the adapter, which has to know of it.
func TestFaultLostReply(t *testing.T) {
	address, sets := serveWithoutReply(t)
	client := goredis.NewClient(&goredis.Options{
		Addr: address, Protocol: 2, DisableIdentity: true, MaxRetries: 3, MinRetryBackoff: -1,
	})
	t.Cleanup(func() { client.Close() })
	cache, replays := newPorts(t, client, redis.Config{})

	t.Run("DPOP-RPL-05 a use is sent three times and undecided", func(t *testing.T) {
		first, err := replays.FirstUse(context.Background(), "key", time.Minute)
		if first || err == nil {
			t.Errorf("FirstUse: %t, %v, want an error", first, err)
		}
		if got := sets.Load(); got != 3 {
			t.Errorf("%d commands, want 3", got)
		}
	})
	t.Run("an entry is sent four times", func(t *testing.T) {
		sets.Store(0)
		if err := cache.Set(context.Background(), "key", nil, time.Minute); err == nil {
			t.Error("Set: no error")
		}
		if got := sets.Load(); got != 4 {
			t.Errorf("%d commands, want 4", got)
		}
	})
}

// serveWithoutReply plays a server that takes every SET, counts it, and hangs up before it answers.
func serveWithoutReply(t *testing.T) (address string, sets *atomic.Int32) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	sets = new(atomic.Int32)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				buffer := make([]byte, 4096)
				for {
					n, err := conn.Read(buffer)
					if err != nil {
						return
					}
					if bytes.Contains(buffer[:n], []byte("\r\nset\r\n")) {
						sets.Add(1)
						return
					}
					conn.Write([]byte("-ERR unknown command\r\n"))
				}
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		serving.Wait()
	})
	return listener.Addr().String(), sets
}
