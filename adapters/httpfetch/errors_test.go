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
		{"reason phrase", "HTTP/1.1 404 s3cr3t\r\nContent-Length: 6\r\n\r\ns3cr3t", "the status is 404, not 200"},
		{"no status line", "s3cr3t\r\n\r\n", unusable},
		{"status that is no number", "HTTP/1.1 s3cr3t\r\n\r\n", unusable},
		{"header field without a colon", "HTTP/1.1 200 OK\r\ns3cr3t\r\n\r\n", unusable},
		{"length that is no number", "HTTP/1.1 200 OK\r\nContent-Length: s3cr3t\r\n\r\n", unusable},
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
			name: "a certificate that nobody vouches for", url: secure.URL,
			want: `^"tls: failed to verify certificate: x509: certificate signed by unknown authority"$`,
			is:   func(err error) bool { return errors.As(err, new(x509.UnknownAuthorityError)) },
		},
		{
			name: "http on an https port", url: strings.Replace(plain.URL, "http://", "https://", 1),
			want: `^http: server gave HTTP response to HTTPS client$`,
			is:   func(err error) bool { return errors.Is(err, http.ErrSchemeMismatch) },
		},
		{
			name: "nobody listens", url: gone.URL,
			want: `^"dial tcp 127\.0\.0\.1:\d+: connect: connection refused"$`,
			is:   func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) },
		},
	}
	for _, tt := range tests {
		t.Run("DISC-13 "+tt.name, func(t *testing.T) {
			_, err := fetcher.Fetch(t.Context(), tt.url)
			if err == nil {
				t.Fatal("there is no error")
			}
			text, prefixed := strings.CutPrefix(err.Error(), "holdfast/httpfetch: no whole answer: ")
			if !prefixed || !regexp.MustCompile(tt.want).MatchString(text) {
				t.Errorf("the error is %q, want %s", err, tt.want)
			}
			if !tt.is(err) {
				t.Errorf("the error %#v does not wrap its cause", err)
			}
		})
	}
}
