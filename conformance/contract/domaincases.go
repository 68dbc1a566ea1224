package contract

import (
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/ports"
)

// The sentences that several cases prove, and where they are.
const (
	resolveDomains = "ports/domain.go, DomainResolver.ResolveDomains"
	domainQuery    = "ports/domain.go, DomainQuery"
	domainType     = "ports/domain.go, Domain"
)

func domainContract() []contractCase[*domainTrial] {
	return slices.Concat(domainAnswerCases(), domainTrustCases(), domainFormCases(), domainGeneralCases())
}

func domainAnswerCases() []contractCase[*domainTrial] {
	return []contractCase[*domainTrial]{
		{
			clause: clause{"DomainResolver.ResolveDomains/known", resolveDomains,
				"ResolveDomains returns the issuers that may have issued the token of the request that q describes",
				"return a Domain for each of DomainTraits.Queries"},
			try: func(t *domainTrial) {
				r := t.open()
				for _, q := range t.Queries {
					t.resolve(r, q)
				}
			},
		},
		{
			clause: clause{"DomainResolver.ResolveDomains/unknown", resolveDomains,
				"An empty list is an error of the application (answered 500), not a rejection",
				"return the domains that would be accepted, so that the token is rejected for its issuer"},
			try: func(t *domainTrial) { t.wantNotEmpty("an unknown tenant", t.open(), unknownQuery()) },
		},
		{
			clause: clause{"DomainResolver.ResolveDomains/token-only", domainQuery + ".URL",
				"URL is the absolute URL of the request, empty where only a token is verified",
				"return the domains that would be accepted where there is no request to tell the tenant by"},
			try: func(t *domainTrial) {
				r := t.open()
				for _, q := range t.Queries {
					q.URL = ""
					t.wantNotEmpty("a query without URL", r, q)
				}
			},
		},
		{
			clause: clause{"DomainResolver.ResolveDomains/no-header", domainQuery + ".Header",
				"Header holds the request's header fields, nil where only a token is verified",
				"return the domains that would be accepted where there is no request to tell the tenant by"},
			try: func(t *domainTrial) {
				r := t.open()
				for _, q := range t.Queries {
					q.Header = nil
					t.wantNotEmpty("a query without header", r, q)
				}
			},
		},
		{
			clause: clause{"DomainResolver.ResolveDomains/away", resolveDomains,
				"An error for which errors.Is(err, ErrUnavailable) holds, or that wraps a context's error, makes " +
					"the request undecidable (503); any other is answered 500",
				"wrap ports.ErrUnavailable (%w) where the application's data is out of reach"},
			skip: (*domainTrial).hasNoServer,
			try: func(t *domainTrial) {
				r := t.connect(closedAddress(t))
				ctx, cancel := context.WithTimeout(t.Context(), patience/2)
				defer cancel()
				err := t.wantAnswer("ResolveDomains", func() error { return t.resolveError(ctx, r) })
				if !errors.Is(err, ports.ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded) {
					t.fail("ResolveDomains without its server: error %v", err)
				}
			},
		},
	}
}

// unknownQuery returns what the request of a tenant asks that does not exist.
func unknownQuery() ports.DomainQuery {
	host := strings.ToLower(rand.Text()) + ".invalid"
	return ports.DomainQuery{
		UnverifiedIssuer: "https://" + host + "/",
		URL:              "https://" + host + "/orders",
		Header:           map[string][]string{"Origin": {"https://" + host}},
	}
}

func (t *domainTrial) wantNotEmpty(what string, r ports.DomainResolver, q ports.DomainQuery) {
	t.Helper()
	if domains, err := r.ResolveDomains(t.Context(), q); err == nil && len(domains) == 0 {
		t.fail("ResolveDomains returned nothing, and no error, for %s", what)
	}
}

func domainTrustCases() []contractCase[*domainTrial] {
	return []contractCase[*domainTrial]{
		{
			clause: clause{"DomainResolver.ResolveDomains/own-data", resolveDomains,
				"What it returns is trusted: it must decide by the application's own data",
				"look the request's host or fields up in a list, and return what the list has"},
			try: func(t *domainTrial) {
				r, invented := t.open(), unknownQuery()
				for _, q := range append(t.Queries, invented) {
					q.URL, q.Header = invented.URL, invented.Header
					t.wantNoneOf(hostOf(invented), r, q)
				}
			},
		},
		{
			clause: clause{"DomainResolver.ResolveDomains/unverified", resolveDomains,
				"It must not build a Domain out of q.UnverifiedIssuer, which whoever sent the request has chosen; " +
					"comparing it with known issuers is what it is for",
				"compare q.UnverifiedIssuer with known issuers as a whole, and return the known one"},
			try: func(t *domainTrial) {
				r, attacker, q := t.open(), hostOf(unknownQuery()), t.Queries[0]
				for _, known := range t.resolve(r, q) {
					for _, issuer := range []string{
						"https://" + attacker + "/",
						known.Issuer + "." + attacker,
						"https://" + attacker + "/" + known.Issuer,
					} {
						q.UnverifiedIssuer = issuer
						t.wantNoneOf(attacker, r, q)
					}
				}
			},
		},
		{
			clause: clause{
				"DomainResolver.ResolveDomains/header", domainQuery + ".Header", "It must not be changed",
				"copy a header before changing it (maps.Clone)",
			},
			try: func(t *domainTrial) {
				q := t.Queries[0]
				q.Header = map[string][]string{"Accept": {"application/json"}}
				t.resolve(t.open(), q)
				if !reflect.DeepEqual(q.Header, map[string][]string{"Accept": {"application/json"}}) {
					t.fail("ResolveDomains changed q.Header to %q", q.Header)
				}
			},
		},
	}
}

func hostOf(q ports.DomainQuery) string {
	return strings.TrimSuffix(strings.TrimPrefix(q.UnverifiedIssuer, "https://"), "/")
}

// wantNoneOf wants no domain that has anything of an attacker's host.
func (t *domainTrial) wantNoneOf(host string, r ports.DomainResolver, q ports.DomainQuery) {
	t.Helper()
	domains, err := r.ResolveDomains(t.Context(), q)
	if err != nil {
		return
	}
	for _, domain := range domains {
		if strings.Contains(strings.ToLower(domain.Issuer), host) {
			t.fail("ResolveDomains returned an issuer that only the request named")
		}
	}
}

func domainFormCases() []contractCase[*domainTrial] {
	return []contractCase[*domainTrial]{
		{
			clause: clause{"Domain.Issuer/form", domainType + ".Issuer",
				`Issuer is an Auth0 domain ("tenant.us.auth0.com") or an issuer URL ` +
					`("https://id.example.com/realms/main")`,
				"return a domain, or an https URL without credentials, query and fragment"},
			try: func(t *domainTrial) {
				t.eachDomain(func(domain ports.Domain) {
					if !domain.Exact && !isDomain(domain.Issuer) && !isIssuerURL(domain.Issuer) {
						t.fail("ResolveDomains returned the issuer %q", domain.Issuer)
					}
				})
			},
		},
		{
			clause: clause{"Domain.Exact/url", domainType + ".Exact",
				"Keys must then say where the keys of the latter are",
				"set Exact only with an issuer URL, or say where the keys are"},
			try: func(t *domainTrial) {
				t.eachDomain(func(domain ports.Domain) {
					source := domain.Keys
					named := source.MetadataURL != "" || source.JWKSURL != "" || source.File != "" || source.Static != nil
					if domain.Exact && !isIssuerURL(domain.Issuer) && !named {
						t.fail("ResolveDomains returned the issuer %q as exact", domain.Issuer)
					}
				})
			},
		},
		{
			clause: clause{"Domain.Audiences/blank", domainType + ".Audiences",
				"Audiences are the audiences of which a token of this issuer must name one",
				"leave out a tenant's audience that is not set"},
			try: func(t *domainTrial) {
				t.eachDomain(func(domain ports.Domain) {
					if slices.Contains(domain.Audiences, "") {
						t.fail("ResolveDomains returned an empty audience for the issuer %q", domain.Issuer)
					}
				})
			},
		},
	}
}

// eachDomain hands over all domains of the queries. That there are some is DomainResolver.ResolveDomains/known.
func (t *domainTrial) eachDomain(look func(ports.Domain)) {
	t.Helper()
	r := t.open()
	for _, q := range t.Queries {
		domains, err := r.ResolveDomains(t.Context(), q)
		if err != nil {
			continue
		}
		for _, domain := range domains {
			look(domain)
		}
	}
}

func isDomain(issuer string) bool {
	u, err := url.Parse("https://" + issuer)
	return err == nil && issuer != "" && u.Host == issuer
}

func isIssuerURL(issuer string) bool {
	u, err := url.Parse(issuer)
	if err != nil || u.Hostname() == "" || u.User != nil || strings.ContainsAny(issuer, "?#") {
		return false
	}
	address, _ := netip.ParseAddr(u.Hostname())
	loopback := u.Hostname() == "localhost" || address.IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && loopback
}

func domainGeneralCases() []contractCase[*domainTrial] {
	return []contractCase[*domainTrial]{
		{
			clause: generalClause("DomainResolver/copies", callersOwn, "return new slices, those of Audiences too"),
			try: func(t *domainTrial) {
				r := t.open()
				theirs := t.resolve(r, t.Queries[0])
				want := cloneDomains(theirs)
				for i := range theirs { // the caller's by now
					theirs[i].Issuer = "https://changed.invalid/"
					for j := range theirs[i].Audiences {
						theirs[i].Audiences[j] = "changed"
					}
				}
				if got := t.resolve(r, t.Queries[0]); !reflect.DeepEqual(cloneDomains(got), want) {
					t.fail("ResolveDomains returned %+v after the caller changed what it got", got)
				}
			},
		},
		{
			clause: generalClause(
				"DomainResolver/concurrency", safeForConcurrentUse,
				"guard what calls share with a mutex, and run the suite with -race",
			),
			try: func(t *domainTrial) {
				r := t.open()
				atOnce(32, func(int) {
					if domains, err := r.ResolveDomains(t.Context(), t.Queries[0]); err != nil || len(domains) == 0 {
						t.fail("ResolveDomains returned %d domains, error %v", len(domains), err)
					}
				})
			},
		},
		{
			clause: generalClause(
				"DomainResolver/context-ended", obeysContext,
				"return ctx.Err() before anything else, or set DomainTraits.NonBlocking",
			),
			skip: (*domainTrial).blocksNever,
			try: func(t *domainTrial) {
				r := t.open()
				t.wantContextError("ResolveDomains", func(ctx context.Context) error { return t.resolveError(ctx, r) })
			},
		},
		{
			clause: generalClause(
				"DomainResolver/context-ends", obeysContext,
				"hand ctx to the client, or also wait for ctx.Done; wrap ctx.Err() with %w",
			),
			skip: (*domainTrial).hasNoServer,
			try: func(t *domainTrial) {
				r := t.connect(silence(t))
				t.wantLeave(namedCall{"ResolveDomains", func(ctx context.Context) error { return t.resolveError(ctx, r) }})
			},
		},
		{
			clause: panicClause("DomainResolver/panics"),
			skip:   (*domainTrial).hasNoServer,
			try: func(t *domainTrial) {
				r := t.connect(babble(t, halfway))
				ctx, cancel := context.WithTimeout(t.Context(), patience/2)
				defer cancel()
				_ = t.wantAnswer("ResolveDomains", func() error { return t.resolveError(ctx, r) })
			},
		},
		{
			clause: generalClause(
				"DomainResolver/credentials", noCredentials,
				"put no address with a password, and no configuration, into errors",
			),
			skip: (*domainTrial).hasNoCredentials,
			try: func(t *domainTrial) {
				r := t.connect(closedAddress(t))
				ctx, cancel := context.WithTimeout(t.Context(), patience/2)
				defer cancel()
				err := t.wantAnswer("ResolveDomains", func() error { return t.resolveError(ctx, r) })
				t.wantSecret("ResolveDomains", err, t.Credentials)
			},
		},
	}
}

// cloneDomains returns a copy, with nil for each empty list.
func cloneDomains(domains []ports.Domain) []ports.Domain {
	copies := slices.Clone(domains)
	for i := range copies {
		copies[i].Audiences = append([]string(nil), copies[i].Audiences...)
	}
	return copies
}
