package memcached_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/holdfast-go/holdfast/adapters/memcached"
)

// own stands for the value of a call in what tests expect.
const own = "the value of the call"

// ownPattern is what such a value looks like: 128 random bits in base 32.
var ownPattern = regexp.MustCompile(`\b[A-Z2-7]{26}\b`)

// anonymous puts own in the place of a call's value.
func anonymous(request string) string { return ownPattern.ReplaceAllString(request, own) }

// script plays a server that answers each request of a connection by the next reply, and hangs up where that is
// not whole. It gives all requests.
func script(t *testing.T, replies ...string) (*memcache.Client, func() []string) {
	t.Helper()
	requests := make(chan string, 100)
	next := make(chan string, len(replies))
	for _, reply := range replies {
		next <- reply
	}
	var value string
	client := memcache.New("127.0.0.1:1")
	client.Timeout = time.Minute
	client.DialContext = func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			for reader := bufio.NewReader(theirs); ; {
				line, err := reader.ReadString('\n')
				if err != nil {
					return
				}
				if strings.HasPrefix(line, "add ") {
					value, _ = reader.ReadString('\n')
					line += value
				}
				requests <- line
				select {
				case reply := <-next:
					fmt.Fprint(theirs, strings.ReplaceAll(reply, own, strings.TrimSpace(value)))
					if !strings.HasSuffix(reply, "\r\n") {
						return
					}
				default:
					return
				}
			}
		}()
		return ours, nil
	}
	t.Cleanup(func() { client.Close() })
	return client, func() (all []string) {
		for len(requests) > 0 {
			all = append(all, <-requests)
		}
		return all
	}
}

func TestFaultFirstUse(t *testing.T) {
	const (
		lost    = ""
		stored  = "STORED\r\n"
		exists  = "NOT_STORED\r\n"
		full    = "SERVER_ERROR out of memory storing object\r\n"
		key     = "holdfast:replay:key"
		mine    = "VALUE " + key + " 0 26\r\n" + own + "\r\nEND\r\n"
		theirs  = "VALUE " + key + " 0 26\r\nAAAAAAAAAAAAAAAAAAAAAAAAAA\r\nEND\r\n"
		earlier = "VALUE " + key + " 0 1\r\n1\r\nEND\r\n"
		other   = "VALUE other 0 26\r\n" + own + "\r\nEND\r\n"
		nothing = "END\r\n"
	)
	tests := []struct {
		name    string
		replies []string
		want    bool
		err     string // within the error
	}{
		{name: "DPOP-RPL-01 stored", replies: []string{stored}, want: true},
		{name: "DPOP-RPL-01 there already", replies: []string{exists}},
		{name: "DPOP-RPL-03 lost before the server, then stored", replies: []string{lost, stored}, want: true},
		{name: "DPOP-RPL-03 stored and the reply lost", replies: []string{lost, exists, mine}, want: true},
		{name: "DPOP-RPL-03 lost twice", replies: []string{lost, lost, exists, mine}, want: true},
		{name: "DPOP-RPL-03 half a reply", replies: []string{"STOR", exists, mine}, want: true},
		{name: "DPOP-RPL-03 lost, and another's", replies: []string{lost, exists, theirs}},
		{name: "DPOP-RPL-03 lost, and an earlier version's", replies: []string{lost, exists, earlier}},
		{name: "DPOP-RPL-05 lost, there, and gone", replies: []string{lost, exists, nothing}, err: "a reply was lost, and the entry is gone"},
		{name: "DPOP-RPL-05 lost, there, and another key's answer", replies: []string{lost, exists, other}, err: "the answer is for another key"},
		{name: "DPOP-RPL-05 lost, there, and the reading fails", replies: []string{lost, exists, lost}, err: "EOF"},
		{name: "DPOP-RPL-05 lost three times", replies: []string{lost, lost, lost}, err: "EOF"},
		{name: "DPOP-RPL-05 lost, then refused", replies: []string{lost, full}, err: "out of memory"},
		{name: "DPOP-RPL-05 refused", replies: []string{full}, err: "out of memory"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client, requests := script(t, test.replies...)
			_, replays := newPorts(t, client, memcached.Config{})
			first, err := replays.FirstUse(t.Context(), "key", time.Minute)
			if first != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("FirstUse: %t, %v, want %t, %q", first, err, test.want, test.err)
			}
			sent := requests()
			if len(sent) != len(test.replies) {
				t.Errorf("sent %q, want %d requests", sent, len(test.replies))
			}
			for _, request := range sent {
				if request != sent[0] && !strings.HasPrefix(request, "gets ") {
					t.Errorf("sent %q and %q in one call", sent[0], request)
				}
			}
		})
	}
}

// A connection that can't be had was asked nothing, so there is nothing to find out by asking again.
func TestFaultNoConnection(t *testing.T) {
	for _, fault := range []error{&net.OpError{Op: "dial", Err: errors.New("connection refused")}, context.DeadlineExceeded} {
		client := memcache.New("127.0.0.1:1")
		dials := 0
		client.DialContext = func(context.Context, string, string) (net.Conn, error) {
			dials++
			return nil, fault
		}
		_, replays := newPorts(t, client, memcached.Config{})
		if first, err := replays.FirstUse(t.Context(), "key", time.Minute); first || err == nil || dials != 1 {
			t.Errorf("FirstUse: %t, %v after %d attempts to connect, want an error after 1", first, err, dials)
		}
	}
}

// A caller that left wants no more attempts.
func TestFaultFirstUseEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	client := memcache.New("127.0.0.1:1")
	ended := make(chan int, 10)
	client.DialContext = func(context.Context, string, string) (net.Conn, error) {
		cancel()
		ended <- 1
		return nil, io.EOF
	}
	_, replays := newPorts(t, client, memcached.Config{})
	if first, err := replays.FirstUse(ctx, "key", time.Minute); first || err == nil {
		t.Errorf("FirstUse: %t, %v, want an error", first, err)
	}
	<-ended
	if len(ended) != 0 {
		t.Error("more than one attempt")
	}
}

func TestFaultPanicInAHook(t *testing.T) {
	client := memcache.New("127.0.0.1:1")
	client.DialContext = func(context.Context, string, string) (net.Conn, error) { panic("a dialer") }
	const want = "the client panicked in github.com/holdfast-go/holdfast/adapters/memcached_test.TestFaultPanicInAHook.func1 (replay_test.go:"
	cache, replays := newPorts(t, client, memcached.Config{})
	_, err := replays.FirstUse(t.Context(), "key", time.Minute)
	if err == nil || !strings.Contains(err.Error(), want) || !strings.HasSuffix(err.Error(), ": a dialer") {
		t.Errorf("FirstUse: %v, want that %s", err, want)
	}
	if err := cache.Set(t.Context(), "key", nil, time.Minute); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Set: %v, want that %s", err, want)
	}

	client.DialContext = func(context.Context, string, string) (net.Conn, error) { runtime.Goexit(); return nil, nil }
	if _, err := replays.FirstUse(t.Context(), "key", time.Minute); err == nil || !strings.HasSuffix(err.Error(), "the client ended the goroutine of the call") {
		t.Errorf("FirstUse: %v", err)
	}
	// A client that was not made by one of its constructors has no selector.
	_, replays = newPorts(t, &memcache.Client{}, memcached.Config{})
	if _, err := replays.FirstUse(t.Context(), "key", time.Minute); err == nil || !strings.Contains(err.Error(), "the client panicked in") {
		t.Errorf("FirstUse: %v", err)
	}
}
