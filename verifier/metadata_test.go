package verifier_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

// TestDISC12DomainBesideDomains verifies tokens by the list, and finds the endpoints of the one domain.
func TestDISC12DomainBesideDomains(t *testing.T) {
	env := newEnvironment(t, nil)
	custom := newIssuer(t, "https://login.example/", env.clock, key(t, "RS256", "custom"))
	fetched := ports.FetcherFunc(func(ctx context.Context, url string) (ports.Document, error) {
		if document, err := custom.Fetch(ctx, url); err == nil {
			return document, nil
		}
		return env.issuer.Fetch(ctx, url)
	})
	hybrid := newEnvironment(t, func(c *verifier.Config) {
		c.Domain, c.Domains = "login.example", []ports.Domain{{Issuer: issuerURL}}
		c.Fetcher = fetched
	})
	if _, err := verify(t, hybrid, token(t, env.issuer, nil)); err != nil {
		t.Errorf("a token of the list: %v", err)
	}
	_, err := verify(t, hybrid, token(t, custom, nil))
	wantCode(t, err, verifier.CodeIssuer)

	metadata, err := hybrid.Metadata(t.Context())
	want := verifier.Metadata{
		Issuer:                "https://login.example/",
		AuthorizationEndpoint: "https://login.example/authorize",
		TokenEndpoint:         "https://login.example/token",
	}
	if err != nil || metadata != want {
		t.Errorf("Metadata = %+v, %v; want %+v", metadata, err, want)
	}
}

// A resolver says whose tokens are accepted. The domain is the one whose endpoints are asked, and whose ID tokens are
// verified.
func TestDISC12DomainBesideResolver(t *testing.T) {
	env := newEnvironment(t, nil)
	login := newIssuer(t, "https://login.example/", env.clock, key(t, "RS256", "custom"))
	hybrid := newEnvironment(t, func(c *verifier.Config) {
		c.Domain, c.Resolver = "login.example", resolved(ports.Domain{Issuer: issuerURL})
		c.Fetcher = ports.FetcherFunc(func(ctx context.Context, url string) (ports.Document, error) {
			if document, err := login.Fetch(ctx, url); err == nil {
				return document, nil
			}
			return env.issuer.Fetch(ctx, url)
		})
	})
	if _, err := verify(t, hybrid, token(t, env.issuer, nil)); err != nil {
		t.Errorf("a token of the resolver's issuer: %v", err)
	}
	_, err := verify(t, hybrid, token(t, login, nil))
	wantCode(t, err, verifier.CodeIssuer)
	if metadata, err := hybrid.Metadata(t.Context()); err != nil || metadata.TokenEndpoint != "https://login.example/token" {
		t.Errorf("Metadata = %+v, %v", metadata, err)
	}
}

func TestDISC03ExactDomain(t *testing.T) {
	const exact = "https://accounts.example"
	env := newEnvironment(t, nil)
	issuer := newIssuer(t, exact, env.clock, key(t, "RS256", "key-1"))
	for _, c := range []struct {
		name  string
		exact bool
		want  verifier.Code
	}{
		{"DISC-03 as written", true, ""},
		{"DISC-01 with its slash", false, verifier.CodeIssuer},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := newEnvironment(t, func(config *verifier.Config) {
				config.Domain, config.ExactDomain, config.Fetcher = exact, c.exact, issuer
			})
			_, err := verify(t, env, token(t, issuer, nil))
			wantCode(t, err, c.want)
			if metadata, err := env.Metadata(t.Context()); c.exact && (err != nil || metadata.Issuer != exact) {
				t.Errorf("Metadata = %+v, %v", metadata, err)
			}
		})
	}
}

func TestMetadata(t *testing.T) {
	document := func(endpoints string) func(*verifier.Config) {
		return func(c *verifier.Config) {
			issuer := c.Fetcher
			c.Fetcher = ports.FetcherFunc(func(ctx context.Context, url string) (ports.Document, error) {
				if url != issuerURL+".well-known/openid-configuration" {
					return issuer.Fetch(ctx, url)
				}
				return ports.Document{Body: []byte(`{"issuer":"` + issuerURL + `","jwks_uri":"` + issuerURL + `jwks"` + endpoints + `}`)}, nil
			})
		}
	}
	for _, c := range []struct {
		name   string
		config func(*verifier.Config)
		want   string // the token endpoint
		code   verifier.Code
	}{
		{name: "a token endpoint", config: document(`,"token_endpoint":"https://x.example/token?a=b"`), want: "https://x.example/token?a=b"},
		{name: "none", config: document(``)},
		{name: "one over http", config: document(`,"token_endpoint":"http://x.example/token"`)},
		{name: "one with credentials", config: document(`,"token_endpoint":"https://a:b@x.example/token"`)},
		{name: "one that is not a string", config: document(`,"token_endpoint":1`)},
		{name: "the issuer is away", config: func(c *verifier.Config) {
			c.Fetcher = ports.FetcherFunc(func(context.Context, string) (ports.Document, error) {
				return ports.Document{}, errors.New("refused")
			})
		}, code: verifier.CodeIssuerUnavailable},
		{name: "no Domain", config: func(c *verifier.Config) { c.Domain, c.Domains = "", []ports.Domain{{Issuer: issuerURL}} }, code: verifier.CodeConfig},
		{name: "no Fetcher", config: func(c *verifier.Config) {
			jwk, err := key(t, "RS256", "key-1").JWK()
			if err != nil {
				t.Fatal(err)
			}
			c.Fetcher, c.StaticKeys = nil, map[string][]byte{issuerURL: []byte(`{"keys":[` + string(jwk) + `]}`)}
		}, code: verifier.CodeConfig},
	} {
		t.Run(c.name, func(t *testing.T) {
			metadata, err := newEnvironment(t, c.config).Metadata(t.Context())
			wantCode(t, err, c.code)
			if metadata.TokenEndpoint != c.want {
				t.Errorf("the token endpoint is %q, want %q", metadata.TokenEndpoint, c.want)
			}
		})
	}
}

// RFC 9207 section 3: only true is true.
func TestMetadataSaysWhetherTheIssuerNamesItself(t *testing.T) {
	for _, c := range []struct {
		member string
		want   bool
	}{
		{``, false},
		{`,"authorization_response_iss_parameter_supported":true`, true},
		{`,"authorization_response_iss_parameter_supported":false`, false},
		{`,"authorization_response_iss_parameter_supported":"true"`, false},
		{`,"authorization_response_iss_parameter_supported":1`, false},
		{`,"authorization_response_iss_parameter_supported":null`, false},
	} {
		t.Run(c.member, func(t *testing.T) {
			env := newEnvironment(t, nil)
			fetcher := ports.FetcherFunc(func(ctx context.Context, url string) (ports.Document, error) {
				document, err := env.issuer.Fetch(ctx, url)
				if strings.HasSuffix(url, "/openid-configuration") {
					document.Body = append(bytes.TrimSuffix(bytes.TrimSpace(document.Body), []byte("}")), c.member+"}"...)
				}
				return document, err
			})
			env = newEnvironment(t, func(config *verifier.Config) { config.Fetcher = fetcher })
			metadata, err := env.Metadata(t.Context())
			if err != nil || metadata.AuthorizationResponseIssParameterSupported != c.want {
				t.Errorf("Metadata = %+v, %v", metadata, err)
			}
		})
	}
}
