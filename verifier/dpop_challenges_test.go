package verifier_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// TestDPoPChallenges holds the table of challenges in docs/rules.md.
func TestDPoPChallenges(t *testing.T) {
	const (
		bearer   = `Bearer realm="api"`
		dpop     = `DPoP algs="ES256"`
		expired  = `error="invalid_token", error_description="The access token expired"`
		bound    = `error="invalid_token", error_description="The access token is bound to a key that was not proved"`
		badProof = `error="invalid_dpop_proof", error_description="The DPoP proof is invalid"`
		replayed = `error="invalid_dpop_proof", error_description="The DPoP proof was used before"`
		scope    = `error="insufficient_scope", error_description="The access token lacks a needed scope", scope="write:orders"`
	)
	for _, c := range []struct {
		name                        string
		request                     func(*sender, *testing.T) verifier.Request
		disabled, allowed, required []string
	}{
		{"CHAL-05 no credentials", func(*sender, *testing.T) verifier.Request { return verifier.Request{} },
			[]string{bearer}, []string{bearer, dpop}, []string{dpop}},
		{"CHAL-06 bad Bearer token", func(s *sender, t *testing.T) verifier.Request {
			return get("Bearer " + token(t, s.issuer, verifiertest.Claims{"exp": noon.Unix()}))
		}, []string{"Bearer " + expired}, []string{"Bearer " + expired, dpop}, []string{dpop}},
		{"CHAL-06 bound token as Bearer", func(s *sender, t *testing.T) verifier.Request { return get("Bearer " + s.bound(t)) },
			[]string{"Bearer " + bound}, []string{"Bearer " + bound, dpop}, []string{dpop}},
		{"CHAL-06 DPoP, bad token", func(s *sender, t *testing.T) verifier.Request {
			old := token(t, s.issuer, verifiertest.Claims{"exp": noon.Unix(), "cnf": verifiertest.Claims{"jkt": s.thumbprint}})
			return get("DPoP "+old, s.proof(t, old, nil))
		}, []string{bearer}, []string{bearer, "DPoP " + expired + `, algs="ES256"`}, []string{"DPoP " + expired + `, algs="ES256"`}},
		{"CHAL-06 DPoP, bad binding", func(s *sender, t *testing.T) verifier.Request {
			unbound := token(t, s.issuer, nil)
			return get("DPoP "+unbound, s.proof(t, unbound, nil))
		}, []string{bearer}, []string{bearer, "DPoP " + bound + `, algs="ES256"`}, []string{"DPoP " + bound + `, algs="ES256"`}},
		{"CHAL-06 DPoP, bad proof", func(s *sender, t *testing.T) verifier.Request { return get("DPoP "+s.bound(t), "a.b.c") },
			[]string{bearer}, []string{bearer, "DPoP " + badProof + `, algs="ES256"`}, []string{"DPoP " + badProof + `, algs="ES256"`}},
		{"CHAL-06 DPoP, no proof", func(s *sender, t *testing.T) verifier.Request { return get("DPoP " + s.bound(t)) },
			[]string{bearer}, []string{bearer, "DPoP " + badProof + `, algs="ES256"`}, []string{"DPoP " + badProof + `, algs="ES256"`}},
		{"CHAL-06 DPoP, replayed proof", func(s *sender, t *testing.T) verifier.Request {
			bound := s.bound(t)
			r := get("DPoP "+bound, s.proof(t, bound, nil))
			_, _ = s.VerifyRequest(t.Context(), r)
			return r
		}, []string{bearer}, []string{bearer, "DPoP " + replayed + `, algs="ES256"`}, []string{"DPoP " + replayed + `, algs="ES256"`}},
		{"CLAIM-SCP-02 DPoP, not enough scope", func(s *sender, t *testing.T) verifier.Request {
			bound := s.bound(t)
			return get("DPoP "+bound, s.proof(t, bound, nil))
		}, []string{bearer}, []string{"DPoP " + scope + `, algs="ES256"`}, []string{"DPoP " + scope + `, algs="ES256"`}},
		{"CLAIM-SCP-02 Bearer, not enough scope", func(s *sender, t *testing.T) verifier.Request { return get("Bearer " + token(t, s.issuer, nil)) },
			[]string{"Bearer " + scope}, []string{"Bearer " + scope}, []string{dpop}},
	} {
		for m, want := range map[verifier.DPoPMode][]string{
			verifier.DPoPDisabled: c.disabled, verifier.DPoPAllowed: c.allowed, verifier.DPoPRequired: c.required,
		} {
			t.Run(fmt.Sprint(c.name, " in mode ", []string{"allowed", "required", "disabled"}[m]), func(t *testing.T) {
				env := newEnvironment(t, mode(m))
				verified, err := env.VerifyRequest(t.Context(), c.request(newSender(t, env), t))
				if err == nil {
					err = verified.RequireScopes("write:orders")
				}
				var e *verifier.Error
				if !errors.As(err, &e) {
					t.Fatalf("error is %v", err)
				}
				if diff := cmp.Diff(want, e.Header["Www-Authenticate"]); diff != "" {
					t.Errorf("challenges (-want +got):\n%s", diff)
				}
			})
		}
	}
}
