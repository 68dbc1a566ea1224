package issuer

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-go/holdfast/conformance/fault"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/dpop"
	"github.com/holdfast-go/holdfast/verifier/memory"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A Server is an issuer that listens. It is safe for concurrent use, once the fields of its Issuer are set.
type Server struct {
	// Issuer signs the tokens and holds the keys; its URL is the server's, with a trailing slash.
	*verifiertest.Issuer

	server    *httptest.Server
	endpoints http.Handler
	handler   atomic.Pointer[http.Handler] // endpoints, or what answers in their place
	requests  atomic.Int64

	proofs *dpop.Checker
	nonces *dpop.Nonces
	replay *memory.ReplayStore // of DPoP proofs and client assertions

	mu       sync.Mutex // guards what follows
	clients  map[string]Client
	users    map[string]verifiertest.Claims
	pending  entries[authorization] // logins under way
	sessions entries[session]
	codes    entries[*code]
	refresh  entries[*grant]
}

// Start returns an issuer over TLS that publishes keys and signs with the first; without keys it makes one for RS256.
// Close it when done.
func Start(keys ...*verifiertest.Key) (*Server, error) { return start("https", nil, keys) }

// StartOn is [Start] at the address of a listener, which it closes in the end.
func StartOn(listener net.Listener, keys ...*verifiertest.Key) (*Server, error) {
	return start("https", listener, keys)
}

// StartInsecureHTTP is [Start] without TLS, for a browser that would not trust the certificate. A verifier accepts such
// an issuer by its InsecureAllowLoopbackHTTP only.
func StartInsecureHTTP(keys ...*verifiertest.Key) (*Server, error) { return start("http", nil, keys) }

func start(scheme string, listener net.Listener, keys []*verifiertest.Key) (*Server, error) {
	s := &Server{
		clients:  make(map[string]Client),
		users:    make(map[string]verifiertest.Claims),
		pending:  make(entries[authorization]),
		sessions: make(entries[session]),
		codes:    make(entries[*code]),
		refresh:  make(entries[*grant]),
	}
	s.endpoints = s.routes()
	var err error
	if s.proofs, err = dpop.New(dpop.Config{Algorithms: verifier.Algorithms(), Clock: clock{s}}); err != nil {
		return nil, err
	}
	if s.nonces, err = dpop.NewNonces(dpop.NonceConfig{Clock: clock{s}}); err != nil {
		return nil, err
	}
	if s.replay, err = memory.NewReplayStore(memory.ReplayConfig{Clock: clock{s}}); err != nil {
		return nil, err
	}
	s.server = httptest.NewUnstartedServer(s)
	s.server.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that leave, or don't trust the certificate
	if listener != nil {
		s.server.Listener.Close()
		s.server.Listener = listener
	}
	if s.Issuer, err = verifiertest.NewIssuer(scheme+"://"+s.server.Listener.Addr().String()+"/", keys...); err != nil {
		s.server.Listener.Close()
		return nil, err
	}
	s.Fail()
	if scheme == "http" {
		s.server.Start()
		return s, nil
	}
	s.server.StartTLS()
	return s, nil
}

// Close ends the server, with all of its connections.
func (s *Server) Close() {
	s.server.CloseClientConnections() // for the handlers that wait until the client leaves
	s.server.Close()
}

// Client returns an HTTP client that trusts the server's certificate.
func (s *Server) Client() *http.Client { return s.server.Client() }

// Certificate returns the server's certificate, nil for one without TLS. All servers have
// the same, that of net/http/httptest.
func (s *Server) Certificate() *x509.Certificate { return s.server.Certificate() }

// Fail has the server show these faults, the first one over the second and so on, from now until the next call. Without
// any it is healthy again.
func (s *Server) Fail(faults ...fault.Fault) {
	handler := fault.Over(s.endpoints, faults...)
	s.handler.Store(&handler)
}

// Requests returns how many requests have come, whatever was answered.
func (s *Server) Requests() int { return int(s.requests.Load()) }

// ServeHTTP answers as the issuer does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	(*s.handler.Load()).ServeHTTP(w, r)
}

// The paths of the endpoints, below the issuer's URL.
const (
	keysPath      = "jwks" // as verifiertest names it
	authorizePath = "authorize"
	loginPath     = "login"
	stylePath     = "style.css"
	tokenPath     = "token"
	logoutPath    = "logout"
)

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /"+keysPath, s.publish)
	mux.HandleFunc("GET /.well-known/", s.publishMetadata)
	mux.HandleFunc("GET /"+authorizePath, s.authorize)
	mux.HandleFunc("POST /"+authorizePath, s.authorize) // OpenID Connect Core section 3.1.2.1
	mux.HandleFunc("POST /"+loginPath, s.login)
	mux.HandleFunc("GET /"+stylePath, serveStyle)
	mux.HandleFunc("POST /"+tokenPath, s.token)
	mux.HandleFunc("GET /"+logoutPath, s.logout)
	mux.HandleFunc("POST /"+logoutPath, s.logout)
	return mux
}

// publish serves the issuer's keys.
func (s *Server) publish(w http.ResponseWriter, r *http.Request) {
	s.publishDocument(w, r, func(body []byte) ([]byte, error) { return body, nil })
}

// publishMetadata serves the issuer's metadata, with what the endpoints of a Server can do.
func (s *Server) publishMetadata(w http.ResponseWriter, r *http.Request) {
	s.publishDocument(w, r, func(body []byte) ([]byte, error) {
		return editObject(body, map[string]any{
			"end_session_endpoint":                             s.endpoint(logoutPath),
			"grant_types_supported":                            slices.Sorted(maps.Keys(grantTypes)),
			"scopes_supported":                                 []string{"openid", "offline_access"},
			"code_challenge_methods_supported":                 []string{"S256"},
			"token_endpoint_auth_methods_supported":            authenticationMethods,
			"token_endpoint_auth_signing_alg_values_supported": verifier.Algorithms(),
			"dpop_signing_alg_values_supported":                verifier.Algorithms(),
			"authorization_response_iss_parameter_supported":   true,
			"request_parameter_supported":                      false,
			"request_uri_parameter_supported":                  false,
		})
	})
}

func (s *Server) publishDocument(w http.ResponseWriter, r *http.Request, edit func([]byte) ([]byte, error)) {
	document, err := s.Fetch(r.Context(), strings.TrimSuffix(s.URL, "/")+r.URL.Path)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	body, err := edit(document.Body)
	if err != nil {
		http.Error(w, "the document can't be written", http.StatusInternalServerError)
		return
	}
	if document.Fresh > 0 {
		w.Header().Set("Cache-Control", fmt.Sprintf("max-age=%d", int(document.Fresh/time.Second)))
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

// editObject sets members of a JSON object that this process wrote.
func editObject(object []byte, changes map[string]any) ([]byte, error) {
	var members map[string]any
	if err := json.Unmarshal(object, &members); err != nil {
		return nil, err
	}
	maps.Copy(members, changes)
	return json.Marshal(members)
}

func (s *Server) endpoint(path string) string { return s.URL + path }

func (s *Server) secure() bool { return strings.HasPrefix(s.URL, "https:") }

// A clock is that of the server's Issuer, which may be set after the server has started.
type clock struct{ server *Server }

func (c clock) Now() time.Time {
	if c.server.Clock != nil {
		return c.server.Clock.Now()
	}
	return memory.Clock{}.Now()
}

func (s *Server) now() time.Time { return clock{s}.Now() }
