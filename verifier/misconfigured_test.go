package verifier_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// The likely mistakes that New finds, and what it says of each. Run with -v to read the messages as a user does.
func TestMisconfiguredNew(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*verifier.Config)
		want string
	}{
		{"nothing is configured", func(c *verifier.Config) { *c = verifier.Config{} },
			`config_invalid: Domain, Domains or Resolver is required`},
		{"http on loopback", func(c *verifier.Config) { c.Domain = "http://localhost:8080/realms/shop" },
			`config_invalid: Domain must be https; for tests against a loopback address set InsecureAllowLoopbackHTTP`},
		{"http", func(c *verifier.Config) { c.Domain = "http://issuer.example/" },
			`config_invalid: Domain must be https`},
		{"the address of metadata", func(c *verifier.Config) { c.Domain = "https://issuer.example/.well-known/openid-configuration" },
			`config_invalid: Domain is the address of metadata; write the issuer that the metadata names, which is mostly what stands before /.well-known/, or put this address into Keys.MetadataURL`},
		{"a template", func(c *verifier.Config) { c.Domain = "https://login.microsoftonline.com/{tenantid}/v2.0" },
			`config_invalid: Domain has a placeholder; write the issuer as tokens have it, one domain for each tenant, or choose the tenant's by a Resolver`},
		{"Domains and Resolver", func(c *verifier.Config) {
			c.Domain, c.Domains, c.Resolver = "", []ports.Domain{{Issuer: issuerURL}}, resolved()
		},
			`config_invalid: Resolver can't be combined with Domains; have it return them`},
		{"a bad Domain and a Resolver", func(c *verifier.Config) { c.Domain, c.Resolver = "http://issuer.example/", resolved() },
			`config_invalid: Domain must be https`},
		{"an algorithm in lower case", func(c *verifier.Config) { c.Algorithms = []string{"rs256"} },
			`config_invalid: Algorithms[0] is "rs256", not one of ` + strings.Join(verifier.Algorithms(), ", ")},
		{"HS256", func(c *verifier.Config) { c.Algorithms = []string{"RS256", "HS256"} },
			`config_invalid: Algorithms[1] is "HS256", not one of ` + strings.Join(verifier.Algorithms(), ", ")},
		{"a leeway in seconds", func(c *verifier.Config) { c.Leeway = 60 },
			`config_invalid: Leeway is 60ns: a number without a unit is in nanoseconds; write 60 * time.Second, if that is meant`},
		{"a lifetime in seconds", func(c *verifier.Config) { c.Keys.HardTTL = 86400 },
			`config_invalid: Keys.HardTTL is 86.4µs: a number without a unit is in nanoseconds; write 86400 * time.Second, if that is meant` + "\n" +
				`Keys.SoftTTL is over Keys.HardTTL`},
		{"a leeway of an hour", func(c *verifier.Config) { c.Leeway = time.Hour },
			`config_invalid: Leeway is 1h0m0s, over 5m0s`},
		{"nonces without DPoP", func(c *verifier.Config) {
			c.DPoP = verifier.DPoP{Mode: verifier.DPoPDisabled, Nonce: verifier.NonceRequired}
		},
			`config_invalid: DPoP.Nonce is NonceRequired, but DPoP.Mode is DPoPDisabled: no proof is read; leave it at NonceOff, or offer DPoP`},
		{"secrets of nonces that are off", func(c *verifier.Config) { c.DPoP.NonceSecrets = secrets },
			`config_invalid: DPoP.NonceSecrets is set, but DPoP.Nonce is NonceOff: no nonces are made; set it to NonceOffered or NonceRequired, or remove this`},
		{"the lifetime of nonces that are off, without DPoP", func(c *verifier.Config) {
			c.DPoP = verifier.DPoP{Mode: verifier.DPoPDisabled, NonceLifetime: time.Minute}
		},
			`config_invalid: DPoP.NonceLifetime is set, but DPoP.Nonce is NonceOff: no nonces are made; set it to NonceOffered or NonceRequired, or remove this`},
		{"a mode that is unknown", func(c *verifier.Config) { c.DPoP.Mode = 3 },
			`config_invalid: DPoP.Mode is 3, not one of DPoPAllowed, DPoPRequired, DPoPDisabled`},
		{"secrets without a cache", func(c *verifier.Config) { c.CacheSecrets = secrets },
			`config_invalid: CacheSecrets are set, but Cache is not; set Cache, or remove them`},
		{"a cache without secrets", func(c *verifier.Config) { c.Cache = &faultyCache{} },
			`config_invalid: CacheSecrets are required with Cache, or whoever can write to it can mint tokens; give every process the same random 32 bytes`},
		{"a short secret", func(c *verifier.Config) { c.Cache, c.CacheSecrets = &faultyCache{}, [][]byte{[]byte("secret")} },
			`config_invalid: CacheSecrets[0] has under 32 bytes`},
		{"a blank organization", func(c *verifier.Config) { c.Organization = " " },
			`config_invalid: Organization is blank: no token is for it; leave it empty if tokens of any organization will do`},
		{"a typed nil fetcher", func(c *verifier.Config) { c.Fetcher = (*verifiertest.Issuer)(nil) },
			`config_invalid: Fetcher holds a nil pointer or function; leave the field unset, or give it a value that works`},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := verifier.Config{Domain: issuerURL, Audiences: []string{audience}, Fetcher: ports.FetcherFunc(unavailable)}
			c.edit(&config)
			v, err := verifier.New(config)
			if err == nil {
				v.Close()
			}
			wantMessage(t, err, c.want)
		})
	}
}

// The likely mistakes that only a token or the issuer shows.
func TestMisconfiguredIssuerOrToken(t *testing.T) {
	const tenant = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555"
	notFound := func(context.Context, string) (ports.Document, error) {
		return ports.Document{}, errors.New("the status is 404, not 200")
	}
	metadata := func(issuer string) ports.FetcherFunc {
		return func(context.Context, string) (ports.Document, error) {
			return ports.Document{Body: []byte(`{"issuer":"` + issuer + `","jwks_uri":"https://issuer.example/jwks"}`)}, nil
		}
	}
	for _, c := range []struct {
		name  string
		edit  func(*verifier.Config)
		token verifiertest.Claims
		alg   string // RS256 where it is empty
		kid   string // that of the issuer's key where it is empty
		want  string
	}{
		{name: "iss without the trailing slash", token: verifiertest.Claims{"iss": "https://issuer.example"},
			want: `issuer_not_allowed (CLAIM-ISS-02): iss is "https://issuer.example", not "https://issuer.example/"; they differ by the trailing slash: configure it without one, and set ExactDomain (Exact in Domains)`},
		{name: "iss of Entra v1", edit: domain(tenant + "/v2.0"),
			token: verifiertest.Claims{"iss": "https://sts.windows.net/11111111-2222-3333-4444-555555555555/"},
			want:  `issuer_not_allowed (CLAIM-ISS-02): iss is "https://sts.windows.net/11111111-2222-3333-4444-555555555555/", not "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"; it is of version 1.0 of Entra: set requestedAccessTokenVersion to 2 in the manifest of the API's registration, or configure it as it came`},
		{name: "iss over http", edit: domain("https://issuer.example/realms/shop"), token: verifiertest.Claims{"iss": "http://issuer.example/realms/shop"},
			want: `issuer_not_allowed (CLAIM-ISS-02): iss is "http://issuer.example/realms/shop", not "https://issuer.example/realms/shop"; they differ by the scheme: set the issuer's public URL to https`},
		{name: "aud of another API", token: verifiertest.Claims{"aud": []string{"https://other.example", "https://issuer.example/userinfo"}},
			want: `audience_mismatch (CLAIM-AUD-02): aud is "https://other.example", "https://issuer.example/userinfo", not one of "https://api.example"`},
		{name: "aud with a trailing slash", token: verifiertest.Claims{"aud": audience + "/"},
			want: `audience_mismatch (CLAIM-AUD-02): aud is "https://api.example/", not one of "https://api.example"; they differ by the trailing slash`},
		{name: "alg of the issuer", alg: "ES256",
			want: `algorithm_not_allowed (JWS-08): alg is "ES256", not one of RS256; if the issuer is to sign with it, add it to Algorithms`},
		{name: "kid of another issuer", kid: "key-9\n",
			want: `key_unknown (CACHE-05): the issuer has no key of kid "key-9\n"`},
		{name: "kid that is long", kid: strings.Repeat("k", 300),
			want: `key_unknown (CACHE-05): the issuer has no key of kid "` + strings.Repeat("k", 256) + `"...`},
		{name: "exp past", token: verifiertest.Claims{"exp": noon.Add(-2 * time.Second).Unix()},
			want: `token_expired (CLAIM-EXP-02): exp, 2026-03-01T11:59:58Z, was 2s ago, and Leeway is 0s`},
		{name: "nbf of a fast clock", token: verifiertest.Claims{"nbf": noon.Add(3 * time.Minute).Unix()},
			want: `token_not_yet_valid (CLAIM-NBF-01): nbf, 2026-03-01T12:03:00Z, is 3m0s ahead of this machine's clock, over the tolerance of 1m0s: compare the clocks`},
		{name: "iat of a fast clock", token: verifiertest.Claims{"iat": noon.Add(3 * time.Minute).Unix()},
			want: `token_issued_in_future (CLAIM-IAT-02): iat, 2026-03-01T12:03:00Z, is 3m0s ahead of this machine's clock, over the tolerance of 1m0s: compare the clocks`},
		{name: "an old token", edit: func(c *verifier.Config) { c.MaxTokenAge = time.Minute }, token: verifiertest.Claims{"iat": noon.Add(-time.Hour).Unix()},
			want: `token_too_old (CLAIM-IAT-02): iat, 2026-03-01T11:00:00Z, was 1h0m0s ago, over the 1m0s of MaxTokenAge`},
		{name: "an ID token", token: verifiertest.Claims{"nonce": "n"},
			want: `token_type_not_accepted (TYP-05): the token has nonce, at_hash or c_hash, as ID tokens have: send the access token; if access tokens have them, set InsecureAllowIDTokens`},
		{name: "metadata not found", edit: func(c *verifier.Config) { c.Fetcher = ports.FetcherFunc(notFound) },
			want: `issuer_unavailable: issuer unavailable: fetch metadata "https://issuer.example/.well-known/openid-configuration": the status is 404, not 200`},
		{name: "metadata without the trailing slash", edit: func(c *verifier.Config) { c.Fetcher = metadata("https://issuer.example") },
			want: `issuer_unavailable: issuer unavailable: fetch metadata "https://issuer.example/.well-known/openid-configuration": names another issuer: "https://issuer.example", not "https://issuer.example/"; they differ by the trailing slash: configure it without one, and set ExactDomain (Exact in Domains)`},
		{name: "metadata of Entra v1", edit: func(c *verifier.Config) {
			c.Domain, c.Fetcher = tenant, metadata("https://sts.windows.net/11111111-2222-3333-4444-555555555555/")
		}, token: verifiertest.Claims{"iss": tenant},
			want: `issuer_unavailable: issuer unavailable: fetch metadata "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/.well-known/openid-configuration": names another issuer: "https://sts.windows.net/11111111-2222-3333-4444-555555555555/", not "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555"; it is of version 1.0 of Entra: add /v2.0 to the configured one, or configure it as it came`},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := newEnvironment(t, c.edit)
			minted := token(t, env.issuer, c.token)
			if c.kid != "" {
				minted = sign(t, env.issuer, key(t, "RS256", "key-1"), header{"kid": c.kid}, "")
			}
			if c.alg != "" {
				payload, err := env.issuer.Payload(verifiertest.Claims{"aud": audience})
				if err != nil {
					t.Fatal(err)
				}
				minted = sign(t, env.issuer, key(t, c.alg, "key-2"), nil, string(payload))
			}
			_, err := verify(t, env, minted)
			wantMessage(t, err, c.want)
			if e := refusal(t, err); e.Detail != "" && e.Description == e.Detail {
				t.Errorf("CHAL-03: the client is told %q", e.Description)
			}
		})
	}
}

func domain(issuer string) func(*verifier.Config) {
	return func(c *verifier.Config) { c.Domain = issuer }
}

func wantMessage(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error, want one")
	}
	t.Logf("\n%v", err)
	if err.Error() != "holdfast: "+want {
		t.Errorf("want\nholdfast: %s", want)
	}
}
