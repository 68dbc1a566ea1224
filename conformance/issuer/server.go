package issuer

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A Server is an issuer that listens. It is safe for concurrent use.
type Server struct {
	// Issuer signs the tokens and holds the keys; its URL is the server's, with a closing slash.
	*verifiertest.Issuer

	server      *httptest.Server
	interrupter atomic.Pointer[http.Handler]
}

// Start returns an issuer that publishes keys and signs with the first; without keys it makes one for RS256. Close it
// when done.
func Start(keys ...*verifiertest.Key) (*Server, error) {
	s := &Server{}
	s.server = httptest.NewTLSServer(s)
	issuer, err := verifiertest.NewIssuer(s.server.URL+"/", keys...)
	if err != nil {
		s.server.Close()
		return nil, err
	}
	s.Issuer = issuer
	return s, nil
}

// Close ends the server and waits for requests under way.
func (s *Server) Close() { s.server.Close() }

// Client returns an HTTP client that trusts the server's certificate.
func (s *Server) Client() *http.Client { return s.server.Client() }

// Certificate returns the server's certificate.
func (s *Server) Certificate() *x509.Certificate { return s.server.Certificate() }

// Interrupt makes handler answer every request in the issuer's place: to be down, slow, or hostile. Nil ends it.
func (s *Server) Interrupt(handler http.Handler) {
	if handler == nil {
		s.interrupter.Store(nil)
		return
	}
	s.interrupter.Store(&handler)
}

// ServeHTTP publishes the issuer's documents.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if interrupter := s.interrupter.Load(); interrupter != nil {
		(*interrupter).ServeHTTP(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
		return
	}
	document, err := s.Fetch(r.Context(), s.server.URL+r.URL.Path)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	if document.Fresh > 0 {
		w.Header().Set("Cache-Control", fmt.Sprintf("max-age=%d", int(document.Fresh/time.Second)))
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(document.Body)
}
