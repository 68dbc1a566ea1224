package httpfetch_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/holdfast-go/holdfast/adapters/httpfetch"
)

// redirecting serves a document behind n redirects.
func redirecting(t *testing.T, n int) *httptest.Server {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		var i int
		fmt.Sscanf(r.URL.Path, "/%d", &i)
		if i < n {
			http.Redirect(w, r, fmt.Sprintf("/%d", i+1), http.StatusFound)
			return
		}
		fmt.Fprint(w, "{}")
	})
}

func TestClientsOwnRedirectPolicy(t *testing.T) {
	refusal := errors.New("not in this company")
	tests := []struct {
		name      string
		redirects int
		policy    error
		asked     int // of the client's policy
		want      string
		is        error
	}{
		{name: "allows what is allowed", redirects: 3, asked: 3},
		{name: "cannot allow a fourth", redirects: 4, asked: 3, want: "there are more than 3"},
		{name: "can refuse", redirects: 1, policy: refusal, asked: 1, want: "not in this company", is: refusal},
		{name: "can end at the redirect", redirects: 1, policy: http.ErrUseLastResponse, asked: 1, want: "the status is 302, not 200"},
	}
	for _, tt := range tests {
		t.Run("DISC-07 the client's policy "+tt.name, func(t *testing.T) {
			server := redirecting(t, tt.redirects)
			asked := 0
			client := server.Client()
			client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
				asked++
				if len(via) != asked || next.URL.Path != fmt.Sprintf("/%d", asked) {
					t.Errorf("it is asked about %v after %d requests", next.URL, len(via))
				}
				return tt.policy
			}
			_, err := newFetcher(t, httpfetch.Config{Client: client}).Fetch(t.Context(), server.URL+"/0")
			want := tt.want
			if want != "" && tt.policy != http.ErrUseLastResponse {
				want = fmt.Sprintf("no whole answer: redirect to \"%s/%d\" refused: %s", server.URL, tt.redirects, tt.want)
			}
			checkError(t, err, want)
			if asked != tt.asked {
				t.Errorf("it was asked %d times, want %d", asked, tt.asked)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("the error %v does not wrap the refusal", err)
			}
		})
	}
}

func TestClientIsNotChanged(t *testing.T) {
	server := redirecting(t, 1)
	client := &http.Client{Transport: server.Client().Transport}
	fetcher := newFetcher(t, httpfetch.Config{Client: client})
	if _, err := fetcher.Fetch(t.Context(), server.URL+"/0"); err != nil {
		t.Fatal(err)
	}
	if client.Transport != server.Client().Transport || client.CheckRedirect != nil || client.Jar != nil || client.Timeout != 0 {
		t.Errorf("the client is %+v", client)
	}

	client.Transport = roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("changed") })
	if _, err := fetcher.Fetch(t.Context(), server.URL+"/0"); err != nil {
		t.Errorf("a change of the client reached the fetcher: %v", err)
	}
}

func TestClientsJar(t *testing.T) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, err := r.Cookie("session")
		fmt.Fprint(w, err == nil)
	})
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	jar.SetCookies(target, []*http.Cookie{{Name: "session", Value: "1", Secure: true}})
	for want, jar := range map[string]http.CookieJar{"true": jar, "false": nil} {
		fetcher := newFetcher(t, httpfetch.Config{Client: &http.Client{Transport: server.Client().Transport, Jar: jar}})
		document, err := fetcher.Fetch(t.Context(), server.URL)
		if string(document.Body) != want || err != nil {
			t.Errorf("the cookie is sent: %s, %v, want %s", document.Body, err, want)
		}
	}
}

func TestCloseLeavesTheClientAlone(t *testing.T) {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "{}") }))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	transport := server.Client().Transport
	tests := []struct {
		name   string
		client *http.Client
		want   int32
	}{
		{name: "own client", want: 2},
		{name: "copies of the application's transport", client: &http.Client{Transport: transport}, want: 2},
		{name: "a RoundTripper of the application", client: &http.Client{Transport: roundTripper(transport.RoundTrip)}, want: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fetcher := newFetcher(t, httpfetch.Config{Client: tt.client, InsecureAllowLoopbackHTTP: true})
			connections.Store(0)
			for range 2 {
				if _, err := fetcher.Fetch(t.Context(), server.URL); err != nil {
					t.Fatal(err)
				}
				if err := fetcher.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if got := connections.Load(); got != tt.want {
				t.Errorf("%d connections were made, want %d", got, tt.want)
			}
		})
	}
	// What the application has open stays open.
	connections.Store(0)
	for range 2 {
		answer, err := server.Client().Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
	if got := connections.Load(); got != 0 {
		t.Errorf("the application's client had to make %d connections, want 0", got)
	}
}

// The errors of an application's transport can be found, but are not told, since they may quote what net/http quotes.
func TestClientsTransportFails(t *testing.T) {
	broken := errors.New("s3cr3t")
	for name, answer := range map[string]func(*http.Request) (*http.Response, error){
		"before the answer": func(*http.Request) (*http.Response, error) { return nil, broken },
		"in the body": func(r *http.Request) (*http.Response, error) {
			body := io.MultiReader(strings.NewReader("{"), failing{broken})
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(body), Request: r}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			fetcher := newFetcher(t, httpfetch.Config{Client: &http.Client{Transport: roundTripper(answer)}})
			document, err := fetcher.Fetch(t.Context(), "https://id.example.com/jwks")
			checkError(t, err, "no whole answer: the connection failed, or what came is not HTTP")
			if !errors.Is(err, broken) {
				t.Errorf("the error %v does not wrap the transport's", err)
			}
			if diff := cmp.Diff([]byte(nil), document.Body); diff != "" {
				t.Errorf("a body came with an error: %s", diff)
			}
		})
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
