package verifier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
)

// A policy is what the tokens of one issuer must fulfil, beyond what holds for all. It is looked up once the issuer is
// known, and applied to remembered tokens too: a resolver may return another one for the next request.
type policy struct {
	issuer    string // its identifier
	audiences []string
}

// policies are those of the issuers whose tokens are accepted, by their identifiers.
type policies struct {
	byIssuer map[string]policy
	first    []string // the first few identifiers in the order in which they were given, for errors
}

func newPolicies(size int) policies { return policies{byIssuer: make(map[string]policy, size)} }

// add adds a policy, and reports false if there is one for its issuer.
func (p *policies) add(one policy) bool {
	if _, twice := p.byIssuer[one.issuer]; twice {
		return false
	}
	p.byIssuer[one.issuer] = one
	if len(p.first) < fewIssuers {
		p.first = append(p.first, one.issuer)
	}
	return true
}

// fewIssuers is how many issuers an error names: naming all would let a request with any made-up issuer cost as much
// as there are issuers.
const fewIssuers = 5

// String names a few issuers, for an operator who looks for the byte that differs.
func (p policies) String() string {
	names := make([]string, 0, fewIssuers+1)
	for _, issuer := range p.first {
		names = append(names, strconv.Quote(issuer))
	}
	if more := len(p.byIssuer) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, " or ")
}

// issuers knows whose tokens are accepted, and under which policy.
type issuers struct {
	fixed        policies             // none where a resolver knows
	resolver     ports.DomainResolver // nil where they are fixed
	port         *outbound.Port       // of the resolver
	defaults     policy               // what a domain does not say
	loopbackHTTP bool
}

var errDuplicate = errors.New("names an issuer twice")

func newIssuers(c *checker) issuers {
	i := issuers{
		resolver:     c.Resolver,
		port:         c.port("domain resolver", c.Duration("ResolverTimeout")),
		defaults:     policy{audiences: slices.Clone(c.Audiences)},
		loopbackHTTP: c.InsecureAllowLoopbackHTTP,
	}
	c.Port("Resolver", c.Resolver)
	switch {
	case c.Resolver != nil && (c.Domain != "" || c.Domains != nil):
		c.Fault("Resolver", errors.New("can't be combined with Domain or Domains"))
	case c.Resolver != nil:
	case c.Domains != nil:
		if len(c.Domains) == 0 {
			c.Fault("Domains", errors.New("is an empty list"))
		}
		i.fixed = i.fix(c, c.Domains, func(n int) string { return fmt.Sprintf("Domains[%d]", n) })
	case c.Domain != "":
		one := ports.Domain{Issuer: c.Domain, Exact: c.ExactDomain}
		i.fixed = i.fix(c, []ports.Domain{one}, func(int) string { return "Domain" })
	default:
		c.Fault("Domain, Domains or Resolver", settings.ErrRequired)
	}
	c.Texts("Audiences", c.Audiences)
	return i
}

// policy reads a domain. Its error is that of the identifier.
func (i *issuers) policy(d ports.Domain) (policy, error) {
	p := i.defaults
	if len(d.Audiences) > 0 {
		p.audiences = d.Audiences
	}
	var err error
	p.issuer, err = issuerurl.Identifier(d, i.loopbackHTTP)
	return p, err
}

// fix reads the domains of a configuration.
func (i *issuers) fix(c *checker, written []ports.Domain, path func(n int) string) policies {
	allowed := newPolicies(len(written))
	for n, d := range written {
		p, err := i.policy(d)
		if err != nil {
			c.Fault(path(n), err)
			continue
		}
		c.Texts(path(n)+".Audiences", d.Audiences)
		if p.audiences = slices.Clone(p.audiences); len(p.audiences) == 0 {
			c.Fault("Audiences", settings.ErrRequired)
		}
		if !allowed.add(p) {
			c.Fault(path(n), errDuplicate)
		}
	}
	return allowed
}

// find returns the policy for a token's issuer if that is allowed, before any request leaves the process (RFC 8725 section
// 3.10). The policy holds nothing of the token.
func (i *issuers) find(ctx context.Context, query ports.DomainQuery) (policy, *Error) {
	allowed := i.fixed
	if i.resolver != nil {
		var err *Error
		if allowed, err = i.resolve(ctx, query); err != nil {
			return policy{}, err
		}
	}
	found, known := allowed.byIssuer[query.UnverifiedIssuer]
	if !known {
		return policy{}, issuerNotAllowed.fail("CLAIM-ISS-02", "iss is not "+allowed.String())
	}
	return found, nil
}

// resolve asks the application which issuers the request may come from.
func (i *issuers) resolve(ctx context.Context, query ports.DomainQuery) (policies, *Error) {
	const rule = "DISC-11"
	resolved, err := outbound.Call(ctx, i.port, func(ctx context.Context) ([]ports.Domain, error) {
		return i.resolver.ResolveDomains(ctx, query)
	})
	switch {
	case err == nil:
	case errors.Is(err, outbound.ErrCallerLeft):
		return policies{}, canceled.because(err)
	case errors.Is(err, ports.ErrUnavailable), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, outbound.ErrAway), errors.Is(err, outbound.ErrStuck):
		return policies{}, resolverUnavailable.fail(rule, "").because(err)
	default:
		return policies{}, resolverFailed.fail(rule, "").because(err)
	}
	if len(resolved) == 0 {
		return policies{}, resolverFailed.fail(rule, "the resolver returned no domain")
	}
	allowed := newPolicies(len(resolved))
	for _, d := range resolved {
		p, err := i.policy(d)
		switch {
		case err != nil:
			return policies{}, resolverFailed.fail(rule, "a resolved issuer").because(err)
		case len(p.audiences) == 0 || slices.ContainsFunc(p.audiences, settings.Blank):
			return policies{}, resolverFailed.fail(rule, "a resolved domain has no audience, or a blank one")
		case !allowed.add(p):
			return policies{}, resolverFailed.fail(rule, "the resolver").because(errDuplicate)
		}
	}
	return allowed, nil
}
