package main

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// lifetime of tokens and key sets is longer than the whole run.
const lifetime = 2 * time.Hour

// A site is a TLS server on a loopback address where many tenants publish their metadata and keys.
type site struct {
	*httptest.Server
	tenants []*tenant // tenant i beneath /i/
	fault   atomic.Pointer[interference]
}

// interfere has the site do something else for each request from now on; nil ends that.
func (s *site) interfere(with interference) { s.fault.Store(&with) }

// A tenant is an issuer that signs by one algorithm.
type tenant struct {
	*verifiertest.Issuer
	algorithm string
	public    crypto.PublicKey
	client    *http.Client // trusts the site
}

// keysPerSite bounds how many different keys a site's tenants have: to make one takes a while.
const keysPerSite = 16

// newSite starts a site with n tenants that sign by algorithm.
func newSite(algorithm string, n int, after *cleanup) (*site, error) {
	s := &site{}
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it would tell of clients that leave in the end
	s.StartTLS()
	after.add(s.Close)
	keys := make([]*verifiertest.Key, min(n, keysPerSite))
	publics := make([]crypto.PublicKey, len(keys))
	for i := range keys {
		var err error
		if keys[i], err = verifiertest.NewKey(algorithm, fmt.Sprintf("key-%d", i)); err != nil {
			return nil, err
		}
		if publics[i], err = publicKey(keys[i]); err != nil {
			return nil, err
		}
	}
	for i := range n {
		issuer, err := verifiertest.NewIssuer(fmt.Sprintf("%s/%d/", s.URL, i), keys[i%len(keys)])
		if err != nil {
			return nil, err
		}
		issuer.Fresh = lifetime
		s.tenants = append(s.tenants, &tenant{issuer, algorithm, publics[i%len(keys)], s.Client()})
	}
	return s, nil
}

// newTenant starts a site for one.
func newTenant(algorithm string, after *cleanup) (*tenant, error) {
	s, err := newSite(algorithm, 1, after)
	if err != nil {
		return nil, err
	}
	return s.tenants[0], nil
}

// foreignTenant is one that another process runs, which trusts client.
func foreignTenant(url, algorithm string, client *http.Client) *tenant {
	return &tenant{&verifiertest.Issuer{URL: url}, algorithm, nil, client}
}

// keySetURL is where the tenant publishes its keys.
func (t *tenant) keySetURL() string { return strings.TrimSuffix(t.URL, "/") + "/jwks" }

// fetch returns a tenant's document, as a Fetcher.
func (s *site) fetch(ctx context.Context, url string) (ports.Document, error) {
	var n int
	if _, err := fmt.Sscanf(strings.TrimPrefix(url, s.URL), "/%d/", &n); err != nil || n < 0 || n >= len(s.tenants) {
		return ports.Document{}, errors.New("no tenant has that URL")
	}
	return s.tenants[n].Fetch(ctx, url)
}

// ServeHTTP publishes the tenants' documents.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if fault := s.fault.Load(); fault != nil && *fault != nil && (*fault)(w, r) {
		return
	}
	document, err := s.fetch(r.Context(), s.URL+r.URL.Path)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", fmt.Sprintf("max-age=%d", int(document.Fresh/time.Second)))
	_, _ = w.Write(document.Body)
}
