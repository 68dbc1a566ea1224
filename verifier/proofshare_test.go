package verifier_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/memory"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// another returns a second client, with a key of its own.
func (s *sender) another(t testing.TB) *sender {
	t.Helper()
	other := *s
	other.Prover = &verifiertest.Prover{Key: key(t, "ES256", "another client"), Clock: s.clock}
	var err error
	if other.thumbprint, err = other.Thumbprint(); err != nil {
		t.Fatal(err)
	}
	return &other
}

// use sends a fresh proof with the token.
func (s *sender) use(t testing.TB, bound string) error {
	t.Helper()
	_, err := s.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, nil)))
	return err
}

// proofWindow is how long a proof is remembered by default, at most.
const proofWindow = 361 * time.Second

func TestFaultOneClientCanNotFillTheReplayStore(t *testing.T) {
	store, err := memory.NewReplayStore(memory.ReplayConfig{MaxEntries: 40})
	if err != nil {
		t.Fatal(err)
	}
	env := newEnvironment(t, func(c *verifier.Config) { c.DPoP.ReplayStore, c.DPoP.MaxProofsPerKey = store, 10 })
	greedy := newSender(t, env)
	bound := greedy.bound(t)
	other := greedy.another(t)
	others := other.bound(t)

	refused := 0
	for range 100 {
		if err := greedy.use(t, bound); err != nil {
			wantCode(t, err, verifier.CodeProofShare)
			wantRule(t, err, "DPOP-RPL-08", "")
			refused++
		}
	}
	if refused != 90 {
		t.Errorf("DPOP-RPL-08: %d of 100 proofs at once were refused, want all but 10", refused)
	}
	e := refusal(t, greedy.use(t, bound))
	if e.Class != verifier.Undecidable || e.Status != 503 || len(e.Header["Retry-After"]) != 1 {
		t.Errorf("the answer is %v, status %d, header %v", e, e.Status, e.Header)
	}
	wantCode(t, other.use(t, others), "")

	// Its share comes back with time: a tenth of it in a tenth of the window, and never more than all of it.
	env.clock.Advance(proofWindow / 10)
	wantCode(t, greedy.use(t, bound), "")
	wantCode(t, greedy.use(t, bound), verifier.CodeProofShare)
	env.clock.Advance(3 * proofWindow)
	bound = greedy.bound(t)
	for range 10 {
		wantCode(t, greedy.use(t, bound), "")
	}
	wantCode(t, greedy.use(t, bound), verifier.CodeProofShare)
}

func TestDPOPRPL08ProofThatIsNotRememberedCostsNoShare(t *testing.T) {
	env := newEnvironment(t, func(c *verifier.Config) { c.DPoP.MaxProofsPerKey = 2 })
	s := newSender(t, env)
	bound := s.bound(t)
	stolen := get("DPoP "+bound, s.proof(t, bound, nil))
	_, err := env.VerifyRequest(t.Context(), stolen)
	wantCode(t, err, "")
	for range 5 {
		_, err := env.VerifyRequest(t.Context(), stolen)
		wantCode(t, err, verifier.CodeProofReplayed)
		_, err = env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, verifiertest.Claims{"htm": "PUT"})))
		wantCode(t, err, verifier.CodeProof)
	}
	wantCode(t, s.use(t, bound), "")
	wantCode(t, s.use(t, bound), verifier.CodeProofShare)
}

// A store that can't be reached may have remembered the proof all the same.
func TestDPOPRPL08StoreThatIsAwayCostsTheShare(t *testing.T) {
	env := newEnvironment(t, func(c *verifier.Config) { c.DPoP.ReplayStore, c.DPoP.MaxProofsPerKey = brokenStore{}, 1 })
	s := newSender(t, env)
	bound := s.bound(t)
	wantCode(t, s.use(t, bound), verifier.CodeReplayStore)
	wantCode(t, s.use(t, bound), verifier.CodeProofShare)
}

func TestDPOPRPL08ClockIsSetBack(t *testing.T) {
	env := newEnvironment(t, func(c *verifier.Config) { c.DPoP.MaxProofsPerKey = 1 })
	s := newSender(t, env)
	wantCode(t, s.use(t, s.bound(t)), "")
	env.clock.Advance(-24 * time.Hour)
	wantCode(t, s.use(t, s.bound(t)), "")
}

func TestDPOPRPL08NoChoiceMakesUpForTheShare(t *testing.T) {
	env := newEnvironment(t, func(c *verifier.Config) {
		c.DPoP.MaxProofsPerKey, c.DPoP.InsecureAcceptWithoutReplayStore = 1, true
	})
	s := newSender(t, env)
	bound := s.bound(t)
	wantCode(t, s.use(t, bound), "")
	wantCode(t, s.use(t, bound), verifier.CodeProofShare)
}

func TestDPOPRPL08NoBound(t *testing.T) {
	for _, most := range []int{-1, math.MaxInt} {
		env := newEnvironment(t, func(c *verifier.Config) {
			c.DPoP.MaxProofsPerKey, c.DPoP.MaxAge, c.DPoP.Leeway = most, math.MaxInt64, math.MaxInt64
		})
		s := newSender(t, env)
		bound := s.bound(t)
		for range 50 {
			wantCode(t, s.use(t, bound), "")
		}
	}
}

// What a proof is compared with comes from the application. A client can't leave it out.
func TestFaultRequestWithoutMethodOrURLIsMisconfigured(t *testing.T) {
	env := newEnvironment(t, nil)
	s := newSender(t, env)
	bound := s.bound(t)
	for name, c := range map[string]struct {
		rule   string
		forget func(*verifier.Request)
	}{
		"Method": {"DPOP-CLM-02", func(r *verifier.Request) { r.Method = "" }},
		"URL":    {"DPOP-CLM-04", func(r *verifier.Request) { r.URL = "" }},
	} {
		t.Run(c.rule+" no "+name, func(t *testing.T) {
			r := get("DPoP "+bound, s.proof(t, bound, nil))
			c.forget(&r)
			_, err := env.VerifyRequest(t.Context(), r)
			wantCode(t, err, verifier.CodeRequestIncomplete)
			wantRule(t, err, c.rule, "")
			if e := refusal(t, err); e.Status != 500 || !errors.Is(err, verifier.Misconfigured) || e.Header["Www-Authenticate"] != nil {
				t.Errorf("the answer is status %d, header %v", e.Status, e.Header)
			}
			// A Bearer token is for any request.
			r = get("Bearer " + token(t, env.issuer, nil))
			c.forget(&r)
			_, err = env.VerifyRequest(t.Context(), r)
			wantCode(t, err, "")
		})
	}
}
