package httpfetch_test

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/adapters/httpfetch"
	"github.com/holdfast-go/holdfast/ports"
)

// raw starts a server that answers every connection with answer, whatever was asked.
func raw(t *testing.T, answer string) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { listener.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			request := make([]byte, 4096)
			_, _ = conn.Read(request)
			_, _ = io.WriteString(conn, answer)
			conn.Close()
		}
	}()
	return "http://" + listener.Addr().String()
}

func TestErrorsDoNotQuoteTheServer(t *testing.T) {
	const unusable = "no whole answer: the connection failed, or what came is not HTTP"
	tests := []struct{ name, answer, want string }{
		{"a good answer", "HTTP/1.1 200 s3cr3t\r\nContent-Length: 2\r\n\r\n{}", ""},
		{"reason phrase", "HTTP/1.1 404 s3cr3t\r\nContent-Length: 6\r\n\r\ns3cr3t", "the status is 404, not 200: the issuer publishes no document at this URL, check how the issuer is spelled"},
		{"no status line", "s3cr3t\r\n\r\n", unusable},
		{"status that is not a number", "HTTP/1.1 s3cr3t\r\n\r\n", unusable},
		{"header field without a colon", "HTTP/1.1 200 OK\r\ns3cr3t\r\n\r\n", unusable},
		{"length that is not a number", "HTTP/1.1 200 OK\r\nContent-Length: s3cr3t\r\n\r\n", unusable},
		{"transfer coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: s3cr3t\r\n\r\n", unusable},
		{"chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ns3cr3t\r\n", unusable},
		{"Location", "HTTP/1.1 302 Found\r\nLocation: https://user:s3cr3t@h/%zz\r\nContent-Length: 0\r\n\r\n", unusable},
		{"nothing", "", "no whole answer: EOF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			fetcher := newFetcher(t, httpfetch.Config{Client: client, InsecureAllowLoopbackHTTP: true})
			_, err := fetcher.Fetch(t.Context(), raw(t, tt.answer)+"/?token=s3cr3t")
			checkError(t, err, tt.want)
		})
	}
}

func TestErrorsOfConnections(t *testing.T) {
	ok := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "{}") })
	quiet := log.New(io.Discard, "", 0)
	secure := httptest.NewUnstartedServer(ok)
	secure.Config.ErrorLog = quiet
	secure.StartTLS()
	t.Cleanup(secure.Close)
	plain := httptest.NewUnstartedServer(ok)
	plain.Config.ErrorLog = quiet
	plain.Start()
	t.Cleanup(plain.Close)
	gone := httptest.NewTLSServer(ok)
	gone.Close()

	fetcher := newFetcher(t, httpfetch.Config{})
	tests := []struct {
		name, url string
		want      string // a regular expression
		is        func(error) bool
	}{
		{
			name: "a certificate of an unknown authority", url: secure.URL,
			want: `^"tls: failed to verify certificate: x509: certificate signed by unknown authority", trust a private authority by Config.Client$`,
			is:   func(err error) bool { return errors.As(err, new(x509.UnknownAuthorityError)) },
		},
		{
			name: "http on an https port", url: strings.Replace(plain.URL, "http://", "https://", 1),
			want: `^http: server gave HTTP response to HTTPS client$`,
			is:   func(err error) bool { return errors.Is(err, http.ErrSchemeMismatch) },
		},
		{
			name: "nothing listens", url: gone.URL,
			want: `^"dial tcp 127\.0\.0\.1:\d+: connect: connection refused"$`,
			is:   func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) },
		},
	}
	for _, tt := range tests {
		t.Run("DISC-13 "+tt.name, func(t *testing.T) {
			_, err := fetcher.Fetch(t.Context(), tt.url)
			if err == nil {
				t.Fatal("no error, want one")
			}
			text, prefixed := strings.CutPrefix(err.Error(), fmt.Sprintf("holdfast/httpfetch: GET %q: no whole answer: ", tt.url))
			if !prefixed || !regexp.MustCompile(tt.want).MatchString(text) {
				t.Errorf("the error is %q, want %s", err, tt.want)
			}
			if !tt.is(err) {
				t.Errorf("the error %#v does not wrap its cause", err)
			}
		})
	}
}

// What an operator reads: which request it was, where redirects led, what came and what was expected.
func TestErrorsNameTheRequest(t *testing.T) {
	answers := map[string]func(*http.Request) (*http.Response, error){
		"/missing": func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 404}, nil },
		"/moved": func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 302, Header: http.Header{"Location": {"https://other.example/missing?s3cr3t"}}}, nil
		},
		"/away": func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 302, Header: http.Header{"Location": {"https://other.example/broken"}}}, nil
		},
		"/outside": func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 302, Header: http.Header{"Location": {"http://user:s3cr3t@other.example/a\"b?s3cr3t#s3cr3t"}}}, nil
		},
		"/broken": func(*http.Request) (*http.Response, error) { return nil, errors.New("s3cr3t") },
	}
	client := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		answer, err := answers[r.URL.Path](r)
		if answer != nil {
			answer.Body, answer.Request = http.NoBody, r
		}
		return answer, err
	})}
	const missing = "the status is 404, not 200: the issuer publishes no document at this URL, check how the issuer is spelled"
	const broken = "no whole answer: the connection failed, or what came is not HTTP"
	long := "https://id.example.com/" + strings.Repeat("a", 300)
	tests := []struct{ url, want string }{
		{"https://id.example.com/missing", `GET "https://id.example.com/missing": ` + missing},
		{"https://id.example.com:8443/missing?token=s3cr3t", `GET "https://id.example.com:8443/missing?...": ` + missing},
		{"https://id.example.com/moved", `GET "https://id.example.com/moved", redirected to "https://other.example/missing?...": ` + missing},
		{"https://id.example.com/away", `GET "https://id.example.com/away", redirected to "https://other.example/broken": ` + broken},
		{"https://id.example.com/outside", `GET "https://id.example.com/outside": no whole answer: ` +
			`redirect to "http://other.example/a%22b?..." refused: the URL has a user or a password, want none`},
		{"https://id.example.com/broken", `GET "https://id.example.com/broken": ` + broken},
		{"https://user:s3cr3t@id.example.com/broken", `GET "https://id.example.com/broken": the URL has a user or a password, want none`},
		{"https://id.example.com/broken#s3cr3t", `GET "https://id.example.com/broken": the URL has a fragment, want none`},
		{"https:user:s3cr3t@id.example.com", `GET "https:...": the URL is not absolute, want https://host/path`},
		{"https://user:s3cr3t@id.example.com/%zz", `GET: the URL can't be parsed, want https://host/path`},
		{"http://id.example.com/\u202e", `GET "http://id.example.com/%E2%80%AE": the URL is not https`},
		{"http" + long[5:], `GET "http` + long[5:201] + `": the URL is not https`},
	}
	fetcher := newFetcher(t, httpfetch.Config{Client: client})
	for _, tt := range tests {
		_, err := fetcher.Fetch(t.Context(), tt.url)
		if want := "holdfast/httpfetch: " + tt.want; err == nil || err.Error() != want {
			t.Errorf("FETCH-06 %s: the error is\n%v, want\n%s", tt.url, err, want)
		}
	}
	_, err := fetcher.PostForm(t.Context(), ports.TokenRequest{URL: "https://id.example.com/broken?s3cr3t"})
	if want := `holdfast/httpfetch: POST "https://id.example.com/broken?...": ` + broken; err == nil || err.Error() != want {
		t.Errorf("FETCH-06 the error is\n%v, want\n%s", err, want)
	}
}
