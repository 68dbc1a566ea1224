package httpfetch

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/holdfast-go/holdfast/ports"
)

// Token requests that are all held by their endpoint, more than there are connections for, don't keep keys from being
// fetched from the same host.
func TestFaultTokenRequestsDoNotDelayKeys(t *testing.T) {
	tests := []struct {
		name      string
		theirs    bool // a transport of the application
		underWay  int  // token requests that the endpoint gets at once
		requested int
	}{
		{name: "own client", underWay: 100, requested: 120},
		{name: "a transport of the application", theirs: true, underWay: 3, requested: 6},
	}
	for _, tt := range tests {
		t.Run("FETCH-02 "+tt.name, func(t *testing.T) {
			arrived, release := make(chan struct{}, tt.requested), make(chan struct{})
			issuer := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					_, _ = io.Copy(io.Discard, r.Body)
					arrived <- struct{}{}
					<-release
				}
				fmt.Fprint(w, "{}")
			}))
			defer issuer.Close()
			fetcher := trusting(t, issuer)
			if tt.theirs {
				transport := issuer.Client().Transport.(*http.Transport)
				transport.MaxConnsPerHost = tt.underWay
				var err error
				if fetcher, err = New(Config{Client: issuer.Client()}); err != nil {
					t.Fatal(err)
				}
				defer fetcher.Close()
			}
			fetcher.timeout = time.Hour
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()

			var answered atomic.Int32
			var posts sync.WaitGroup
			for range tt.requested {
				posts.Go(func() {
					if _, err := fetcher.PostForm(ctx, ports.TokenRequest{URL: issuer.URL + "/token"}); err != nil {
						t.Error(err)
					}
					answered.Add(1)
				})
			}
			for range tt.underWay {
				select {
				case <-arrived:
				case <-ctx.Done():
				}
			}
			if _, err := fetcher.Fetch(ctx, issuer.URL+"/jwks"); err != nil {
				t.Errorf("keys during token requests: %v", err)
			}
			if got := answered.Load(); got != 0 {
				t.Errorf("%d token requests were answered before", got)
			}
			close(release)
			posts.Wait()
		})
	}
}

func TestConnectionsPerHost(t *testing.T) {
	for kind, want := range map[string]int{"Fetch": 16, "PostForm": 100} {
		t.Run("FETCH-02 "+kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked atomic.Int32
				release := make(chan struct{})
				p := servePipe(t, func(w http.ResponseWriter, r *http.Request) {
					asked.Add(1)
					<-release
				})
				client := &http.Client{Transport: &http.Transport{DialContext: p.DialContext}}
				fetcher, err := New(Config{Client: client, InsecureAllowLoopbackHTTP: true})
				if err != nil {
					t.Fatal(err)
				}
				defer fetcher.Close()

				var requests sync.WaitGroup
				for range want + 2 {
					requests.Go(func() {
						if err := kinds[kind](t.Context(), fetcher, "http://localhost/"); err != nil {
							t.Error(err)
						}
					})
				}
				synctest.Wait()
				if got := int(asked.Load()); got != want {
					t.Errorf("%d requests are under way, want %d", got, want)
				}
				close(release)
				requests.Wait()
				if got := int(asked.Load()); got != want+2 {
					t.Errorf("%d requests were sent, want %d", got, want+2)
				}
			})
		})
	}
}

// What an application sets is kept, what it leaves at zero is bounded, and its transport is not changed.
func TestBoundsOfTheApplicationsTransport(t *testing.T) {
	type bounds struct {
		PerHost, IdlePerHost, Idle      int
		IdleFor, Handshake, Ping, Reply time.Duration
		Header                          int64
		Buffer                          int
	}
	of := func(t *http.Transport) bounds {
		b := bounds{
			PerHost: t.MaxConnsPerHost, IdlePerHost: t.MaxIdleConnsPerHost, Idle: t.MaxIdleConns,
			IdleFor: t.IdleConnTimeout, Handshake: t.TLSHandshakeTimeout, Header: t.MaxResponseHeaderBytes,
		}
		if t.HTTP2 != nil {
			b.Ping, b.Reply, b.Buffer = t.HTTP2.SendPingTimeout, t.HTTP2.PingTimeout, t.HTTP2.MaxReceiveBufferPerStream
		}
		return b
	}
	zero := bounds{
		Idle: 100, IdleFor: 30 * time.Second, Handshake: 5 * time.Second, Header: 64 << 10,
		Ping: 3 * time.Second, Reply: 3 * time.Second, Buffer: 256 << 10,
	}
	documents, tokens := zero, zero
	documents.PerHost, documents.IdlePerHost = 16, 2
	tokens.PerHost, tokens.IdlePerHost = 100, 100
	set := bounds{1, 2, 3, 4, 5, 6, 7, 8, 9}
	tests := []struct {
		name                   string
		transport              *http.Transport
		documents, tokens, own bounds
	}{
		{name: "zero", transport: &http.Transport{}, documents: documents, tokens: tokens},
		{
			name: "set", documents: set, tokens: set, own: set,
			transport: &http.Transport{
				MaxConnsPerHost: 1, MaxIdleConnsPerHost: 2, MaxIdleConns: 3, IdleConnTimeout: 4, TLSHandshakeTimeout: 5, MaxResponseHeaderBytes: 8,
				HTTP2: &http.HTTP2Config{SendPingTimeout: 6, PingTimeout: 7, MaxReceiveBufferPerStream: 9},
			},
		},
	}
	for _, tt := range tests {
		t.Run("FETCH-02 "+tt.name, func(t *testing.T) {
			tt.transport.TLSClientConfig = &tls.Config{ServerName: "id.example.com"}
			fetcher, err := New(Config{Client: &http.Client{Transport: tt.transport}})
			if err != nil {
				t.Fatal(err)
			}
			for name, l := range map[string]struct {
				transport *http.Transport
				want      bounds
			}{
				"documents":       {fetcher.documents.transport, tt.documents},
				"tokens":          {fetcher.tokens.transport, tt.tokens},
				"the application": {tt.transport, tt.own},
			} {
				if diff := cmp.Diff(l.want, of(l.transport)); diff != "" {
					t.Errorf("bounds of %s (-want +got):\n%s", name, diff)
				}
				if l.transport.TLSClientConfig.ServerName != "id.example.com" {
					t.Errorf("%s has another TLS configuration", name)
				}
			}
		})
	}
}

// The changes to a copy of a transport must not take HTTP/2 from it, nor give it HTTP/2.
func TestApplicationsTransportKeepsItsProtocols(t *testing.T) {
	tests := []struct {
		name      string
		transport *http.Transport // nil means the default one
		http2     bool
	}{
		{name: "default transport", http2: true},
		{name: "zero value", transport: &http.Transport{}, http2: true},
		{name: "TLS configuration", transport: &http.Transport{TLSClientConfig: &tls.Config{}}},
		{name: "TLS configuration and HTTP/2", transport: &http.Transport{TLSClientConfig: &tls.Config{}, ForceAttemptHTTP2: true}, http2: true},
		{name: "dialler", transport: &http.Transport{DialContext: new(net.Dialer).DialContext}},
		{name: "HTTP/2 switched off", transport: &http.Transport{TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}}},
		{name: "HTTP/2 switched off by protocols", transport: func() *http.Transport {
			t := &http.Transport{Protocols: new(http.Protocols)}
			t.Protocols.SetHTTP1(true)
			return t
		}()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client := &http.Client{}
			if tt.transport != nil {
				client.Transport = tt.transport
			}
			fetcher, err := New(Config{Client: client})
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range []*lane{fetcher.documents, fetcher.tokens} {
				l.transport.CloseIdleConnections() // which has it choose its protocols
				if got := l.transport.TLSNextProto["h2"] != nil; got != tt.http2 {
					t.Errorf("it speaks HTTP/2: %t, want %t", got, tt.http2)
				}
			}
		})
	}
}
