package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// TestPageIsUpToDate fails after a change of the fixtures until the page is written.
func TestPageIsUpToDate(t *testing.T) {
	before, err := os.ReadFile("../../../docs/providers.md")
	if err != nil {
		t.Fatal(err)
	}
	after, err := page()
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("docs/providers.md is stale: run make generate")
	}
}

// TestProviders has each configuration of the page accept the token that the page shows and refuse those for someone else:
// on its own, and on one verifier for all.
func TestProviders(t *testing.T) {
	var all []provider
	for _, group := range groups {
		all = append(all, group.Providers...)
	}
	signers := newSigners(t)
	together := signers.verifier(t, all...)
	for _, p := range all {
		for name, v := range map[string]*verifier.Verifier{"own verifier": signers.verifier(t, p), "one verifier for all": together} {
			t.Run(p.name+"/"+name, func(t *testing.T) {
				got, err := v.VerifyAccessToken(t.Context(), signers.token(t, p, other{}))
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(got.Scopes, p.scopes) || got.ClientID != p.client || got.Issuer != p.issuer() {
					t.Errorf("issuer %q, client %q, scopes %q; want %q, %q, %q", got.Issuer, got.ClientID, got.Scopes, p.issuer(), p.client, p.scopes)
				}
				for _, wrong := range []other{p.wrongAudience, p.wrongTenant, p.idToken} {
					if wrong.Code == "" {
						continue // an ID token that other claims tell apart
					}
					if _, err := v.VerifyAccessToken(t.Context(), signers.token(t, p, wrong)); !errors.Is(err, wrong.Code) {
						t.Errorf("with %v: %v, want %s", wrong.claims, err, wrong.Code)
					}
				}
			})
		}
	}
}

// TestScopeClaims has the scopes found in the other claims that the page names.
func TestScopeClaims(t *testing.T) {
	signers := newSigners(t)
	for _, test := range []struct {
		name, scopeClaim string
		changes          claims
		want             []string
	}{
		{"Auth0", "permissions", nil, []string{"read:orders"}},
		{"Keycloak", "/realm_access/roles", nil, []string{"clerk"}},
		{"Entra, v2.0 tokens", "roles", claims{"scp": nil, "roles": []string{"Orders.Read.All"}}, []string{"Orders.Read.All"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := identityProviders[slices.IndexFunc(identityProviders, func(p provider) bool { return p.name == test.name })]
			p.domain.ScopeClaim = test.scopeClaim
			got, err := signers.verifier(t, p).VerifyAccessToken(t.Context(), signers.token(t, p, other{claims: test.changes}))
			if err != nil || !slices.Equal(got.Scopes, test.want) {
				t.Errorf("%+v, %v, want the scopes %q", got, err, test.want)
			}
		})
	}
}

// TestSeveralTenants has tenants of Entra accepted that are in the list, and all others refused.
func TestSeveralTenants(t *testing.T) {
	signers := newSigners(t)
	p := identityProviders[slices.IndexFunc(identityProviders, func(p provider) bool { return p.resolver != nil })]
	const first, second, third = "11112222-bbbb-3333-cccc-4444dddd5555", "22223333-cccc-4444-dddd-5555eeee6666", "aaaabbbb-0000-cccc-1111-dddd2222eeee"
	of := func(iss, tid string) provider {
		p := p
		p.claims = p.claims.with(claims{"iss": "https://login.microsoftonline.com/" + iss + "/v2.0", "tid": tid})
		return p
	}
	config := signers.config(t, p, of(second, second), of(third, third))
	config.Domains, config.Resolver = nil, p.resolver([]string{first, second})
	resolving := newVerifier(t, config)
	config.Domains, config.Resolver = []ports.Domain{entraTenant(first), entraTenant(second)}, nil
	for name, v := range map[string]*verifier.Verifier{"Resolver": resolving, "Domains": newVerifier(t, config)} {
		for _, test := range []struct {
			iss, tid string
			want     error
		}{
			{first, first, nil},
			{second, second, nil},
			{third, third, verifier.CodeIssuer},
			{"{tenantid}", first, verifier.CodeIssuer},
			{"common", first, verifier.CodeIssuer},
			{first, second, verifier.CodeClaimValue},
		} {
			if _, err := v.VerifyAccessToken(t.Context(), signers.token(t, of(test.iss, test.tid), other{})); !errors.Is(err, test.want) {
				t.Errorf("%s: iss of %s, tid %s: %v, want %v", name, test.iss, test.tid, err, test.want)
			}
		}
	}
}

// TestNotVerified has what the page says can't be verified refused with the codes that it names.
func TestNotVerified(t *testing.T) {
	signers := newSigners(t)
	i := slices.IndexFunc(workloads, func(p provider) bool { return strings.HasPrefix(p.name, "SPIFFE") })
	spiffe, v := workloads[i], signers.verifier(t, workloads[i])
	padded := strings.Split(signers.token(t, spiffe, other{}), ".")
	for n, part := range padded {
		bytes, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			bytes = append(bytes, " "[:(4-len(bytes)%3)%3]...) // so that there is padding
		}
		padded[n] = base64.URLEncoding.EncodeToString(bytes)
	}
	bundle := signers
	bundle.use = "jwt-svid"
	for name, test := range map[string]struct {
		v     *verifier.Verifier
		token string
		want  verifier.Code
	}{
		"AWS ALB":       {v, strings.Join(padded, "."), verifier.CodeTokenMalformed},
		"opaque":        {v, "ya29.a0AfB_by", verifier.CodeTokenMalformed},
		"SPIFFE no iss": {v, signers.token(t, spiffe, other{claims: claims{"iss": nil}}), verifier.CodeClaimMissing},
		"SPIFFE bundle": {bundle.verifier(t, spiffe), signers.token(t, spiffe, other{}), verifier.CodeIssuerUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := test.v.VerifyAccessToken(t.Context(), test.token); !errors.Is(err, test.want) {
				t.Errorf("error is %v, want %s", err, test.want)
			}
		})
	}
	hmac := spiffe.domain
	hmac.Algorithms = []string{"HS256"}
	if _, err := verifier.New(verifier.Config{Domains: []ports.Domain{hmac}, Fetcher: signers.publish(t)}); !errors.Is(err, verifier.CodeConfig) {
		t.Errorf("HS256: %v", err)
	}
}

// signers are the keys of all providers: only what a domain demands can tell one's tokens from another's.
type signers struct {
	keys map[string]*verifiertest.Key // by algorithm
	bad  *verifiertest.Key            // which no one publishes
	use  string                       // of the published keys, if another than sig
}

func newSigners(t *testing.T) signers {
	keys := make(map[string]*verifiertest.Key)
	for _, algorithm := range []string{"RS256", "ES256"} {
		keys[algorithm] = verifiertest.MustKey(t, algorithm, algorithm+"-key")
	}
	return signers{keys: keys, bad: verifiertest.MustKey(t, "RS256", "key-of-someone-else")}
}

// verifier returns one with the domains of these providers.
func (s signers) verifier(t *testing.T, providers ...provider) *verifier.Verifier {
	t.Helper()
	return newVerifier(t, s.config(t, providers...))
}

func newVerifier(t *testing.T, config verifier.Config) *verifier.Verifier {
	t.Helper()
	v, err := verifier.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

func (s signers) config(t *testing.T, providers ...provider) verifier.Config {
	t.Helper()
	var domains []ports.Domain
	for _, p := range providers {
		domains = append(domains, p.domain)
	}
	return verifier.Config{
		Domains: domains, Fetcher: s.publish(t, providers...), Clock: verifiertest.NewClock(time.Unix(noon, 0)),
		Keys: verifier.KeyPolicy{WaitTimeout: time.Minute, FetchTimeout: time.Minute}, ResolverTimeout: time.Minute, // for busy machines
	}
}

// publish serves metadata and keys where the providers have them, and nothing else.
func (s signers) publish(t *testing.T, providers ...provider) ports.Fetcher {
	t.Helper()
	const keysURL = "https://keys.example/jwks"
	published := map[string]any{keysURL: s.set(t, s.use)}
	for _, p := range providers {
		issuer := p.issuer()
		metadata := claims{"issuer": issuer, "jwks_uri": keysURL}
		switch keys := p.domain.Keys; {
		case keys.SPIFFETrustDomain != "":
			published[keys.JWKSURL] = s.set(t, "jwt-svid")
		case keys.JWKSURL != "":
			published[keys.JWKSURL] = published[keysURL]
		case keys.MetadataURL != "":
			published[keys.MetadataURL] = metadata
		default:
			published[strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration"] = metadata
		}
	}
	return ports.FetcherFunc(func(_ context.Context, url string) (ports.Document, error) {
		document, found := published[url]
		if !found {
			return ports.Document{}, fmt.Errorf("nothing is published at %s", url)
		}
		body, err := json.Marshal(document)
		return ports.Document{Body: body}, err
	})
}

// set is the key set of all keys, with that use if it is not the usual one.
func (s signers) set(t *testing.T, use string) claims {
	t.Helper()
	var set []json.RawMessage
	for _, key := range s.keys {
		jwk, err := key.JWK()
		if err != nil {
			t.Fatal(err)
		}
		if use != "" {
			jwk = json.RawMessage(strings.Replace(string(jwk), `"use":"sig"`, fmt.Sprintf(`"use":%q`, use), 1))
		}
		set = append(set, jwk)
	}
	return claims{"keys": set}
}

// token returns the provider's token as the page shows it, with what differs.
func (s signers) token(t *testing.T, p provider, differs other) string {
	t.Helper()
	key, header := s.keys[p.algorithm()], p.Header()
	if differs.key {
		key = s.bad
		header = header.with(claims{"kid": key.ID})
	}
	head, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(p.Claims().with(differs.claims))
	if err != nil {
		t.Fatal(err)
	}
	token, err := key.Sign(head, payload)
	if err != nil {
		t.Fatal(err)
	}
	return token
}
