package memcached_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/google/go-cmp/cmp"
	"github.com/holdfast-go/holdfast/adapters/memcached"
	"github.com/holdfast-go/holdfast/ports"
)

const maxValue = 2 << 20

// today is when the clock of these tests stands.
const today = 1_800_000_000

type clock struct{ now time.Time }

func (c clock) Now() time.Time { return c.now }

func TestNew(t *testing.T) {
	client := memcache.New("127.0.0.1:1")
	const alphabet = "holdfast/memcached: Config.Prefix has the character"
	tests := []struct {
		name   string
		client *memcache.Client
		prefix string
		want   string
	}{
		{name: "the zero Config", client: client},
		{name: "a prefix of the whole alphabet", client: client, prefix: "ABCXYZabcxyz0189._-:"},
		{name: "a prefix of 64", client: client, prefix: strings.Repeat("p", 64)},
		{name: "a prefix of 65", client: client, prefix: strings.Repeat("p", 65), want: "holdfast/memcached: Config.Prefix has 65 characters, over 64"},
		{name: "a blank", client: client, prefix: "a b", want: alphabet + ` ' ', which is not one of A-Z a-z 0-9 . : _ -`},
		{name: "a line end", client: client, prefix: "a\n", want: alphabet + ` '\n', which is not one of A-Z a-z 0-9 . : _ -`},
		{name: "no client", want: "holdfast/memcached: client is nil"},
		{name: "two faults", prefix: "/", want: "holdfast/memcached: client is nil\n" + alphabet + ` '/', which is not one of A-Z a-z 0-9 . : _ -`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := memcached.NewCache(test.client, memcached.Config{Prefix: test.prefix})
			checkMessage(t, "NewCache", err, test.want)
			_, err = memcached.NewReplayStore(test.client, memcached.Config{Prefix: test.prefix})
			checkMessage(t, "NewReplayStore", err, test.want)
		})
	}
}

type clockFunc func() time.Time

func (f clockFunc) Now() time.Time { return f() }

func TestNewRefusesANilClock(t *testing.T) {
	client := memcache.New("127.0.0.1:1")
	for _, test := range []struct {
		clock ports.Clock
		want  string
	}{
		{clock: clock{}},
		{clock: (*clock)(nil), want: "holdfast/memcached: Config.Clock is a nil *memcached_test.clock; leave it out for the system's clock"},
		{clock: clockFunc(nil), want: "holdfast/memcached: Config.Clock is a nil memcached_test.clockFunc; leave it out for the system's clock"},
	} {
		_, err := memcached.NewCache(client, memcached.Config{Clock: test.clock})
		checkMessage(t, "NewCache", err, test.want)
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

// play returns ports on a server that takes one exchange: it reads lines of a request, answers with reply, and
// gives what it read.
func play(t *testing.T, config memcached.Config, lines int, reply string) (cache ports.Cache, replays ports.ReplayStore, sent func() string) {
	t.Helper()
	requests := make(chan string, 1)
	client := memcache.New("127.0.0.1:1")
	client.DialContext = func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			var request strings.Builder
			for reader := bufio.NewReader(theirs); lines > 0; lines-- {
				line, err := reader.ReadString('\n')
				if err != nil {
					break
				}
				request.WriteString(line)
			}
			requests <- request.String()
			fmt.Fprint(theirs, reply)
		}()
		return ours, nil
	}
	t.Cleanup(func() { client.Close() })
	cache, replays = newPorts(t, client, config)
	return cache, replays, func() string {
		select {
		case request := <-requests:
			return request
		default:
			return ""
		}
	}
}

func newPorts(t *testing.T, client *memcache.Client, config memcached.Config) (*memcached.Cache, *memcached.ReplayStore) {
	t.Helper()
	cache, err := memcached.NewCache(client, config)
	if err != nil {
		t.Fatal(err)
	}
	replays, err := memcached.NewReplayStore(client, config)
	if err != nil {
		t.Fatal(err)
	}
	return cache, replays
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

func TestCommands(t *testing.T) {
	const month = 30 * 24 * time.Hour
	const lastSecond = (math.MaxInt32 - today - 1) * time.Second // the longest TTL whose end memcached can write
	const tooLong = "the ttl ends after 2038-01-19, the last date that memcached knows"
	tests := []struct {
		name string
		call func(ports.Cache, ports.ReplayStore) error
		want string // the request, or "" where none may be sent
		err  string
	}{
		{name: "CACHE-13 a sub-second TTL rounds up", call: set(nil, 1), want: "set p:cache:key 0 1 0\r\n\r\n"},
		{name: "CACHE-13 a whole TTL stays", call: set(nil, time.Second), want: "set p:cache:key 0 1 0\r\n\r\n"},
		{name: "CACHE-13 a broken TTL rounds up", call: set(nil, time.Second+1), want: "set p:cache:key 0 2 0\r\n\r\n"},
		{name: "CACHE-13 a TTL of zero deletes", call: set(nil, 0), want: "delete p:cache:key\r\n"},
		{name: "CACHE-13 a negative TTL deletes", call: set(nil, -1), want: "delete p:cache:key\r\n"},
		{name: "a value", call: set([]byte("value"), time.Minute), want: "set p:cache:key 0 60 5\r\nvalue\r\n"},
		{name: "30 days are a span", call: set(nil, month), want: "set p:cache:key 0 2592000 0\r\n\r\n"},
		{name: "more than 30 days are a date", call: set(nil, month+1), want: "set p:cache:key 0 1802592002 0\r\n\r\n"},
		{name: "the last date", call: set(nil, lastSecond), want: "set p:cache:key 0 2147483647 0\r\n\r\n"},
		{name: "a date after the last", call: set(nil, lastSecond+1), err: "holdfast/memcached: set: " + tooLong},
		{name: "the longest TTL", call: set(nil, math.MaxInt64), err: "holdfast/memcached: set: " + tooLong},
		{name: "a value over 2 MiB", call: set(make([]byte, maxValue+1), time.Second), err: "holdfast/memcached: set: the value is over 2 MiB"},

		{name: "DPOP-RPL-01 first use is one command", call: firstUse(time.Minute), want: "add p:replay:key 0 62 26\r\n" + own + "\r\n"},
		{name: "DPOP-RPL-01 a broken TTL rounds up", call: firstUse(time.Minute + 1), want: "add p:replay:key 0 63 26\r\n" + own + "\r\n"},
		{name: "DPOP-RPL-01 the margin may need a date", call: firstUse(month - time.Second), want: "add p:replay:key 0 1802592002 26\r\n" + own + "\r\n"},
		{name: "DPOP-RPL-01 the longest span", call: firstUse(month - 2*time.Second), want: "add p:replay:key 0 2592000 26\r\n" + own + "\r\n"},
		{name: "DPOP-RPL-05 a use that can't be remembered long enough", call: firstUse(lastSecond), err: "holdfast/memcached: first use: " + tooLong},
		{name: "DPOP-RPL-05 the longest TTL", call: firstUse(math.MaxInt64), err: "holdfast/memcached: first use: " + tooLong},
		{name: "DPOP-RPL-05 a use with a TTL of zero", call: firstUse(0), err: "holdfast/memcached: first use: the ttl is not positive"},
		{name: "DPOP-RPL-05 a use with a negative TTL", call: firstUse(-1), err: "holdfast/memcached: first use: the ttl is not positive"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			config := memcached.Config{Prefix: "p:", Clock: clock{time.Unix(today, 999_999_999)}}
			reply := "STORED\r\n"
			if strings.HasPrefix(test.want, "delete") {
				reply = "DELETED\r\n"
			}
			cache, replays, sent := play(t, config, strings.Count(test.want, "\n"), reply)
			checkMessage(t, "the call", test.call(cache, replays), test.err)
			if diff := cmp.Diff(test.want, anonymous(sent())); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLongestKey(t *testing.T) {
	prefix, key := strings.Repeat("p", 64), strings.Repeat("k", 128)
	_, replays, sent := play(t, memcached.Config{Prefix: prefix}, 2, "STORED\r\n")
	if first, err := replays.FirstUse(context.Background(), key, time.Second); !first || err != nil {
		t.Errorf("FirstUse: %t, %v, want true", first, err)
	}
	if want := "add " + prefix + "replay:" + key + " 0 3 26\r\n" + own + "\r\n"; anonymous(sent()) != want {
		t.Error("the request does not hold the key")
	}
}

func TestCacheAnswers(t *testing.T) {
	get := func(size int) string {
		return fmt.Sprintf("VALUE holdfast:cache:key 0 %d 1\r\n%s\r\nEND\r\n", size, strings.Repeat("v", size))
	}
	tests := []struct {
		name, reply string
		want        []byte
		err         string
	}{
		{name: "a value", reply: get(5), want: []byte("vvvvv")},
		{name: "an empty value is not a miss", reply: get(0), want: []byte{}},
		{name: "nothing", reply: "END\r\n", err: ports.ErrMiss.Error()},
		{name: "a value of 2 MiB", reply: get(maxValue), want: bytes.Repeat([]byte("v"), maxValue)},
		{name: "a value over 2 MiB", reply: get(maxValue + 1), err: "holdfast/memcached: get: the value is over 2 MiB"},
		{name: "another key", reply: "VALUE holdfast:cache:other 0 1 1\r\nv\r\nEND\r\n", err: "holdfast/memcached: get: the answer is for another key"},
		{name: "a failure", reply: "SERVER_ERROR busy\r\n", err: `holdfast/memcached: get: memcache: unexpected line in get response: "SERVER_ERROR busy\r\n"`},
	}
	for _, test := range tests {
		t.Run("get: "+test.name, func(t *testing.T) {
			cache, _, _ := play(t, memcached.Config{}, 1, test.reply)
			got, err := cache.Get(context.Background(), "key")
			checkMessage(t, "Get", err, test.err)
			if !bytes.Equal(got, test.want) || (got == nil) != (test.want == nil) {
				t.Errorf("a value of %d bytes, want %d", len(got), len(test.want))
			}
			if miss := test.err == ports.ErrMiss.Error(); errors.Is(err, ports.ErrMiss) != miss {
				t.Errorf("Get: %v is a miss: %t, want %t", err, !miss, miss)
			}
		})
	}
	t.Run("delete: no such entry, no error", func(t *testing.T) {
		cache, _, _ := play(t, memcached.Config{}, 1, "NOT_FOUND\r\n")
		if err := cache.Delete(context.Background(), "key"); err != nil {
			t.Errorf("Delete: %v", err)
		}
	})
	t.Run("set: too large for the server", func(t *testing.T) {
		cache, _, _ := play(t, memcached.Config{}, 2, "SERVER_ERROR object too large for cache\r\n")
		err := cache.Set(context.Background(), "key", nil, time.Second)
		checkMessage(t, "Set", err, `holdfast/memcached: set: memcache: unexpected response line from "set": "SERVER_ERROR object too large for cache\r\n"`)
	})
}
