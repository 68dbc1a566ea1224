package verifier_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// verifierCooldown is the default of KeyPolicy.Cooldown.
const verifierCooldown = 30 * time.Second

// The catalogue has every form of every claim (conformance/catalogue). These are here for what it does
// not see: the codes, and what no case of it has.
func TestClaims(t *testing.T) {
	leeway := func(c *verifier.Config) { c.Leeway = 5 * time.Second }
	now := noon.Unix()
	const absent = verifiertest.Absent
	type claims = verifiertest.Claims

	for _, c := range []struct {
		name   string
		config func(*verifier.Config)
		claims claims
		want   verifier.Code
	}{
		{name: "CLAIM-ISS-01 missing", claims: claims{"iss": absent}, want: verifier.CodeClaimMissing},
		{name: "CLAIM-ISS-01 null", claims: claims{"iss": nil}, want: verifier.CodeClaimMalformed},
		{name: "CLAIM-ISS-02 of another", claims: claims{"iss": "https://other.example/"}, want: verifier.CodeIssuer},
		{name: "CLAIM-AUD-01 missing", claims: claims{"aud": absent}, want: verifier.CodeClaimMissing},
		{name: "CLAIM-AUD-02 another", claims: claims{"aud": "https://other.example"}, want: verifier.CodeAudience},
		{name: "CLAIM-AUD-03 object", claims: claims{"aud": map[string]string{"a": audience}}, want: verifier.CodeClaimMalformed},
		{name: "CLAIM-EXP-01 missing", claims: claims{"exp": absent}, want: verifier.CodeClaimMissing},
		{name: "CLAIM-EXP-01 string", claims: claims{"exp": "9999999999"}, want: verifier.CodeClaimMalformed},
		{name: "CLAIM-EXP-02 now", claims: claims{"exp": now}, want: verifier.CodeExpired},
		{name: "CLAIM-NBF-01 61 s ahead", claims: claims{"nbf": now + 61}, want: verifier.CodeNotYetValid},
		{name: "CLAIM-NBF-01 string", claims: claims{"nbf": "0"}, want: verifier.CodeClaimMalformed},
		{name: "CLAIM-IAT-01 missing", claims: claims{"iat": absent}, want: verifier.CodeClaimMissing},
		{name: "CLAIM-IAT-01 string", claims: claims{"iat": "0"}, want: verifier.CodeClaimMalformed},
		{name: "CLAIM-IAT-02 61 s ahead", claims: claims{"iat": now + 61}, want: verifier.CodeIssuedInFuture},
		{name: "CLAIM-IAT-02 as old as allowed with leeway", config: both(leeway, maxAge(time.Hour)), claims: claims{"iat": now - 3605}},
		{name: "CLAIM-IAT-02 older with leeway", config: both(leeway, maxAge(time.Hour)), claims: claims{"iat": now - 3606}, want: verifier.CodeTooOld},
		{name: "CLAIM-SUB-01 number", claims: claims{"sub": 1}, want: verifier.CodeClaimMalformed},
		{name: "CLAIM-REQ-01 absent", config: require("tier"), want: verifier.CodeClaimMissing},
		{name: "CLAIM-REQ-01 inside a string", config: require("/tier/name"), claims: claims{"tier": "gold"}, want: verifier.CodeClaimMissing},
		{name: "CLAIM-REQ-01 inside null", config: require("/tier/name"), claims: claims{"tier": nil}, want: verifier.CodeClaimMissing},
		{name: "CLAIM-REQ-01 inside an array", config: require("/tier/name"), claims: claims{"tier": []string{"name"}}, want: verifier.CodeClaimMissing},
		{name: "CLAIM-REQ-01 inside an object", config: require("/tier/name"), claims: claims{"tier": claims{"name": "gold"}}},
		{name: "CLAIM-ORG-01 none in the token", config: organization("org_A"), want: verifier.CodeOrganization},
		{name: "CLAIM-ORG-01 name that begins as an ID does, nearly", config: organization("organic"), claims: claims{"org_name": "organic"}},
		{name: "CLAIM-CLI-01 client_id is a number", claims: claims{"client_id": 1}, want: verifier.CodeClaimMalformed},
		{name: "CLAIM-CLI-01 azp is a number", claims: claims{"azp": 1}, want: verifier.CodeClaimMalformed},
		{name: "TYP-04 jti is a number", claims: claims{"jti": 1}, want: verifier.CodeClaimMalformed},
		{name: "CLAIM-CLI-01 client_id and azp differ", claims: claims{"client_id": "a", "azp": "b"}, want: verifier.CodeClaimMalformed},
		{name: "TYP-05 nonce", claims: claims{"nonce": "n"}, want: verifier.CodeTokenType},
		{name: "TYP-06 events is null", claims: claims{"events": nil}, want: verifier.CodeTokenType},
		{name: "DPOP-REQ-04 jkt", claims: claims{"cnf": claims{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}, want: verifier.CodeConfirmation},
		{name: "DPOP-BIND-03 empty cnf", claims: claims{"cnf": claims{}}, want: verifier.CodeConfirmation},
		{name: "DPOP-BIND-02 malformed cnf", claims: claims{"cnf": "jkt"}, want: verifier.CodeConfirmation},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := newEnvironment(t, c.config)
			_, err := verify(t, env, token(t, env.issuer, c.claims))
			wantCode(t, err, c.want)
			wantRule(t, err, c.name, "")
		})
	}
}

func both(first, then func(*verifier.Config)) func(*verifier.Config) {
	return func(c *verifier.Config) {
		first(c)
		if then != nil {
			then(c)
		}
	}
}

func maxAge(d time.Duration) func(*verifier.Config) {
	return func(c *verifier.Config) { c.MaxTokenAge = d }
}

func require(claim string) func(*verifier.Config) {
	return func(c *verifier.Config) { c.RequiredClaims = []string{claim} }
}

func organization(o string) func(*verifier.Config) {
	return func(c *verifier.Config) { c.Organization = o }
}

func TestVerifiedHoldsTheClaims(t *testing.T) {
	env := newEnvironment(t, nil)
	got, err := verify(t, env, token(t, env.issuer, verifiertest.Claims{
		"aud": []string{"x", audience}, "azp": "app", "jti": "id-1", "scope": "read:a  write:b",
		"org_id": "org_1", "org_name": "acme", "nbf": noon.Unix() - 1,
	}))
	if err != nil {
		t.Fatal(err)
	}
	type plain struct {
		Issuer, Subject, ClientID, TokenID, OrganizationID, OrganizationName string
		Audiences, Scopes                                                    []string
		ExpiresAt, IssuedAt, NotBefore                                       time.Time
		Scheme                                                               verifier.Scheme
	}
	want := plain{
		Issuer: issuerURL, Subject: "user-1", ClientID: "app", TokenID: "id-1", OrganizationID: "org_1", OrganizationName: "acme",
		Audiences: []string{"x", audience}, Scopes: []string{"read:a", "write:b"},
		ExpiresAt: noon.Add(5 * time.Minute), IssuedAt: noon, NotBefore: noon.Add(-time.Second),
		Scheme: verifier.Bearer,
	}
	have := plain{
		got.Issuer, got.Subject, got.ClientID, got.TokenID, got.OrganizationID, got.OrganizationName,
		got.Audiences, got.Scopes, got.ExpiresAt, got.IssuedAt, got.NotBefore, got.Scheme,
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
}

func TestScopes(t *testing.T) {
	for _, c := range []struct {
		name   string
		claims verifiertest.Claims
		needed []string
		want   verifier.Code
	}{
		{name: "CLAIM-SCP-01 array of numbers", claims: verifiertest.Claims{"scope": []int{1}}, needed: []string{"b"}, want: verifier.CodeClaimMalformed},
		{name: "CLAIM-SCP-01 a tab separates nothing", claims: verifiertest.Claims{"scope": "a\tb"}, needed: []string{"a"}, want: verifier.CodeScope},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := newEnvironment(t, nil)
			verified, err := verify(t, env, token(t, env.issuer, c.claims))
			if err != nil {
				t.Fatal(err)
			}
			wantCode(t, verified.RequireScopes(c.needed...), c.want)
		})
	}
}

// TestVerifiedWithoutAVerifier has a handler's own test make one.
func TestVerifiedWithoutAVerifier(t *testing.T) {
	made := &verifier.Verified{Subject: "user-1", Scopes: []string{"a"}}
	wantCode(t, made.RequireScopes("a"), "")
	err := made.RequireScopes("b")
	wantCode(t, err, verifier.CodeScope)
	want := []string{`Bearer error="insufficient_scope", error_description="The access token lacks a needed scope", scope="b"`}
	if diff := cmp.Diff(want, refusal(t, err).Header["Www-Authenticate"]); diff != "" {
		t.Errorf("challenges (-want +got):\n%s", diff)
	}
	err = made.Decode(new(map[string]any))
	wantCode(t, err, verifier.CodeClaimsUndecodable)
	wantRule(t, err, "CLAIM-CUST-01", "")
	if chain, err := made.DelegationChain(); chain != nil || err != nil {
		t.Errorf("ACT-01: the chain is %q, %v", chain, err)
	}
}
