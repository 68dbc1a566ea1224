package httpfetch_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-go/holdfast/adapters/httpfetch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a TLS server, and returns it with a fetcher that trusts it.
func serve(t *testing.T, handler http.HandlerFunc, edit func(*httpfetch.Config)) (*httptest.Server, *httpfetch.Fetcher) {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	config := httpfetch.Config{Client: server.Client()}
	if edit != nil {
		edit(&config)
	}
	fetcher, err := httpfetch.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fetcher.Close() })
	return server, fetcher
}

func TestFetch(t *testing.T) {
	server, fetcher := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "GET" || !strings.Contains(r.Header.Get("Accept"), "application/json") {
			t.Errorf("request is %s with Accept %q", r.Method, r.Header.Get("Accept"))
		}
		w.Header().Set("Cache-Control", "max-age=60")
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprint(w, `{"keys":[]}`)
	}, nil)
	document, err := fetcher.Fetch(t.Context(), server.URL+"/jwks?v=1")
	if err != nil || string(document.Body) != `{"keys":[]}` || document.Fresh != time.Minute {
		t.Errorf("Fetch = %+v, %v", document, err)
	}
}

func TestStatusOtherThan200(t *testing.T) {
	for _, status := range []int{201, 204, 206, 304, 400, 401, 404, 429, 500, 503} {
		server, fetcher := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, "s3cr3t")
		}, nil)
		_, err := fetcher.Fetch(t.Context(), server.URL)
		var answer *httpfetch.StatusError
		if !errors.As(err, &answer) || answer.Status != status || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("error for status %d is %v", status, err)
		}
	}
}

func TestURLs(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "{}") }))
	defer plain.Close()
	secure, fetcher := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "{}") }, nil)
	loopback, err := httpfetch.New(httpfetch.Config{Client: plain.Client(), InsecureAllowLoopbackHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	defer loopback.Close()
	host := strings.TrimPrefix(secure.URL, "https://")
	for _, c := range []struct {
		name    string
		fetcher *httpfetch.Fetcher
		url     string
		ok      bool
	}{
		{"DISC-02 https", fetcher, secure.URL, true},
		{"DISC-02 http", fetcher, plain.URL, false},
		{"DISC-02 http on loopback, allowed", loopback, plain.URL, true},
		{"DISC-02 http beyond loopback", loopback, "http://192.0.2.1/", false},
		{"DISC-02 credentials", fetcher, "https://user:pass@" + host, false},
		{"DISC-06 fragment", fetcher, secure.URL + "#a", false},
		{"DISC-06 relative", fetcher, "/jwks", false},
		{"DISC-06 no host", fetcher, "https:///jwks", false},
		{"DISC-06 another scheme", fetcher, "file:///etc/passwd", false},
		{"DISC-06 garbage", fetcher, "https://[::1", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := c.fetcher.Fetch(t.Context(), c.url); (err == nil) != c.ok {
				t.Errorf("Fetch = %v", err)
			} else if err != nil && strings.Contains(err.Error(), "pass") {
				t.Errorf("error %q holds the URL", err)
			}
		})
	}
}

func TestRedirects(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "{}") }))
	defer plain.Close()
	asked := 0
	var server *httptest.Server
	server, fetcher := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		to := map[string]string{
			"/1": "/0", "/2": "/1", "/3": "/2", "/4": "/3", "/loop": "/loop", "/http": plain.URL,
			"/userinfo": strings.Replace(server.URL, "https://", "https://a:b@", 1) + "/0", "/file": "file:///etc/passwd",
		}[r.URL.Path]
		if to == "" {
			fmt.Fprint(w, "{}")
			return
		}
		http.Redirect(w, r, to, http.StatusFound)
	}, func(c *httpfetch.Config) { c.InsecureAllowLoopbackHTTP = true })
	for _, c := range []struct {
		name, path string
		ok         bool
		asked      int
	}{
		{"DISC-07 three", "/3", true, 4},
		{"DISC-07 four", "/4", false, 4},
		{"DISC-07 loop", "/loop", false, 4},
		{"DISC-07 to http, loopback allowed or not", "/http", false, 1},
		{"DISC-07 to credentials", "/userinfo", false, 1},
		{"DISC-07 to a file", "/file", false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked = 0
			_, err := fetcher.Fetch(t.Context(), server.URL+c.path)
			if (err == nil) != c.ok || asked != c.asked {
				t.Errorf("Fetch = %v after %d requests, want %d", err, asked, c.asked)
			}
		})
	}
}

func TestBodies(t *testing.T) {
	const limit = 1000
	var sent atomic.Int64
	big := func(w http.ResponseWriter, n int64) {
		written, _ := io.Copy(w, io.LimitReader(spaces{}, n))
		sent.Store(written)
	}
	server, fetcher := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/at":
			big(w, limit)
		case "/over":
			big(w, limit+1)
		case "/huge":
			big(w, 50<<20)
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.Copy(z, io.LimitReader(spaces{}, 50<<20))
			z.Close()
		case "/cut":
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "{}")
		case "/drip":
			for r.Context().Err() == nil {
				fmt.Fprint(w, " ")
				w.(http.Flusher).Flush()
				time.Sleep(time.Millisecond)
			}
		case "/silent":
			<-r.Context().Done()
		}
	}, func(c *httpfetch.Config) { c.MaxBytes, c.Timeout = limit, 200*time.Millisecond })
	for _, c := range []struct {
		name, path string
		ok         bool
		is         error
	}{
		{name: "KEYS-10 at the bound", path: "/at", ok: true},
		{name: "KEYS-10 over the bound", path: "/over"},
		{name: "KEYS-10 50 MB", path: "/huge"},
		{name: "KEYS-10 50 MB in gzip", path: "/bomb"},
		{name: "DISC-13 cut short", path: "/cut", is: io.ErrUnexpectedEOF},
		{name: "DISC-13 byte by byte", path: "/drip"},
		{name: "DISC-13 silence", path: "/silent", is: context.DeadlineExceeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := fetcher.Fetch(t.Context(), server.URL+c.path)
			if (err == nil) != c.ok || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("Fetch = %v", err)
			}
		})
	}
	server.Close() // waits for the handlers
	if sent.Load() > 10<<20 {
		t.Errorf("KEYS-10: %d bytes of 50 MB were taken", sent.Load())
	}
}

// spaces is an endless body.
type spaces struct{}

func (spaces) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}

func TestCallerLeaves(t *testing.T) {
	asked := make(chan struct{})
	server, fetcher := serve(t, func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	if _, err := fetcher.Fetch(ctx, server.URL); !errors.Is(err, context.Canceled) {
		t.Errorf("Fetch = %v", err)
	}
}

func TestOwnClient(t *testing.T) {
	refused := errors.New("not that way")
	server, fetcher := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/next", http.StatusFound) }, func(c *httpfetch.Config) {
		own := *c.Client
		own.CheckRedirect = func(*http.Request, []*http.Request) error { return refused }
		c.Client = &own
	})
	if _, err := fetcher.Fetch(t.Context(), server.URL); !errors.Is(err, refused) {
		t.Errorf("Fetch = %v, want the client's own refusal", err)
	}
	if server.Client().CheckRedirect != nil {
		t.Error("the user's client was changed")
	}
}

func TestUntrustedCertificate(t *testing.T) {
	server, _ := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("asked") }, nil)
	server.Config.ErrorLog = nil
	fetcher, err := httpfetch.New(httpfetch.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer fetcher.Close()
	if _, err := fetcher.Fetch(t.Context(), server.URL); err == nil {
		t.Error("a certificate of nobody was trusted")
	}
}

func TestNewNamesTheField(t *testing.T) {
	for field, config := range map[string]httpfetch.Config{"Timeout": {Timeout: -1}, "MaxBytes": {MaxBytes: -1}} {
		if _, err := httpfetch.New(config); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("New = %v, want an error that names %s", err, field)
		}
	}
}

func Example() {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=900")
		fmt.Fprint(w, `{"issuer":"https://issuer.example/"}`)
	}))
	defer server.Close()

	fetcher, err := httpfetch.New(httpfetch.Config{Client: server.Client()}) // which trusts the test server
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fetcher.Close()
	document, err := fetcher.Fetch(context.Background(), server.URL+"/.well-known/openid-configuration")
	fmt.Printf("%s, fresh for %v, %v\n", document.Body, document.Fresh, err)
	// Output: {"issuer":"https://issuer.example/"}, fresh for 15m0s, <nil>
}
