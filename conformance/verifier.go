package conformance

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
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
	// Mutant is what is wrong with the verifier, in a test that shows that cases can fail. Nil means nothing.
	Mutant *Mutant
}

// A Mutant makes a good verifier wrong. Cases are played on it as they are over HTTP: they look at its answers only.
type Mutant struct {
	// Config changes the configuration of a case. Good is one without what the case is about. Nil changes nothing.
	Config func(good verifier.Config, config *verifier.Config)
	// Target stands between the cases and the verifier. Nil means nothing.
	Target func(player.Target) player.Target
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
	suite := NewSuite(t, wiring)
	for _, mode := range player.Modes() {
		t.Run(string(mode), func(t *testing.T) {
			for _, c := range cases {
				if !slices.Contains(c.Modes, mode) {
					continue
				}
				t.Run(c.ID, func(t *testing.T) {
					finding := suite.Play(t, mode, c)
					if !finding.Decided || !finding.Passed {
						t.Errorf("%s (%s): %s: %s, want %s", c.Rule, c.Section, c.Reason, finding.Actual, finding.Expected)
					}
				})
			}
		})
	}
}

// A Suite plays single cases on verifiers that are wired so, for a test that looks at the findings. It plays one case at a
// time.
type Suite struct {
	wiring      Wiring
	environment *player.Environment
	clock       *verifiertest.Clock
}

// NewSuite returns a suite that ends with the test.
func NewSuite(t *testing.T, wiring Wiring) *Suite {
	t.Helper()
	clock := verifiertest.NewClock(player.Begin)
	environment, err := player.NewEnvironment(player.EnvironmentConfig{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(environment.Close)
	return &Suite{wiring, environment, clock}
}

// Play plays a case in a mode, on a verifier of its own that ends with t. It skips a case that the wiring can't show.
func (s *Suite) Play(t *testing.T, mode player.Mode, c player.Case) player.Finding {
	switch {
	case c.Has(player.Guard) && s.wiring.Guard == nil:
		t.Skip("not shown, since Wiring.Guard is nil")
	case c.Has(player.Redirects) && s.wiring.Fetcher == nil:
		t.Skip("not shown, since Wiring.Fetcher is nil")
	}
	s.clock.Set(player.Begin)
	if err := s.environment.Reset(c.Fault); err != nil {
		t.Fatal(err)
	}
	config := s.config(t, mode)
	c.Configure(s.environment, &config)
	if config.Cache != nil && c.Expected != player.RefusedByNew {
		// The secret makes what other cases left in the cache a miss.
		config.CacheSecrets = [][]byte{[]byte(rand.Text() + rand.Text())}
	}
	if s.wiring.Mutant != nil && s.wiring.Mutant.Config != nil {
		s.wiring.Mutant.Config(s.config(t, mode), &config)
	}
	background := player.Watch(&config)
	v, err := open(t, config)
	if c.Expected == player.RefusedByNew {
		var fault *verifier.FieldError
		named := errors.Is(err, verifier.Misconfigured) && errors.As(err, &fault)
		return player.Finding{Decided: true, Passed: named, Expected: "an error of New that names the field", Actual: fmt.Sprintf("New = %v", err)}
	}
	if err != nil {
		t.Fatal(err)
	}
	process := &player.Process{
		Verifier:   v,
		Cache:      config.Cache,
		Background: background,
		Advance:    s.clock.Advance,
		Restart:    func() (*verifier.Verifier, error) { return open(t, config) },
	}
	setup := player.Setup{
		Environment: s.environment, Target: player.InProcess(process), Mode: mode,
		URL: player.APIURL, Audience: player.Audience, Clock: s.clock, Process: process,
	}
	if c.Has(player.Guard) {
		setup.Target, setup.URL = s.serve(t, v, c.Front())
	}
	if s.wiring.Mutant != nil {
		s.elsewhere(&setup)
	}
	return c.Play(t.Context(), setup)
}

// elsewhere has a case be played on the mutant as if it were in another process.
func (s *Suite) elsewhere(setup *player.Setup) {
	process := setup.Process
	setup.Process, setup.Patience = nil, patience/3
	setup.Levers = player.Levers{
		Advance: func(d time.Duration) error { s.clock.Advance(d); return nil },
		Stop:    process.Verifier.Close,
		Restart: func() (err error) { process.Verifier, err = process.Restart(); return err },
	}
	if s.wiring.Mutant.Target != nil {
		setup.Target = s.wiring.Mutant.Target(setup.Target)
	}
}

// config is a good configuration of what the verifier is wired with.
func (s *Suite) config(t *testing.T, mode player.Mode) verifier.Config {
	w := s.wiring
	config := s.environment.Config(mode)
	config.Clock = s.clock
	if w.Fetcher != nil {
		config.Fetcher = w.Fetcher(t, s.environment.Roots())
	}
	if w.Cache != nil {
		config.Cache = w.Cache(t)
	}
	if w.ReplayStore != nil && mode != player.Disabled {
		config.DPoP.ReplayStore = w.ReplayStore(t)
	}
	return config
}

func open(t *testing.T, config verifier.Config) (*verifier.Verifier, error) {
	v, err := verifier.New(config)
	if err == nil {
		t.Cleanup(func() { v.Close() })
	}
	return v, err
}

// serve puts v behind the guard and a server.
func (s *Suite) serve(t *testing.T, v *verifier.Verifier, front player.Front) (player.Target, string) {
	server := httptest.NewServer(s.wiring.Guard(t, v, front))
	t.Cleanup(server.Close)
	target, err := player.OverHTTP(server.URL, patience)
	if err != nil {
		t.Fatal(err)
	}
	return target, server.URL
}
