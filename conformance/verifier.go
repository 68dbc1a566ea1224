package conformance

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/conformance/catalogue"
	"github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A Wiring is what the verifiers of [TestVerifier] are wired with. Each constructor is called for every case, with the
// case's own t; nil means the embedded default. Stores may be shared among cases.
type Wiring struct {
	// Fetcher returns a fetcher that trusts roots, which are the suite's issuers. Without it cases about redirects are
	// skipped.
	Fetcher func(t *testing.T, roots *x509.CertPool) ports.Fetcher
	// Cache returns the cache that verifiers share. Nil means that there is none, but in the cases that are about it.
	Cache func(t *testing.T) ports.Cache
	// ReplayStore returns where verifiers remember proofs.
	ReplayStore func(t *testing.T) ports.ReplayStore
	// Guard returns an HTTP API behind v: what is in front of it says front; /scoped needs the scope
	// read:conformance; every other path needs only a token, and any method will do. A handler that is reached answers
	// 200. Without it cases about what is read off a connection are skipped. The suite's connections come from
	// 127.0.0.1, which is the trusted proxy where there is one.
	Guard func(t *testing.T, v *verifier.Verifier, front player.Front) http.Handler
}

// standing is where the clock of the cases is set, apiURL where they send their requests, and audience what their tokens
// are for.
var standing = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

const (
	apiURL   = "https://api.example"
	audience = "https://api.example/"
)

// patience is how long an answer may take, for slow machines.
const patience = 10 * time.Second

// TestVerifier plays the whole catalogue of rules on verifiers that are wired so, for each DPoP mode: a subtest for each
// case, named by its ID. Every answer must be the exact one, and name the rule that was broken.
func TestVerifier(t *testing.T, wiring Wiring) {
	clock := verifiertest.NewClock(standing)
	world, err := player.NewEnvironment(player.EnvironmentConfig{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer world.Close()
	for _, mode := range player.Modes() {
		t.Run(string(mode), func(t *testing.T) {
			for _, c := range catalogue.Cases() {
				if !slices.Contains(c.Modes, mode) {
					continue
				}
				t.Run(c.ID, func(t *testing.T) {
					clock.Set(standing)
					stage{wiring, world, clock, mode}.play(t, c)
				})
			}
		})
	}
}

// A stage is where cases are played in one mode.
type stage struct {
	Wiring
	world *player.Environment
	clock *verifiertest.Clock
	mode  player.Mode
}

func (s stage) play(t *testing.T, c player.Case) {
	switch {
	case c.Has(player.Guard) && s.Guard == nil:
		t.Skip("not shown, since Wiring.Guard is nil")
	case c.Has(player.Redirects) && s.Fetcher == nil:
		t.Skip("not shown, since Wiring.Fetcher is nil")
	}
	if err := s.world.Reset(c.Fault); err != nil {
		t.Fatal(err)
	}
	config := s.config(t)
	c.Configure(s.world, &config)
	if config.Cache != nil && c.Expected != player.RefusedByNew {
		// The secret makes what other cases left in the cache a miss.
		config.CacheSecrets = [][]byte{[]byte(rand.Text() + rand.Text())}
	}
	background := player.Watch(&config)
	v, err := s.open(t, config)
	var fault *verifier.FieldError
	switch {
	case c.Expected == player.RefusedByNew:
		if !errors.Is(err, verifier.Misconfigured) || !errors.As(err, &fault) {
			t.Errorf("%s (%s): %s: New = %v, want an error that names the field", c.Rule, c.Section, c.Reason, err)
		}
		return
	case err != nil:
		t.Fatal(err)
	}
	process := &player.Process{
		Verifier:   v,
		Cache:      config.Cache,
		Background: background,
		Advance:    s.clock.Advance,
		Restart:    func() (*verifier.Verifier, error) { return s.open(t, config) },
	}
	played := player.Setup{
		Environment: s.world, Target: inProcess{process}, Mode: s.mode,
		URL: apiURL, Audience: audience, Clock: s.clock, Process: process,
	}
	if c.Has(player.Guard) {
		played.Target, played.URL = s.serve(t, v, c.Front())
	}
	finding := c.Play(t.Context(), played)
	if !finding.Decided || !finding.Passed {
		t.Errorf("%s (%s): %s: %s, want %s", c.Rule, c.Section, c.Reason, finding.Actual, finding.Expected)
	}
}

// config is a good configuration, on top of which a case sets what it is about.
func (s stage) config(t *testing.T) verifier.Config {
	config := verifier.Config{
		Domain:    s.world.IssuerURL(),
		Audiences: []string{audience},
		Fetcher:   s.world,
		Clock:     s.clock,
		DPoP: verifier.DPoP{Mode: map[player.Mode]verifier.DPoPMode{
			player.Allowed: verifier.DPoPAllowed, player.Required: verifier.DPoPRequired, player.Disabled: verifier.DPoPDisabled,
		}[s.mode]},
	}
	// A slow store or issuer is slow, not wrong.
	config.DPoP.ReplayTimeout, config.Keys.WaitTimeout = time.Minute, time.Minute
	if s.Fetcher != nil {
		config.Fetcher = s.Fetcher(t, s.world.Roots())
	}
	if s.Cache != nil {
		config.Cache = s.Cache(t)
	}
	if s.ReplayStore != nil && s.mode != player.Disabled {
		config.DPoP.ReplayStore = s.ReplayStore(t)
	}
	return config
}

func (s stage) open(t *testing.T, config verifier.Config) (*verifier.Verifier, error) {
	v, err := verifier.New(config)
	if err == nil {
		t.Cleanup(func() { v.Close() })
	}
	return v, err
}

// serve puts v behind the guard and a server.
func (s stage) serve(t *testing.T, v *verifier.Verifier, front player.Front) (player.Target, string) {
	server := httptest.NewServer(s.Guard(t, v, front))
	t.Cleanup(server.Close)
	target, err := player.OverHTTP(server.URL, patience)
	if err != nil {
		t.Fatal(err)
	}
	return target, server.URL
}

// inProcess asks a verifier without an HTTP server between.
type inProcess struct{ *player.Process }

func (p inProcess) Send(ctx context.Context, r player.Request) (player.Answer, error) {
	verified, err := p.Verifier.VerifyRequest(ctx, verifier.Request{
		Method: r.Method, URL: apiURL + r.Path, Header: r.Header, ClientCertificate: r.Certificate, Form: r.Form,
	})
	if err == nil && strings.HasPrefix(r.Path, "/scoped") {
		err = verified.RequireScopes("read:conformance")
	}
	if err == nil {
		return player.Answer{Status: http.StatusOK, Header: verified.Header, Verified: verified}, nil
	}
	var refusal *verifier.Error
	if !errors.As(err, &refusal) {
		return player.Answer{}, err
	}
	return player.Answer{Status: refusal.Status, Header: refusal.Header, Err: refusal}, nil
}
