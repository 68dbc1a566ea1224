package verifier_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// The catalogue has the forms of credentials (conformance/catalogue). These are here for the codes, and for what no
// request over the wire can show.
func TestCredentials(t *testing.T) {
	env := newEnvironment(t, nil)
	good := token(t, env.issuer, nil)
	const url = "https://api.example/orders"
	authorization := func(values ...string) map[string][]string {
		return map[string][]string{"Authorization": values}
	}

	for _, c := range []struct {
		name    string
		rule    string // if another than the name's
		request verifier.Request
		want    verifier.Code
	}{
		{name: "CRED-01 none", request: verifier.Request{}, want: verifier.CodeCredentialsMissing},
		{name: "CRED-01 a field without values", request: verifier.Request{Header: map[string][]string{"Authorization": {}}}, want: verifier.CodeCredentialsMissing},
		{name: "CRED-01 a field of null", request: verifier.Request{Header: map[string][]string{"Authorization": nil, "Dpop": nil}}, want: verifier.CodeCredentialsMissing},
		{name: "CRED-01 a field without values next to one", request: verifier.Request{Header: map[string][]string{"authorization": {}, "Authorization": {"Bearer " + good}, "Dpop": {}}}},
		{name: "CRED-04 scheme with parentheses", request: verifier.Request{Header: authorization("Bearer(s) " + good)}, want: verifier.CodeRequestMalformed},
		{name: "CRED-05 an equals sign inside", request: verifier.Request{Header: authorization("Bearer " + good[:9] + "=" + good[9:])}, want: verifier.CodeRequestMalformed},
		{name: "CRED-07 Basic", request: verifier.Request{Header: authorization("Basic YTpi")}, want: verifier.CodeSchemeNotOffered},
		{name: "CRED-08 in the query, behind a number sign, which servers read as a part of it", request: verifier.Request{URL: url + "?a=b#&access_token=" + good, Header: authorization("Bearer " + good)}, want: verifier.CodeRequestMalformed},
		{name: "CRED-09 at the size bound", rule: "JWS-01", request: verifier.Request{Header: authorization("Bearer " + strings.Repeat("a", 16<<10))}, want: verifier.CodeTokenMalformed},
		{name: "CRED-09 over the size bound, before its characters are looked at", request: verifier.Request{Header: authorization("Bearer " + strings.Repeat(",", 16<<10+1))}, want: verifier.CodeTokenTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := env.VerifyRequest(t.Context(), c.request)
			wantCode(t, err, c.want)
			wantRule(t, err, c.name, c.rule)
		})
	}
}

// TestAnswers holds what a client is told: status, challenges and the other header fields.
func TestAnswers(t *testing.T) {
	configured := func(c *verifier.Config) {
		c.DPoP.Mode = verifier.DPoPDisabled
		c.Realm = `or"ders`
		c.Resource = "https://api.example"
	}
	const expired = `error="invalid_token", error_description="The access token expired"`
	for _, c := range []struct {
		name          string
		config        func(*verifier.Config)
		authorization string
		claims        verifiertest.Claims
		scopes        []string
		status        int
		challenge     string
		oauthError    string
	}{
		{name: "CHAL-07 no credentials", status: 401, challenge: `Bearer realm="api"`},
		{name: "CHAL-07 scheme not offered", authorization: "Basic YTpi", status: 401, challenge: `Bearer realm="api"`},
		{name: "CHAL-08 realm and metadata configured", config: configured, status: 401,
			challenge: `Bearer realm="or\"ders", resource_metadata="https://api.example/.well-known/oauth-protected-resource"`},
		{name: "CHAL-06 bad token", claims: verifiertest.Claims{"exp": noon.Unix()}, status: 401, challenge: "Bearer " + expired, oauthError: "invalid_token"},
		{name: "CHAL-02 bad token, realm configured", config: configured, claims: verifiertest.Claims{"exp": noon.Unix()}, status: 401,
			challenge:  `Bearer realm="or\"ders", ` + expired + `, resource_metadata="https://api.example/.well-known/oauth-protected-resource"`,
			oauthError: "invalid_token"},
		{name: "CHAL-03 nothing is reflected", authorization: `Bearer "attack"`, status: 400,
			challenge: `Bearer error="invalid_request", error_description="The request is malformed"`, oauthError: "invalid_request"},
		{name: "CLAIM-SCP-02 scope", scopes: []string{"read:a", "write:b"}, status: 403,
			challenge:  `Bearer error="insufficient_scope", error_description="The access token lacks a needed scope", scope="read:a write:b"`,
			oauthError: "insufficient_scope"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.config == nil {
				c.config = func(c *verifier.Config) { c.DPoP.Mode = verifier.DPoPDisabled }
			}
			env := newEnvironment(t, c.config)
			request := verifier.Request{Header: map[string][]string{}}
			switch {
			case c.authorization != "":
				request.Header["Authorization"] = []string{c.authorization}
			case c.claims != nil || c.scopes != nil:
				request.Header["Authorization"] = []string{"Bearer " + token(t, env.issuer, c.claims)}
			}
			verified, err := env.VerifyRequest(t.Context(), request)
			if err == nil {
				err = verified.RequireScopes(c.scopes...)
			}
			var e *verifier.Error
			if !errors.As(err, &e) {
				t.Fatalf("error is %v", err)
			}
			want := map[string][]string{"Cache-Control": {"no-store"}, "Www-Authenticate": {c.challenge}}
			if diff := cmp.Diff(want, e.Header); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
			if e.Status != c.status || e.OAuthError != c.oauthError || !errors.Is(err, verifier.Rejected) {
				t.Errorf("answer is %d %q of class %s, want %d %q", e.Status, e.OAuthError, e.Class, c.status, c.oauthError)
			}
		})
	}
}

// Clients are told nothing of a token. Operators are told what it is for and who made it, bounded, and nothing of whom it is
// about.
func TestErrorsHoldLittleOfTheToken(t *testing.T) {
	env := newEnvironment(t, func(c *verifier.Config) { c.Organization = "org_1" })
	const mark = "s3cr3t"
	long := mark + strings.Repeat("x", 5000)
	signed := func(h header, payload string) string {
		return sign(t, env.issuer, key(t, "RS256", "key-1"), h, payload)
	}
	claim := func(name string, value any) string { return token(t, env.issuer, verifiertest.Claims{name: value}) }
	for _, c := range []struct {
		sent string
		told bool // to the operator
	}{
		{sent: "Bearer " + mark}, {sent: mark + " " + mark}, {sent: mark},
		{sent: "Bearer " + claim("iss", long), told: true},
		{sent: "Bearer " + claim("iss", []string{mark})},
		{sent: "Bearer " + claim("aud", slices.Repeat([]string{long}, 2)), told: true},
		{sent: "Bearer " + claim("aud", map[string]any{mark: mark})},
		{sent: "Bearer " + claim("exp", mark)},
		{sent: "Bearer " + claim("sub", []string{mark})},
		{sent: "Bearer " + claim("jti", []string{mark})},
		{sent: "Bearer " + claim("client_id", []string{mark})},
		{sent: "Bearer " + claim("org_id", mark)},
		{sent: "Bearer " + claim("cnf", mark)},
		{sent: "Bearer " + signed(header{"kid": mark}, ""), told: true},
		{sent: "Bearer " + signed(header{"alg": long}, ""), told: true},
		{sent: "Bearer " + signed(header{"typ": long}, ""), told: true},
		{sent: "Bearer " + signed(nil, `{"`+mark)},
	} {
		_, err := env.VerifyRequest(t.Context(), verifier.Request{Header: map[string][]string{"Authorization": {c.sent}}})
		var e *verifier.Error
		if !errors.As(err, &e) {
			t.Fatalf("error is %v", err)
		}
		for _, text := range append(e.Header["Www-Authenticate"], e.Description) {
			if strings.Contains(text, mark) {
				t.Errorf("CHAL-03: %q holds text of the request", text)
			}
		}
		if strings.Contains(err.Error(), mark) != c.told || len(err.Error()) > 1000 {
			t.Errorf("the operator is told %q; is the token's text to be in it: %v", err, c.told)
		}
	}
}

func TestMalformedRequestOfAnAdapter(t *testing.T) {
	env := newEnvironment(t, nil)
	e := env.Malformed("PROXY-04", "two Host fields")
	if e.Code != verifier.CodeRequestMalformed || e.Rule != "PROXY-04" || e.Detail != "two Host fields" || e.Status != 400 ||
		len(e.Header["Www-Authenticate"]) != 2 {
		t.Errorf("PROXY-04: %v, status %d, header %v", e, e.Status, e.Header)
	}
}

func TestPROXY07NeedsURL(t *testing.T) {
	with := func(names ...string) verifier.Request {
		r := verifier.Request{Header: map[string][]string{}}
		for _, name := range names {
			r.Header[name] = []string{"x"}
		}
		return r
	}
	resolver := func(c *verifier.Config) {
		c.Domain, c.Resolver = "", ports.DomainResolverFunc(func(context.Context, ports.DomainQuery) ([]ports.Domain, error) { return nil, nil })
	}
	disabled := func(c *verifier.Config) { c.DPoP.Mode = verifier.DPoPDisabled }
	for _, c := range []struct {
		name    string
		edit    func(*verifier.Config)
		request verifier.Request
		want    bool
	}{
		{"Bearer", nil, with("Authorization"), false},
		{"a proof", nil, with("authorization", "dpop"), true},
		{"a proof without credentials", nil, with("DPoP"), false},
		{"a proof where DPoP is disabled", disabled, with("Authorization", "DPoP"), false},
		{"a Resolver", resolver, with("Authorization"), true},
		{"a Resolver, no credentials", resolver, with(), false},
	} {
		if got := newEnvironment(t, c.edit).NeedsURL(c.request); got != c.want {
			t.Errorf("%s: NeedsURL = %v, want %v", c.name, got, c.want)
		}
	}
}

func TestPROXY05Misdirected(t *testing.T) {
	e := newEnvironment(t, nil).Misdirected("PROXY-05", "detail")
	wantCode(t, e, verifier.CodeMisdirected)
	if e.Status != 421 || e.Class != verifier.Rejected || e.OAuthError != "invalid_request" || e.Rule != "PROXY-05" {
		t.Errorf("the error is %+v", e)
	}
}
