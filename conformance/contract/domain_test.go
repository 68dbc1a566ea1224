package contract

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/ports"
)

// tenants is an honest resolver: by the request's URL, or else all.
type tenants map[string]ports.Domain

func (known tenants) ResolveDomains(ctx context.Context, q ports.DomainQuery) ([]ports.Domain, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	domain, found := known[q.URL]
	if found {
		return cloneDomains([]ports.Domain{domain}), nil
	}
	var all []ports.Domain
	for _, domain := range known {
		all = append(all, domain)
	}
	return cloneDomains(all), nil
}

const (
	acmeURL = "https://acme.example/orders"
	umbURL  = "https://umb.example/orders"
)

var known = tenants{
	acmeURL: {Issuer: "acme.eu.auth0.com", Audiences: []string{"https://acme.example"}},
	umbURL:  {Issuer: "https://id.umb.example", Exact: true},
}

var knownQueries = []ports.DomainQuery{
	{UnverifiedIssuer: "https://acme.eu.auth0.com/", URL: acmeURL, Header: map[string][]string{"Accept": {"*/*"}}},
	{UnverifiedIssuer: "https://id.umb.example", URL: umbURL, Header: map[string][]string{"Accept": {"*/*"}}},
}

// onResolve breaks a resolver in its one method.
type onResolve func(r ports.DomainResolver, ctx context.Context, q ports.DomainQuery) ([]ports.Domain, error)

func (resolve onResolve) wrap(r ports.DomainResolver) ports.DomainResolver {
	return ports.DomainResolverFunc(func(ctx context.Context, q ports.DomainQuery) ([]ports.Domain, error) {
		return resolve(r, ctx, q)
	})
}

// onDomains breaks a resolver in the domains that it returns.
func onDomains(change func(q ports.DomainQuery, domains []ports.Domain) []ports.Domain) func(ports.DomainResolver) ports.DomainResolver {
	return onResolve(func(r ports.DomainResolver, ctx context.Context, q ports.DomainQuery) ([]ports.Domain, error) {
		domains, err := r.ResolveDomains(ctx, q)
		if err != nil {
			return nil, err
		}
		return change(q, domains), nil
	}).wrap
}

// onResolveCall breaks a resolver in what surrounds every call.
func onResolveCall(around func(ctx context.Context, call func(context.Context) error) error) func(ports.DomainResolver) ports.DomainResolver {
	return onResolve(func(r ports.DomainResolver, ctx context.Context, q ports.DomainQuery) (domains []ports.Domain, err error) {
		err = around(ctx, func(ctx context.Context) error { domains, err = r.ResolveDomains(ctx, q); return err })
		return domains, err
	}).wrap
}

var brokenResolvers = []broken[ports.DomainResolver]{
	{"DomainResolver.ResolveDomains/known", "does not know one", onResolve(func(r ports.DomainResolver, ctx context.Context, q ports.DomainQuery) ([]ports.Domain, error) {
		if q.URL == umbURL {
			return nil, errOther
		}
		return r.ResolveDomains(ctx, q)
	}).wrap},
	{"DomainResolver.ResolveDomains/unknown", "returns nothing", onDomains(func(q ports.DomainQuery, domains []ports.Domain) []ports.Domain {
		if q.URL != "" && known[q.URL].Issuer == "" {
			return nil
		}
		return domains
	})},
	{"DomainResolver.ResolveDomains/token-only", "returns nothing", onDomains(func(q ports.DomainQuery, domains []ports.Domain) []ports.Domain {
		if q.URL == "" {
			return nil
		}
		return domains
	})},
	{"DomainResolver.ResolveDomains/no-header", "returns nothing", onDomains(func(q ports.DomainQuery, domains []ports.Domain) []ports.Domain {
		if q.Header == nil {
			return nil
		}
		return domains
	})},
	{"DomainResolver.ResolveDomains/away", "has another error", onResolve(func(r ports.DomainResolver, ctx context.Context, q ports.DomainQuery) ([]ports.Domain, error) {
		domains, err := r.ResolveDomains(ctx, q)
		if err != nil && !ofContext(err) {
			return nil, errOther
		}
		return domains, err
	}).wrap},
	{"DomainResolver.ResolveDomains/own-data", "trusts the URL", onDomains(func(q ports.DomainQuery, domains []ports.Domain) []ports.Domain {
		host, _, _ := strings.Cut(strings.TrimPrefix(q.URL, "https://"), "/")
		if strings.HasSuffix(host, ".invalid") {
			return append(domains, ports.Domain{Issuer: host})
		}
		return domains
	})},
	{"DomainResolver.ResolveDomains/own-data", "trusts a header", onDomains(func(q ports.DomainQuery, domains []ports.Domain) []ports.Domain {
		for _, origin := range q.Header["Origin"] {
			domains = append(domains, ports.Domain{Issuer: origin})
		}
		return domains
	})},
	{"DomainResolver.ResolveDomains/unverified", "trusts the token", onDomains(func(q ports.DomainQuery, domains []ports.Domain) []ports.Domain {
		if known[q.URL].Issuer != "" && q.Header != nil {
			return append(domains, ports.Domain{Issuer: q.UnverifiedIssuer})
		}
		return domains
	})},
	{"DomainResolver.ResolveDomains/unverified", "trusts a token that begins well", onDomains(func(q ports.DomainQuery, domains []ports.Domain) []ports.Domain {
		for _, domain := range domains {
			if strings.HasPrefix(q.UnverifiedIssuer, domain.Issuer) {
				return []ports.Domain{{Issuer: q.UnverifiedIssuer}}
			}
		}
		return domains
	})},
	{"DomainResolver.ResolveDomains/header", "changes it", onResolve(func(r ports.DomainResolver, ctx context.Context, q ports.DomainQuery) ([]ports.Domain, error) {
		if len(q.Header["Accept"]) == 1 && q.Header["Accept"][0] == "application/json" {
			q.Header["X-Tenant"] = []string{"acme"}
		}
		return r.ResolveDomains(ctx, q)
	}).wrap},

	{"Domain.Issuer/form", "returns an issuer with a query", onDomains(func(_ ports.DomainQuery, domains []ports.Domain) []ports.Domain {
		return append(domains, ports.Domain{Issuer: "https://id.example/?tenant=acme"})
	})},
	{"Domain.Issuer/form", "returns no issuer", onDomains(func(_ ports.DomainQuery, domains []ports.Domain) []ports.Domain {
		return append(domains, ports.Domain{})
	})},
	{"Domain.Issuer/form", "returns an http issuer", onDomains(func(_ ports.DomainQuery, domains []ports.Domain) []ports.Domain {
		return append(domains, ports.Domain{Issuer: "http://id.example/"})
	})},
	{"Domain.Exact/url", "marks a domain", onDomains(func(_ ports.DomainQuery, domains []ports.Domain) []ports.Domain {
		return append(domains, ports.Domain{Issuer: "id.example", Exact: true})
	})},
	{"Domain.Audiences/blank", "returns an audience that is not set", onDomains(func(_ ports.DomainQuery, domains []ports.Domain) []ports.Domain {
		return append(domains, ports.Domain{Issuer: "id.example", Audiences: []string{"https://api.example", ""}})
	})},

	{"DomainResolver/copies", "returns one slice", func(r ports.DomainResolver) ports.DomainResolver {
		kept := cloneDomains([]ports.Domain{known[acmeURL]})
		return onDomains(func(q ports.DomainQuery, domains []ports.Domain) []ports.Domain {
			if q.URL == acmeURL {
				return kept
			}
			return domains
		})(r)
	}},
	{"DomainResolver/copies", "returns one slice of audiences", func(r ports.DomainResolver) ports.DomainResolver {
		audiences := []string{"https://acme.example"}
		return onDomains(func(q ports.DomainQuery, domains []ports.Domain) []ports.Domain {
			if q.URL == acmeURL {
				domains[0].Audiences = audiences
			}
			return domains
		})(r)
	}},
	{"DomainResolver/concurrency", "takes one call at a time", func(r ports.DomainResolver) ports.DomainResolver {
		return onResolveCall(oneAtATime())(r)
	}},
	{"DomainResolver/context-ended", "has another error", onResolveCall(hideEndedContext)},
	{"DomainResolver/context-ends", "waits on", onResolveCall(forgetContext)},
	{"DomainResolver/context-ends", "has another error", onResolveCall(func(ctx context.Context, call func(context.Context) error) error {
		if err := hideContext(ctx, call); errors.Is(err, errOther) {
			return errors.Join(ports.ErrUnavailable, err)
		} else {
			return err
		}
	})},
	{"DomainResolver/panics", "panics", onResolveCall(panicHalfway)},
	{"DomainResolver/credentials", "tells its address", onResolveCall(tellPassword)},
}

// The suite holds for a resolver that keeps the contract: from memory, and where a server may be asked.
func TestAnHonestResolverKeepsTheContract(t *testing.T) {
	open := func(*testing.T) ports.DomainResolver { return known }
	t.Run("memory", func(t *testing.T) {
		TestDomainResolver(t, open, DomainTraits{Queries: knownQueries, NonBlocking: true})
	})
	t.Run("server", func(t *testing.T) {
		TestDomainResolver(t, open, DomainTraits{
			Queries:     knownQueries,
			Connect:     func(_ *testing.T, address string) ports.DomainResolver { return remote(address) },
			Credentials: []string{password},
		})
	})
}

func TestDomainResolverCasesFail(t *testing.T) {
	runBroken(t, domainContract(), brokenResolvers, func(t *testing.T, trial trial, wrap func(ports.DomainResolver) ports.DomainResolver) *domainTrial {
		return newDomainTrial(t, trial, func(*testing.T) ports.DomainResolver { return wrap(known) }, DomainTraits{
			Queries:     knownQueries,
			Connect:     func(_ *testing.T, address string) ports.DomainResolver { return wrap(remote(address)) },
			Credentials: []string{password},
		})
	})
}
