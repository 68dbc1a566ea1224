package httpfetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// trusting returns a fetcher with a client of this package's own that trusts server.
func trusting(t *testing.T, server *httptest.Server) *Fetcher {
	t.Helper()
	fetcher, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fetcher.Close() })
	for _, l := range []*lane{fetcher.documents, fetcher.tokens} {
		l.transport.TLSClientConfig.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	}
	return fetcher
}

func TestOwnClientProtocols(t *testing.T) {
	tests := []struct {
		name     string
		http2    bool
		versions *tls.Config // of the server
		want     string      // "" where the fetch fails
	}{
		{name: "HTTP/2", http2: true, want: "HTTP/2.0 TLS 1.3"},
		{name: "HTTP/1.1", want: "HTTP/1.1 TLS 1.3"},
		{name: "TLS 1.2", versions: &tls.Config{MaxVersion: tls.VersionTLS12}, want: "HTTP/1.1 TLS 1.2"},
		{name: "TLS 1.1", versions: &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprintf(w, "%s %s", r.Proto, tls.VersionName(r.TLS.Version))
			}))
			server.TLS = tt.versions
			server.EnableHTTP2 = tt.http2
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.StartTLS()
			t.Cleanup(server.Close)
			document, err := trusting(t, server).Fetch(t.Context(), server.URL)
			if string(document.Body) != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("Fetch = %q, %v, want %q", document.Body, err, tt.want)
			}
		})
	}
}

func TestOwnClientBoundsHeaders(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		for size, fits := range map[int]bool{60 << 10: true, 68 << 10: false} {
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Large", strings.Repeat("x", size))
				fmt.Fprint(w, "{}")
			}))
			server.EnableHTTP2 = http2
			server.StartTLS()
			t.Cleanup(server.Close)
			if _, err := trusting(t, server).Fetch(t.Context(), server.URL); (err == nil) != fits {
				t.Errorf("KEYS-10 HTTP/2 %t, a header of %d bytes: %v", http2, size, err)
			}
		}
	}
}

// A pipe is a listener whose connections stay in the process, so that they obey the clock of a synctest bubble.
type pipe struct {
	accepted chan net.Conn
	closed   chan struct{}
	once     sync.Once // closes closed
}

func (p *pipe) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.accepted <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipe) Accept() (net.Conn, error) {
	select {
	case conn := <-p.accepted:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipe) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipe) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// servePipe serves handler over a pipe until the test ends, and waits for what is under way then.
func servePipe(t *testing.T, handler http.HandlerFunc) *pipe {
	p := &pipe{accepted: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: handler}
	go server.Serve(p)
	t.Cleanup(func() { server.Shutdown(context.Background()) })
	return p
}

func TestFaultSlowIssuer(t *testing.T) {
	dribble := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, " ")
			w.(http.Flusher).Flush()
			time.Sleep(700 * time.Millisecond)
		}
	}
	bodies := []struct {
		name    string
		handler http.HandlerFunc
	}{
		{"no answer", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		{"no body", func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush(); <-r.Context().Done() }},
		{"byte by byte", dribble},
		{"redirects, each in good time", func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(900 * time.Millisecond)
			if r.URL.Path != "/aaa" {
				http.Redirect(w, r, r.URL.Path+"a", http.StatusFound)
				return
			}
			dribble(w, r)
		}},
	}
	timeouts := []struct {
		name           string
		config, client time.Duration
		want           time.Duration
	}{
		{name: "by default", want: 10 * time.Second},
		{name: "configured", config: 30 * time.Second, want: 30 * time.Second},
		{name: "of the client", client: 4 * time.Second, want: 4 * time.Second},
		{name: "of the client, and longer", config: 5 * time.Second, client: 20 * time.Second, want: 5 * time.Second},
	}
	for _, body := range bodies {
		for _, tt := range timeouts {
			t.Run("DISC-13 "+body.name+", timeout "+tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					transport := &http.Transport{DialContext: servePipe(t, body.handler).DialContext}
					client := &http.Client{Transport: transport, Timeout: tt.client}
					fetcher, err := New(Config{Client: client, Timeout: tt.config, InsecureAllowLoopbackHTTP: true})
					if err != nil {
						t.Fatal(err)
					}
					defer fetcher.Close()
					begun := time.Now()
					_, err = fetcher.Fetch(t.Context(), "http://localhost/")
					if !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("Fetch = %v, want it to wrap context.DeadlineExceeded", err)
					}
					if got := time.Since(begun); got != tt.want {
						t.Errorf("it took %v, want %v", got, tt.want)
					}
				})
			})
		}
	}
}

func TestAnswerInTheLastMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := &http.Transport{DialContext: servePipe(t, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(defaultTimeout - 1)
			fmt.Fprint(w, "{}")
		}).DialContext}
		fetcher, err := New(Config{Client: &http.Client{Transport: transport}, InsecureAllowLoopbackHTTP: true})
		if err != nil {
			t.Fatal(err)
		}
		defer fetcher.Close()
		if document, err := fetcher.Fetch(t.Context(), "http://localhost/"); string(document.Body) != "{}" || err != nil {
			t.Errorf("DISC-13 Fetch = %q, %v", document.Body, err)
		}
	})
}

func TestOwnClientHandshakeTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetcher, err := New(Config{})
		if err != nil {
			t.Fatal(err)
		}
		ours, theirs := net.Pipe()
		go io.Copy(io.Discard, theirs) // who listens and never answers
		fetcher.documents.transport.DialContext = func(context.Context, string, string) (net.Conn, error) { return ours, nil }

		begun := time.Now()
		_, err = fetcher.Fetch(t.Context(), "https://id.example.com/jwks")
		if err == nil || err.Error() != `holdfast/httpfetch: GET "https://id.example.com/jwks": no whole answer: a step took longer than the transport allows` {
			t.Errorf("DISC-13 Fetch = %v", err)
		}
		if got := time.Since(begun); got != 5*time.Second {
			t.Errorf("DISC-13 it took %v, want 5s", got)
		}
	})
}
