package verifier_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

func TestDPoPNonces(t *testing.T) {
	withNonce := func(m verifier.NonceMode) func(*verifier.Config) {
		return func(c *verifier.Config) { c.DPoP.Nonce = m }
	}
	newNonce := func(e *verifier.Error) string {
		if len(e.Header["Dpop-Nonce"]) != 1 {
			return ""
		}
		return e.Header["Dpop-Nonce"][0]
	}
	t.Run("NONCE-01 required: the dance", func(t *testing.T) {
		env := newEnvironment(t, withNonce(verifier.NonceRequired))
		s := newSender(t, env)
		bound := s.bound(t)
		_, err := env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, nil)))
		wantCode(t, err, verifier.CodeNonce)
		var e *verifier.Error
		errors.As(err, &e)
		nonce := newNonce(e)
		want := map[string][]string{
			"Cache-Control":    {"no-store"},
			"Dpop-Nonce":       {nonce},
			"Www-Authenticate": {`DPoP error="use_dpop_nonce", error_description="The DPoP proof needs the nonce of this answer", algs="ES256"`},
		}
		if diff := cmp.Diff(want, e.Header); diff != "" || nonce == "" || e.Status != 401 {
			t.Errorf("answer %d (-want +got):\n%s", e.Status, diff)
		}
		verified, err := env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, verifiertest.Claims{"nonce": nonce})))
		wantCode(t, err, "")
		if verified.Header != nil {
			t.Errorf("NONCE-03: a new nonce came before half the life of the old one: %v", verified.Header)
		}
		env.clock.Advance(150 * time.Second)
		verified, err = env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, verifiertest.Claims{"nonce": nonce})))
		wantCode(t, err, "")
		if verified.Header["Dpop-Nonce"] == nil || verified.Header["Cache-Control"][0] != "no-store" {
			t.Errorf("NONCE-03: header is %v past half the nonce's life", verified.Header)
		}
		_, err = env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, verifiertest.Claims{"nonce": 1})))
		wantCode(t, err, verifier.CodeNonce)
	})
	t.Run("DPOP-RPL-04 a proof without a good nonce is not recorded", func(t *testing.T) {
		env := newEnvironment(t, withNonce(verifier.NonceRequired))
		s := newSender(t, env)
		bound := s.bound(t)
		_, err := env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, verifiertest.Claims{"jti": "same"})))
		wantCode(t, err, verifier.CodeNonce)
		nonce := newNonce(refusal(t, err))
		_, err = env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, verifiertest.Claims{"jti": "same", "nonce": nonce})))
		wantCode(t, err, "")
	})
	t.Run("NONCE-03 offered", func(t *testing.T) {
		env := newEnvironment(t, withNonce(verifier.NonceOffered))
		s := newSender(t, env)
		bound := s.bound(t)
		verified, err := env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, nil)))
		wantCode(t, err, "")
		if len(verified.Header["Dpop-Nonce"]) != 1 {
			t.Fatalf("header is %v", verified.Header)
		}
		_, err = env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, verifiertest.Claims{"nonce": verified.Header["Dpop-Nonce"][0]})))
		wantCode(t, err, "")
		for _, bad := range []any{"made up", "", 1, nil} {
			_, err = env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, verifiertest.Claims{"nonce": bad})))
			wantCode(t, err, verifier.CodeNonce)
		}
	})
	t.Run("NONCE-04 off", func(t *testing.T) {
		env := newEnvironment(t, nil)
		s := newSender(t, env)
		bound := s.bound(t)
		for _, ignored := range []any{"made up", 1} {
			verified, err := env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, verifiertest.Claims{"nonce": ignored})))
			wantCode(t, err, "")
			if verified.Header != nil {
				t.Errorf("header is %v", verified.Header)
			}
		}
	})
}
