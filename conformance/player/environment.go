package player

import (
	"cmp"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-go/holdfast/conformance/fault"
	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// An Environment is what is around an API: the issuer that it trusts, another that it does not, both over TLS on
// loopback addresses, and the keys of issuers and clients. It is safe for concurrent use, but plays one case at a time.
type Environment struct {
	Issuer, Other *Issuer

	fixed       bool
	storeKilled atomic.Bool // of the case that is played

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
	// Host is the host of the issuer's identifier, with a port or not, for an API that refuses loopback addresses. The
	// issuer's certificate must be for it; it is for example.com and one label below. Empty means the address.
	Host string
	// Clock is what tokens go by; nil means the system's.
	Clock ports.Clock
	// Fixed has the same issuers, keys and signatures each time, for a recording. The keys are public, and the issuers
	// are reached only by Fetch.
	Fixed bool
}

// The names of keys. Other keys are named by their algorithm.
const (
	SigningKey     = "issuer"   // of the issuer's tokens, RS256
	NextKey        = "next"     // what it rotates to
	OtherKey       = "stranger" // of the other issuer
	ForgerKey      = "forger"   // of an attacker, never published; its kid is the issuer's
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
	if e.fixed = config.Fixed; e.fixed {
		e.own, e.small = fixedRSAKey("own"), fixedRSAKey("small")
	}
	var err error
	if e.Issuer, err = e.publish(cmp.Or(config.Listen, "127.0.0.1:0"), SigningKey, config.Clock); err != nil {
		return nil, err
	}
	if e.Other, err = e.publish("127.0.0.1:0", OtherKey, config.Clock); err != nil {
		e.Issuer.Close()
		return nil, err
	}
	if e.fixed {
		e.Issuer.URL, e.Other.URL = fixedIssuer, fixedOther
	}
	if config.Host != "" {
		host, _, _ := strings.Cut(config.Host, ":")
		if err := e.Issuer.Certificate().VerifyHostname(host); err != nil {
			e.Close()
			return nil, err
		}
		e.Issuer.URL = "https://" + config.Host + "/"
	}
	return e, nil
}

// Close ends the issuers.
func (e *Environment) Close() {
	e.Issuer.Close()
	e.Other.Close()
}

// IssuerURL is the identifier of the issuer that the API trusts.
func (e *Environment) IssuerURL() string { return e.Issuer.URL }

// CertificatePEM is what an API has to trust to reach the issuers.
func (e *Environment) CertificatePEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: e.Issuer.Certificate().Raw})
}

// Roots returns what a fetcher has to trust to reach the issuers.
func (e *Environment) Roots() *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AddCert(e.Issuer.Certificate())
	return roots
}

// Reset has the issuer sign with its first key and show the fault, and forgets what it was asked before.
func (e *Environment) Reset(f fault.Fault) error {
	key, err := e.Key(SigningKey)
	if err != nil {
		return err
	}
	e.Issuer.SetKeys(key)
	e.Issuer.ForgetRequests()
	e.Other.ForgetRequests()
	e.storeKilled.Store(false)
	return e.setFault(f)
}

// setFault has the issuer show a fault from now on; its requests go on being counted.
func (e *Environment) setFault(f fault.Fault) error {
	if f.Handler == nil {
		more, known := moreKeys[f.Name]
		if !known {
			return fmt.Errorf("player: the fault %q has no Handler", f.Name)
		}
		keys, err := more(e)
		if err != nil {
			return err
		}
		f = fault.MoreKeys(keys...)
	}
	e.Issuer.Fail(f)
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
	makeKey := verifiertest.NewKey
	if e.fixed {
		makeKey = fixedKey(name)
	}
	key, err := makeKey(algorithm, id)
	if err != nil {
		return nil, err
	}
	e.keys[name] = key
	return key, nil
}

// An Issuer is a test issuer of which a case can ask what it was asked.
type Issuer struct {
	*issuer.Server
	// Address is where it listens.
	Address   string
	forgotten atomic.Int64 // requests
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
	listens := listener.Addr().String()
	server, err := issuer.StartOn(listener, key)
	if err != nil {
		return nil, err
	}
	server.Clock, server.Fresh = clock, time.Hour
	return &Issuer{Server: server, Address: listens}, nil
}

// ForgetRequests begins to count again.
func (i *Issuer) ForgetRequests() { i.forgotten.Store(int64(i.Server.Requests())) }

// Requests returns how many requests the issuer had, of whatever kind.
func (i *Issuer) Requests() int { return i.Server.Requests() - int(i.forgotten.Load()) }

// uncount takes back one request.
func (i *Issuer) uncount() { i.forgotten.Add(1) }

// Hold keeps answers back until release is called. Requested is closed when a request has come.
func (i *Issuer) Hold() (requested <-chan struct{}, release func()) {
	held, requested, release := fault.Hold()
	i.Fail(held)
	return requested, release
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
	if e.fixed {
		return e.fetchFixed(ctx, url)
	}
	return e.Issuer.Get(ctx, url)
}
