package catalogue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/conformance/fault"
	. "github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/exchange"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// discoveryCases are about domains, issuers and discovery (OpenID Connect Discovery section 4, RFC 8414 section 3).
func discoveryCases() []Case {
	const (
		plain = "https://issuer.example/"
		realm = "https://issuer.example/realms/main"
	)
	return []Case{
		elsewhereCase("DISC-01.bare", Accepted, "a bare domain", "issuer.example", plain, plain+openID),
		elsewhereCase("DISC-01.untidy", Accepted, "a bare domain with white space and capitals",
			"  Issuer.EXAMPLE ", plain, plain+openID),
		elsewhereCase("DISC-01.url", Accepted, "the URL of a domain without its slash",
			"https://issuer.example", plain, plain+openID),
		elsewhereCase("DISC-01.other-subdomain", BadToken, "a token of a subdomain",
			"issuer.example", "https://a.issuer.example/", plain+openID).ReportedAs("CLAIM-ISS-02"),

		ConfigCase("DISC-02.https", Accepted, "an https URL", domain(plain)),
		ConfigCase("DISC-02.http", RefusedByNew, "an http URL", domain("http://issuer.example/")),
		ConfigCase("DISC-02.credentials", RefusedByNew, "a URL with credentials",
			domain("https://user:password@issuer.example/")),
		ConfigCase("DISC-02.query", RefusedByNew, "a URL with a query", domain(plain+"?a=b")),
		ConfigCase("DISC-02.fragment", RefusedByNew, "a URL with a fragment", domain(plain+"#a")),
		ConfigCase("DISC-02.scheme", RefusedByNew, "a URL of another scheme", domain("ftp://issuer.example/")),
		ConfigCase("DISC-02.loopback", RefusedByNew, "http on a loopback address",
			domain("http://127.0.0.1:8080/")),
		ConfigCase("DISC-02.loopback-allowed", Accepted, "http on a loopback address, which is allowed",
			func(_ *Environment, c *verifier.Config) {
				c.Domain, c.InsecureAllowLoopbackHTTP = "http://127.0.0.1:8080/", true
			}),
		ConfigCase("DISC-02.http-allowed", RefusedByNew, "http elsewhere, where loopback is allowed",
			func(_ *Environment, c *verifier.Config) {
				c.Domain, c.InsecureAllowLoopbackHTTP = "http://issuer.example/", true
			}),

		elsewhereCase("DISC-03.path", Accepted, "an issuer URL with a path", realm, realm, realm+"/"+openID),
		elsewhereCase("DISC-03.path-with-slash", Accepted, "an issuer URL with a path and a slash",
			realm+"/", realm+"/", realm+"/"+openID),
		elsewhereCase("DISC-03.slash-missing", BadToken, "a token whose iss lacks the slash",
			realm+"/", realm, realm+"/"+openID).ReportedAs("CLAIM-ISS-02"),
		elsewhereCase("DISC-03.slash-added", BadToken, "a token whose iss has a slash more",
			realm, realm+"/", realm+"/"+openID).ReportedAs("CLAIM-ISS-02"),

		elsewhereCase("DISC-04.openid", Accepted, "metadata behind the issuer's path",
			realm, realm, realm+"/"+openID),
		elsewhereCase("DISC-04.rfc8414", Accepted, "metadata before the issuer's path, which is chosen",
			realm, realm,
			"https://issuer.example/.well-known/oauth-authorization-server/realms/main").Configured(rfc8414),
		elsewhereCase("DISC-04.rfc8414-plain", Accepted, "metadata of an issuer without path, by RFC 8414",
			plain, plain,
			"https://issuer.example/.well-known/oauth-authorization-server").Configured(rfc8414),

		TokenCase("DISC-05.equal", Accepted, "metadata that name the issuer", Token{}),
		UnusableCase("DISC-05.another", "metadata that name another issuer", fault.WrongIssuer("https://other.example/")),
		UnusableCase("DISC-05.other-case", "metadata that name the issuer in upper case", fault.IssuerUpperCase),
		UnusableCase("DISC-05.without-slash", "metadata that name the issuer without its slash", fault.IssuerWithoutSlash),
		UnusableCase("DISC-05.missing", "metadata that name no issuer", fault.NoIssuer),

		UnusableCase("DISC-06.missing", "metadata without jwks_uri", fault.NoJWKSURI),
		UnusableCase("DISC-06.relative", "a relative jwks_uri", fault.RelativeJWKSURI),
		UnusableCase("DISC-06.http", "a jwks_uri of http", fault.HTTPJWKSURI),
		UnusableCase("DISC-06.credentials", "a jwks_uri with credentials",
			fault.CredentialsInJWKSURI).As(Ours, "RFC 8414 2 demands only https"),
		UnusableCase("DISC-06.fragment", "a jwks_uri with a fragment",
			fault.FragmentInJWKSURI).As(Ours, "RFC 8414 2 demands only https"),

		UnusableCase("DISC-07.to-http", "a redirect from https to http", fault.KeysBehindHTTP),
		UnusableCase("DISC-07.four", "four redirects",
			fault.Redirects(4).At(fault.Keys)).Needing(Redirects).As(Ours, "OURS bound; the sources have none"),
		TokenCase("DISC-07.three", Accepted, "three redirects over https",
			Token{}).WithFault(fault.Redirects(3).At(fault.Keys)).Needing(Redirects).As(Ours, "OURS bound; the sources have none"),
		TokenCase("DISC-07.once", Accepted, "a redirect over https",
			Token{}).WithFault(fault.Redirects(1).At(fault.Keys)).Needing(Redirects).As(Ours, "OURS bound; the sources have none"),

		ConfigCase("DISC-08.neither", RefusedByNew, "neither domain nor domains", domain("")),
		ConfigCase("DISC-08.empty-list", RefusedByNew, "an empty list of domains", domainList()),
		ConfigCase("DISC-08.blank", RefusedByNew, "a blank domain", domain(" ")),
		ConfigCase("DISC-08.blank-entry", RefusedByNew, "a blank domain in a list",
			domainList(ports.Domain{Issuer: plain}, ports.Domain{})),
		ConfigCase("DISC-08.list", Accepted, "a list of domains",
			domainList(ports.Domain{Issuer: plain}, ports.Domain{Issuer: realm})),

		clientWithoutDomain(),

		InsideCase("DISC-10.asked", Accepted, "a resolver gets the unverified issuer, the URL and the header fields",
			Step{
				Send: func(run *Run) Request {
					return run.Carry(Token{}).At("/resource?q=1").
						With("X-Tenant", "acme")
				}, Want: Accepted,
			}).Configured(resolver(func(e *Environment, q ports.DomainQuery) ([]ports.Domain, error) {
			if q.UnverifiedIssuer != e.Issuer.URL || !strings.HasSuffix(q.URL, "/resource?q=1") || len(q.Header["X-Tenant"]) != 1 {
				return nil, errors.New("the query is not what was sent")
			}
			return []ports.Domain{{Issuer: e.Issuer.URL}}, nil
		})),
		InsideCase("DISC-10.each-time", BadToken, "a resolver is asked on each verification",
			Step{Send: func(run *Run) Request { return Bearer(run.Keep("token", run.Sign(Token{}))) }, Want: Accepted},
			Step{Send: func(run *Run) Request { return Bearer(run.Kept["token"]) }, Want: BadToken},
		).Configured(resolverOnce).ReportedAs("CLAIM-ISS-02"),

		resolvedCase("DISC-11.domain", Accepted, "a resolver that returns the domain",
			func(e *Environment, _ ports.DomainQuery) ([]ports.Domain, error) {
				return []ports.Domain{{Issuer: e.Issuer.URL}}, nil
			}),
		resolvedCase("DISC-11.another", BadToken, "a resolver that returns another",
			func(e *Environment, _ ports.DomainQuery) ([]ports.Domain, error) {
				return []ports.Domain{{Issuer: e.Other.URL}}, nil
			}).ReportedAs("CLAIM-ISS-02"),
		resolvedCase("DISC-11.unavailable", Undecidable, "a resolver that says it can't tell now",
			func(*Environment, ports.DomainQuery) ([]ports.Domain, error) {
				return nil, fmt.Errorf("database: %w", ports.ErrUnavailable)
			}),
		resolvedCase("DISC-11.deadline", Undecidable, "a resolver whose time was up",
			func(*Environment, ports.DomainQuery) ([]ports.Domain, error) {
				return nil, fmt.Errorf("database: %w", context.DeadlineExceeded)
			}),
		resolvedCase("DISC-11.failed", Misconfigured, "a resolver that fails",
			func(*Environment, ports.DomainQuery) ([]ports.Domain, error) {
				return nil, errors.New("no such table")
			}),
		resolvedCase("DISC-11.empty", Misconfigured, "a resolver that returns nothing",
			func(*Environment, ports.DomainQuery) ([]ports.Domain, error) { return nil, nil }),
		resolvedCase("DISC-11.blank", Misconfigured, "a resolver that returns a blank domain besides the good one",
			func(e *Environment, _ ports.DomainQuery) ([]ports.Domain, error) {
				return []ports.Domain{{Issuer: e.Issuer.URL}, {}}, nil
			}),
		resolvedCase("DISC-11.invalid", Misconfigured, "a resolver that returns an http domain",
			func(e *Environment, _ ports.DomainQuery) ([]ports.Domain, error) {
				return []ports.Domain{{Issuer: "http" + strings.TrimPrefix(e.Issuer.URL, "https")}}, nil
			}),
		TokenCase("DISC-14.hangs", Undecidable, "a resolver that does not answer", Token{}).ReportedAs("DISC-11").
			Configured(func(_ *Environment, c *verifier.Config) {
				c.Domain, c.ResolverTimeout = "", 20*time.Millisecond
				c.Resolver = ports.DomainResolverFunc(func(ctx context.Context, _ ports.DomainQuery) ([]ports.Domain, error) {
					<-ctx.Done()
					return nil, ctx.Err()
				})
			}),
		resolvedCase("DISC-14.panics", Misconfigured, "a resolver that panics",
			func(*Environment, ports.DomainQuery) ([]ports.Domain, error) { panic("a resolver that panics") }).ReportedAs("DISC-11"),
		ConfigCase("DISC-11.with-domains", RefusedByNew, "a resolver and a list of domains",
			func(e *Environment, c *verifier.Config) {
				c.Domain, c.Domains = "", []ports.Domain{{Issuer: plain}}
				c.Resolver = ports.DomainResolverFunc(func(context.Context, ports.DomainQuery) ([]ports.Domain, error) { return nil, nil })
			}),

		TokenCase("DISC-12.list-verifies", Accepted, "a domain and a list: a token of the list's issuer",
			Token{Key: OtherKey, Claims: Fields{"iss": From(OtherURL)}}).Configured(hybrid),
		TokenCase("DISC-12.domain-does-not", BadToken, "a domain and a list: a token of the domain, which is not in the list",
			Token{}).Configured(hybrid).ReportedAs("CLAIM-ISS-02"),
		NewCase("DISC-12.domain-serves", Holds, "a domain and a list: the domain is whose token endpoint is asked",
			Step{Do: func(run *Run) {
				metadata, err := run.Process.Verifier.Metadata(run.Context())
				if err != nil || metadata.Issuer != run.Environment.Issuer.URL {
					run.Errorf("metadata are of %q, %v", metadata.Issuer, err)
				}
			}}).Configured(hybrid).Needing(Inside).In(Allowed),
		TokenCase("DISC-12.resolver-verifies", Accepted, "a domain and a resolver: a token of an issuer that the resolver returns",
			Token{Key: OtherKey, Claims: Fields{"iss": From(OtherURL)}}).Configured(hybridResolver),
		TokenCase("DISC-12.domain-beside-resolver", BadToken, "a domain and a resolver: a token of the domain, which the resolver does not return",
			Token{}).Configured(hybridResolver).ReportedAs("CLAIM-ISS-02"),

		UnusableCase("DISC-13.garbage", "metadata that are HTML", fault.Garbage.At(fault.Metadata)),
		UnusableCase("DISC-13.down", "an issuer that answers 503", fault.Outage),
		UnusableCase("DISC-13.hanging", "an issuer that does not answer", fault.Hang).
			Configured(func(_ *Environment, c *verifier.Config) { c.Keys.FetchTimeout = 50 * time.Millisecond }),
	}
}

const openID = ".well-known/openid-configuration"

func domain(name string) Policy {
	return func(_ *Environment, c *verifier.Config) { c.Domain = name }
}

func domainList(domains ...ports.Domain) Policy {
	return func(_ *Environment, c *verifier.Config) {
		c.Domain, c.Domains = "", domains
		if c.Domains == nil {
			c.Domains = []ports.Domain{}
		}
	}
}

// hybrid has a domain for the token endpoint, and another issuer in the list of those whose tokens are accepted.
func hybrid(e *Environment, c *verifier.Config) {
	c.Domain, c.Domains = e.Issuer.URL, []ports.Domain{{Issuer: e.Other.URL}}
}

func rfc8414(_ *Environment, c *verifier.Config) { c.Discovery = verifier.AuthorizationServerMetadata }

// elsewhereCase configures a domain that is nowhere, whose metadata are at only one URL, and sends a token with that
// iss.
func elsewhereCase(id string, want Expectation, reason, configured, iss, metadataURL string) Case {
	return TokenCase(id, want, reason, Token{Claims: Fields{"iss": iss}}).Configured(func(e *Environment, c *verifier.Config) {
		c.Domain = configured
		c.Fetcher = ports.FetcherFunc(func(ctx context.Context, url string) (ports.Document, error) {
			key, err := e.Key(SigningKey)
			if err != nil {
				return ports.Document{}, err
			}
			issuer, err := verifiertest.NewIssuer(iss, key)
			if err != nil {
				return ports.Document{}, err
			}
			if url != metadataURL && !strings.HasSuffix(url, "/jwks") {
				return ports.Document{}, errors.New("nothing is published there")
			}
			return issuer.Fetch(ctx, url)
		})
	})
}

type resolve func(*Environment, ports.DomainQuery) ([]ports.Domain, error)

func resolver(r resolve) Policy {
	return func(e *Environment, c *verifier.Config) {
		c.Domain = ""
		c.Resolver = ports.DomainResolverFunc(func(_ context.Context, q ports.DomainQuery) ([]ports.Domain, error) { return r(e, q) })
	}
}

// hybridResolver has a domain for the token endpoint, and a resolver that accepts tokens of another issuer.
func hybridResolver(e *Environment, c *verifier.Config) {
	resolver(func(e *Environment, _ ports.DomainQuery) ([]ports.Domain, error) {
		return []ports.Domain{{Issuer: e.Other.URL}}, nil
	})(e, c)
	c.Domain = e.Issuer.URL
}

func resolvedCase(id string, want Expectation, reason string, r resolve) Case {
	return TokenCase(id, want, reason, Token{}).Configured(resolver(r))
}

// resolverOnce trusts the issuer the first time, and another afterwards.
func resolverOnce(e *Environment, c *verifier.Config) {
	asked := false
	resolver(func(e *Environment, _ ports.DomainQuery) ([]ports.Domain, error) {
		if asked {
			return []ports.Domain{{Issuer: e.Other.URL}}, nil
		}
		asked = true
		return []ports.Domain{{Issuer: e.Issuer.URL}}, nil
	})(e, c)
}

// clientWithoutDomain makes a client of the token endpoint from a verifier that names no domain.
func clientWithoutDomain() Case {
	return NewCase("DISC-09.client", Holds, "a client ID, and no domain whose token endpoint it is for", Step{Do: func(run *Run) {
		endpoint := tokenEndpoint(func(context.Context, ports.TokenRequest) (ports.TokenResponse, error) {
			return ports.TokenResponse{}, errors.New("nothing is published there")
		})
		for _, c := range []struct {
			v    *verifier.Verifier
			good bool
		}{{nil, false}, {run.Process.Verifier, true}} {
			_, err := exchange.New(c.v, exchange.Config{Endpoint: endpoint, ClientID: "client-1", ClientSecret: "secret"})
			if (err == nil) != c.good || err != nil && !errors.Is(err, verifier.Misconfigured) {
				run.Errorf("New = %v", err)
			}
		}
	}}).Needing(Inside).In(Allowed)
}

type tokenEndpoint func(context.Context, ports.TokenRequest) (ports.TokenResponse, error)

func (f tokenEndpoint) PostForm(ctx context.Context, r ports.TokenRequest) (ports.TokenResponse, error) {
	return f(ctx, r)
}
