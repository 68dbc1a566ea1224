package verifier_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A provider is an issuer of the field: how it is configured, and what its access tokens look like.
type provider struct {
	domain         ports.Domain
	issuer         string // iss of its tokens
	algorithm, typ string // of its tokens, if others than RS256 and JWT
	claims         verifiertest.Claims
	scopes         []string
	client         string
	wrong          verifiertest.Claims // makes a token of something or someone else
	want           verifier.Code
}

const otherAudience = "https://other.example"

// providers write their tokens as their documentation shows.
var providers = map[string]provider{
	"Auth0": {
		domain: ports.Domain{Issuer: "tenant.us.auth0.com", Audiences: []string{audience}}, issuer: "https://tenant.us.auth0.com/",
		claims: verifiertest.Claims{"aud": []string{audience, "https://tenant.us.auth0.com/userinfo"}, "azp": "spa", "scope": "openid read:orders"},
		scopes: []string{"openid", "read:orders"}, client: "spa",
		wrong: verifiertest.Claims{"aud": "https://tenant.us.auth0.com/userinfo"}, want: verifier.CodeAudience,
	},
	"Okta": {
		domain: ports.Domain{Issuer: "https://org.okta.com/oauth2/default", Audiences: []string{"api://default"}}, issuer: "https://org.okta.com/oauth2/default",
		claims: verifiertest.Claims{"aud": "api://default", "cid": "0oa1", "uid": "00u1", "scp": []string{"openid", "read:orders"}},
		scopes: []string{"openid", "read:orders"}, client: "0oa1",
		wrong: verifiertest.Claims{"aud": otherAudience}, want: verifier.CodeAudience,
	},
	"Entra v1, roles": {
		domain: ports.Domain{Issuer: "https://sts.windows.net/7f3a/", Audiences: []string{"api://orders"}, ScopeClaim: "roles", RequiredValues: []ports.RequiredValue{{Claim: "tid", OneOf: []string{"7f3a"}}}},
		issuer: "https://sts.windows.net/7f3a/",
		claims: verifiertest.Claims{"aud": "api://orders", "appid": "client", "tid": "7f3a", "ver": "1.0", "roles": []string{"Orders.Read"}},
		scopes: []string{"Orders.Read"}, client: "client",
		wrong: verifiertest.Claims{"tid": "other"}, want: verifier.CodeClaimValue,
	},
	"Keycloak": {
		domain: ports.Domain{
			Issuer: "https://id.example.com/realms/main", Audiences: []string{"account"}, Clients: []string{"shop"}, ScopeClaim: "/realm_access/roles",
		},
		issuer: "https://id.example.com/realms/main",
		claims: verifiertest.Claims{"aud": "account", "azp": "shop", "typ": "Bearer", "scope": "profile", "realm_access": verifiertest.Claims{"roles": []string{"clerk"}}},
		scopes: []string{"clerk"}, client: "shop",
		wrong: verifiertest.Claims{"azp": "other"}, want: verifier.CodeClient,
	},
	"Amazon Cognito": {
		domain: ports.Domain{
			Issuer: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_example", Clients: []string{"1example"},
			RequiredValues: []ports.RequiredValue{{Claim: "token_use", OneOf: []string{"access"}}},
		},
		issuer: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_example", typ: "none",
		claims: verifiertest.Claims{"aud": verifiertest.Absent, "client_id": "1example", "token_use": "access", "scope": "orders/read", "version": 2},
		scopes: []string{"orders/read"}, client: "1example",
		wrong: verifiertest.Claims{"token_use": "id", "aud": "1example"}, want: verifier.CodeClaimValue,
	},
	"Clerk": {
		domain: ports.Domain{
			Issuer: "https://clerk.example.com", Exact: true, Clients: []string{"https://app.example.com"},
			RequiredValues: []ports.RequiredValue{{Claim: "sts", OneOf: []string{"active"}}},
		},
		issuer: "https://clerk.example.com",
		claims: verifiertest.Claims{"aud": verifiertest.Absent, "azp": "https://app.example.com", "sid": "sess_1", "sts": "active"},
		client: "https://app.example.com",
		wrong:  verifiertest.Claims{"azp": "https://evil.example"}, want: verifier.CodeClient,
	},
	"Google IAP": {
		domain: ports.Domain{
			Issuer: "https://cloud.google.com/iap", Audiences: []string{"/projects/1/global/backendServices/2"}, Algorithms: []string{"ES256"},
			Keys: ports.KeySource{JWKSURL: "https://www.gstatic.com/iap/verify/public_key-jwk"},
		},
		issuer: "https://cloud.google.com/iap", algorithm: "ES256",
		claims: verifiertest.Claims{"aud": "/projects/1/global/backendServices/2", "email": "ada@example.com", "azp": "/projects/1/global/backendServices/2"},
		client: "/projects/1/global/backendServices/2",
		wrong:  verifiertest.Claims{"aud": "/projects/1/global/backendServices/3"}, want: verifier.CodeAudience,
	},
	"Azure AD B2C": {
		domain: ports.Domain{
			Issuer: "https://tenant.b2clogin.com/7f3a/v2.0/", Audiences: []string{"orders"},
			Keys: ports.KeySource{MetadataURL: "https://tenant.b2clogin.com/tenant.onmicrosoft.com/v2.0/.well-known/openid-configuration?p=b2c_1_flow"},
		},
		issuer: "https://tenant.b2clogin.com/7f3a/v2.0/",
		claims: verifiertest.Claims{"aud": "orders", "azp": "spa", "scp": "read write", "tfp": "B2C_1_flow", "ver": "1.0"},
		scopes: []string{"read", "write"}, client: "spa",
		wrong: verifiertest.Claims{"aud": otherAudience}, want: verifier.CodeAudience,
	},
	"Kubernetes, legacy": {
		domain: ports.Domain{
			Issuer: "kubernetes/serviceaccount", Exact: true, Audiences: []string{audience},
			Keys:           ports.KeySource{JWKSURL: "https://kubernetes.default.svc/openid/v1/jwks"},
			RequiredValues: []ports.RequiredValue{{Claim: "/kubernetes.io/namespace", OneOf: []string{"shop"}}},
		},
		issuer: "kubernetes/serviceaccount", typ: "none",
		claims: verifiertest.Claims{"aud": []string{audience}, "kubernetes.io": verifiertest.Claims{"namespace": "shop"}},
		wrong:  verifiertest.Claims{"kubernetes.io": verifiertest.Claims{"namespace": "other"}}, want: verifier.CodeClaimValue,
	},
}

// TestProvidersOnOneVerifier has one verifier accept the tokens of all providers, each by its own policy, find scopes and
// clients where each has them, and refuse what is for someone else.
func TestProvidersOnOneVerifier(t *testing.T) {
	var domains []ports.Domain
	issuers := make(map[string]*verifiertest.Issuer)
	published := make(map[string]func(context.Context) (ports.Document, error))
	clock := verifiertest.NewClock(noon)
	for name, p := range providers {
		issuer := newIssuer(t, p.issuer, clock, p.key(t))
		issuers[name], domains = issuer, append(domains, p.domain)
		base := strings.TrimSuffix(p.issuer, "/")
		publish := func(at, path string) {
			published[at] = func(ctx context.Context) (ports.Document, error) { return issuer.Fetch(ctx, base+path) }
		}
		publish(base+"/jwks", "/jwks")
		switch keys := p.domain.Keys; {
		case keys.JWKSURL != "":
			publish(keys.JWKSURL, "/jwks")
		case keys.MetadataURL != "":
			publish(keys.MetadataURL, "/.well-known/openid-configuration")
		default:
			publish(base+"/.well-known/openid-configuration", "/.well-known/openid-configuration")
		}
	}
	v := newEnvironment(t, func(c *verifier.Config) {
		c.Domain, c.Domains, c.Audiences, c.Clock = "", domains, nil, clock
		c.Fetcher = ports.FetcherFunc(func(ctx context.Context, url string) (ports.Document, error) {
			if fetch := published[url]; fetch != nil {
				return fetch(ctx)
			}
			return ports.Document{}, errors.New("nothing is published there")
		})
	})
	for name, p := range providers {
		t.Run(name, func(t *testing.T) {
			got, err := verify(t, v, p.token(t, issuers[name], nil))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(p.scopes, got.Scopes); diff != "" || got.ClientID != p.client || got.Issuer != p.issuer {
				t.Errorf("issuer %q, client %q, scopes (-want +got):\n%s", got.Issuer, got.ClientID, diff)
			}
			_, err = verify(t, v, p.token(t, issuers[name], p.wrong))
			wantCode(t, err, p.want)
		})
	}
}

func (p provider) key(t *testing.T) *verifiertest.Key {
	if p.algorithm != "" {
		return key(t, p.algorithm, "key-"+p.algorithm)
	}
	return key(t, "RS256", "key-1")
}

// token returns an access token as the provider writes them, with changes.
func (p provider) token(t *testing.T, issuer *verifiertest.Issuer, changes verifiertest.Claims) string {
	t.Helper()
	claims := maps.Clone(p.claims)
	maps.Copy(claims, changes)
	payload, err := issuer.Payload(claims)
	if err != nil {
		t.Fatal(err)
	}
	var typ any = "JWT"
	if p.typ == "none" {
		typ = verifiertest.Absent
	}
	return sign(t, issuer, p.key(t), header{"typ": typ}, string(payload))
}
