package verifier

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/keyring"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
)

// issuers knows whose tokens are accepted, and under which policy.
type issuers struct {
	fixed    policies             // none where a resolver knows
	resolver ports.DomainResolver // nil where they are fixed
	port     *outbound.Port       // of the resolver
	reader   policyReader
	read     *domainMemory // what was made of the resolver's domains
}

var errDuplicate = errors.New("names an issuer twice")

func newIssuers(c *checker) issuers {
	i := issuers{
		resolver: c.Resolver,
		port:     c.port("domain resolver", c.Duration("ResolverTimeout")),
		reader:   newPolicyReader(c),
	}
	c.Port("Resolver", c.Resolver)
	switch {
	case c.Resolver != nil && c.Domains != nil:
		c.Fault("Resolver", errors.New("can't be combined with Domains; have it return them"))
	case c.Resolver != nil:
		i.read = newDomainMemory(max(1, c.Int("Keys.MaxIssuers")))
	case c.Domains != nil:
		if len(c.Domains) == 0 {
			c.Fault("Domains", errors.New("is an empty list"))
		}
		i.fixed = i.fix(c, c.Domains)
	case c.Domain != "":
		one := i.reader.read(ports.Domain{Issuer: c.Domain, Exact: c.ExactDomain}, func(field string, err error) {
			if err == errNoKeyURL {
				field, err = "Domain", errNotURL
			}
			c.Fault(cmp.Or(field, "Domain"), err)
		})
		i.fixed = newPolicies(1)
		i.fixed.add(one)
	default:
		c.Fault("Domain, Domains or Resolver", settings.ErrRequired)
	}
	return i
}

// fix reads the domains of a configuration.
func (i *issuers) fix(c *checker, domains []ports.Domain) policies {
	allowed := newPolicies(len(domains))
	for n, d := range domains {
		path := fmt.Sprintf("Domains[%d]", n)
		good := true
		p := i.reader.read(d, func(field string, err error) {
			if field == "" {
				good = false
			} else {
				field = "." + field
			}
			c.Fault(path+field, err)
		})
		if good && !allowed.add(p) {
			c.Fault(path, errDuplicate)
		}
	}
	return allowed
}

// find returns the policy for a token's issuer if that is allowed, before any request leaves the process (RFC 8725 section
// 3.10). The policy holds nothing of the token.
func (i *issuers) find(ctx context.Context, query ports.DomainQuery) (*policy, *Error) {
	allowed := i.fixed
	if i.resolver != nil {
		var err *Error
		if allowed, err = i.resolve(ctx, query); err != nil {
			return nil, err
		}
	}
	found, known := allowed.byIssuer[query.UnverifiedIssuer]
	if !known {
		return nil, issuerNotAllowed.fail("CLAIM-ISS-02", allowed.otherIssuer(query.UnverifiedIssuer))
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
	if known := i.read.recallList(resolved); known != nil {
		return known.allowed, nil
	}
	list := &readList{allowed: newPolicies(len(resolved))}
	for n := range resolved {
		one, err := i.resolved(&resolved[n])
		if err == nil && !list.allowed.add(one.policy) {
			err = errDuplicate
		}
		if err != nil {
			return policies{}, resolverFailed.fail(rule, "what the resolver returned").because(err)
		}
		list.domains = append(list.domains, one)
	}
	i.read.rememberList(list)
	return list.allowed, nil
}

// resolved returns what was made of a resolver's domain: the same for the same domain, unless it has been forgotten.
func (i *issuers) resolved(d *ports.Domain) (*readDomain, error) {
	if known := i.read.recall(d); known != nil {
		return known, nil
	}
	made := &readDomain{written: cloneDomain(*d)}
	var faults []error
	made.policy = i.reader.read(made.written, func(field string, err error) {
		faults = append(faults, &FieldError{Field: strings.TrimSuffix("Domain."+field, "."), Err: err})
	})
	if len(faults) == 0 {
		i.read.remember(made)
	}
	return made, errors.Join(faults...)
}

// source returns where the keys of an issuer are that other packages of this module ask for.
func (i *issuers) source(identifier string) keyring.Source {
	if p, known := i.fixed.byIssuer[identifier]; known {
		return p.source
	}
	return keyring.Location{Issuer: identifier, Static: i.reader.sources.static[identifier]}.Source()
}
