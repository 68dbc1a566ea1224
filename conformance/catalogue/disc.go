package catalogue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/exchange"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// discCases are about domains, issuers and discovery (OpenID Connect Discovery section 4, RFC 8414 section 3).
func discCases() []Case {
	const (
		plain = "https://issuer.example/"
		realm = "https://issuer.example/realms/main"
	)
	return []Case{
		elsewhereCase("DISC-01.bare", accepted, "a bare domain", "issuer.example", plain, plain+openID),
		elsewhereCase("DISC-01.untidy", accepted, "a bare domain with white space and capitals",
			"  Issuer.EXAMPLE ", plain, plain+openID),
		elsewhereCase("DISC-01.url", accepted, "the URL of a domain without its slash",
			"https://issuer.example", plain, plain+openID),
		elsewhereCase("DISC-01.other-subdomain", badToken, "a token of a subdomain",
			"issuer.example", "https://a.issuer.example/", plain+openID).named("CLAIM-ISS-02"),

		configCase("DISC-02.https", accepted, "an https URL", domain(plain)),
		configCase("DISC-02.http", refusedByNew, "an http URL", domain("http://issuer.example/")),
		configCase("DISC-02.credentials", refusedByNew, "a URL with credentials",
			domain("https://user:password@issuer.example/")),
		configCase("DISC-02.query", refusedByNew, "a URL with a query", domain(plain+"?a=b")),
		configCase("DISC-02.fragment", refusedByNew, "a URL with a fragment", domain(plain+"#a")),
		configCase("DISC-02.scheme", refusedByNew, "a URL of another scheme", domain("ftp://issuer.example/")),
		configCase("DISC-02.loopback", refusedByNew, "http on a loopback address",
			domain("http://127.0.0.1:8080/")),
		configCase("DISC-02.loopback-allowed", accepted, "http on a loopback address, which is allowed",
			func(_ *World, c *verifier.Config) {
				c.Domain, c.InsecureAllowLoopbackHTTP = "http://127.0.0.1:8080/", true
			}),
		configCase("DISC-02.http-allowed", refusedByNew, "http elsewhere, where loopback is allowed",
			func(_ *World, c *verifier.Config) {
				c.Domain, c.InsecureAllowLoopbackHTTP = "http://issuer.example/", true
			}),

		elsewhereCase("DISC-03.path", accepted, "an issuer URL with a path", realm, realm, realm+"/"+openID),
		elsewhereCase("DISC-03.path-with-slash", accepted, "an issuer URL with a path and a slash",
			realm+"/", realm+"/", realm+"/"+openID),
		elsewhereCase("DISC-03.slash-missing", badToken, "a token whose iss lacks the slash",
			realm+"/", realm, realm+"/"+openID).named("CLAIM-ISS-02"),
		elsewhereCase("DISC-03.slash-added", badToken, "a token whose iss has a slash more",
			realm, realm+"/", realm+"/"+openID).named("CLAIM-ISS-02"),

		elsewhereCase("DISC-04.openid", accepted, "metadata behind the issuer's path",
			realm, realm, realm+"/"+openID),
		elsewhereCase("DISC-04.rfc8414", accepted, "metadata before the issuer's path, which is chosen",
			realm, realm,
			"https://issuer.example/.well-known/oauth-authorization-server/realms/main").also(rfc8414),
		elsewhereCase("DISC-04.rfc8414-plain", accepted, "metadata of an issuer without path, by RFC 8414",
			plain, plain,
			"https://issuer.example/.well-known/oauth-authorization-server").also(rfc8414),

		tokenCase("DISC-05.equal", accepted, "metadata that name the issuer", token{}),
		unusableCase("DISC-05.another", "metadata that name another issuer", OtherIssuer),
		unusableCase("DISC-05.other-case", "metadata that name the issuer in upper case", IssuerInCase),
		unusableCase("DISC-05.without-slash", "metadata that name the issuer without its slash", IssuerNoSlash),
		unusableCase("DISC-05.missing", "metadata that name no issuer", NoIssuer),

		unusableCase("DISC-06.missing", "metadata without jwks_uri", NoJWKSURI),
		unusableCase("DISC-06.relative", "a relative jwks_uri", RelativeJWKSURI),
		unusableCase("DISC-06.http", "a jwks_uri of http", HTTPJWKSURI),
		unusableCase("DISC-06.credentials", "a jwks_uri with credentials",
			UserJWKSURI).as(Ours, "RFC 8414 2 demands https alone"),
		unusableCase("DISC-06.fragment", "a jwks_uri with a fragment",
			FragmentJWKSURI).as(Ours, "RFC 8414 2 demands https alone"),

		unusableCase("DISC-07.to-http", "a redirect from https to http", RedirectHTTP),
		unusableCase("DISC-07.four", "four redirects",
			RedirectFour).needs(Redirects).as(Ours, "OURS bound; the sources know none"),
		tokenCase("DISC-07.three", accepted, "three redirects over https",
			token{}).while(RedirectThree).needs(Redirects).as(Ours, "OURS bound; the sources know none"),
		tokenCase("DISC-07.once", accepted, "a redirect over https",
			token{}).while(RedirectOnce).needs(Redirects).as(Ours, "OURS bound; the sources know none"),

		configCase("DISC-08.neither", refusedByNew, "neither domain nor domains", domain("")),
		configCase("DISC-08.empty-list", refusedByNew, "an empty list of domains", domainList()),
		configCase("DISC-08.blank", refusedByNew, "a blank domain", domain(" ")),
		configCase("DISC-08.blank-entry", refusedByNew, "a blank domain in a list",
			domainList(ports.Domain{Issuer: plain}, ports.Domain{})),
		configCase("DISC-08.list", accepted, "a list of domains",
			domainList(ports.Domain{Issuer: plain}, ports.Domain{Issuer: realm})),

		clientWithoutDomain(),

		insideCase("DISC-10.asked", accepted, "a resolver gets the unverified issuer, the URL and the header fields",
			step{
				send: func(s *scene) Request {
					return s.carry(token{}).at("/resource?q=1").
						with("X-Tenant", "acme")
				}, want: accepted,
			}).with(resolver(func(w *World, q ports.DomainQuery) ([]ports.Domain, error) {
			if q.UnverifiedIssuer != w.issuer.URL || !strings.HasSuffix(q.URL, "/resource?q=1") || len(q.Header["X-Tenant"]) != 1 {
				return nil, errors.New("the query is not what was sent")
			}
			return []ports.Domain{{Issuer: w.issuer.URL}}, nil
		})),
		insideCase("DISC-10.each-time", badToken, "a resolver is asked on each verification",
			step{send: func(s *scene) Request { return bearer(s.keep("token", s.sign(token{}))) }, want: accepted},
			step{send: func(s *scene) Request { return bearer(s.kept["token"]) }, want: badToken},
		).with(resolverOnce).named("CLAIM-ISS-02"),

		resolvedCase("DISC-11.domain", accepted, "a resolver that returns the domain",
			func(w *World, _ ports.DomainQuery) ([]ports.Domain, error) {
				return []ports.Domain{{Issuer: w.issuer.URL}}, nil
			}),
		resolvedCase("DISC-11.another", badToken, "a resolver that returns another",
			func(w *World, _ ports.DomainQuery) ([]ports.Domain, error) {
				return []ports.Domain{{Issuer: w.stranger.URL}}, nil
			}).named("CLAIM-ISS-02"),
		resolvedCase("DISC-11.unavailable", undecidable, "a resolver that says it can't tell now",
			func(*World, ports.DomainQuery) ([]ports.Domain, error) {
				return nil, fmt.Errorf("database: %w", ports.ErrUnavailable)
			}),
		resolvedCase("DISC-11.deadline", undecidable, "a resolver whose time was up",
			func(*World, ports.DomainQuery) ([]ports.Domain, error) {
				return nil, fmt.Errorf("database: %w", context.DeadlineExceeded)
			}),
		resolvedCase("DISC-11.failed", misconfigured, "a resolver that fails",
			func(*World, ports.DomainQuery) ([]ports.Domain, error) {
				return nil, errors.New("no such table")
			}),
		resolvedCase("DISC-11.empty", misconfigured, "a resolver that returns nothing",
			func(*World, ports.DomainQuery) ([]ports.Domain, error) { return nil, nil }),
		resolvedCase("DISC-11.blank", misconfigured, "a resolver that returns a blank domain beside the good one",
			func(w *World, _ ports.DomainQuery) ([]ports.Domain, error) {
				return []ports.Domain{{Issuer: w.issuer.URL}, {}}, nil
			}),
		resolvedCase("DISC-11.invalid", misconfigured, "a resolver that returns an http domain",
			func(w *World, _ ports.DomainQuery) ([]ports.Domain, error) {
				return []ports.Domain{{Issuer: "http" + strings.TrimPrefix(w.issuer.URL, "https")}}, nil
			}),
		tokenCase("DISC-14.hangs", undecidable, "a resolver that does not answer", token{}).named("DISC-11").
			with(func(_ *World, c *verifier.Config) {
				c.Domain, c.ResolverTimeout = "", 20*time.Millisecond
				c.Resolver = ports.DomainResolverFunc(func(ctx context.Context, _ ports.DomainQuery) ([]ports.Domain, error) {
					<-ctx.Done()
					return nil, ctx.Err()
				})
			}),
		resolvedCase("DISC-14.panics", misconfigured, "a resolver that panics",
			func(*World, ports.DomainQuery) ([]ports.Domain, error) { panic("a resolver that panics") }).named("DISC-11"),
		configCase("DISC-11.with-domain", refusedByNew, "a resolver beside a domain",
			func(w *World, c *verifier.Config) {
				c.Domain, c.Resolver = plain, ports.DomainResolverFunc(func(context.Context, ports.DomainQuery) ([]ports.Domain, error) { return nil, nil })
			}),

		tokenCase("DISC-12.list-verifies", accepted, "a domain and a list: a token of the list's issuer",
			token{key: strangerKey, claims: fields{"iss": from(strangerURL)}}).with(hybrid),
		tokenCase("DISC-12.domain-does-not", badToken, "a domain and a list: a token of the domain alone",
			token{}).with(hybrid).named("CLAIM-ISS-02"),
		newCase("DISC-12.domain-serves", holds, "a domain and a list: the domain is whose token endpoint is asked",
			step{do: func(s *scene) {
				metadata, err := s.Process.Verifier.Metadata(s.ctx)
				if err != nil || metadata.Issuer != s.World.issuer.URL {
					s.errorf("metadata are of %q, %v", metadata.Issuer, err)
				}
			}}).with(hybrid).needs(Inside).in(Allowed),

		unusableCase("DISC-13.garbage", "metadata that are HTML", GarbageMetadata),
		unusableCase("DISC-13.down", "an issuer that answers 503", Down),
		unusableCase("DISC-13.hanging", "an issuer that does not answer", Hanging).
			with(func(_ *World, c *verifier.Config) { c.Keys.FetchTimeout = 50 * time.Millisecond }),
	}
}

const openID = ".well-known/openid-configuration"

func domain(name string) func(*World, *verifier.Config) {
	return func(_ *World, c *verifier.Config) { c.Domain = name }
}

func domainList(domains ...ports.Domain) func(*World, *verifier.Config) {
	return func(_ *World, c *verifier.Config) {
		c.Domain, c.Domains = "", domains
		if c.Domains == nil {
			c.Domains = []ports.Domain{}
		}
	}
}

// hybrid has a domain for the token endpoint, and another issuer in the list of those whose tokens are accepted.
func hybrid(w *World, c *verifier.Config) {
	c.Domain, c.Domains = w.issuer.URL, []ports.Domain{{Issuer: w.stranger.URL}}
}

func rfc8414(_ *World, c *verifier.Config) { c.Discovery = verifier.AuthorizationServerMetadata }

// also adds to what a case configures.
func (c Case) also(more func(*World, *verifier.Config)) Case {
	first := c.policy
	c.policy = func(w *World, config *verifier.Config) {
		first(w, config)
		more(w, config)
	}
	return c
}

// elsewhereCase configures a domain that is nowhere, whose metadata are at one URL alone, and sends a token with that
// iss.
func elsewhereCase(id string, want Outcome, reason, configured, iss, metadataURL string) Case {
	return tokenCase(id, want, reason, token{claims: fields{"iss": iss}}).with(func(w *World, c *verifier.Config) {
		c.Domain = configured
		c.Fetcher = ports.FetcherFunc(func(ctx context.Context, url string) (ports.Document, error) {
			key, err := w.key(signingKey)
			if err != nil {
				return ports.Document{}, err
			}
			issuer, err := verifiertest.NewIssuer(iss, key)
			if err != nil {
				return ports.Document{}, err
			}
			if url != metadataURL && !strings.HasSuffix(url, "/jwks") {
				return ports.Document{}, errNoDocument
			}
			return issuer.Fetch(ctx, url)
		})
	})
}

type resolve func(*World, ports.DomainQuery) ([]ports.Domain, error)

func resolver(r resolve) func(*World, *verifier.Config) {
	return func(w *World, c *verifier.Config) {
		c.Domain = ""
		c.Resolver = ports.DomainResolverFunc(func(_ context.Context, q ports.DomainQuery) ([]ports.Domain, error) { return r(w, q) })
	}
}

func resolvedCase(id string, want Outcome, reason string, r resolve) Case {
	return tokenCase(id, want, reason, token{}).with(resolver(r))
}

// resolverOnce trusts the issuer the first time, and another afterwards.
func resolverOnce(w *World, c *verifier.Config) {
	asked := false
	resolver(func(w *World, _ ports.DomainQuery) ([]ports.Domain, error) {
		if asked {
			return []ports.Domain{{Issuer: w.stranger.URL}}, nil
		}
		asked = true
		return []ports.Domain{{Issuer: w.issuer.URL}}, nil
	})(w, c)
}

// clientWithoutDomain makes a client of the token endpoint from a verifier that names no domain.
func clientWithoutDomain() Case {
	return newCase("DISC-09.client", holds, "a client ID, and no domain whose token endpoint it is for", step{do: func(s *scene) {
		endpoint := tokenEndpoint(func(context.Context, ports.TokenRequest) (ports.TokenResponse, error) {
			return ports.TokenResponse{}, errNoDocument
		})
		for _, c := range []struct {
			v    *verifier.Verifier
			good bool
		}{{nil, false}, {s.Process.Verifier, true}} {
			_, err := exchange.New(c.v, exchange.Config{Endpoint: endpoint, ClientID: "client-1", ClientSecret: "secret"})
			if (err == nil) != c.good || err != nil && !errors.Is(err, verifier.Misconfigured) {
				s.errorf("New = %v", err)
			}
		}
	}}).needs(Inside).in(Allowed)
}

type tokenEndpoint func(context.Context, ports.TokenRequest) (ports.TokenResponse, error)

func (f tokenEndpoint) PostForm(ctx context.Context, r ports.TokenRequest) (ports.TokenResponse, error) {
	return f(ctx, r)
}
