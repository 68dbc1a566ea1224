package verifier_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// TestRequestScopes has a request name the scopes of its route.
func TestRequestScopes(t *testing.T) {
	const needed = `scope="read:a write:b"`
	for _, c := range []struct {
		name       string
		credential func(token func(verifiertest.Claims) string) string
		want       verifier.Code
		challenges []string
	}{
		{"CHAL-12 no credentials", nil, verifier.CodeCredentialsMissing,
			[]string{`Bearer realm="api", ` + needed, `DPoP ` + needed + `, algs="ES256"`}},
		{"CHAL-12 a bad token", func(token func(verifiertest.Claims) string) string {
			return "Bearer " + token(verifiertest.Claims{"exp": noon.Unix()})
		}, verifier.CodeExpired, []string{
			`Bearer error="invalid_token", error_description="The access token expired", ` + needed, `DPoP ` + needed + `, algs="ES256"`}},
		{"CLAIM-SCP-02 one is missing", func(token func(verifiertest.Claims) string) string {
			return "Bearer " + token(verifiertest.Claims{"scope": "read:a"})
		}, verifier.CodeScope, []string{
			`Bearer error="insufficient_scope", error_description="The access token lacks a needed scope", ` + needed}},
		{"CLAIM-SCP-02 all are there", func(token func(verifiertest.Claims) string) string {
			return "Bearer " + token(verifiertest.Claims{"scope": "write:b read:a"})
		}, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := newEnvironment(t, nil)
			request := verifier.Request{Header: map[string][]string{}, Scopes: []string{"read:a", "write:b"}}
			if c.credential != nil {
				request.Header["Authorization"] = []string{c.credential(func(claims verifiertest.Claims) string { return token(t, env.issuer, claims) })}
			}
			verified, err := env.VerifyRequest(t.Context(), request)
			wantCode(t, err, c.want)
			if c.want == "" {
				return
			}
			if verified != nil {
				t.Error("a token is returned with the error")
			}
			if diff := cmp.Diff(c.challenges, refusal(t, err).Header["Www-Authenticate"]); diff != "" {
				t.Errorf("challenges (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRequireDPoP: a route may need DPoP where others don't.
func TestRequireDPoP(t *testing.T) {
	env := newEnvironment(t, mode(verifier.DPoPAllowed))
	s := newSender(t, env)
	bound := s.bound(t)
	verified, err := env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, nil)))
	wantCode(t, err, "")
	wantCode(t, verified.RequireDPoP(), "")

	verified, err = env.VerifyRequest(t.Context(), get("Bearer "+token(t, env.issuer, nil)))
	wantCode(t, err, "")
	for name, verified := range map[string]*verifier.Verified{"of the verifier": verified, "that a test has made": {Subject: "user-1"}} {
		err = verified.RequireDPoP()
		wantCode(t, err, verifier.CodeSchemeNotOffered)
		want := `DPoP algs="ES256"`
		if verified.Scheme == "" {
			want = "DPoP"
		}
		e := refusal(t, err)
		if diff := cmp.Diff([]string{want}, e.Header["Www-Authenticate"]); diff != "" || e.Status != 401 || e.OAuthError != "" {
			t.Errorf("DPOP-REQ-06 a token %s: %d %q, challenges (-want +got):\n%s", name, e.Status, e.OAuthError, diff)
		}
	}
}
