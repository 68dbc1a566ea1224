package contract

import (
	"context"
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
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/conformance/fault"
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

// next returns what waits for the request after those that have come, which takes a while on a slow machine.
func (s *hostileServer) next() (await func(context.Context)) {
	received := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.requests)
	}
	before := received()
	return func(ctx context.Context) {
		for received() == before && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
	}
}

// newHostileServer starts a server that answers by handler, with these faults over it, until the case ends.
func newHostileServer(t testing.TB, handler http.HandlerFunc, faults ...fault.Fault) *hostileServer {
	t.Helper()
	faulty := fault.Over(handler, faults...)
	certificate, err := newCertificate()
	if err != nil {
		t.Fatal(err)
	}
	s := &hostileServer{roots: x509.NewCertPool()}
	s.roots.AddCert(certificate.Leaf)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.record(r)
		faulty.ServeHTTP(w, r)
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

// oddAnswers are what few clients have ever been sent.
func oddAnswers() []fault.Fault {
	return []fault.Fault{
		fault.Body(""), fault.Body("null"), fault.Body("\x00"), fault.HangUp, fault.Truncated, fault.TruncatedChunks, fault.UnknownEncoding,
		fault.Redirect(""), fault.Redirect("%zz"), fault.Redirect("//"), fault.Redirect("https://[::1"),
		fault.Header("Cache-Control", "max-age=, ,=,\"max-age"), fault.Header("Cache-Control", "max-age=-9223372036854775809"),
		fault.Header("Age", "-99999999999999999999"), fault.Header("Expires", "0"), fault.Header("Date", "never"), fault.Header("Content-Type", ";;="),
		fault.Header("Content-Encoding", "gzip"), // though it is plain
		fault.Raw(""), fault.Raw("SSH-2.0-OpenSSH_9.2\r\n"), fault.Raw("HTTP/1.1 200\r\n\r\n"), fault.Raw("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
		fault.Raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"),
	}
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
