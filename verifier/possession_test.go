package verifier_test

import (
	"crypto/sha256"
	"encoding/base64"
	"testing"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// What a token is bound to is compared with what the sender proved to hold outside of an HTTP request.
func TestVerifyBoundAccessToken(t *testing.T) {
	certificate := []byte("the client certificate")
	sum := sha256.Sum256(certificate)
	const thumbprint, another = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
	certified := base64.RawURLEncoding.EncodeToString(sum[:])
	jkt := map[string]any{"jkt": thumbprint}
	x5t := map[string]any{"x5t#S256": certified}
	both := map[string]any{"jkt": thumbprint, "x5t#S256": certified}
	mtls := func(c *verifier.Config) { c.MTLS = verifier.MTLSOn }
	dpop := func(mode verifier.DPoPMode) func(*verifier.Config) {
		return func(c *verifier.Config) { c.MTLS, c.DPoP.Mode = verifier.MTLSOn, mode }
	}
	for _, c := range []struct {
		name   string
		edit   func(*verifier.Config)
		cnf    any // nil for none
		proved verifier.Possession
		code   verifier.Code // empty where it is accepted
		rule   string
		scheme verifier.Scheme
	}{
		{name: "the key", cnf: jkt, proved: verifier.Possession{Thumbprint: thumbprint}, scheme: verifier.DPoPScheme},
		{name: "DPOP-BIND-01 another key", cnf: jkt, proved: verifier.Possession{Thumbprint: another}, code: verifier.CodeConfirmation, rule: "DPOP-BIND-01"},
		{name: "DPOP-BIND-01 no key", cnf: jkt, code: verifier.CodeConfirmation, rule: "DPOP-BIND-01"},
		{name: "DPOP-BIND-01 a certificate for a key", edit: mtls, cnf: jkt, proved: verifier.Possession{ClientCertificate: certificate}, code: verifier.CodeConfirmation, rule: "DPOP-BIND-01"},
		{name: "DPOP-REQ-03 a token of anyone's, and a key", proved: verifier.Possession{Thumbprint: thumbprint}, code: verifier.CodeConfirmation, rule: "DPOP-REQ-03"},
		{name: "DPOP-REQ-03 a token of anyone's, and nothing", code: verifier.CodeConfirmation, rule: "DPOP-REQ-03"},
		{name: "DPOP-BIND-02 a thumbprint that can't be read", cnf: map[string]any{"jkt": ""}, code: verifier.CodeConfirmation, rule: "DPOP-BIND-02"},
		{name: "DPOP-BIND-03 another method", cnf: map[string]any{"jkt": thumbprint, "kid": "1"}, proved: verifier.Possession{Thumbprint: thumbprint}, code: verifier.CodeConfirmation, rule: "DPOP-BIND-03"},
		{name: "the certificate", edit: mtls, cnf: x5t, proved: verifier.Possession{ClientCertificate: certificate}, scheme: verifier.Bearer},
		{name: "MTLS-01 another certificate", edit: mtls, cnf: x5t, proved: verifier.Possession{ClientCertificate: []byte("another")}, code: verifier.CodeConfirmation, rule: "MTLS-01"},
		{name: "MTLS-02 no certificate", edit: mtls, cnf: x5t, code: verifier.CodeConfirmation, rule: "MTLS-02"},
		{name: "DPOP-BIND-03 a certificate where mTLS is off", cnf: x5t, proved: verifier.Possession{ClientCertificate: certificate}, code: verifier.CodeConfirmation, rule: "DPOP-BIND-03"},
		{name: "DPOP-REQ-03 a key for a certificate", edit: mtls, cnf: x5t, proved: verifier.Possession{Thumbprint: thumbprint, ClientCertificate: certificate}, code: verifier.CodeConfirmation, rule: "DPOP-REQ-03"},
		{name: "both", edit: mtls, cnf: both, proved: verifier.Possession{Thumbprint: thumbprint, ClientCertificate: certificate}, scheme: verifier.DPoPScheme},
		{name: "MTLS-02 one of both", edit: mtls, cnf: both, proved: verifier.Possession{Thumbprint: thumbprint}, code: verifier.CodeConfirmation, rule: "MTLS-02"},
		{name: "DPoP is required", edit: dpop(verifier.DPoPRequired), cnf: jkt, proved: verifier.Possession{Thumbprint: thumbprint}, scheme: verifier.DPoPScheme},
		{name: "DPOP-REQ-03 DPoP is required", edit: dpop(verifier.DPoPRequired), cnf: x5t, proved: verifier.Possession{ClientCertificate: certificate}, code: verifier.CodeConfirmation, rule: "DPOP-REQ-03"},
		{name: "DPOP-REQ-07 DPoP is disabled", edit: dpop(verifier.DPoPDisabled), cnf: jkt, proved: verifier.Possession{Thumbprint: thumbprint}, code: verifier.CodeConfirmation, rule: "DPOP-REQ-07"},
		{name: "DPoP is disabled, a certificate", edit: dpop(verifier.DPoPDisabled), cnf: x5t, proved: verifier.Possession{ClientCertificate: certificate}, scheme: verifier.Bearer},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := newEnvironment(t, c.edit)
			claims := verifiertest.Claims{}
			if c.cnf != nil {
				claims["cnf"] = c.cnf
			}
			minted := token(t, env.issuer, claims)
			for range 3 { // the third time it is remembered
				verified, err := env.VerifyBoundAccessToken(t.Context(), minted, c.proved)
				if c.code != "" {
					if e := refusal(t, err); e.Code != c.code || e.Rule != c.rule || e.Status != 401 {
						t.Errorf("the error is %v, want %s, %s", err, c.code, c.rule)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if verified.Scheme != c.scheme || verified.Thumbprint != c.proved.Thumbprint || (verified.CertificateThumbprint != "") != (c.proved.ClientCertificate != nil) {
					t.Errorf("got %s, key %q, certificate %q", verified.Scheme, verified.Thumbprint, verified.CertificateThumbprint)
				}
				if err := verified.RequireDPoP(); (err == nil) != (c.scheme == verifier.DPoPScheme) {
					t.Errorf("RequireDPoP says %v", err)
				}
			}
		})
	}
}

// All else is checked as ever.
func TestVerifyBoundAccessTokenChecksTheToken(t *testing.T) {
	const thumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
	env := newEnvironment(t, nil)
	minted := token(t, env.issuer, verifiertest.Claims{"aud": "https://other.example", "cnf": map[string]any{"jkt": thumbprint}})
	_, err := env.VerifyBoundAccessToken(t.Context(), minted, verifier.Possession{Thumbprint: thumbprint})
	wantCode(t, err, verifier.CodeAudience)
}
