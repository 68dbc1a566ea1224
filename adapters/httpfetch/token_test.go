package httpfetch_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/holdfast-go/holdfast/adapters/httpfetch"
	"github.com/holdfast-go/holdfast/ports"
)

// tokenRequest returns a request with credentials, which no error may tell.
func tokenRequest(url string) ports.TokenRequest {
	return ports.TokenRequest{
		URL:    url,
		Form:   map[string][]string{"grant_type": {"client_credentials"}, "client_secret": {"s3cr3t"}},
		Header: map[string][]string{"Authorization": {"Basic s3cr3t"}, "Dpop": {"s3cr3t"}},
	}
}

func TestPostForm(t *testing.T) {
	type posted struct {
		line, body string
		header     http.Header
	}
	got := make(chan posted, 1)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- posted{r.Method + " " + r.RequestURI, string(body), r.Header}
		w.Header().Set("DPoP-Nonce", "n1")
		fmt.Fprint(w, `{"access_token":"a"}`)
	})
	fetcher := newFetcher(t, httpfetch.Config{Client: server.Client()})
	request := ports.TokenRequest{
		URL:    server.URL + "/token?tenant=1",
		Form:   map[string][]string{"scope": {"a b&c=d+é"}, "resource": {"https://a.example", "https://b.example"}},
		Header: map[string][]string{"Authorization": {"Basic YTpi"}, "Dpop": {"proof"}},
	}
	want := ports.TokenRequest{URL: request.URL, Form: maps.Clone(request.Form), Header: maps.Clone(request.Header)}

	response, err := fetcher.PostForm(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if response.Status != 200 || string(response.Body) != `{"access_token":"a"}` || !slices.Equal(response.Header["Dpop-Nonce"], []string{"n1"}) {
		t.Errorf("the answer is %+v", response)
	}
	sent := <-got
	if sent.line != "POST /token?tenant=1" {
		t.Errorf("the request is %q", sent.line)
	}
	form, err := url.ParseQuery(sent.body)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(url.Values(request.Form), form); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
	for name, want := range map[string][]string{
		"Authorization": {"Basic YTpi"}, "Dpop": {"proof"}, "Accept": {"application/json"},
		"Content-Type": {"application/x-www-form-urlencoded"},
	} {
		if diff := cmp.Diff(want, sent.header[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff(want, request); diff != "" {
		t.Errorf("the caller's request changed (-want +got):\n%s", diff)
	}
}

func TestPostFormWithoutHeader(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Header.Get("Authorization")) })
	response, err := newFetcher(t, httpfetch.Config{Client: server.Client()}).PostForm(t.Context(), ports.TokenRequest{URL: server.URL})
	if err != nil || response.Status != 200 || len(response.Body) != 0 {
		t.Errorf("got %+v, %v", response, err)
	}
}

func TestPostFormReturnsAnyStatus(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var status int
		fmt.Sscanf(r.URL.Path, "/%d", &status)
		w.WriteHeader(status)
		if status != http.StatusNoContent && status != http.StatusNotModified {
			fmt.Fprint(w, "body")
		}
	})
	fetcher := newFetcher(t, httpfetch.Config{Client: server.Client()})
	for _, status := range []int{200, 201, 204, 302, 304, 400, 401, 429, 500, 503} {
		response, err := fetcher.PostForm(t.Context(), tokenRequest(fmt.Sprintf("%s/%d", server.URL, status)))
		if err != nil || response.Status != status {
			t.Errorf("XCHG-10 status %d: got %d, %v", status, response.Status, err)
		}
	}
}

func TestPostFormFollowsNoRedirect(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for name, theirs := range map[string]func(*http.Request, []*http.Request) error{
			"by default":                   nil,
			"though the client allows it":  func(*http.Request, []*http.Request) error { return nil },
			"though the client refuses it": func(*http.Request, []*http.Request) error { return errors.New("refused") },
		} {
			t.Run(fmt.Sprintf("XCHG-16 %d %s", status, name), func(t *testing.T) {
				var asked atomic.Int32
				server := serve(t, func(w http.ResponseWriter, r *http.Request) {
					asked.Add(1)
					http.Redirect(w, r, "/elsewhere", status)
				})
				client := &http.Client{Transport: server.Client().Transport, CheckRedirect: theirs}
				response, err := newFetcher(t, httpfetch.Config{Client: client}).PostForm(t.Context(), tokenRequest(server.URL+"/token"))
				if err != nil || response.Status != status || !slices.Equal(response.Header["Location"], []string{"/elsewhere"}) {
					t.Errorf("got %+v, %v", response, err)
				}
				if asked.Load() != 1 {
					t.Errorf("%d requests were sent, want 1", asked.Load())
				}
			})
		}
	}
}

func TestPostFormChecksURL(t *testing.T) {
	tests := []struct {
		name, url string
		insecure  bool
		want      string
	}{
		{name: "https", url: "https://id.example.com/token"},
		{name: "http", url: "http://id.example.com/token", want: "the URL is not https"},
		{name: "http, loopback allowed", url: "http://id.example.com/token", insecure: true, want: "the URL is not https"},
		{name: "http on loopback", url: "http://127.0.0.1/token", want: "the URL is not https: for tests, Config.InsecureAllowLoopbackHTTP allows http on loopback hosts"},
		{name: "http on loopback, allowed", url: "http://127.0.0.1/token", insecure: true},
		{name: "credentials", url: "https://user:s3cr3t@id.example.com/token", want: "the URL has a user or a password, want none"},
		{name: "fragment", url: "https://id.example.com/token#a", want: "the URL has a fragment, want none"},
		{name: "relative", url: "/token", want: "the URL is not absolute, want https://host/path"},
	}
	for _, tt := range tests {
		t.Run("XCHG-16 "+tt.name, func(t *testing.T) {
			asked := false
			client := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				asked = true
				return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
			})}
			fetcher := newFetcher(t, httpfetch.Config{Client: client, InsecureAllowLoopbackHTTP: tt.insecure})
			_, err := fetcher.PostForm(t.Context(), tokenRequest(tt.url))
			checkError(t, err, tt.want)
			if asked != (tt.want == "") {
				t.Errorf("a request was sent: %t", asked)
			}
		})
	}
}

func TestFaultPostFormBodySize(t *testing.T) {
	const limit = 5000
	const tooLarge = "the body is larger than the 5000 bytes of Config.MaxBytes"
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var size int64
		fmt.Sscanf(r.URL.Path, "/plain/%d", &size)
		fmt.Sscanf(r.URL.Path, "/gzip/%d", &size)
		write(w, r, size)
	})
	counted := &meter{RoundTripper: server.Client().Transport}
	fetcher := newFetcher(t, httpfetch.Config{Client: &http.Client{Transport: counted}, MaxBytes: limit})
	for path, want := range map[string]string{
		"/plain/5000": "", "/gzip/5000": "",
		"/plain/5001": tooLarge, "/gzip/5001": tooLarge,
		"/plain/5000000": tooLarge, "/gzip/5000000": tooLarge,
	} {
		counted.read = 0
		response, err := fetcher.PostForm(t.Context(), tokenRequest(server.URL+path))
		checkError(t, err, want)
		if counted.read > limit+1 {
			t.Errorf("%s: %d bytes were read", path, counted.read)
		}
		if err == nil && len(response.Body) != limit {
			t.Errorf("%s: the body has %d bytes", path, len(response.Body))
		}
	}
}

func TestFaultPostFormHangs(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			t.Error(err)
		}
		if r.URL.Path == "/body" {
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
	})
	for _, path := range []string{"/header", "/body"} {
		t.Run("XCHG-11 own timeout, "+path[1:], func(t *testing.T) {
			fetcher := newFetcher(t, httpfetch.Config{Client: server.Client(), Timeout: 50 * time.Millisecond})
			_, err := fetcher.PostForm(t.Context(), tokenRequest(server.URL+path))
			checkError(t, err, "no whole answer: the 50ms of Config.Timeout are over")
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the error %v does not wrap context.DeadlineExceeded", err)
			}
		})
		t.Run("XCHG-11 the caller leaves, "+path[1:], func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(50*time.Millisecond, cancel)
			_, err := newFetcher(t, httpfetch.Config{Client: server.Client()}).PostForm(ctx, tokenRequest(server.URL+path))
			checkError(t, err, "no whole answer: context canceled")
			if !errors.Is(err, context.Canceled) {
				t.Errorf("the error %v does not wrap context.Canceled", err)
			}
		})
	}
}

// A code or refresh token is good for one use: what the server may have got is not sent again.
func TestFaultPostFormIsNotRepeated(t *testing.T) {
	var asked atomic.Int32
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) > 1 {
			panic(http.ErrAbortHandler) // the connection, which was used before, breaks without an answer
		}
	})
	fetcher := newFetcher(t, httpfetch.Config{Client: server.Client()})
	if _, err := fetcher.PostForm(t.Context(), tokenRequest(server.URL)); err != nil {
		t.Fatal(err)
	}
	_, err := fetcher.PostForm(t.Context(), tokenRequest(server.URL))
	checkError(t, err, "no whole answer: EOF")
	if asked.Load() != 2 {
		t.Errorf("%d requests were sent, want 2", asked.Load())
	}
}

func TestErrorsDoNotTellTheForm(t *testing.T) {
	gone := httptest.NewTLSServer(http.NotFoundHandler())
	gone.Close()
	broken := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("can't send %v", r.Header)
	})}
	for name, tt := range map[string]struct {
		client *http.Client
		url    string
	}{
		"nothing listens":                 {nil, gone.URL},
		"the transport tells what it has": {broken, "https://id.example.com/token"},
		"unreadable URL":                  {nil, "https://id.example.com/%zz?s3cr3t"},
		"a header field that can't be":    {nil, gone.URL},
	} {
		t.Run("XCHG-15 "+name, func(t *testing.T) {
			request := tokenRequest(tt.url)
			if strings.HasPrefix(name, "a header") {
				request.Header["Authorization"] = []string{"s3cr3t\n"}
			}
			_, err := newFetcher(t, httpfetch.Config{Client: tt.client}).PostForm(t.Context(), request)
			if err == nil || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
