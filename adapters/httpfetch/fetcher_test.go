package httpfetch_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/holdfast-go/holdfast/adapters/httpfetch"
	"github.com/holdfast-go/holdfast/ports"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a TLS server.
func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	return server
}

// newFetcher returns a fetcher that is closed when the test ends.
func newFetcher(t *testing.T, config httpfetch.Config) *httpfetch.Fetcher {
	t.Helper()
	fetcher, err := httpfetch.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fetcher.Close() })
	return fetcher
}

// requestNamed is how errors begin: the package and, of a request, the method and the URLs.
var requestNamed = regexp.MustCompile(`^holdfast/httpfetch: (?:(?:GET|POST)(?: "[^"]*")?(?:, redirected to "[^"]*")?: )?`)

// checkError compares what an error tells, less the request that it names; "" stands for no error.
func checkError(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
		named := requestNamed.FindString(got)
		if named == "" {
			t.Errorf("the error %q does not begin with the package", got)
		}
		got = got[len(named):]
	}
	if got != want {
		t.Errorf("the error is %q, want %q", got, want)
	}
}

// A roundTripper makes a function an http.RoundTripper.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestNew(t *testing.T) {
	tests := []struct {
		name   string
		config httpfetch.Config
		want   string
	}{
		{name: "zero value"},
		{name: "smallest and largest", config: httpfetch.Config{Timeout: 1, MaxBytes: math.MaxInt64}},
		{name: "negative Timeout", config: httpfetch.Config{Timeout: -1}, want: "Config.Timeout is negative: -1ns"},
		{name: "negative MaxBytes", config: httpfetch.Config{MaxBytes: -1}, want: "Config.MaxBytes is negative: -1"},
		{
			name:   "all faults at once",
			config: httpfetch.Config{Timeout: -1, MaxBytes: -1},
			want:   "Config.Timeout is negative: -1ns\nholdfast/httpfetch: Config.MaxBytes is negative: -1",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := httpfetch.New(tt.config)
			checkError(t, err, tt.want)
		})
	}
}

func TestFetch(t *testing.T) {
	asked := make(chan *http.Request, 1)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- r
		w.Header().Set("Cache-Control", "max-age=60")
		w.Header().Set("Content-Type", "text/html") // which must not matter
		fmt.Fprint(w, `{"keys":[]}`)
	})
	fetcher := newFetcher(t, httpfetch.Config{Client: server.Client()})

	document, err := fetcher.Fetch(t.Context(), server.URL+"/jwks?tenant=1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(ports.Document{Body: []byte(`{"keys":[]}`), Fresh: time.Minute}, document); diff != "" {
		t.Errorf("document (-want +got):\n%s", diff)
	}
	request := <-asked
	if got, want := request.Method+" "+request.RequestURI, "GET /jwks?tenant=1"; got != want {
		t.Errorf("the request is %q, want %q", got, want)
	}
	if diff := cmp.Diff([]string{"application/json, application/jwk-set+json"}, request.Header.Values("Accept")); diff != "" {
		t.Errorf("Accept (-want +got):\n%s", diff)
	}
}

func TestOnlyStatus200(t *testing.T) {
	const credentials = ": the document must be served without credentials, check firewalls and proxies on the way"
	const missing = ": the issuer publishes no document at this URL, check how the issuer is spelled"
	hints := map[int]string{401: credentials, 403: credentials, 404: missing, 410: missing}
	statuses := []int{201, 202, 203, 204, 205, 206, 300, 301, 304, 400, 401, 403, 404, 410, 429, 500, 502, 503, 999}
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var status int
		fmt.Sscanf(r.URL.Path, "/%d", &status)
		w.WriteHeader(status)
		fmt.Fprint(w, "s3cr3t")
	})
	fetcher := newFetcher(t, httpfetch.Config{Client: server.Client()})

	if _, err := fetcher.Fetch(t.Context(), server.URL+"/200"); err != nil {
		t.Errorf("status 200: %v", err)
	}
	for _, status := range statuses {
		_, err := fetcher.Fetch(t.Context(), fmt.Sprintf("%s/%d", server.URL, status))
		checkError(t, err, fmt.Sprintf("the status is %d, not 200", status)+hints[status])
		if answered, ok := errors.AsType[*httpfetch.StatusError](err); !ok || answered.Status != status {
			t.Errorf("status %d: the error is %#v", status, err)
		}
	}
}

func TestContextEndsFetch(t *testing.T) {
	asked := make(chan struct{})
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
		}
		asked <- struct{}{}
		<-r.Context().Done()
	})
	fetcher := newFetcher(t, httpfetch.Config{Client: server.Client()})
	reason := errors.New("shutting down")

	for _, wait := range []string{"/header", "/body"} {
		t.Run("while waiting for the "+wait[1:], func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			go func() { <-asked; cancel() }()
			_, err := fetcher.Fetch(ctx, server.URL+wait)
			checkError(t, err, "no whole answer: context canceled")
			if !errors.Is(err, context.Canceled) {
				t.Errorf("the error %v does not wrap context.Canceled", err)
			}
		})
		t.Run("for a cause, while waiting for the "+wait[1:], func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			go func() { <-asked; cancel(reason) }()
			_, err := fetcher.Fetch(ctx, server.URL+wait)
			if !errors.Is(err, context.Canceled) || !errors.Is(err, reason) {
				t.Errorf("the error %v does not wrap context.Canceled and its cause", err)
			}
		})
	}
	t.Run("though the body ends in due form", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		leave := roundTripper(func(r *http.Request) (*http.Response, error) {
			cancel(reason)
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
		})
		_, err := newFetcher(t, httpfetch.Config{Client: &http.Client{Transport: leave}}).Fetch(ctx, "https://id.example.com/")
		checkError(t, err, "no whole answer: context canceled")
		if !errors.Is(err, context.Canceled) || !errors.Is(err, reason) {
			t.Errorf("the error %v does not wrap context.Canceled and its cause", err)
		}
	})
	t.Run("before it begins", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := fetcher.Fetch(ctx, server.URL)
		checkError(t, err, "no whole answer: context canceled")
	})
	t.Run("at its deadline", func(t *testing.T) {
		ctx, cancel := context.WithDeadline(t.Context(), time.Now())
		defer cancel()
		_, err := fetcher.Fetch(ctx, server.URL)
		checkError(t, err, "no whole answer: context deadline exceeded")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the error %v does not wrap context.DeadlineExceeded", err)
		}
	})
}

func TestConcurrentUse(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) })
	server.Client().Transport.(*http.Transport).MaxConnsPerHost = 4
	fetcher := newFetcher(t, httpfetch.Config{Client: server.Client()})

	bodies := make([]string, 30)
	var group sync.WaitGroup
	for i := range bodies {
		group.Go(func() {
			document, err := fetcher.Fetch(t.Context(), fmt.Sprintf("%s/%d", server.URL, i))
			if err != nil {
				t.Error(err)
			}
			bodies[i] = string(document.Body)
		})
	}
	group.Wait()
	want := slices.Clone(bodies)
	for i := range want {
		want[i] = fmt.Sprintf("/%d", i)
	}
	if diff := cmp.Diff(want, bodies); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
}
