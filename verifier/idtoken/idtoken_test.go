package idtoken_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/idtoken"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

func TestClaims(t *testing.T) {
	trusting := func(c *idtoken.Config) { c.TrustedAudiences = []string{"other"} }
	leeway := func(d time.Duration) func(*idtoken.Config) {
		return func(c *idtoken.Config) { c.Leeway = d }
	}
	now := noon.Unix()

	for _, c := range []struct {
		name   string
		config func(*idtoken.Config)
		claims claims
		want   verifier.Code
	}{
		{name: "IDTOK-02 iss and sub"},
		{name: "IDTOK-02 no iss", claims: claims{"iss": absent}, want: verifier.CodeClaimMissing},
		{name: "IDTOK-02 iss is an array", claims: claims{"iss": []string{issuerURL}}, want: verifier.CodeClaimMalformed},
		{name: "IDTOK-02 iss without its slash", claims: claims{"iss": "https://issuer.example"}, want: verifier.CodeIssuer},
		{name: "IDTOK-02 iss in other case", claims: claims{"iss": "https://Issuer.example/"}, want: verifier.CodeIssuer},
		{name: "IDTOK-02 no sub", claims: claims{"sub": absent}, want: verifier.CodeClaimMissing},
		{name: "IDTOK-02 sub is a number", claims: claims{"sub": 1}, want: verifier.CodeClaimMalformed},
		{name: "IDTOK-02 sub is empty", claims: claims{"sub": ""}, want: verifier.CodeClaimMalformed},
		{name: "IDTOK-02 sub of 255 characters", claims: claims{"sub": strings.Repeat("é", 255)}},
		{name: "IDTOK-02 sub of 256 characters", claims: claims{"sub": strings.Repeat("a", 256)}, want: verifier.CodeClaimMalformed},

		{name: "IDTOK-03 no aud", claims: claims{"aud": absent}, want: verifier.CodeClaimMissing},
		{name: "IDTOK-03 another", claims: claims{"aud": "other"}, want: verifier.CodeAudience},
		{name: "IDTOK-03 in other case", claims: claims{"aud": "Client-1"}, want: verifier.CodeAudience},
		{name: "IDTOK-03 an array of it", claims: claims{"aud": []string{clientID}}},
		{name: "IDTOK-03 an empty array", claims: claims{"aud": []string{}}, want: verifier.CodeClaimMalformed},
		{name: "IDTOK-03 an array with a number", claims: claims{"aud": []any{clientID, 1}}, want: verifier.CodeClaimMalformed},
		{name: "IDTOK-03 an object", claims: claims{"aud": claims{clientID: true}}, want: verifier.CodeClaimMalformed},
		{name: "IDTOK-03 one more", claims: claims{"aud": []string{clientID, "other"}, "azp": clientID}, want: verifier.CodeAudience},
		{name: "IDTOK-03 one more that is trusted", config: trusting, claims: claims{"aud": []string{clientID, "other"}, "azp": clientID}},
		{name: "IDTOK-03 only a trusted one", config: trusting, claims: claims{"aud": "other"}, want: verifier.CodeAudience},
		{name: "IDTOK-03 two more of which one is trusted", config: trusting, claims: claims{"aud": []string{clientID, "other", "third"}, "azp": clientID}, want: verifier.CodeAudience},

		{name: "IDTOK-04 several audiences without azp", config: trusting, claims: claims{"aud": []string{clientID, "other"}}, want: verifier.CodeClaimMissing},
		{name: "IDTOK-04 several audiences and another azp", config: trusting, claims: claims{"aud": []string{clientID, "other"}, "azp": "other"}, want: idtoken.CodeAuthorizedParty},
		{name: "IDTOK-04 one audience and azp", claims: claims{"azp": clientID}},
		{name: "IDTOK-04 one audience and another azp", claims: claims{"azp": "other"}, want: idtoken.CodeAuthorizedParty},
		{name: "IDTOK-04 one audience and an empty azp", claims: claims{"azp": ""}, want: idtoken.CodeAuthorizedParty},
		{name: "IDTOK-04 azp is not a string", claims: claims{"azp": []string{clientID}}, want: verifier.CodeClaimMalformed},

		{name: "IDTOK-05 no exp", claims: claims{"exp": absent}, want: verifier.CodeClaimMissing},
		{name: "IDTOK-05 exp is a string", claims: claims{"exp": "9999999999"}, want: verifier.CodeClaimMalformed},
		{name: "IDTOK-05 exp a second within the leeway", claims: claims{"exp": now - 59}},
		{name: "IDTOK-05 exp at the leeway", claims: claims{"exp": now - 60}, want: verifier.CodeExpired},
		{name: "IDTOK-05 exp in a second, without leeway", config: leeway(-time.Hour), claims: claims{"exp": now + 1}},
		{name: "IDTOK-05 exp now, without leeway", config: leeway(-time.Hour), claims: claims{"exp": now}, want: verifier.CodeExpired},
		{name: "IDTOK-05 exp within a leeway of 5 minutes", config: leeway(5 * time.Minute), claims: claims{"exp": now - 299}},
		{name: "IDTOK-05 exp beyond a leeway of 5 minutes", config: leeway(5 * time.Minute), claims: claims{"exp": now - 300}, want: verifier.CodeExpired},
		{name: "CLAIM-EXP-03 exp at the end of year 9999", claims: claims{"exp": int64(253402300799)}},
		{name: "CLAIM-EXP-03 exp in year 10000", claims: claims{"exp": int64(253402300800)}, want: verifier.CodeClaimMalformed},
		{name: "IDTOK-05 no iat", claims: claims{"iat": absent}, want: verifier.CodeClaimMissing},
		{name: "IDTOK-05 iat is a string", claims: claims{"iat": "0"}, want: verifier.CodeClaimMalformed},
		{name: "CLAIM-IAT-02 iat 120 s ahead, with the leeway", claims: claims{"iat": now + 120}},
		{name: "CLAIM-IAT-02 iat 121 s ahead", claims: claims{"iat": now + 121}, want: verifier.CodeIssuedInFuture},
		{name: "CLAIM-NBF-01 nbf at the leeway", claims: claims{"nbf": now + 60}},
		{name: "CLAIM-NBF-01 nbf beyond the leeway", claims: claims{"nbf": now + 61}, want: verifier.CodeNotYetValid},
		{name: "CLAIM-NBF-01 nbf is a string", claims: claims{"nbf": "0"}, want: verifier.CodeClaimMalformed},

		{name: "IDTOK-06 nonce is not a string", claims: claims{"nonce": 1}, want: verifier.CodeClaimMalformed},
		{name: "IDTOK-07 auth_time is not a number", claims: claims{"auth_time": "0"}, want: verifier.CodeClaimMalformed},
		{name: "IDTOK-08 org_id is not a string", claims: claims{"org_id": nil}, want: verifier.CodeClaimMalformed},
		{name: "IDTOK-08 org_name is not a string", claims: claims{"org_name": 1}, want: verifier.CodeClaimMalformed},
		{name: "IDTOK-10 acr is not a string", claims: claims{"acr": 1}, want: verifier.CodeClaimMalformed},
		{name: "IDTOK-10 amr is not an array", claims: claims{"amr": "pwd"}, want: verifier.CodeClaimMalformed},
		{name: "IDTOK-10 amr has a number", claims: claims{"amr": []any{"pwd", 1}}, want: verifier.CodeClaimMalformed},

		{name: "IDTOK-11 events, as in a logout token", claims: claims{"events": claims{"http://schemas.openid.net/event/backchannel-logout": claims{}}}, want: verifier.CodeTokenType},
		{name: "IDTOK-11 the profile may be odd", claims: claims{"name": 1, "email": nil, "email_verified": "true", "sid": 7}},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := newEnvironment(t, c.config)
			_, err := env.verify(t, env.token(t, c.claims), idtoken.Expect{})
			wantCode(t, err, c.want, c.name)
		})
	}
}

// The hashes are those of the examples in OpenID Connect Core, appendices A.4 and A.6.
const (
	accessToken     = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
	accessTokenHash = "77QmUPtjPfzWtF2AnpK9RQ"
	code            = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"
	codeHash        = "LDktKdoQak3Pk0cnXxCltA"
)

func TestExpect(t *testing.T) {
	type expect = idtoken.Expect
	now := noon.Unix()
	for _, c := range []struct {
		name   string
		claims claims
		expect expect
		want   verifier.Code
	}{
		{name: "IDTOK-06 equal", claims: claims{"nonce": "n-1"}, expect: expect{Nonce: "n-1"}},
		{name: "IDTOK-06 another", claims: claims{"nonce": "n-2"}, expect: expect{Nonce: "n-1"}, want: idtoken.CodeNonce},
		{name: "IDTOK-06 in other case", claims: claims{"nonce": "N-1"}, expect: expect{Nonce: "n-1"}, want: idtoken.CodeNonce},
		{name: "IDTOK-06 a beginning", claims: claims{"nonce": "n-"}, expect: expect{Nonce: "n-1"}, want: idtoken.CodeNonce},
		{name: "IDTOK-06 none in the token", expect: expect{Nonce: "n-1"}, want: verifier.CodeClaimMissing},
		{name: "IDTOK-06 none given", claims: claims{"nonce": "n-1"}},

		{name: "IDTOK-07 at the edge", claims: claims{"auth_time": now - 360}, expect: expect{MaxAge: new(5 * time.Minute)}},
		{name: "IDTOK-07 a second beyond", claims: claims{"auth_time": now - 361}, expect: expect{MaxAge: new(5 * time.Minute)}, want: idtoken.CodeAuthTime},
		{name: "IDTOK-07 zero, at the edge", claims: claims{"auth_time": now - 60}, expect: expect{MaxAge: new(time.Duration)}},
		{name: "IDTOK-07 zero, a second beyond", claims: claims{"auth_time": now - 61}, expect: expect{MaxAge: new(time.Duration)}, want: idtoken.CodeAuthTime},
		{name: "IDTOK-07 without auth_time", expect: expect{MaxAge: new(time.Hour)}, want: verifier.CodeClaimMissing},
		{name: "IDTOK-07 the longest age", claims: claims{"auth_time": 0}, expect: expect{MaxAge: new(time.Duration(1<<63 - 1))}},
		{name: "IDTOK-07 none given", claims: claims{"auth_time": 0}},

		{name: "IDTOK-08 ID", claims: claims{"org_id": "org_A"}, expect: expect{Organization: "org_A"}},
		{name: "IDTOK-08 ID in other case", claims: claims{"org_id": "org_a"}, expect: expect{Organization: "org_A"}, want: verifier.CodeOrganization},
		{name: "IDTOK-08 no ID", expect: expect{Organization: "org_A"}, want: verifier.CodeOrganization},
		{name: "IDTOK-08 a name where an ID is wanted", claims: claims{"org_name": "org_a"}, expect: expect{Organization: "org_a"}, want: verifier.CodeOrganization},
		{name: "IDTOK-08 name", claims: claims{"org_id": "org_A", "org_name": "acme"}, expect: expect{Organization: "Acme"}},
		{name: "IDTOK-08 name in capitals in the token", claims: claims{"org_name": "Acme"}, expect: expect{Organization: "Acme"}, want: verifier.CodeOrganization},
		{name: "IDTOK-08 another name", claims: claims{"org_name": "acme2"}, expect: expect{Organization: "acme"}, want: verifier.CodeOrganization},
		{name: "IDTOK-08 no name", claims: claims{"org_id": "acme"}, expect: expect{Organization: "acme"}, want: verifier.CodeOrganization},
		{name: "IDTOK-08 none given", claims: claims{"org_id": "org_A"}},

		{name: "IDTOK-09 at_hash", claims: claims{"at_hash": accessTokenHash}, expect: expect{AccessToken: accessToken}},
		{name: "IDTOK-09 at_hash of another", claims: claims{"at_hash": accessTokenHash}, expect: expect{AccessToken: accessToken + "a"}, want: idtoken.CodeTokenHash},
		{name: "IDTOK-09 at_hash with padding", claims: claims{"at_hash": accessTokenHash + "=="}, expect: expect{AccessToken: accessToken}, want: idtoken.CodeTokenHash},
		{name: "IDTOK-09 at_hash is not a string", claims: claims{"at_hash": 1}, expect: expect{AccessToken: accessToken}, want: verifier.CodeClaimMalformed},
		{name: "IDTOK-09 no at_hash", expect: expect{AccessToken: accessToken}, want: verifier.CodeClaimMissing},
		{name: "IDTOK-09 no access token given", claims: claims{"at_hash": "other"}},
		{name: "IDTOK-09 c_hash", claims: claims{"c_hash": codeHash}, expect: expect{Code: code}},
		{name: "IDTOK-09 c_hash of another", claims: claims{"c_hash": accessTokenHash}, expect: expect{Code: code}, want: idtoken.CodeTokenHash},
		{name: "IDTOK-09 no c_hash", claims: claims{"at_hash": codeHash}, expect: expect{Code: code}, want: verifier.CodeClaimMissing},
		{name: "IDTOK-09 both", claims: claims{"at_hash": accessTokenHash, "c_hash": codeHash}, expect: expect{AccessToken: accessToken, Code: code}},

		{name: "IDTOK-10 acr", claims: claims{"acr": "gold"}, expect: expect{ACRValues: []string{"silver", "gold"}}},
		{name: "IDTOK-10 another acr", claims: claims{"acr": "bronze"}, expect: expect{ACRValues: []string{"silver", "gold"}}, want: idtoken.CodeAuthentication},
		{name: "IDTOK-10 no acr", expect: expect{ACRValues: []string{"gold"}}, want: idtoken.CodeAuthentication},
		{name: "IDTOK-10 amr", claims: claims{"amr": []string{"mfa", "pwd", "otp"}}, expect: expect{AMR: []string{"pwd", "mfa"}}},
		{name: "IDTOK-10 amr lacks one", claims: claims{"amr": []string{"pwd"}}, expect: expect{AMR: []string{"pwd", "mfa"}}, want: idtoken.CodeAuthentication},
		{name: "IDTOK-10 no amr", expect: expect{AMR: []string{"mfa"}}, want: idtoken.CodeAuthentication},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := newEnvironment(t, nil)
			_, err := env.verify(t, env.token(t, c.claims), c.expect)
			wantCode(t, err, c.want, c.name)
		})
	}
}

func TestAlgorithms(t *testing.T) {
	es256 := func(c *idtoken.Config) { c.Algorithms = []string{"ES256"} }
	bySecret := func(c *idtoken.Config) { c.HS256ClientSecret = secret }
	hs256 := map[string]any{"alg": "HS256", "typ": "JWT"}
	public, err := key(t, "RS256", "key-1").JWK()
	if err != nil {
		t.Fatal(err)
	}

	for _, c := range []struct {
		name   string
		config func(*idtoken.Config)
		token  func(t *testing.T, env *environment) string
		want   verifier.Code
	}{
		{name: "IDTOK-01 RS256", token: func(t *testing.T, env *environment) string { return env.sign(t, key(t, "RS256", "key-1"), nil) }},
		{name: "IDTOK-01 ES256 where RS256 is configured", token: func(t *testing.T, env *environment) string { return env.sign(t, key(t, "ES256", "key-2"), nil) }, want: verifier.CodeAlgorithm},
		{name: "IDTOK-01 ES256 where it is configured", config: es256, token: func(t *testing.T, env *environment) string { return env.sign(t, key(t, "ES256", "key-2"), nil) }},
		{name: "IDTOK-01 RS256 where ES256 is configured", config: es256, token: func(t *testing.T, env *environment) string { return env.sign(t, key(t, "RS256", "key-1"), nil) }, want: verifier.CodeAlgorithm},
		{name: "IDTOK-01 none", token: func(t *testing.T, env *environment) string {
			return env.sign(t, key(t, "RS256", "key-1"), map[string]any{"alg": "none"})
		}, want: verifier.CodeAlgorithm},
		{name: "IDTOK-01 HS256 where RS256 is configured", token: func(t *testing.T, env *environment) string { return env.signHS256(t, secret, hs256) }, want: verifier.CodeAlgorithm},
		{name: "IDTOK-01 HS256 with the public key for a secret", token: func(t *testing.T, env *environment) string {
			return env.signHS256(t, string(public), map[string]any{"alg": "HS256", "kid": "key-1"})
		}, want: verifier.CodeAlgorithm},
		{name: "IDTOK-01 HS256 where it is configured", config: bySecret, token: func(t *testing.T, env *environment) string { return env.signHS256(t, secret, hs256) }},
		{name: "IDTOK-01 RS256 where HS256 is configured", config: bySecret, token: func(t *testing.T, env *environment) string { return env.sign(t, key(t, "RS256", "key-1"), nil) }, want: verifier.CodeAlgorithm},
		{name: "IDTOK-01 HS384 where HS256 is configured", config: bySecret, token: func(t *testing.T, env *environment) string {
			return env.signHS256(t, secret, map[string]any{"alg": "HS384"})
		}, want: verifier.CodeAlgorithm},
		{name: "IDTOK-12 HS256 needs no kid", config: bySecret, token: func(t *testing.T, env *environment) string { return env.signHS256(t, secret, hs256) }},
		{name: "IDTOK-12 HS256 with an unknown kid", config: bySecret, token: func(t *testing.T, env *environment) string {
			return env.signHS256(t, secret, map[string]any{"alg": "HS256", "kid": "unknown"})
		}},
		{name: "JWS-16 HS256 with another secret", config: bySecret, token: func(t *testing.T, env *environment) string { return env.signHS256(t, secret+"x", hs256) }, want: verifier.CodeSignature},
		{name: "JWS-16 another key", token: func(t *testing.T, env *environment) string {
			return env.sign(t, key(t, "RS256", "key-3"), map[string]any{"kid": "key-1"})
		}, want: verifier.CodeSignature},
		{name: "JWS-11 alg of another key", config: es256, token: func(t *testing.T, env *environment) string {
			return env.sign(t, key(t, "ES256", "key-2"), map[string]any{"kid": "key-1"})
		}, want: verifier.CodeAlgorithm},
		{name: "KEYS-01 no kid", token: func(t *testing.T, env *environment) string {
			return env.sign(t, key(t, "RS256", "key-1"), map[string]any{"kid": absent})
		}, want: verifier.CodeKeyIDMissing},
		{name: "KEYS-01 no kid, allowed", config: func(c *idtoken.Config) { c.AllowMissingKeyID = true }, token: func(t *testing.T, env *environment) string {
			return env.sign(t, key(t, "RS256", "key-1"), map[string]any{"kid": absent})
		}},
		{name: "IDTOK-12 unknown kid", token: func(t *testing.T, env *environment) string {
			return env.sign(t, key(t, "RS256", "key-1"), map[string]any{"kid": "unknown"})
		}, want: verifier.CodeKeyUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := newEnvironment(t, c.config)
			env.issuer.SetKeys(key(t, "RS256", "key-1"), key(t, "ES256", "key-2"))
			_, err := env.verify(t, c.token(t, env), idtoken.Expect{})
			wantCode(t, err, c.want, c.name)
		})
	}
}

// Each algorithm has the hash that at_hash is made by (OpenID Connect Core section 3.1.3.6).
func TestAlgorithmsAndTheirHashes(t *testing.T) {
	const (
		sha256 = accessTokenHash
		sha384 = "jtAeDp945y1dDqU3nkIVGNZP1HjH_MFs"
		sha512 = "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM"
	)
	for alg, hash := range map[string]string{
		"RS256": sha256, "PS256": sha256, "ES256": sha256,
		"RS384": sha384, "PS384": sha384, "ES384": sha384,
		"RS512": sha512, "PS512": sha512, "ES512": sha512, "EdDSA": sha512, "Ed25519": sha512,
	} {
		t.Run("IDTOK-09 "+alg, func(t *testing.T) {
			env := newEnvironment(t, func(c *idtoken.Config) { c.Algorithms = []string{alg} })
			env.issuer.SetKeys(key(t, alg, "key-1"))
			_, err := env.verify(t, env.token(t, claims{"at_hash": hash}), idtoken.Expect{AccessToken: accessToken})
			wantCode(t, err, "", "")
		})
	}
}

func TestForm(t *testing.T) {
	env := newEnvironment(t, func(c *idtoken.Config) { c.MaxTokenBytes = 2000 })
	k := key(t, "RS256", "key-1")
	good := env.token(t, nil)
	sized := func(n int) string {
		empty := len(env.token(t, claims{"x": ""}))
		return env.token(t, claims{"x": strings.Repeat("x", (n-empty)*3/4)})
	}
	raw := func(header, payload string) string {
		signed, err := k.Sign([]byte(header), []byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}

	for _, c := range []struct {
		name, token string
		want        verifier.Code
	}{
		{name: "CRED-09 under the bound", token: sized(1990)},
		{name: "CRED-09 over the bound", token: sized(2010), want: verifier.CodeTokenTooLarge},
		{name: "JWS-01 garbage at the size bound", token: strings.Repeat("a", 2000), want: verifier.CodeTokenMalformed},
		{name: "CRED-09 a byte over the bound", token: strings.Repeat("a", 2001), want: verifier.CodeTokenTooLarge},
		{name: "JWS-01 nothing", token: "", want: verifier.CodeTokenMalformed},
		{name: "JWS-01 four segments", token: good + ".AA", want: verifier.CodeTokenMalformed},
		{name: "JWS-02 padding", token: good + "=", want: verifier.CodeTokenMalformed},
		{name: "JWS-05 duplicate in the payload", token: raw(`{"alg":"RS256","kid":"key-1"}`, `{"iss":"a","iss":"a"}`), want: verifier.CodeTokenMalformed},
		{name: "JWS-12 crit", token: env.sign(t, k, map[string]any{"crit": []string{"exp"}}), want: verifier.CodeTokenMalformed},
		{name: "TYP-01 typ is not a string", token: env.sign(t, k, map[string]any{"typ": 1}), want: verifier.CodeTokenType},
		{name: "IDTOK-11 no typ", token: env.sign(t, k, map[string]any{"typ": absent})},
		{name: "IDTOK-11 application/jwt", token: env.sign(t, k, map[string]any{"typ": "application/jwt"})},
		{name: "IDTOK-11 at+jwt", token: env.sign(t, k, map[string]any{"typ": "at+jwt"}), want: verifier.CodeTokenType},
		{name: "IDTOK-11 application/AT+JWT", token: env.sign(t, k, map[string]any{"typ": "application/AT+JWT"}), want: verifier.CodeTokenType},
		{name: "IDTOK-11 logout+jwt", token: env.sign(t, k, map[string]any{"typ": "logout+jwt"}), want: verifier.CodeTokenType},
		{name: "IDTOK-11 dpop+jwt", token: env.sign(t, k, map[string]any{"typ": "dpop+jwt"}), want: verifier.CodeTokenType},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := env.verify(t, c.token, idtoken.Expect{})
			wantCode(t, err, c.want, c.name)
		})
	}
}

// One keyring serves access tokens and ID tokens, and finds the keys of a rotation for both.
func TestRotation(t *testing.T) {
	env := newEnvironment(t, nil)
	before := env.token(t, nil)
	if _, err := env.verify(t, before, idtoken.Expect{}); err != nil {
		t.Fatal(err)
	}
	env.issuer.SetKeys(key(t, "RS256", "key-2"), key(t, "RS256", "key-1"))
	if _, err := env.verify(t, env.token(t, nil), idtoken.Expect{}); err != nil {
		t.Errorf("IDTOK-12: right after a rotation: %v", err)
	}
	if _, keys := env.issuer.Fetched(); keys != 2 {
		t.Errorf("IDTOK-12: keys were fetched %d times, want 2", keys)
	}
	env.issuer.SetKeys(key(t, "RS256", "key-3"))
	_, err := env.verify(t, env.token(t, nil), idtoken.Expect{})
	wantCode(t, err, verifier.CodeIssuerUnavailable, "") // within the cooldown, issued since the keys were fetched
	env.clock.Advance(30 * time.Second)
	if _, err := env.verify(t, env.token(t, nil), idtoken.Expect{}); err != nil {
		t.Errorf("IDTOK-12: past the cooldown: %v", err)
	}
	env.clock.Advance(30 * time.Second)
	_, err = env.verify(t, before, idtoken.Expect{})
	wantCode(t, err, verifier.CodeKeyUnknown, "IDTOK-12 by a key that was withdrawn")
}

// Several keys may have one kid; at most four of them are tried.
func TestKeysOfOneID(t *testing.T) {
	env := newEnvironment(t, func(c *idtoken.Config) { c.Algorithms = []string{"ES256"} })
	var keys []*verifiertest.Key
	for range 5 {
		made := verifiertest.MustKey(t, "ES256", "key-1")
		keys = append(keys, made)
	}
	env.issuer.SetKeys(keys...)
	_, err := env.verify(t, env.sign(t, keys[3], nil), idtoken.Expect{})
	wantCode(t, err, "", "KEYS-03 the fourth")
	_, err = env.verify(t, env.sign(t, keys[4], nil), idtoken.Expect{})
	wantCode(t, err, verifier.CodeSignature, "JWS-16 the fifth")
}

func TestAnotherIssuersTokenFetchesNothing(t *testing.T) {
	env := newEnvironment(t, nil)
	_, err := env.verify(t, env.token(t, claims{"iss": "https://other.example/"}), idtoken.Expect{})
	wantCode(t, err, verifier.CodeIssuer, "IDTOK-02")
	if metadata, keys := env.issuer.Fetched(); metadata+keys != 0 {
		t.Errorf("IDTOK-02: %d requests for another issuer's token", metadata+keys)
	}
}

func TestAnIssuerThatIsAwayMakesNoTokenBad(t *testing.T) {
	env := newEnvironment(t, nil)
	cause := errors.New("connection refused")
	down := ports.FetcherFunc(func(context.Context, string) (ports.Document, error) { return ports.Document{}, cause })
	ids, err := idtoken.New(newVerifier(t, down, env.clock, nil), idtoken.Config{ClientID: clientID})
	if err != nil {
		t.Fatal(err)
	}
	_, err = ids.Verify(t.Context(), env.token(t, nil), idtoken.Expect{})
	var e *verifier.Error
	if !errors.As(err, &e) || e.Class != verifier.Undecidable || e.Code != verifier.CodeIssuerUnavailable || !errors.Is(err, cause) {
		t.Fatalf("error is %v", err)
	}
	if e.Status != 503 || len(e.Header["Retry-After"]) != 1 || e.OAuthError != "" {
		t.Errorf("answer is %d %v", e.Status, e.Header)
	}
}

func TestACallerThatLeft(t *testing.T) {
	env := newEnvironment(t, nil)
	hang := ports.FetcherFunc(func(ctx context.Context, _ string) (ports.Document, error) {
		<-ctx.Done()
		return ports.Document{}, ctx.Err()
	})
	ids, err := idtoken.New(newVerifier(t, hang, env.clock, nil), idtoken.Config{ClientID: clientID})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = ids.Verify(ctx, env.token(t, nil), idtoken.Expect{})
	if !errors.Is(err, verifier.CodeCanceled) || !errors.Is(err, verifier.Undecidable) || !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestErrorsHoldLittleOfTheToken(t *testing.T) {
	const mark = "Zq9mark"
	env := newEnvironment(t, nil)
	for _, c := range []claims{
		{"iss": mark}, {"sub": []string{mark}}, {"aud": mark}, {"aud": []string{clientID, mark}}, {"azp": mark}, {"exp": mark},
		{"nonce": mark}, {"org_id": mark}, {"at_hash": mark}, {"acr": mark}, {"amr": []string{mark}}, {"auth_time": mark},
	} {
		_, err := env.verify(t, env.token(t, c), idtoken.Expect{
			Nonce: "n", Organization: "org_1", AccessToken: "a", ACRValues: []string{"gold"}, AMR: []string{"mfa"},
		})
		var e *verifier.Error
		if !errors.As(err, &e) {
			t.Fatalf("error is %v", err)
		}
		// The operator is told iss and aud, and the client nothing.
		told := e.Code == verifier.CodeIssuer || e.Code == verifier.CodeAudience
		if strings.Contains(err.Error(), mark) != told || strings.Contains(e.Description, mark) {
			t.Errorf("CHAL-03: %q, %q", err, e.Description)
		}
		if e.Status != 400 || e.Description == "" || len(e.Header["Cache-Control"]) != 1 || e.Header["Www-Authenticate"] != nil {
			t.Errorf("answer is %d %q %v", e.Status, e.Description, e.Header)
		}
	}
}

func TestVerifiedHoldsTheClaims(t *testing.T) {
	env := newEnvironment(t, nil)
	got, err := env.verify(t, env.token(t, claims{
		"azp": clientID, "auth_time": noon.Unix() - 7, "nonce": "n-1", "acr": "gold", "amr": []string{"pwd", "mfa"}, "sid": "s-1",
		"org_id": "org_1", "org_name": "acme", "name": "Ann", "email": "ann@example.com", "email_verified": true, "tier": "gold",
	}), idtoken.Expect{})
	if err != nil {
		t.Fatal(err)
	}
	want := &idtoken.Verified{
		Issuer: issuerURL, Subject: "user-1", Audiences: []string{clientID}, AuthorizedParty: clientID,
		ExpiresAt: noon.Add(5 * time.Minute), IssuedAt: noon, AuthTime: noon.Add(-7 * time.Second),
		Nonce: "n-1", ACR: "gold", AMR: []string{"pwd", "mfa"}, SessionID: "s-1",
		OrganizationID: "org_1", OrganizationName: "acme",
		Name: "Ann", Email: "ann@example.com", EmailVerified: true,
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(idtoken.Verified{})); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}

	var custom struct {
		Tier string `json:"tier"`
	}
	if err := got.Decode(&custom); err != nil || custom.Tier != "gold" {
		t.Errorf("CLAIM-CUST-01: Decode = %v, %v", custom, err)
	}
	var wrong struct {
		Tier int `json:"tier"`
	}
	if err := got.Decode(&wrong); !errors.Is(err, verifier.CodeClaimsUndecodable) || strings.Contains(err.Error(), "gold") {
		t.Errorf("CLAIM-CUST-01: Decode into another type: %v", err)
	}
}

func TestDecodeRefusesDuplicates(t *testing.T) {
	env := newEnvironment(t, nil)
	payload := string(env.payload(t))
	token, err := key(t, "RS256", "key-1").Sign([]byte(`{"alg":"RS256","kid":"key-1"}`), []byte(payload[:len(payload)-1]+`,"address":{"a":1,"a":2}}`))
	if err != nil {
		t.Fatal(err)
	}
	verified, err := env.verify(t, token, idtoken.Expect{})
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, verified.Decode(&struct{}{}), verifier.CodeClaimsUndecodable, "CLAIM-CUST-01")
}

func TestNegativeMaxAgeIsTheApplicationsFault(t *testing.T) {
	env := newEnvironment(t, nil)
	_, err := env.verify(t, env.token(t, nil), idtoken.Expect{MaxAge: new(time.Duration(-1))})
	var field *verifier.FieldError
	if !errors.Is(err, verifier.Misconfigured) || !errors.As(err, &field) || field.Field != "Expect.MaxAge" {
		t.Errorf("error is %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	env := newEnvironment(f, nil)
	bySecret := newEnvironment(f, func(c *idtoken.Config) { c.HS256ClientSecret = secret })
	good := env.token(f, claims{"nonce": "n-1"})
	f.Add(good)
	f.Add(bySecret.signHS256(f, secret, map[string]any{"alg": "HS256"}))
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, token string) {
		for _, ids := range []*environment{env, bySecret} {
			verified, err := ids.Verify(t.Context(), token, idtoken.Expect{Nonce: "n-1"})
			var e *verifier.Error
			switch {
			case err == nil && token != good:
				t.Errorf("accepted %q", token)
			case errors.Is(err, verifier.CodeIssuerUnavailable):
				// An unknown kid may be that of a key which was published since the last fetch.
			case err != nil && (verified != nil || !errors.As(err, &e) || e.Class != verifier.Rejected):
				t.Fatalf("Verify = %v, %v", verified, err)
			}
		}
	})
}

// The fuzzer can't sign, so that claims are reached by signing what it makes up.
func FuzzClaims(f *testing.F) {
	env := newEnvironment(f, func(c *idtoken.Config) { c.HS256ClientSecret = secret })
	f.Add(string(env.payload(f)))
	f.Add(`{"iss":"https://issuer.example/","aud":[],"sub":"","exp":1e300,"iat":null,"azp":{},"amr":[1]}`)
	f.Fuzz(func(t *testing.T, payload string) {
		verified, err := env.Verify(t.Context(), signPayload(t, secret, map[string]any{"alg": "HS256"}, []byte(payload)), idtoken.Expect{})
		var e *verifier.Error
		if err != nil && (verified != nil || !errors.As(err, &e) || e.Class != verifier.Rejected) {
			t.Fatalf("Verify = %v, %v", verified, err)
		}
		if err == nil && (verified.Issuer != issuerURL || verified.Subject == "" || !noon.Before(verified.ExpiresAt.Add(time.Minute))) {
			t.Errorf("accepted %q", payload)
		}
	})
}
