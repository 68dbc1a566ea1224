package verifier_test

import (
	"crypto"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/dpop"
)

// A signatureFunc is a signature verifier that does as it is told.
type signatureFunc func() (bool, error)

func (f *signatureFunc) VerifySignature(crypto.PublicKey, []byte, []byte, crypto.SignerOpts) (bool, error) {
	return (*f)()
}

// Access tokens and proofs are verified by the configured part.
func TestSignatureVerifier(t *testing.T) {
	var asked atomic.Int32
	answer := signatureFunc(func() (bool, error) { asked.Add(1); return true, nil })
	env := newEnvironment(t, func(c *verifier.Config) { c.SignatureVerifier = &answer })
	s := newSender(t, env)
	bound := s.bound(t)
	if _, err := env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, nil))); err != nil || asked.Load() != 2 {
		t.Errorf("asked %d times, of the token and of its proof: %v", asked.Load(), err)
	}

	answer = func() (bool, error) { return false, nil }
	_, err := env.VerifyAccessToken(t.Context(), token(t, env.issuer, nil))
	wantCode(t, err, verifier.CodeSignature)
	wantRule(t, err, "JWS-16", "")

	answer = func() (bool, error) { return asked.Add(1)%2 == 1, nil } // of the token only
	bound = s.bound(t)
	_, err = env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, nil)))
	wantCode(t, err, verifier.CodeProof)
	wantRule(t, err, "DPOP-FORM-06", "")

	answer = func() (bool, error) { return false, errors.New("not prepared") }
	bound = s.bound(t)
	if _, err := env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, nil))); err != nil {
		t.Errorf("the standard library is not asked: %v", err)
	}
}

func TestSignatureVerifierMustNotBeNilInside(t *testing.T) {
	var none *signatureFunc
	env := newEnvironment(t, nil)
	_, err := verifier.New(verifier.Config{Domain: issuerURL, Audiences: []string{audience}, Fetcher: env.issuer, SignatureVerifier: none})
	var fault *verifier.FieldError
	if !errors.Is(err, verifier.Misconfigured) || !errors.As(err, &fault) || fault.Field != "SignatureVerifier" {
		t.Errorf("New: %v", err)
	}
	if _, err := dpop.New(dpop.Config{SignatureVerifier: none}); err == nil {
		t.Error("dpop.New takes it")
	}
}
