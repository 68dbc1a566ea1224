package conformance

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
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

// patience is how long an answer may take, for slow machines.
const patience = 10 * time.Second

// TestVerifier plays the catalogue of rules, and more cases of your own, on verifiers that are wired so, for each DPoP
// mode: a subtest for each case, named by its ID. Every answer must be the exact one, and name the rule that was broken.
func TestVerifier(t *testing.T, wiring Wiring, more ...player.Case) {
	cases := append(catalogue.Cases(), more...)
	if err := player.Validate(cases); err != nil {
		t.Fatal(err)
	}
	clock := verifiertest.NewClock(player.Begin)
	environment, err := player.NewEnvironment(player.EnvironmentConfig{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer environment.Close()
	for _, mode := range player.Modes() {
		t.Run(string(mode), func(t *testing.T) {
			for _, c := range cases {
				if !slices.Contains(c.Modes, mode) {
					continue
				}
				t.Run(c.ID, func(t *testing.T) {
					clock.Set(player.Begin)
					wired{wiring, environment, clock, mode}.play(t, c)
				})
			}
		})
	}
}

// wired plays cases in one mode.
type wired struct {
	Wiring
	environment *player.Environment
	clock       *verifiertest.Clock
	mode        player.Mode
}

func (w wired) play(t *testing.T, c player.Case) {
	switch {
	case c.Has(player.Guard) && w.Guard == nil:
		t.Skip("not shown, since Wiring.Guard is nil")
	case c.Has(player.Redirects) && w.Fetcher == nil:
		t.Skip("not shown, since Wiring.Fetcher is nil")
	}
	if err := w.environment.Reset(c.Fault); err != nil {
		t.Fatal(err)
	}
	config := w.config(t)
	c.Configure(w.environment, &config)
	if config.Cache != nil && c.Expected != player.RefusedByNew {
		// The secret makes what other cases left in the cache a miss.
		config.CacheSecrets = [][]byte{[]byte(rand.Text() + rand.Text())}
	}
	background := player.Watch(&config)
	v, err := w.open(t, config)
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
		Advance:    w.clock.Advance,
		Restart:    func() (*verifier.Verifier, error) { return w.open(t, config) },
	}
	setup := player.Setup{
		Environment: w.environment, Target: player.InProcess(process), Mode: w.mode,
		URL: player.APIURL, Audience: player.Audience, Clock: w.clock, Process: process,
	}
	if c.Has(player.Guard) {
		setup.Target, setup.URL = w.serve(t, v, c.Front())
	}
	finding := c.Play(t.Context(), setup)
	if !finding.Decided || !finding.Passed {
		t.Errorf("%s (%s): %s: %s, want %s", c.Rule, c.Section, c.Reason, finding.Actual, finding.Expected)
	}
}

// config is a good configuration of what the verifier is wired with.
func (w wired) config(t *testing.T) verifier.Config {
	config := w.environment.Config(w.mode)
	config.Clock = w.clock
	if w.Fetcher != nil {
		config.Fetcher = w.Fetcher(t, w.environment.Roots())
	}
	if w.Cache != nil {
		config.Cache = w.Cache(t)
	}
	if w.ReplayStore != nil && w.mode != player.Disabled {
		config.DPoP.ReplayStore = w.ReplayStore(t)
	}
	return config
}

func (w wired) open(t *testing.T, config verifier.Config) (*verifier.Verifier, error) {
	v, err := verifier.New(config)
	if err == nil {
		t.Cleanup(func() { v.Close() })
	}
	return v, err
}

// serve puts v behind the guard and a server.
func (w wired) serve(t *testing.T, v *verifier.Verifier, front player.Front) (player.Target, string) {
	server := httptest.NewServer(w.Guard(t, v, front))
	t.Cleanup(server.Close)
	target, err := player.OverHTTP(server.URL, patience)
	if err != nil {
		t.Fatal(err)
	}
	return target, server.URL
}
