package httpfetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

// A middlebox forwards TCP connections to a server. When it forgets those that it has, it swallows what comes on them,
// and still forwards new ones.
type middlebox struct {
	net.Listener
	server string

	mu          sync.Mutex
	accepted    int
	connections []net.Conn // of both sides
	dark        *atomic.Bool
	forwarding  sync.WaitGroup
}

func newMiddlebox(t *testing.T, server net.Addr) *middlebox {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &middlebox{Listener: listener, server: server.String(), dark: new(atomic.Bool)}
	m.forwarding.Go(m.accept)
	t.Cleanup(m.close)
	return m
}

func (m *middlebox) accept() {
	for {
		client, err := m.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", m.server)
		if err != nil {
			client.Close()
			continue
		}
		m.mu.Lock()
		m.accepted++
		m.connections = append(m.connections, client, server)
		dark := m.dark
		m.mu.Unlock()
		m.forwarding.Go(func() { forward(client, server, dark) })
		m.forwarding.Go(func() { forward(server, client, dark) })
	}
}

func forward(from, to net.Conn, dark *atomic.Bool) {
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		if dark.Load() {
			n = 0
		} else if err != nil {
			to.Close()
		}
		if err != nil {
			return
		}
		_, _ = to.Write(buffer[:n])
	}
}

// forget makes the connections accepted so far dark, and returns how many there are.
func (m *middlebox) forget() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dark.Store(true)
	m.dark = new(atomic.Bool)
	return m.accepted
}

func (m *middlebox) connectionsAccepted() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.accepted
}

func (m *middlebox) close() {
	m.Close()
	m.mu.Lock()
	for _, conn := range m.connections {
		conn.Close()
	}
	m.mu.Unlock()
	m.forwarding.Wait()
}

// issuerBehind starts an issuer behind a middlebox, and returns a fetcher that trusts it and the URL that leads to it.
func issuerBehind(t *testing.T, http2 bool, client func(roots *http.Transport) *http.Client, handler http.HandlerFunc) (*middlebox, *Fetcher, string) {
	t.Helper()
	issuer := httptest.NewUnstartedServer(handler)
	issuer.EnableHTTP2 = http2
	issuer.StartTLS()
	t.Cleanup(issuer.Close)
	box := newMiddlebox(t, issuer.Listener.Addr())
	fetcher := trusting(t, issuer)
	if client != nil {
		var err error
		fetcher, err = New(Config{Client: client(issuer.Client().Transport.(*http.Transport).Clone())})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { fetcher.Close() })
	}
	fetcher.timeout = time.Hour // so that no request ends by it
	return box, fetcher, "https://" + box.Addr().String()
}

// kinds are the kinds of requests that a fetcher sends.
var kinds = map[string]func(context.Context, *Fetcher, string) error{
	"Fetch": func(ctx context.Context, f *Fetcher, url string) error {
		_, err := f.Fetch(ctx, url)
		return err
	},
	"PostForm": func(ctx context.Context, f *Fetcher, url string) error {
		_, err := f.PostForm(ctx, ports.TokenRequest{URL: url})
		return err
	},
}

// patience is far beyond what any event takes that these tests wait for, and far below what the faults took.
const patience = time.Minute

// Over HTTP/2 all requests share one connection. Only a ping tells that nothing comes back on it any more.
func TestFaultDarkHTTP2Connection(t *testing.T) {
	clients := map[string]func(*http.Transport) *http.Client{
		"own client": nil,
		"a transport of the application, of one connection per host": func(t *http.Transport) *http.Client {
			t.MaxConnsPerHost = 1
			return &http.Client{Transport: t}
		},
	}
	for client, made := range clients {
		t.Run("FETCH-01 "+client, func(t *testing.T) {
			t.Parallel()
			box, fetcher, url := issuerBehind(t, true, made, func(w http.ResponseWriter, r *http.Request) {
				if r.ProtoMajor != 2 {
					t.Errorf("the request is by %s", r.Proto)
				}
				fmt.Fprint(w, "{}")
			})
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			askBoth := func(check func(kind string, err error)) {
				var asked sync.WaitGroup
				for kind, ask := range kinds {
					asked.Go(func() { check(kind, ask(ctx, fetcher, url)) })
				}
				asked.Wait()
			}
			mustAnswer := func(kind string, err error) {
				if err != nil {
					t.Errorf("%s: %v", kind, err)
				}
			}

			askBoth(mustAnswer)
			before := box.forget()
			askBoth(func(kind string, err error) {
				if err == nil || errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s on a dark connection: %v, want the error of a lost connection", kind, err)
				}
			})
			askBoth(mustAnswer)
			if got := box.connectionsAccepted() - before; got != len(kinds) {
				t.Errorf("%d new connections were made, want %d", got, len(kinds))
			}
		})
	}
}

// Over HTTP/1.1 one request that ran out of time is enough to drop all idle connections.
func TestFaultDarkHTTP1Connections(t *testing.T) {
	const idle = 2
	for kind, ask := range kinds {
		t.Run("FETCH-01 "+kind, func(t *testing.T) {
			t.Parallel()
			var hold atomic.Bool
			hold.Store(true)
			arrived, release := make(chan struct{}), make(chan struct{})
			box, fetcher, url := issuerBehind(t, false, nil, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if hold.Load() {
					arrived <- struct{}{}
					<-release
				}
				fmt.Fprint(w, "{}")
			})
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			var first sync.WaitGroup
			for range idle {
				first.Go(func() {
					if err := ask(ctx, fetcher, url); err != nil {
						t.Error(err)
					}
				})
			}
			for range idle { // each on a connection of its own
				<-arrived
			}
			hold.Store(false)
			close(release)
			first.Wait()

			before := box.forget()
			soon, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
			defer cancel()
			if err := ask(soon, fetcher, url); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("on a dark connection: %v, want it to wrap context.DeadlineExceeded", err)
			}
			if err := ask(ctx, fetcher, url); err != nil {
				t.Errorf("after the dark connection: %v", err)
			}
			if got := box.connectionsAccepted() - before; got != 1 {
				t.Errorf("%d new connections were made, want 1", got)
			}
		})
	}
}

// An HTTP/2 connection that answers pings is not dark, however many requests on it time out.
func TestFaultHangingHTTP2IssuerKeepsItsConnection(t *testing.T) {
	box, fetcher, url := issuerBehind(t, true, nil, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hang" {
			<-r.Context().Done()
			return
		}
		fmt.Fprint(w, "{}")
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for kind, ask := range kinds {
		for range 3 {
			if err := ask(ctx, fetcher, url); err != nil {
				t.Fatal(err)
			}
			soon, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
			if err := ask(soon, fetcher, url+"/hang"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("FETCH-01 %s that hangs: %v", kind, err)
			}
			cancel()
		}
	}
	if got := box.connectionsAccepted(); got != len(kinds) {
		t.Errorf("FETCH-01 %d connections were made, want %d", got, len(kinds))
	}
}
