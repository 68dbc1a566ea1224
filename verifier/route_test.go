package verifier_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/ports"
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
			request := verifier.Request{Header: map[string][]string{}, Route: verifier.Route{Scopes: []string{"read:a", "write:b"}}}
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

// TestRoute has one verifier serve routes that need different things, of which the token has some. Each is asked twice: of the
// request, and of the token that a request for the zero route brought.
func TestRoute(t *testing.T) {
	certificate := []byte("DER")
	sum := sha256.Sum256(certificate)
	thumbprint := base64.RawURLEncoding.EncodeToString(sum[:])
	env := newEnvironment(t, func(c *verifier.Config) { c.DPoP.Mode, c.MTLS = verifier.DPoPAllowed, verifier.MTLSOn })
	mtls := verifiertest.Claims{"cnf": verifiertest.Claims{"x5t#S256": thumbprint}}
	gold := []ports.RequiredValue{{Claim: "tier", OneOf: []string{"gold"}}}
	permitted := []ports.RequiredValue{{Claim: "permissions", ContainsAny: []string{"orders:refund", "admin"}}}
	const lacks = `Bearer error="insufficient_scope", error_description="The access token lacks a needed claim"`
	const stepUp = `error="insufficient_user_authentication", error_description="Another authentication of the user is needed"`
	for _, c := range []struct {
		name       string
		route      verifier.Route
		claims     verifiertest.Claims
		want       verifier.Code
		status     int
		challenges []string
	}{
		{name: "CLAIM-SCP-02 the second of several", route: verifier.Route{AnyScope: []string{"read:a", "admin"}}, claims: verifiertest.Claims{"scope": "admin"}},
		{name: "CLAIM-SCP-02 none of several", route: verifier.Route{Scopes: []string{"api"}, AnyScope: []string{"read:a", "admin"}}, claims: verifiertest.Claims{"scope": "api read:b"},
			want: verifier.CodeScope, status: 403,
			challenges: []string{`Bearer error="insufficient_scope", error_description="The access token lacks a needed scope", scope="api read:a"`}},
		{name: "CLAIM-SCP-02 one of several, and not the other", route: verifier.Route{Scopes: []string{"api"}, AnyScope: []string{"admin"}}, claims: verifiertest.Claims{"scope": "admin"},
			want: verifier.CodeScope, status: 403,
			challenges: []string{`Bearer error="insufficient_scope", error_description="The access token lacks a needed scope", scope="api admin"`}},
		{name: "CLAIM-SCP-01 malformed scopes", route: verifier.Route{AnyScope: []string{"admin"}}, claims: verifiertest.Claims{"scope": 7},
			want: verifier.CodeClaimMalformed, status: 401, challenges: []string{
				`Bearer error="invalid_token", error_description="The access token has a malformed claim", scope="admin"`, `DPoP scope="admin", algs="ES256"`}},
		{name: "CLAIM-REQ-01 the claim", route: verifier.Route{RequiredClaims: []string{"tier"}}, claims: verifiertest.Claims{"tier": 1}},
		{name: "CLAIM-REQ-03 not the claim", route: verifier.Route{RequiredClaims: []string{"tier"}},
			want: verifier.CodeClaims, status: 403, challenges: []string{lacks}},
		{name: "CLAIM-REQ-02 the value", route: verifier.Route{RequiredValues: gold}, claims: verifiertest.Claims{"tier": "gold"}},
		{name: "CLAIM-REQ-03 another value", route: verifier.Route{RequiredValues: gold}, claims: verifiertest.Claims{"tier": "lead"},
			want: verifier.CodeClaims, status: 403, challenges: []string{lacks}},
		{name: "CLAIM-REQ-02 a number", route: verifier.Route{RequiredValues: gold}, claims: verifiertest.Claims{"tier": 7},
			want: verifier.CodeClaimMalformed, status: 401, challenges: []string{
				`Bearer error="invalid_token", error_description="The access token has a malformed claim"`, `DPoP algs="ES256"`}},
		{name: "CLAIM-REQ-02 one of several permissions", route: verifier.Route{RequiredValues: permitted}, claims: verifiertest.Claims{"permissions": []string{"read", "admin"}}},
		{name: "CLAIM-REQ-03 none of several permissions", route: verifier.Route{Scopes: []string{"a"}, RequiredValues: permitted}, claims: verifiertest.Claims{"permissions": []string{"Admin"}, "scope": "a"},
			want: verifier.CodeClaims, status: 403, challenges: []string{lacks + `, scope="a"`}},
		{name: "CLAIM-REQ-03 no permissions", route: verifier.Route{RequiredValues: permitted}, want: verifier.CodeClaims, status: 403, challenges: []string{lacks}},
		{name: "DPOP-REQ-06 Bearer", route: verifier.Route{DPoP: true, Scopes: []string{"pay"}}, claims: verifiertest.Claims{"scope": "pay"},
			want: verifier.CodeSchemeNotOffered, status: 401, challenges: []string{`DPoP scope="pay", algs="ES256"`}},
		{name: "MTLS-02 bound to the certificate", route: verifier.Route{CertificateBound: true}, claims: mtls},
		{name: "MTLS-02 not bound", route: verifier.Route{CertificateBound: true},
			want: verifier.CodeConfirmation, status: 401, challenges: []string{
				`Bearer error="invalid_token", error_description="The access token is bound to a key that was not proved"`, `DPoP algs="ES256"`}},
		{name: "STEP-01 recent", route: verifier.Route{MaxAge: time.Minute}, claims: verifiertest.Claims{"auth_time": noon.Unix()}},
		{name: "STEP-01 long ago", route: verifier.Route{MaxAge: time.Minute, Scopes: []string{"a"}}, claims: verifiertest.Claims{"auth_time": noon.Add(-time.Hour).Unix(), "scope": "a"},
			want: verifier.CodeStepUp, status: 401, challenges: []string{`Bearer ` + stepUp + `, scope="a", max_age="60"`}},
		{name: "STEP-02 one of them", route: verifier.Route{ACRValues: []string{"silver", "gold"}}, claims: verifiertest.Claims{"acr": "gold"}},
		{name: "STEP-02 another", route: verifier.Route{ACRValues: []string{"silver", "gold"}}, claims: verifiertest.Claims{"acr": "lead"},
			want: verifier.CodeStepUp, status: 401, challenges: []string{`Bearer ` + stepUp + `, acr_values="silver gold"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			request := get("Bearer " + token(t, env.issuer, c.claims))
			request.ClientCertificate = certificate
			verified, err := env.VerifyRequest(t.Context(), request)
			wantCode(t, err, "")
			request.Route = c.route
			_, first := env.VerifyRequest(t.Context(), request)
			for when, err := range map[string]error{"of the request": first, "of the token": verified.Require(c.route)} {
				wantCode(t, err, c.want)
				if c.want == "" {
					continue
				}
				wantRule(t, err, c.name, "")
				e := refusal(t, err)
				if diff := cmp.Diff(c.challenges, e.Header["Www-Authenticate"]); diff != "" || e.Status != c.status {
					t.Errorf("%s: answered %d, want %d, challenges (-want +got):\n%s", when, e.Status, c.status, diff)
				}
			}
		})
	}
}

// TestRouteDPoP: DPOP-REQ-06: a route that needs DPoP offers nothing else, whatever is wrong.
func TestRouteDPoP(t *testing.T) {
	env := newEnvironment(t, mode(verifier.DPoPAllowed))
	s := newSender(t, env)
	bound := s.bound(t)
	for _, c := range []struct {
		name      string
		request   verifier.Request
		want      verifier.Code
		challenge string
	}{
		{"a good proof", get("DPoP "+bound, s.proof(t, bound, nil)), "", ""},
		{"no credentials", verifier.Request{}, verifier.CodeCredentialsMissing, `DPoP algs="ES256"`},
		{"a bad Bearer token", get("Bearer x"), verifier.CodeSchemeNotOffered, `DPoP algs="ES256"`},
		{"a bound token as Bearer", get("Bearer " + bound), verifier.CodeSchemeNotOffered, `DPoP algs="ES256"`},
		{"two tokens", verifier.Request{Header: map[string][]string{"Authorization": {"Bearer x", "Bearer x"}}}, verifier.CodeRequestMalformed,
			`DPoP error="invalid_request", error_description="The request is malformed", algs="ES256"`},
	} {
		c.request.Route.DPoP = true
		_, err := env.VerifyRequest(t.Context(), c.request)
		wantCode(t, err, c.want)
		if c.want == "" {
			continue
		}
		if diff := cmp.Diff([]string{c.challenge}, refusal(t, err).Header["Www-Authenticate"]); diff != "" {
			t.Errorf("%s: challenges (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestCheckRoute: what a route can't work by is found before there are requests.
func TestCheckRoute(t *testing.T) {
	off := newEnvironment(t, func(c *verifier.Config) { c.DPoP.Mode = verifier.DPoPDisabled })
	on := newEnvironment(t, func(c *verifier.Config) { c.DPoP.Mode, c.MTLS = verifier.DPoPAllowed, verifier.MTLSOn })
	good := verifier.Route{
		Scopes: []string{"read:a", "https://api.example/x"}, AnyScope: []string{"!", "~"}, RequiredClaims: []string{"/org/id"},
		RequiredValues: []ports.RequiredValue{{Claim: "tier", OneOf: []string{"gold"}}}, DPoP: true, CertificateBound: true,
		MaxAge: time.Second, ACRValues: []string{"urn:example:mfa", `"`},
		AuthorizationDetails: []verifier.AuthorizationDetail{{Type: "payment", Actions: []string{"initiate"}}},
	}
	bad := verifier.Route{
		Scopes: []string{"a", ""}, AnyScope: []string{"a b", `a"`, `a\`, "ä", "\n"}, RequiredClaims: []string{""},
		RequiredValues: []ports.RequiredValue{{Claim: "tier"}}, DPoP: true, CertificateBound: true, MaxAge: -1, ACRValues: []string{"", "a b"},
		AuthorizationDetails: []verifier.AuthorizationDetail{{Type: " ", Actions: []string{"a", ""}, Privileges: []string{" "}}},
	}
	for _, c := range []struct {
		name  string
		env   *environment
		route verifier.Route
		want  []string
	}{
		{"everything", on, good, nil},
		{"nothing", off, verifier.Route{}, nil},
		{"what is off", off, good, []string{"DPoP", "CertificateBound"}},
		{"all bad", off, bad, []string{"Scopes[1]", "AnyScope[0]", "AnyScope[1]", "AnyScope[2]", "AnyScope[3]", "AnyScope[4]", "RequiredClaims[0]",
			"RequiredValues[0]", "AuthorizationDetails[0].Type", "AuthorizationDetails[0].Actions[1]", "AuthorizationDetails[0].Privileges[0]", "DPoP", "CertificateBound", "MaxAge", "ACRValues[0]", "ACRValues[1]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			if all, joined := c.env.CheckRoute(c.route).(interface{ Unwrap() []error }); joined {
				for _, err := range all.Unwrap() {
					var fault *verifier.FieldError
					if !errors.As(err, &fault) {
						t.Fatalf("%v names no field", err)
					}
					got = append(got, fault.Field)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
