package httpfetch_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/holdfast-go/holdfast/adapters/httpfetch"
)

func TestURLIsCheckedBeforeAnyRequest(t *testing.T) {
	const notHTTPS, notAbsolute = "the URL is not https", "the URL is not absolute, want https://host/path"
	const loopbackHTTP = notHTTPS + ": for tests, Config.InsecureAllowLoopbackHTTP allows http on loopback hosts"
	const credentials, fragment = "the URL has a user or a password, want none", "the URL has a fragment, want none"
	const unreadable = "the URL can't be parsed, want https://host/path"
	tests := []struct {
		name, url    string
		want         string
		wantInsecure string // with InsecureAllowLoopbackHTTP
	}{
		{name: "https", url: "https://id.example.com/jwks"},
		{name: "https with a query", url: "https://id.example.com/jwks?p=1"},
		{name: "https with a port", url: "https://id.example.com:8443"},
		{name: "https in capitals", url: "HTTPS://ID.EXAMPLE.COM/jwks"},
		{name: "https on loopback", url: "https://127.0.0.1/jwks"},
		{name: "http", url: "http://id.example.com/jwks", want: notHTTPS, wantInsecure: notHTTPS},
		{name: "http on localhost", url: "http://localhost/jwks", want: loopbackHTTP},
		{name: "http on localhost in capitals", url: "http://LOCALHOST:80/jwks", want: loopbackHTTP},
		{name: "http on 127.0.0.1", url: "http://127.0.0.1:8080/jwks", want: loopbackHTTP},
		{name: "http on the last of 127.0.0.0/8", url: "http://127.255.255.255/jwks", want: loopbackHTTP},
		{name: "http behind 127.0.0.0/8", url: "http://128.0.0.0/jwks", want: notHTTPS, wantInsecure: notHTTPS},
		{name: "http before 127.0.0.0/8", url: "http://126.255.255.255/jwks", want: notHTTPS, wantInsecure: notHTTPS},
		{name: "http on ::1", url: "http://[::1]:8080/jwks", want: loopbackHTTP},
		{name: "http on ::2", url: "http://[::2]:8080/jwks", want: notHTTPS, wantInsecure: notHTTPS},
		{name: "http on 0.0.0.0", url: "http://0.0.0.0/jwks", want: notHTTPS, wantInsecure: notHTTPS},
		{name: "http on a private address", url: "http://192.168.0.1/jwks", want: notHTTPS, wantInsecure: notHTTPS},
		{name: "http on a loopback address in short", url: "http://127.1/jwks", want: notHTTPS, wantInsecure: notHTTPS},
		{name: "http on a name that begins with localhost", url: "http://localhost.example.com", want: notHTTPS, wantInsecure: notHTTPS},
		{name: "http on a name that begins with 127.0.0.1", url: "http://127.0.0.1.example.com", want: notHTTPS, wantInsecure: notHTTPS},
		{name: "another scheme", url: "ftp://id.example.com/jwks", want: notHTTPS, wantInsecure: notHTTPS},
		{name: "another scheme on loopback", url: "ftp://127.0.0.1/jwks", want: notHTTPS, wantInsecure: notHTTPS},
		{name: "a file", url: "file:///etc/passwd", want: notAbsolute, wantInsecure: notAbsolute},
		{name: "user and password", url: "https://user:s3cr3t@id.example.com/", want: credentials, wantInsecure: credentials},
		{name: "user", url: "https://user@id.example.com/", want: credentials, wantInsecure: credentials},
		{name: "empty user", url: "https://@id.example.com/", want: credentials, wantInsecure: credentials},
		{name: "user on loopback", url: "http://user@127.0.0.1/", want: credentials, wantInsecure: credentials},
		{name: "fragment", url: "https://id.example.com/jwks#a", want: fragment, wantInsecure: fragment},
		{name: "empty fragment", url: "https://id.example.com/jwks#", want: fragment, wantInsecure: fragment},
		{name: "escaped number sign", url: "https://id.example.com/jwks%23a"},
		{name: "empty", url: "", want: notAbsolute, wantInsecure: notAbsolute},
		{name: "path", url: "/jwks", want: notAbsolute, wantInsecure: notAbsolute},
		{name: "host without scheme", url: "id.example.com/jwks", want: notAbsolute, wantInsecure: notAbsolute},
		{name: "scheme-relative", url: "//id.example.com/jwks", want: notAbsolute, wantInsecure: notAbsolute},
		{name: "opaque", url: "https:id.example.com", want: notAbsolute, wantInsecure: notAbsolute},
		{name: "no host", url: "https:///jwks", want: notAbsolute, wantInsecure: notAbsolute},
		{name: "no host but a port", url: "https://:443/jwks", want: notAbsolute, wantInsecure: notAbsolute},
		{name: "unreadable", url: "https://user:s3cr3t@id.example.com/%zz", want: unreadable, wantInsecure: unreadable},
		{name: "control character", url: "https://id.example.com/\r\nX: y", want: unreadable, wantInsecure: unreadable},
	}
	asked := false
	client := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		asked = true
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
	})}
	secure := newFetcher(t, httpfetch.Config{Client: client})
	insecure := newFetcher(t, httpfetch.Config{Client: client, InsecureAllowLoopbackHTTP: true})
	check := func(t *testing.T, fetcher *httpfetch.Fetcher, url, want string) {
		t.Helper()
		asked = false
		_, err := fetcher.Fetch(t.Context(), url)
		checkError(t, err, want)
		if asked != (want == "") {
			t.Errorf("a request was sent: %t", asked)
		}
	}
	for _, tt := range tests {
		t.Run("DISC-06 "+tt.name, func(t *testing.T) { check(t, secure, tt.url, tt.want) })
		t.Run("DISC-02 insecure, "+tt.name, func(t *testing.T) { check(t, insecure, tt.url, tt.wantInsecure) })
	}
}

func TestFaultRedirects(t *testing.T) {
	var asked atomic.Int32
	locations := make(map[string]string) // by path; all other paths have a document
	handler := func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if referer := r.Header.Get("Referer"); referer != "" {
			t.Errorf("the request for %s has the Referer %s", r.URL.Path, referer)
		}
		location, moved := locations[r.URL.Path]
		if !moved {
			fmt.Fprint(w, "{}")
			return
		}
		if location != "" {
			w.Header().Set("Location", location)
		}
		w.WriteHeader(http.StatusFound)
	}
	secure, other := serve(t, handler), serve(t, handler)
	plain, otherPlain := httptest.NewServer(http.HandlerFunc(handler)), httptest.NewServer(http.HandlerFunc(handler))
	t.Cleanup(plain.Close)
	t.Cleanup(otherPlain.Close)
	for path, location := range map[string]string{
		"/1": "/0", "/2": "/1", "/3": "/2", "/4": "/3", "/loop": "/loop",
		"/absolute":    secure.URL + "/0",
		"/other":       other.URL + "/0",
		"/http":        plain.URL + "/0",
		"/otherhttp":   otherPlain.URL + "/0",
		"/httpaway":    "http://192.0.2.1/0",
		"/ftp":         "ftp://127.0.0.1/0",
		"/file":        "file:///etc/passwd",
		"/credentials": strings.Replace(secure.URL, "https://", "https://user:s3cr3t@", 1) + "/0",
		"/fragment":    "/0#a",
		"/nowhere":     "",
		"/unreadable":  "https://user:s3cr3t@127.0.0.1/%zz",
	} {
		locations[path] = location
	}

	refused := func(target, reason string) string {
		return fmt.Sprintf("no whole answer: redirect to %q refused: %s", target, reason)
	}
	const four, otherScheme = "there are more than 3", "its scheme is another"
	const loopbackHTTP = "the URL is not https: for tests, Config.InsecureAllowLoopbackHTTP allows http on loopback hosts"
	tests := []struct {
		name     string
		url      string
		insecure bool
		requests int32
		want     string
	}{
		{name: "none", url: secure.URL + "/0?code=1", requests: 1},
		{name: "one", url: secure.URL + "/1?code=1", requests: 2},
		{name: "three", url: secure.URL + "/3", requests: 4},
		{name: "four", url: secure.URL + "/4", requests: 4, want: refused(secure.URL+"/0", four)},
		{name: "loop", url: secure.URL + "/loop", requests: 4, want: refused(secure.URL+"/loop", four)},
		{name: "absolute", url: secure.URL + "/absolute", requests: 2},
		{name: "to another host", url: secure.URL + "/other", requests: 2},
		{name: "to a fragment", url: secure.URL + "/fragment", requests: 2},
		{name: "to http", url: secure.URL + "/http", requests: 1, want: refused(plain.URL+"/0", loopbackHTTP)},
		{name: "to http, loopback allowed", url: secure.URL + "/http", insecure: true, requests: 1, want: refused(plain.URL+"/0", otherScheme)},
		{name: "to another scheme", url: secure.URL + "/ftp", requests: 1, want: refused("ftp://127.0.0.1/0", "the URL is not https")},
		{name: "to a file", url: secure.URL + "/file", requests: 1, want: refused("file:///etc/passwd", "the URL is not absolute, want https://host/path")},
		{name: "to credentials", url: secure.URL + "/credentials", requests: 1, want: refused(secure.URL+"/0", "the URL has a user or a password, want none")},
		{name: "without Location", url: secure.URL + "/nowhere", requests: 1, want: "the status is 302, not 200"},
		{name: "unreadable", url: secure.URL + "/unreadable", requests: 1, want: "no whole answer: the connection failed, or what came is not HTTP"},
		{name: "loopback http to itself", url: plain.URL + "/3", insecure: true, requests: 4},
		{name: "loopback http four times", url: plain.URL + "/4", insecure: true, requests: 4, want: refused(plain.URL+"/0", four)},
		{name: "loopback http to another", url: plain.URL + "/otherhttp", insecure: true, requests: 2},
		{name: "loopback http to http elsewhere", url: plain.URL + "/httpaway", insecure: true, requests: 1, want: refused("http://192.0.2.1/0", "the URL is not https")},
		{name: "loopback http to https", url: plain.URL + "/absolute", insecure: true, requests: 1, want: refused(secure.URL+"/0", otherScheme)},
	}
	for _, tt := range tests {
		t.Run("DISC-07 "+tt.name, func(t *testing.T) {
			fetcher := newFetcher(t, httpfetch.Config{Client: secure.Client(), InsecureAllowLoopbackHTTP: tt.insecure})
			asked.Store(0)
			_, err := fetcher.Fetch(t.Context(), tt.url)
			checkError(t, err, tt.want)
			if got := asked.Load(); got != tt.requests {
				t.Errorf("%d requests were sent, want %d", got, tt.requests)
			}
		})
	}
}

func TestRedirectStatuses(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/new" {
				fmt.Fprint(w, r.Method)
				return
			}
			http.Redirect(w, r, "/new", status)
		})
		document, err := newFetcher(t, httpfetch.Config{Client: server.Client()}).Fetch(t.Context(), server.URL+"/old")
		if string(document.Body) != http.MethodGet || err != nil {
			t.Errorf("DISC-07 status %d: Fetch = %q, %v", status, document.Body, err)
		}
	}
}
