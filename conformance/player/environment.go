package player

import (
	"cmp"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// An Environment is what is around an API: the issuer that it trusts, another that it does not, both over TLS on
// loopback addresses, and the keys of issuers and clients. It is safe for concurrent use, but plays one case at a time.
type Environment struct {
	Issuer, Other *Issuer

	// These are made when they are first asked for.
	own, small func() (*rsa.PrivateKey, error)

	mu   sync.Mutex // guards what follows
	keys map[string]*verifiertest.Key
}

// EnvironmentConfig says where an Environment is. Its zero value is good for any free port.
type EnvironmentConfig struct {
	// Listen is the loopback address of the issuer, for an API that has to know it beforehand. Empty means a free
	// port.
	Listen string
	// Clock is what tokens go by; nil means the system's.
	Clock ports.Clock
}

// The names of keys. Other keys are named by their algorithm.
const (
	SigningKey     = "issuer"   // of the issuer's tokens, RS256
	NextKey        = "next"     // what it rotates to
	OtherKey       = "stranger" // of the other issuer
	ForgerKey      = "forger"   // of an attacker, published by no one; its kid is the issuer's
	ClientKey      = "client"   // of the DPoP client, ES256
	OtherClientKey = "thief"    // of another client
)

// NewEnvironment starts the issuers. Close it when done.
func NewEnvironment(config EnvironmentConfig) (*Environment, error) {
	if clock := reflect.ValueOf(config.Clock); clock.Kind() == reflect.Pointer && clock.IsNil() {
		return nil, fmt.Errorf("player: EnvironmentConfig.Clock is a nil %T; leave it out for the system's clock", config.Clock)
	}
	e := &Environment{
		own: newRSAKey(2048), small: newRSAKey(1024),
		keys: make(map[string]*verifiertest.Key),
	}
	var err error
	if e.Issuer, err = e.publish(cmp.Or(config.Listen, "127.0.0.1:0"), SigningKey, config.Clock); err != nil {
		return nil, err
	}
	if e.Other, err = e.publish("127.0.0.1:0", OtherKey, config.Clock); err != nil {
		e.Issuer.server.Close()
		return nil, err
	}
	return e, nil
}

// Close ends the issuers.
func (e *Environment) Close() {
	e.Issuer.server.Close()
	e.Other.server.Close()
}

// IssuerURL is the identifier of the issuer that the API trusts.
func (e *Environment) IssuerURL() string { return e.Issuer.URL }

// CertificatePEM is what an API has to trust to reach the issuers.
func (e *Environment) CertificatePEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: e.Issuer.server.Certificate().Raw})
}

// Roots returns what a fetcher has to trust to reach the issuers.
func (e *Environment) Roots() *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AddCert(e.Issuer.server.Certificate())
	return roots
}

// Reset has the issuer do what the fault says, with its first key, and forgets what it was asked before.
func (e *Environment) Reset(fault Fault) error {
	key, err := e.Key(SigningKey)
	if err != nil {
		return err
	}
	e.Issuer.SetKeys(key)
	e.Issuer.reset(fault)
	e.Other.reset(SoleKey)
	return nil
}

// Key returns the key of that name, which is made when it is first asked for.
func (e *Environment) Key(name string) (*verifiertest.Key, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if key := e.keys[name]; key != nil {
		return key, nil
	}
	algorithm, id := name, "key-"+name
	switch name {
	case SigningKey, ForgerKey:
		algorithm, id = "RS256", "key-1"
	case NextKey:
		algorithm, id = "RS256", "key-2"
	case OtherKey:
		algorithm = "RS256"
	case ClientKey, OtherClientKey:
		algorithm = "ES256"
	}
	key, err := verifiertest.NewKey(algorithm, id)
	if err != nil {
		return nil, err
	}
	e.keys[name] = key
	return key, nil
}

// An Issuer signs tokens, and publishes its metadata and keys over TLS.
type Issuer struct {
	*verifiertest.Issuer
	server      *httptest.Server
	environment *Environment

	mu    sync.Mutex // guards what follows
	fault Fault
	asked int   // requests, of whatever kind
	held  *hold // what keeps answers back, or nil
}

func (e *Environment) publish(address, keyName string, clock ports.Clock) (*Issuer, error) {
	key, err := e.Key(keyName)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	p := &Issuer{environment: e, fault: SoleKey}
	if p.Issuer, err = verifiertest.NewIssuer("https://"+listener.Addr().String()+"/", key); err != nil {
		_ = listener.Close()
		return nil, err
	}
	p.Clock, p.Fresh = clock, time.Hour
	p.server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: p, ErrorLog: discardLog}}
	p.server.StartTLS()
	return p, nil
}

func (p *Issuer) reset(fault Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.asked, p.held = fault, 0, nil
}

// SetFault changes what the issuer does from now on; its requests go on being counted.
func (p *Issuer) SetFault(fault Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = fault
}

// ForgetRequests begins to count again.
func (p *Issuer) ForgetRequests() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = 0
}

// Requests returns how many requests the issuer had, of whatever kind.
func (p *Issuer) Requests() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// A hold keeps an issuer's answers back.
type hold struct {
	arrived, over       chan struct{}
	arriveOnce, endOnce sync.Once
}

// Hold keeps answers back until release is called. A request has come when arrived is closed.
func (p *Issuer) Hold() (arrived <-chan struct{}, release func()) {
	h := &hold{arrived: make(chan struct{}), over: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = h
	return h.arrived, func() { h.endOnce.Do(func() { close(h.over) }) }
}

// ServeHTTP publishes metadata and keys as the fault says.
func (p *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked++
	behaviour, held := faults[p.fault], p.held
	p.mu.Unlock()
	if held != nil {
		held.arriveOnce.Do(func() { close(held.arrived) })
		select {
		case <-held.over:
		case <-r.Context().Done():
			return
		}
	}
	if behaviour.answer != nil && behaviour.answer(p, w, r) {
		return
	}
	body, err := p.document(r.Context(), r.URL.Path, behaviour)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if behaviour.cacheControl == "" {
		behaviour.cacheControl = "max-age=3600"
	}
	w.Header().Set("Cache-Control", behaviour.cacheControl)
	_, _ = w.Write(body)
}

var errNoDocument = errors.New("nothing is published there")

// document is what is published at path.
func (p *Issuer) document(ctx context.Context, path string, behaviour behaviour) ([]byte, error) {
	published, err := p.Fetch(ctx, strings.TrimSuffix(p.URL, "/")+path)
	if err != nil {
		return nil, errNoDocument
	}
	switch {
	case strings.Contains(path, "/.well-known/"):
		return edited(published.Body, func(members map[string]any) error {
			if behaviour.metadata != nil {
				behaviour.metadata(p, members)
			}
			return nil
		})
	case behaviour.keys != nil:
		more, err := behaviour.keys(p.environment)
		if err != nil {
			return nil, err
		}
		return edited(published.Body, func(members map[string]any) error {
			keys, _ := members["keys"].([]any)
			members["keys"] = append(more, keys...)
			return nil
		})
	}
	return published.Body, nil
}

// edited changes the members of a JSON object.
func edited(object []byte, edit func(map[string]any) error) ([]byte, error) {
	var members map[string]any
	if err := json.Unmarshal(object, &members); err != nil {
		return nil, err
	}
	if err := edit(members); err != nil {
		return nil, err
	}
	return json.Marshal(members)
}

// JWK returns the public key of that name as a JSON Web Key, with changes on top.
func (e *Environment) JWK(name string, changes Fields) (map[string]any, error) {
	key, err := e.Key(name)
	if err != nil {
		return nil, err
	}
	written, err := key.JWK()
	if err != nil {
		return nil, err
	}
	var members map[string]any
	if err := json.Unmarshal(written, &members); err != nil {
		return nil, err
	}
	maps.Copy(members, changes)
	maps.DeleteFunc(members, func(_ string, value any) bool { return value == Absent })
	return members, nil
}

// Fetch gets a document of an issuer as ports.Fetcher has it, without following redirects: for a case that is not about
// the fetcher.
func (e *Environment) Fetch(ctx context.Context, url string) (ports.Document, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return ports.Document{}, err
	}
	answer, err := e.Issuer.server.Client().Transport.RoundTrip(request)
	if err != nil {
		return ports.Document{}, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return ports.Document{}, fmt.Errorf("the status is %d", answer.StatusCode)
	}
	body, err := readBounded(answer.Body, 4<<20)
	return ports.Document{Body: body, Fresh: freshness(answer.Header.Get("Cache-Control"))}, err
}
