package verifier_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/memory"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

func TestNewNamesTheFieldAtFault(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*verifier.Config)
		want []string // fields; none for a configuration that works
	}{
		{name: "works", edit: func(*verifier.Config) {}},
		{name: "DISC-08 no domain", edit: func(c *verifier.Config) { c.Domain = "" }, want: []string{"Domain, Domains or Resolver"}},
		{name: "DISC-08 empty list", edit: func(c *verifier.Config) { c.Domain, c.Domains = "", []ports.Domain{} }, want: []string{"Domains"}},
		{name: "DISC-08 blank domain", edit: func(c *verifier.Config) { c.Domain = " " }, want: []string{"Domain"}},
		{name: "DISC-08 blank entry", edit: func(c *verifier.Config) { c.Domains = []ports.Domain{{Issuer: "a.example"}, {Issuer: " "}} }, want: []string{"Domains[1]"}},
		{name: "DISC-02 http", edit: func(c *verifier.Config) { c.Domain = "http://issuer.example/" }, want: []string{"Domain"}},
		{name: "DISC-02 credentials", edit: func(c *verifier.Config) { c.Domain = "https://u:p@issuer.example/" }, want: []string{"Domain"}},
		{name: "DISC-02 query", edit: func(c *verifier.Config) { c.Domain = "https://issuer.example/?a" }, want: []string{"Domain"}},
		{name: "DISC-12 domain and domains is checked too", edit: func(c *verifier.Config) { c.Domain, c.Domains = "http://a", []ports.Domain{{Issuer: "b.example"}} }, want: []string{"Domain"}},
		{name: "an issuer twice", edit: func(c *verifier.Config) {
			c.Domains = []ports.Domain{{Issuer: "a.example"}, {Issuer: "https://A.example"}}
		}, want: []string{"Domains[1]"}},
		{name: "resolver and domains", edit: func(c *verifier.Config) {
			c.Domain, c.Domains, c.Resolver = "", []ports.Domain{{Issuer: issuerURL}}, resolved()
		}, want: []string{"Resolver"}},
		{name: "no audience", edit: func(c *verifier.Config) { c.Audiences = nil }, want: []string{"Audiences"}},
		{name: "blank audience", edit: func(c *verifier.Config) { c.Audiences = []string{"a", ""} }, want: []string{"Audiences[1]"}},
		{name: "blank audience of a domain", edit: func(c *verifier.Config) { c.Domains = []ports.Domain{{Issuer: "a.example", Audiences: []string{" "}}} }, want: []string{"Domains[0].Audiences[0]"}},
		{name: "no fetcher and no static keys", edit: func(c *verifier.Config) { c.Fetcher = nil }, want: []string{"Fetcher"}},
		{name: "no fetcher and static keys of one of two", edit: func(c *verifier.Config) {
			c.Fetcher = nil
			c.Domains = []ports.Domain{{Issuer: "a.example"}, {Issuer: "b.example"}}
			c.StaticKeys = map[string][]byte{"a.example": staticSet}
		}, want: []string{"Fetcher"}},
		{name: "KEYS-11 static keys of no domain", edit: func(c *verifier.Config) { c.StaticKeys = map[string][]byte{"other.example": staticSet} }, want: []string{`StaticKeys["other.example"]`}},
		{name: "KEYS-11 static keys of one domain, twice", edit: func(c *verifier.Config) {
			c.StaticKeys = map[string][]byte{"issuer.example": staticSet, issuerURL: staticSet}
		}, want: []string{`StaticKeys["issuer.example"]`}},
		{name: "KEYS-11 static garbage", edit: func(c *verifier.Config) { c.StaticKeys = map[string][]byte{issuerURL: []byte("key")} }, want: []string{`StaticKeys["https://issuer.example/"]`}},
		{name: "KEYS-11 static private key", edit: func(c *verifier.Config) {
			c.StaticKeys = map[string][]byte{issuerURL: []byte(`{"keys":[{"kty":"oct","k":"AA"}]}`)}
		}, want: []string{`StaticKeys["https://issuer.example/"]`}},
		{name: "JWS-09 none", edit: func(c *verifier.Config) { c.Algorithms = []string{"RS256", "none"} }, want: []string{"Algorithms[1]"}},
		{name: "JWS-10 HS256", edit: func(c *verifier.Config) { c.Algorithms = []string{"HS256"} }, want: []string{"Algorithms[0]"}},
		{name: "CLAIM-EXP-02 leeway of 5 minutes", edit: func(c *verifier.Config) { c.Leeway = 5 * time.Minute }},
		{name: "CLAIM-EXP-02 leeway over 5 minutes", edit: func(c *verifier.Config) { c.Leeway = 5*time.Minute + 1 }, want: []string{"Leeway"}},
		{name: "no leeway", edit: func(c *verifier.Config) { c.Leeway = -1 }},
		{name: "CLAIM-ORG-01 blank organization", edit: func(c *verifier.Config) { c.Organization = "\t " }, want: []string{"Organization"}},
		{name: "negative age", edit: func(c *verifier.Config) { c.MaxTokenAge = -1 }, want: []string{"MaxTokenAge"}},
		{name: "negative size", edit: func(c *verifier.Config) { c.MaxTokenBytes = -1 }, want: []string{"MaxTokenBytes"}},
		{name: "blank required claim", edit: func(c *verifier.Config) { c.RequiredClaims = []string{""} }, want: []string{"RequiredClaims[0]"}},
		{name: "CLAIM-ISS-05 algorithm of a domain", edit: each(ports.Domain{Algorithms: []string{"ES256", "HS256"}}), want: []string{"Domains[0].Algorithms[1]"}},
		{name: "CLAIM-ISS-05 type of a domain", edit: each(ports.Domain{Types: []string{"jwt", "application/DPoP+JWT"}}), want: []string{"Domains[0].Types[1]"}},
		{name: "CLAIM-ISS-05 types and the profile", edit: func(c *verifier.Config) {
			each(ports.Domain{Types: []string{"at+jwt"}})(c)
			c.RequireProfile = true
		}, want: []string{"Domains[0].Types"}},
		{name: "CLAIM-ISS-05 claims of a domain", edit: each(ports.Domain{ScopeClaim: " ", ClientClaim: "/a//b", RequiredClaims: []string{"a", ""}}),
			want: []string{"Domains[0].ScopeClaim", "Domains[0].ClientClaim", "Domains[0].RequiredClaims[1]"}},
		{name: "CLAIM-CLI-03 bound by clients and a value", edit: unbound(ports.Domain{Clients: []string{"app"}, RequiredValues: tokenUse})},
		{name: "CLAIM-CLI-03 bound by clients only", edit: unbound(ports.Domain{Clients: []string{"app"}}), want: []string{"Domains[0].RequiredValues"}},
		{name: "CLAIM-CLI-03 bound by a value only", edit: unbound(ports.Domain{RequiredValues: tokenUse}), want: []string{"Domains[0].Audiences"}},
		{name: "CLAIM-CLI-03 the value is the verifier's", edit: func(c *verifier.Config) {
			unbound(ports.Domain{Clients: []string{"app"}})(c)
			c.RequiredValues = tokenUse
		}, want: []string{"Domains[0].RequiredValues"}},
		{name: "CLAIM-CLI-02 blank client", edit: each(ports.Domain{Clients: []string{""}}), want: []string{"Domains[0].Clients[0]"}},
		{name: "CLAIM-REQ-02 values", edit: func(c *verifier.Config) {
			c.RequiredValues = []ports.RequiredValue{{Claim: "a"}, {OneOf: []string{"b"}}, {Claim: "/a/", Contains: []string{"b", " "}}}
		}, want: []string{"RequiredValues[0]", "RequiredValues[1].Claim", "RequiredValues[2].Contains[1]", "RequiredValues[2].Claim"}},
		{name: "CLAIM-AUD-04 no access tokens", edit: func(c *verifier.Config) { c.Audiences, c.NoAccessTokens = nil, true }},
		{name: "CLAIM-AUD-04 no access tokens, and audiences", edit: func(c *verifier.Config) { c.NoAccessTokens = true }, want: []string{"NoAccessTokens"}},
		{name: "DISC-17 keys at two places", edit: each(ports.Domain{Keys: ports.KeySource{JWKSURL: "https://a.example", Static: staticSet}}), want: []string{"Domains[0].Keys"}},
		{name: "DISC-17 static keys twice", edit: func(c *verifier.Config) {
			each(ports.Domain{Keys: ports.KeySource{JWKSURL: "https://a.example"}})(c)
			c.StaticKeys = map[string][]byte{issuerURL: staticSet}
		}, want: []string{"Domains[0].Keys"}},
		{name: "DISC-17 bad addresses", edit: each(ports.Domain{Keys: ports.KeySource{MetadataURL: "a.example", JWKSURL: "http://a.example"}}),
			want: []string{"Domains[0].Keys", "Domains[0].Keys.MetadataURL", "Domains[0].Keys.JWKSURL"}},
		{name: "DISC-17 an address with a query", edit: each(ports.Domain{Keys: ports.KeySource{MetadataURL: "https://a.example/m?p=flow"}})},
		{name: "DISC-17 static keys need no fetcher", edit: func(c *verifier.Config) {
			each(ports.Domain{Keys: ports.KeySource{Static: staticSet}})(c)
			c.Fetcher = nil
		}},
		{name: "DISC-18 no file", edit: each(ports.Domain{Keys: ports.KeySource{File: "testdata/none.json"}}), want: []string{"Domains[0].Keys.File"}},
		{name: "DISC-15 not a URL, and no keys", edit: func(c *verifier.Config) { c.Domain, c.ExactDomain = "acme", true }, want: []string{"Domain"}},
		{name: "DISC-15 not a URL, static keys", edit: func(c *verifier.Config) {
			c.Domain, c.ExactDomain, c.StaticKeys, c.Fetcher = "acme", true, map[string][]byte{"acme": staticSet}, nil
		}},
		{name: "DISC-16 placeholder", edit: func(c *verifier.Config) { c.Domain = "https://a.example/{tenantid}/v2.0" }, want: []string{"Domain"}},
		{name: "DISC-16 address of metadata", edit: func(c *verifier.Config) { c.Domain = "https://a.example/.well-known/openid-configuration" }, want: []string{"Domain"}},
		{name: "CLAIM-AUD-04 no audience of a domain", edit: func(c *verifier.Config) { each(ports.Domain{})(c); c.Audiences = nil }, want: []string{"Domains[0].Audiences"}},
		{name: "soft TTL over hard TTL", edit: func(c *verifier.Config) { c.Keys.SoftTTL = 25 * time.Hour }, want: []string{"Keys.SoftTTL"}},
		{name: "floor over soft TTL", edit: func(c *verifier.Config) { c.Keys.MinTTL = time.Hour }, want: []string{"Keys.MinTTL"}},
		{name: "no floor", edit: func(c *verifier.Config) { c.Keys.MinTTL = -1 }},
		{name: "soft TTL under the default floor", edit: func(c *verifier.Config) { c.Keys.SoftTTL = time.Second }},
		{name: "negative times", edit: func(c *verifier.Config) {
			c.Keys = verifier.KeyPolicy{SoftTTL: -1, HardTTL: -1, Cooldown: -1, FetchTimeout: -1}
		}, want: []string{"Keys.SoftTTL", "Keys.HardTTL", "Keys.Cooldown", "Keys.FetchTimeout"}},
		{name: "negative bounds", edit: func(c *verifier.Config) {
			c.Keys = verifier.KeyPolicy{WaitTimeout: -1, MaxFetches: -1, MaxDocumentBytes: -1, MaxKeys: -1, MaxIssuers: -1}
		}, want: []string{"Keys.WaitTimeout", "Keys.MaxFetches", "Keys.MaxDocumentBytes", "Keys.MaxKeys", "Keys.MaxIssuers"}},
		{name: "short secret", edit: func(c *verifier.Config) {
			c.Cache, c.CacheSecrets = &faultyCache{}, [][]byte{make([]byte, 32), make([]byte, 31)}
		}, want: []string{"CacheSecrets[1]"}},
		{name: "CACHE-21 cache without secrets", edit: func(c *verifier.Config) { c.Cache = &faultyCache{} }, want: []string{"CacheSecrets"}},
		{name: "CACHE-21 secrets without cache", edit: func(c *verifier.Config) { c.CacheSecrets = secrets }, want: []string{"CacheSecrets"}},
		{name: "CACHE-21 trust without cache", edit: func(c *verifier.Config) { c.InsecureTrustCache = true }, want: []string{"InsecureTrustCache"}},
		{name: "CACHE-21 trust and secrets", edit: func(c *verifier.Config) {
			c.Cache, c.CacheSecrets, c.InsecureTrustCache = &faultyCache{}, secrets, true
		}, want: []string{"InsecureTrustCache"}},
		{name: "unknown discovery", edit: func(c *verifier.Config) { c.Discovery = 9 }, want: []string{"Discovery"}},
		{name: "CHAL-02 realm with a line break", edit: func(c *verifier.Config) { c.Realm = "a\r\nb" }, want: []string{"Realm"}},
		{name: "relative resource", edit: func(c *verifier.Config) { c.Resource = "/orders" }, want: []string{"Resource"}},
		{name: "resource over http", edit: func(c *verifier.Config) { c.Resource = "http://api.example" }, want: []string{"Resource"}},
		{name: "resource over http on loopback", edit: func(c *verifier.Config) { c.Resource = "http://localhost/" }, want: []string{"Resource"}},
		{name: "resource with a fragment", edit: func(c *verifier.Config) { c.Resource = "https://api.example#a" }, want: []string{"Resource"}},
		{name: "resource with an empty query", edit: func(c *verifier.Config) { c.Resource = "https://api.example?" }, want: []string{"Resource"}},
		{name: "resource with a dot segment", edit: func(c *verifier.Config) { c.Resource = "https://api.example/a/%2e%2E/b" }, want: []string{"Resource"}},
		{name: "several faults at once", edit: func(c *verifier.Config) { c.Audiences, c.Fetcher, c.Leeway = nil, nil, time.Hour }, want: []string{"Audiences", "Leeway", "Fetcher"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := verifier.Config{Domain: issuerURL, Audiences: []string{audience}, Fetcher: ports.FetcherFunc(unavailable)}
			c.edit(&config)
			v, err := verifier.New(config)
			if err == nil {
				v.Close()
			} else {
				wantCode(t, err, verifier.CodeConfig)
			}
			if diff := cmp.Diff(c.want, faultyFields(err)); diff != "" {
				t.Errorf("fields (-want +got):\n%s\n%v", diff, err)
			}
		})
	}
}

// each has one domain, with what is said of it.
func each(d ports.Domain) func(*verifier.Config) {
	return func(c *verifier.Config) {
		d.Issuer = issuerURL
		c.Domain, c.Domains = "", []ports.Domain{d}
	}
}

var tokenUse = []ports.RequiredValue{{Claim: "token_use", OneOf: []string{"access"}}}

// unbound is each, without an audience.
func unbound(d ports.Domain) func(*verifier.Config) {
	return func(c *verifier.Config) {
		each(d)(c)
		c.Audiences = nil
	}
}

// faultyFields lists the fields that an error of New names, in their order.
func faultyFields(err error) []string {
	var fields []string
	var walk func(error)
	walk = func(err error) {
		switch e := err.(type) {
		case nil:
		case *verifier.FieldError:
			fields = append(fields, e.Field)
		case interface{ Unwrap() []error }:
			for _, inner := range e.Unwrap() {
				walk(inner)
			}
		}
	}
	walk(err)
	return fields
}

// staticSet is a set with one key that fits nothing that the tests sign.
var staticSet = []byte(`{"keys":[{"kty":"EC","crv":"P-256","kid":"p","x":"KSexBRK64-3c_kZ4KBKLrSkDJpkZ9whgacjE32xzKDg","y":"x3h5ZOqsAOWSH7FJimD0YGdms9loUAFVjRqXTnNBUT4"}]}`)

func resolved(domains ...ports.Domain) ports.DomainResolver {
	return ports.DomainResolverFunc(func(context.Context, ports.DomainQuery) ([]ports.Domain, error) { return domains, nil })
}

func TestKEYS11StaticKeysNeedNoFetch(t *testing.T) {
	k := key(t, "RS256", "key-1")
	jwk, err := k.JWK()
	if err != nil {
		t.Fatal(err)
	}
	var public jose.JSONWebKey
	if err := json.Unmarshal(jwk, &public); err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public.Key)
	if err != nil {
		t.Fatal(err)
	}
	for name, source := range map[string][]byte{
		"JWK Set": fmt.Appendf(nil, `{"keys":[%s]}`, jwk),
		"PEM":     pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
	} {
		t.Run(name, func(t *testing.T) {
			env := newEnvironment(t, func(c *verifier.Config) {
				c.Fetcher = nil
				c.StaticKeys = map[string][]byte{"issuer.example": source}
			})
			_, err := verify(t, env, token(t, env.issuer, nil))
			wantCode(t, err, "")
			other := sign(t, env.issuer, key(t, "RS256", "key-2"), header{"kid": "key-1"}, "")
			_, err = verify(t, env, other)
			wantCode(t, err, verifier.CodeSignature)
		})
	}
	t.Run("unknown kid", func(t *testing.T) {
		env := newEnvironment(t, func(c *verifier.Config) {
			c.Fetcher = nil
			c.StaticKeys = map[string][]byte{issuerURL: staticSet}
		})
		_, err := verify(t, env, token(t, env.issuer, nil))
		wantCode(t, err, verifier.CodeKeyUnknown)
	})
}

// A file that the keyring would refuse is found by New.
func TestDISC18FileOverTheBounds(t *testing.T) {
	k, err := key(t, "RS256", "key-1").JWK()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(path, fmt.Appendf(nil, `{"keys":[%s,%s]}`, k, bytes.Replace(k, []byte("key-1"), []byte("key-2"), 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for bounds, want := range map[verifier.KeyPolicy][]string{
		{MaxKeys: 2}:          nil,
		{MaxKeys: 1}:          {"Domains[0].Keys.File"},
		{MaxDocumentBytes: 9}: {"Domains[0].Keys.File"},
	} {
		v, err := verifier.New(verifier.Config{
			Domains: []ports.Domain{{Issuer: issuerURL, Keys: ports.KeySource{File: path}}}, Audiences: []string{audience}, Keys: bounds,
		})
		if err == nil {
			v.Close()
		}
		if diff := cmp.Diff(want, faultyFields(err)); diff != "" {
			t.Errorf("%+v: fields (-want +got):\n%s\n%v", bounds, diff, err)
		}
	}
}

// Keys that are configured are not asked for, whether a resolver names the issuer by Exact or not.
func TestKEYS11StaticKeysOfAResolversIssuer(t *testing.T) {
	for _, domain := range []ports.Domain{{Issuer: "https://issuer.example", Exact: true}, {Issuer: "issuer.example"}} {
		env := newEnvironment(t, func(c *verifier.Config) {
			c.Domain, c.StaticKeys = "", map[string][]byte{"https://issuer.example": staticSet}
			c.Fetcher = ports.FetcherFunc(func(context.Context, string) (ports.Document, error) {
				t.Errorf("%+v: the issuer was asked", domain)
				return ports.Document{}, errors.New("not here")
			})
			c.Resolver = ports.DomainResolverFunc(func(context.Context, ports.DomainQuery) ([]ports.Domain, error) {
				return []ports.Domain{domain}, nil
			})
		})
		issuer := "https://issuer.example"
		if !domain.Exact {
			issuer += "/"
		}
		_, err := verify(t, env, token(t, env.issuer, verifiertest.Claims{"iss": issuer}))
		wantCode(t, err, verifier.CodeKeyUnknown)
	}
}

func TestDomains(t *testing.T) {
	clock := verifiertest.NewClock(noon)
	a := newIssuer(t, "https://a.example/", clock, key(t, "RS256", "key-1"))
	other := newIssuer(t, "https://b.example/realms/main", clock, key(t, "RS256", "key-2"))
	asked := 0
	network := ports.FetcherFunc(func(ctx context.Context, url string) (ports.Document, error) {
		asked++
		if strings.HasPrefix(url, a.URL) {
			return a.Fetch(ctx, url)
		}
		return other.Fetch(ctx, url)
	})
	two := []ports.Domain{{Issuer: "a.example", Audiences: []string{"api-a"}}, {Issuer: other.URL}}
	configure := func(edit func(*verifier.Config)) func(*verifier.Config) {
		return func(c *verifier.Config) {
			c.Domain, c.Fetcher, c.Clock = "", network, clock
			edit(c)
		}
	}
	unavailable := fmt.Errorf("tenant database: %w", ports.ErrUnavailable)
	fails := func(err error) ports.DomainResolver {
		return ports.DomainResolverFunc(func(context.Context, ports.DomainQuery) ([]ports.Domain, error) { return nil, err })
	}

	for _, c := range []struct {
		name   string
		config func(*verifier.Config)
		token  string
		want   verifier.Code
		asked  bool
	}{
		{name: "CLAIM-ISS-02 first of two", config: func(c *verifier.Config) { c.Domains = two }, token: token(t, a, verifiertest.Claims{"aud": "api-a"}), asked: true},
		{name: "CLAIM-ISS-02 second of two", config: func(c *verifier.Config) { c.Domains = two }, token: token(t, other, nil), asked: true},
		{name: "CLAIM-AUD-02 audience of the other issuer", config: func(c *verifier.Config) { c.Domains = two }, token: token(t, other, verifiertest.Claims{"aud": "api-a"}), want: verifier.CodeAudience, asked: true},
		{name: "CLAIM-AUD-02 default audience where the issuer has its own", config: func(c *verifier.Config) { c.Domains = two }, token: token(t, a, nil), want: verifier.CodeAudience, asked: true},
		{name: "CLAIM-ISS-03 no request for a foreign issuer", config: func(c *verifier.Config) { c.Domains = two }, token: token(t, other, verifiertest.Claims{"iss": "https://evil.example/"}), want: verifier.CodeIssuer},
		{name: "CLAIM-ISS-04 key of another issuer", config: func(c *verifier.Config) { c.Domains = two }, token: token(t, other, verifiertest.Claims{"iss": a.URL, "aud": "api-a"}), want: verifier.CodeKeyUnknown, asked: true},
		{name: "CLAIM-ISS-04 key of another issuer under a known kid", config: func(c *verifier.Config) { c.Domains = two },
			token: sign(t, a, key(t, "RS256", "key-2"), header{"kid": "key-1"}, ""), want: verifier.CodeSignature, asked: true},
		{name: "DISC-12 domain and domains is not accepted", config: func(c *verifier.Config) { c.Domain, c.Domains = "a.example", two[1:] }, token: token(t, a, nil), want: verifier.CodeIssuer},
		{name: "DISC-10 resolver", config: func(c *verifier.Config) { c.Resolver = resolved(two...) }, token: token(t, other, nil), asked: true},
		{name: "DISC-10 resolver returns a bare domain", config: func(c *verifier.Config) { c.Resolver = resolved(two...) }, token: token(t, a, verifiertest.Claims{"aud": "api-a"}), asked: true},
		{name: "DISC-10 resolver names another", config: func(c *verifier.Config) { c.Resolver = resolved(two[0]) }, token: token(t, other, nil), want: verifier.CodeIssuer},
		{name: "DISC-11 resolver is away", config: func(c *verifier.Config) { c.Resolver = fails(unavailable) }, token: token(t, other, nil), want: verifier.CodeResolverUnavailable},
		{name: "DISC-11 resolver times out", config: func(c *verifier.Config) { c.Resolver = fails(context.DeadlineExceeded) }, token: token(t, other, nil), want: verifier.CodeResolverUnavailable},
		{name: "DISC-11 resolver leaves with its caller", config: func(c *verifier.Config) { c.Resolver = fails(context.Canceled) }, token: token(t, other, nil), want: verifier.CodeResolverUnavailable},
		{name: "DISC-11 resolver fails", config: func(c *verifier.Config) { c.Resolver = fails(errors.New("bug")) }, token: token(t, other, nil), want: verifier.CodeResolver},
		{name: "DISC-11 resolver returns nothing", config: func(c *verifier.Config) { c.Resolver = resolved() }, token: token(t, other, nil), want: verifier.CodeResolver},
		{name: "DISC-11 resolver returns an empty list", config: func(c *verifier.Config) { c.Resolver = resolved([]ports.Domain{}...) }, token: token(t, other, nil), want: verifier.CodeResolver},
		{name: "DISC-11 resolver returns a blank entry", config: func(c *verifier.Config) { c.Resolver = resolved(two[1], ports.Domain{}) }, token: token(t, other, nil), want: verifier.CodeResolver},
		{name: "DISC-11 resolver returns http", config: func(c *verifier.Config) { c.Resolver = resolved(ports.Domain{Issuer: "http://b.example/"}) }, token: token(t, other, nil), want: verifier.CodeResolver},
		{name: "DISC-11 resolver returns http on loopback", config: func(c *verifier.Config) { c.Resolver = resolved(two[1], ports.Domain{Issuer: "http://localhost/"}) }, token: token(t, other, nil), want: verifier.CodeResolver},
		{name: "DISC-11 resolver returns no audience", config: func(c *verifier.Config) { c.Audiences, c.Resolver = nil, resolved(two[1]) }, token: token(t, other, nil), want: verifier.CodeResolver},
		{name: "DISC-11 resolver returns an empty audience", config: func(c *verifier.Config) {
			c.Resolver = resolved(ports.Domain{Issuer: other.URL, Audiences: []string{audience, ""}})
		}, token: token(t, other, nil), want: verifier.CodeResolver},
		{name: "DISC-11 resolver returns a blank audience", config: func(c *verifier.Config) {
			c.Resolver = resolved(ports.Domain{Issuer: other.URL, Audiences: []string{audience, " "}})
		}, token: token(t, other, nil), want: verifier.CodeResolver},
		{name: "DISC-11 resolver returns an issuer twice", config: func(c *verifier.Config) {
			c.Resolver = resolved(two[1], ports.Domain{Issuer: other.URL, Audiences: []string{"api-b"}})
		}, token: token(t, other, nil), want: verifier.CodeResolver},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := newEnvironment(t, configure(c.config))
			asked = 0
			_, err := verify(t, env, c.token)
			wantCode(t, err, c.want)
			if (asked > 0) != c.asked {
				t.Errorf("%d requests left the process", asked)
			}
		})
	}
}

func TestCLAIMISS02ErrorTellsTheOperatorWhichIssuersAreAllowed(t *testing.T) {
	for _, c := range []struct {
		allowed int
		want    string
	}{
		{1, `iss is "https://issuer.example/", not "https://0.example/"`},
		{5, `iss is "https://issuer.example/", not "https://0.example/" or "https://1.example/" or "https://2.example/" or "https://3.example/" or "https://4.example/"`},
		{6, `iss is "https://issuer.example/", not "https://0.example/" or "https://1.example/" or "https://2.example/" or "https://3.example/" or "https://4.example/" or 1 more`},
	} {
		env := newEnvironment(t, func(config *verifier.Config) {
			config.Domain = ""
			for i := range c.allowed {
				config.Domains = append(config.Domains, ports.Domain{Issuer: fmt.Sprint(i, ".example")})
			}
		})
		_, err := verify(t, env, token(t, env.issuer, nil))
		if got := refusal(t, err).Detail; got != c.want {
			t.Errorf("of %d: %s, want %s", c.allowed, got, c.want)
		}
	}
}

// A resolver may have to look up a tenant: it is asked once, also where a remembered token must be verified again.
func TestFaultResolverIsAskedOnceAVerification(t *testing.T) {
	asked := 0
	env := newEnvironment(t, func(c *verifier.Config) {
		c.Domain = ""
		c.Resolver = ports.DomainResolverFunc(func(context.Context, ports.DomainQuery) ([]ports.Domain, error) {
			asked++
			return []ports.Domain{{Issuer: issuerURL}}, nil
		})
	})
	good := token(t, env.issuer, nil)
	passes := func(when string) {
		t.Helper()
		asked = 0
		_, err := verify(t, env, good)
		wantCode(t, err, "")
		if asked != 1 {
			t.Errorf("%s: asked %d times", when, asked)
		}
	}
	passes("never seen")
	passes("seen once")
	passes("remembered")
	// An unknown kid has the keys fetched again: they no longer vouch for what those before them verified.
	_, err := verify(t, env, sign(t, env.issuer, key(t, "RS256", "key-2"), nil, ""))
	wantCode(t, err, verifier.CodeKeyUnknown)
	passes("remembered, by a key that was fetched again")
}

func TestDISC10ResolverSeesTheRequest(t *testing.T) {
	var got ports.DomainQuery
	env := newEnvironment(t, func(c *verifier.Config) {
		c.Domain = ""
		c.Resolver = ports.DomainResolverFunc(func(_ context.Context, q ports.DomainQuery) ([]ports.Domain, error) {
			got = q
			return []ports.Domain{{Issuer: issuerURL}}, nil
		})
	})
	request := verifier.Request{
		URL:    "https://acme.api.example/orders",
		Header: map[string][]string{"Authorization": {"Bearer " + token(t, env.issuer, nil)}, "X-Tenant": {"acme"}},
	}
	for range 2 {
		got = ports.DomainQuery{}
		if _, err := env.VerifyRequest(t.Context(), request); err != nil {
			t.Fatal(err)
		}
		want := ports.DomainQuery{UnverifiedIssuer: issuerURL, URL: request.URL, Header: request.Header}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("query (-want +got):\n%s", diff)
		}
	}
}

func TestOutages(t *testing.T) {
	down := ports.FetcherFunc(func(context.Context, string) (ports.Document, error) { return ports.Document{}, errors.New("refused") })
	env := newEnvironment(t, func(c *verifier.Config) { c.Fetcher = down })
	good := token(t, env.issuer, nil)
	_, err := verify(t, env, good)
	wantCode(t, err, verifier.CodeIssuerUnavailable)
	var e *verifier.Error
	errors.As(err, &e)
	want := map[string][]string{"Cache-Control": {"no-store"}, "Retry-After": {"1"}}
	if diff := cmp.Diff(want, e.Header); diff != "" || e.Status != 503 {
		t.Errorf("CHAL-09: status %d, header (-want +got):\n%s", e.Status, diff)
	}
	if err := env.Warm(t.Context()); !errors.Is(err, verifier.Undecidable) {
		t.Errorf("Warm = %v while the issuer is down", err)
	}

	hangs := ports.FetcherFunc(func(ctx context.Context, _ string) (ports.Document, error) {
		<-ctx.Done()
		return ports.Document{}, ctx.Err()
	})
	env = newEnvironment(t, func(c *verifier.Config) { c.Fetcher = hangs })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = env.VerifyAccessToken(ctx, good)
	wantCode(t, err, verifier.CodeCanceled)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, verifier.Undecidable) {
		t.Errorf("error is %v of a caller that left", err)
	}
}

func TestWarm(t *testing.T) {
	env := newEnvironment(t, nil)
	if err := env.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := verify(t, env, token(t, env.issuer, nil)); err != nil {
		t.Fatal(err)
	}
	if metadata, keys := env.issuer.Fetched(); metadata != 1 || keys != 1 {
		t.Errorf("%d and %d fetches, want 1 and 1", metadata, keys)
	}
}

func TestMissingKeyID(t *testing.T) {
	allow := func(c *verifier.Config) {
		c.AllowMissingKeyID = true
		c.Algorithms = []string{"RS256", "ES256"}
	}
	k1, k2, es := key(t, "RS256", "key-1"), key(t, "RS256", "key-2"), key(t, "ES256", "key-3")
	for _, c := range []struct {
		name      string
		config    func(*verifier.Config)
		published []*verifiertest.Key
		want      verifier.Code
	}{
		{name: "KEYS-01 not allowed", published: []*verifiertest.Key{k1}, want: verifier.CodeKeyIDMissing},
		{name: "KEYS-01 one key that fits", config: allow, published: []*verifiertest.Key{k1, es}},
		{name: "KEYS-01 two keys that fit", config: allow, published: []*verifiertest.Key{k1, k2}, want: verifier.CodeKeyUnknown},
		{name: "KEYS-01 no key that fits", config: allow, published: []*verifiertest.Key{es}, want: verifier.CodeKeyUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := newEnvironment(t, c.config)
			env.issuer.SetKeys(c.published...)
			_, err := verify(t, env, sign(t, env.issuer, k1, header{"kid": verifiertest.Absent}, ""))
			wantCode(t, err, c.want)
		})
	}
}

func TestKEYS03SeveralKeysOfOneKeyID(t *testing.T) {
	var keys []*verifiertest.Key
	for n := range 5 {
		made := *key(t, "ES256", fmt.Sprintf("same-%d", n))
		made.ID = "same"
		keys = append(keys, &made)
	}
	env := newEnvironment(t, func(c *verifier.Config) { c.Algorithms = []string{"ES256"} })
	env.issuer.SetKeys(keys...)
	for n, k := range keys {
		want := verifier.Code("")
		if n >= 4 {
			want = verifier.CodeSignature // only four are tried
		}
		_, err := verify(t, env, sign(t, env.issuer, k, nil, ""))
		t.Run(fmt.Sprintf("KEYS-03 key %d", n+1), func(t *testing.T) { wantCode(t, err, want) })
	}
}

func TestDISC04MetadataAddress(t *testing.T) {
	for discovery, want := range map[verifier.Discovery]string{
		verifier.OpenIDConfiguration:         "https://id.example/realms/a/.well-known/openid-configuration",
		verifier.AuthorizationServerMetadata: "https://id.example/.well-known/oauth-authorization-server/realms/a",
	} {
		var first string
		env := newEnvironment(t, func(c *verifier.Config) {
			c.Domain, c.Discovery = "https://id.example/realms/a", discovery
			c.Fetcher = ports.FetcherFunc(func(_ context.Context, url string) (ports.Document, error) {
				first = url
				return ports.Document{}, errors.New("that will do")
			})
		})
		_ = env.Warm(t.Context())
		if first != want {
			t.Errorf("metadata asked for at %q, want %q", first, want)
		}
	}
}

// A cache that is trusted by name is used without secrets; otherwise what it holds must be authentic.
func TestCACHE21TrustedCache(t *testing.T) {
	embedded, err := memory.NewCache(memory.CacheConfig{})
	if err != nil {
		t.Fatal(err)
	}
	cache := tellingCache{embedded, make(chan struct{}, 1)}
	trusting := func(c *verifier.Config) { c.Cache, c.InsecureTrustCache = cache, true }
	first, _ := newFaultBench(t, trusting)
	good := longToken(t, first)
	_, err = verify(t, first, good)
	wantCode(t, err, "")
	<-cache.written

	down := ports.FetcherFunc(unavailable)
	second, _ := newFaultBench(t, func(c *verifier.Config) { trusting(c); c.Fetcher = down })
	_, err = verify(t, second, good)
	wantCode(t, err, "")
	third, _ := newFaultBench(t, func(c *verifier.Config) { c.Cache, c.CacheSecrets, c.Fetcher = cache, secrets, down })
	_, err = verify(t, third, good)
	wantCode(t, err, verifier.CodeIssuerUnavailable)
}

// A tellingCache tells when it was written.
type tellingCache struct {
	ports.Cache
	written chan struct{}
}

func (c tellingCache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	err := c.Cache.Set(ctx, key, value, ttl)
	c.written <- struct{}{}
	return err
}
