package catalogue

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

// A World is what is around an API: the issuer that it trusts, another that it does not, both over TLS on loopback
// addresses, and the keys of issuers, clients and thieves. It is safe for concurrent use, but plays one case at a time.
type World struct {
	issuer, stranger *publisher

	// These are made when they are first asked for.
	own, small                    func() (*rsa.PrivateKey, error)
	certificate, otherCertificate func() ([]byte, error) // of two clients, in DER

	mu   sync.Mutex // guards what follows
	keys map[string]*verifiertest.Key
}

// WorldConfig says where a World is. Its zero value is a choice of its own.
type WorldConfig struct {
	// Listen is the loopback address of the issuer, for an API that has to know it beforehand. Empty means a free
	// port.
	Listen string
	// Clock is what tokens go by; nil means the system's.
	Clock ports.Clock
}

// The keys that cases name. Others are named by their algorithm.
const (
	signingKey  = "issuer"   // of the issuer's tokens, RS256
	nextKey     = "next"     // what it rotates to
	strangerKey = "stranger" // of the other issuer
	forgerKey   = "forger"   // of nobody's, that claims to be the issuer's
	clientKey   = "client"   // of the DPoP client, ES256
	thiefKey    = "thief"    // of another client
)

// NewWorld starts the issuers. Close it when done.
func NewWorld(config WorldConfig) (*World, error) {
	if clock := reflect.ValueOf(config.Clock); clock.Kind() == reflect.Pointer && clock.IsNil() {
		return nil, fmt.Errorf("catalogue: WorldConfig.Clock is a nil %T; leave it out for the system's clock", config.Clock)
	}
	w := &World{
		own: newRSAKey(2048), small: newRSAKey(1024),
		certificate: sync.OnceValues(selfSigned), otherCertificate: sync.OnceValues(selfSigned),
		keys: make(map[string]*verifiertest.Key),
	}
	var err error
	if w.issuer, err = w.publish(cmp.Or(config.Listen, "127.0.0.1:0"), signingKey, config.Clock); err != nil {
		return nil, err
	}
	if w.stranger, err = w.publish("127.0.0.1:0", strangerKey, config.Clock); err != nil {
		w.issuer.server.Close()
		return nil, err
	}
	return w, nil
}

// Close ends the issuers.
func (w *World) Close() {
	w.issuer.server.Close()
	w.stranger.server.Close()
}

// IssuerURL is the identifier of the issuer that the API trusts.
func (w *World) IssuerURL() string { return w.issuer.URL }

// CertificatePEM is what an API has to trust to reach the issuers.
func (w *World) CertificatePEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.issuer.server.Certificate().Raw})
}

// Roots returns what a fetcher has to trust to reach the issuers.
func (w *World) Roots() *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AddCert(w.issuer.server.Certificate())
	return roots
}

// Set has the issuer do what the setting says, with its first key, and forgets what it was asked before.
func (w *World) Set(setting Setting) error {
	key, err := w.key(signingKey)
	if err != nil {
		return err
	}
	w.issuer.SetKeys(key)
	w.issuer.set(setting)
	w.stranger.set(SoleKey)
	return nil
}

// key returns the key of that name, which is made when it is first asked for.
func (w *World) key(name string) (*verifiertest.Key, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if key := w.keys[name]; key != nil {
		return key, nil
	}
	algorithm, id := name, "key-"+name
	switch name {
	case signingKey, forgerKey:
		algorithm, id = "RS256", "key-1"
	case nextKey:
		algorithm, id = "RS256", "key-2"
	case strangerKey:
		algorithm = "RS256"
	case clientKey, thiefKey:
		algorithm = "ES256"
	}
	key, err := verifiertest.NewKey(algorithm, id)
	if err != nil {
		return nil, err
	}
	w.keys[name] = key
	return key, nil
}

// A publisher is an issuer that listens.
type publisher struct {
	*verifiertest.Issuer
	server *httptest.Server
	world  *World

	mu      sync.Mutex // guards what follows
	setting Setting
	asked   int   // requests, of whatever kind
	held    *hold // what keeps answers back, or nil
}

func (w *World) publish(address, keyName string, clock ports.Clock) (*publisher, error) {
	key, err := w.key(keyName)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	p := &publisher{world: w, setting: SoleKey}
	if p.Issuer, err = verifiertest.NewIssuer("https://"+listener.Addr().String()+"/", key); err != nil {
		_ = listener.Close()
		return nil, err
	}
	p.Clock, p.Fresh = clock, time.Hour
	p.server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: p, ErrorLog: discardLog}}
	p.server.StartTLS()
	return p, nil
}

func (p *publisher) set(setting Setting) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.setting, p.asked, p.held = setting, 0, nil
}

// turn changes the setting and nothing else.
func (p *publisher) turn(setting Setting) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.setting = setting
}

// forget begins to count anew.
func (p *publisher) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = 0
}

func (p *publisher) requests() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// A hold keeps an issuer's answers back.
type hold struct {
	arrived, over       chan struct{}
	arriveOnce, endOnce sync.Once
}

// hold keeps answers back until release is called. A request has come when arrived is closed.
func (p *publisher) hold() (arrived <-chan struct{}, release func()) {
	h := &hold{arrived: make(chan struct{}), over: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = h
	return h.arrived, func() { h.endOnce.Do(func() { close(h.over) }) }
}

// ServeHTTP publishes metadata and keys as the setting says.
func (p *publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked++
	behaviour, held := settings[p.setting], p.held
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
func (p *publisher) document(ctx context.Context, path string, behaviour behaviour) ([]byte, error) {
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
		more, err := behaviour.keys(p.world)
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

// jwk returns the public key of that name as a JSON Web Key, with changes on top.
func (w *World) jwk(name string, changes fields) (map[string]any, error) {
	key, err := w.key(name)
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
	maps.DeleteFunc(members, func(_ string, value any) bool { return value == absent })
	return members, nil
}

// Fetch gets a document of the world as ports.Fetcher has it, without following redirects: for a verifier that is not
// about its fetcher.
func (w *World) Fetch(ctx context.Context, url string) (ports.Document, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return ports.Document{}, err
	}
	answer, err := w.issuer.server.Client().Transport.RoundTrip(request)
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
