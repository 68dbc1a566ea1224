package contract

import (
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A hostileServer is a server of the suite's own, over TLS on a loopback address, on which it plays an issuer. It is
// known by two hosts: 127.0.0.1 and localhost.
type hostileServer struct {
	url   string // of 127.0.0.1, without a trailing slash
	other string // of localhost
	roots *x509.CertPool

	mu       sync.Mutex // guards requests
	requests []request
}

// A request is what came to a hostile server.
type request struct {
	method, uri, host string
	header            http.Header
	body              string
}

// newHostileServer starts a server that answers by handler, until the case ends.
func newHostileServer(t testing.TB, handler http.HandlerFunc) *hostileServer {
	t.Helper()
	certificate, err := newCertificate()
	if err != nil {
		t.Fatal(err)
	}
	s := &hostileServer{roots: x509.NewCertPool()}
	s.roots.AddCert(certificate.Leaf)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.record(r)
		handler(w, r)
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that hang up
	server.StartTLS()
	t.Cleanup(func() {
		server.CloseClientConnections() // which ends the handlers that wait for it
		server.Close()
	})
	s.url = server.URL
	s.other = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	return s
}

// newCertificate returns a certificate that signs itself.
func newCertificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               pkix.Name{CommonName: "Holdfast conformance"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA:                  true,
		BasicConstraintsValid: true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}

func (s *hostileServer) record(r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, request{r.Method, r.RequestURI, r.Host, r.Header.Clone(), string(body)})
}

// asked returns the requests that came so far.
func (s *hostileServer) asked() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]request(nil), s.requests...)
}

// askedAt returns those for one of the two hosts.
func (s *hostileServer) askedAt(base string) []request {
	var found []request
	for _, r := range s.asked() {
		if strings.HasSuffix(base, "//"+r.host) {
			found = append(found, r)
		}
	}
	return found
}

// What a hostile server can answer.

// write answers 200 with body.
func write(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

// writePath answers 200 with the path that was asked for.
func writePath(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) }

// hangUp closes the connection without an answer.
func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// cutLength ends a body before its Content-Length.
func cutLength(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, `{"keys":[]}`)
}

// cutChunks ends a chunked body without its last chunk.
func cutChunks(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, `{"keys":[]}`)
	flush(w)
	panic(http.ErrAbortHandler)
}

// stall begins a body and sends no more of it.
func stall(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, `{"keys":[]}`)
	flush(w)
	<-r.Context().Done()
}

// answerAt has handler answer at one path, and answers itself at the others.
func answerAt(path string, handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path {
			handler(w, r)
			return
		}
		_, _ = io.WriteString(w, `{}`)
	}
}

// oddAnswers are what few clients have ever been sent.
func oddAnswers() []http.HandlerFunc {
	field := func(name, value string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header()[name] = []string{value}
			_, _ = io.WriteString(w, `{}`)
		}
	}
	return []http.HandlerFunc{
		write(""), write("null"), write("\x00"), hangUp, cutLength, cutChunks, unknownCoding,
		redirect(""), redirect("%zz"), redirect("//"), redirect("https://[::1"),
		field("Cache-Control", "max-age=, ,=,\"max-age"), field("Cache-Control", "max-age=-9223372036854775809"),
		field("Age", "-99999999999999999999"), field("Expires", "0"), field("Date", "never"), field("Content-Type", ";;="),
		field("Content-Encoding", "gzip"), // though it is plain
		raw(""), raw("SSH-2.0-OpenSSH_9.2\r\n"), raw("HTTP/1.1 200\r\n\r\n"), raw("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
		raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"),
	}
}

// drip begins a body, and sends a byte of it every few milliseconds until the client has gone. Its end is no end of the
// body, which a client that is just leaving could still read.
func drip(w http.ResponseWriter, r *http.Request) {
	beat := time.NewTicker(5 * time.Millisecond)
	defer beat.Stop()
	for {
		_, err := io.WriteString(w, " ")
		flush(w)
		select {
		case <-beat.C:
		case <-r.Context().Done():
			err = r.Context().Err()
		}
		if err != nil {
			panic(http.ErrAbortHandler)
		}
	}
}

// unknownCoding names a content coding that was not asked for.
func unknownCoding(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Encoding", "x-unknown")
	_, _ = io.WriteString(w, `{}`)
}

// squeezed answers with n bytes, in few that are sent where the client takes gzip.
func squeezed(n int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var to io.WriteCloser = plain{w}
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			to = gzip.NewWriter(w)
		}
		_, _ = io.CopyN(to, blanks{}, n)
		_ = to.Close()
	}
}

// flood sends up to limit bytes of body, and says how many were taken.
func flood(limit int64, sent *atomic.Int64) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for n := int64(1); n > 0 && sent.Load() < limit; {
			var err error
			if n, err = io.CopyN(w, blanks{}, 1<<16); err != nil {
				return
			}
			sent.Add(n)
		}
	}
}

// headerFlood sends 16 MiB of header fields before a document.
func headerFlood(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n"); err != nil {
		return
	}
	field := "X-Flood: " + strings.Repeat("x", 1<<14) + "\r\n"
	for range 1 << 10 {
		if _, err := io.WriteString(conn, field); err != nil {
			return
		}
	}
	_, _ = io.WriteString(conn, "Content-Length: 2\r\n\r\n{}")
}

// raw answers with these bytes, and closes the connection.
func raw(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, answer)
		_ = conn.Close()
	}
}

func flush(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }

// plain is a writer with nothing to close.
type plain struct{ io.Writer }

func (plain) Close() error { return nil }

// blanks is white space without end.
type blanks struct{}

func (blanks) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// userinfo returns target with a password in it.
func userinfo(target, password string) string {
	u, err := url.Parse(target)
	if err != nil {
		return target
	}
	u.User = url.UserPassword("holdfast", password)
	return u.String()
}
