package contract

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/holdfast-go/holdfast/ports"
)

// DomainTraits say what [TestDomainResolver] can't know of a resolver.
type DomainTraits struct {
	// Queries are what requests of known tenants ask, at least one. Each resolver must have domains for all of them.
	Queries []ports.DomainQuery
	// NonBlocking says that the resolver answers from memory, so that it need not look at contexts.
	NonBlocking bool
	// Connect opens a resolver that asks a server at address, host and port. The suite plays a server that is gone,
	// one that is silent, for which the resolver's client should wait longer than 15 seconds by itself, and one that
	// answers nonsense. Nil says that the resolver needs no server.
	Connect func(t *testing.T, address string) ports.DomainResolver
	// Credentials are what resolvers are opened with and no error may hold.
	Credentials []string
}

// TestDomainResolver proves that the resolvers which open returns keep the contract of [ports.DomainResolver]. It calls
// open once for each case, with the case's own t.
func TestDomainResolver(t *testing.T, open func(*testing.T) ports.DomainResolver, traits DomainTraits) {
	t.Helper()
	if len(traits.Queries) == 0 {
		t.Fatal(errors.New("contract: DomainTraits.Queries are none"))
	}
	runContract(t, domainContract(), true, func(t *testing.T, trial trial) *domainTrial {
		return newDomainTrial(t, trial, open, traits)
	})
}

// A domainTrial is a case of the domain resolver's contract under way.
type domainTrial struct {
	trial
	DomainTraits
	open    func() ports.DomainResolver
	connect func(address string) ports.DomainResolver
}

func newDomainTrial(
	t *testing.T, trial trial, open func(*testing.T) ports.DomainResolver, traits DomainTraits,
) *domainTrial {
	traits.Queries = slices.Clone(traits.Queries)
	for i := range traits.Queries {
		traits.Queries[i].Header = http.Header(traits.Queries[i].Header).Clone()
	}
	return &domainTrial{
		trial: trial, DomainTraits: traits,
		open:    func() ports.DomainResolver { return rescuedResolver(open(t), trial) },
		connect: func(address string) ports.DomainResolver { return rescuedResolver(traits.Connect(t, address), trial) },
	}
}

// rescuedResolver returns a resolver whose panics fail the case.
func rescuedResolver(r ports.DomainResolver, trial trial) ports.DomainResolver {
	return ports.DomainResolverFunc(func(ctx context.Context, q ports.DomainQuery) (domains []ports.Domain, err error) {
		defer trial.rescue("ResolveDomains", &err)
		return r.ResolveDomains(ctx, q)
	})
}

// The traits by which a case can't be tried.

func (t *domainTrial) blocksNever() string {
	if t.NonBlocking {
		return "DomainTraits.NonBlocking is set"
	}
	return ""
}

func (t *domainTrial) hasNoServer() string {
	if t.Connect == nil {
		return "DomainTraits.Connect is nil"
	}
	return ""
}

func (t *domainTrial) hasNoCredentials() string {
	if len(t.Credentials) == 0 {
		return "DomainTraits.Credentials are none"
	}
	return t.hasNoServer()
}

// resolve returns the domains of a query that has some, and ends the case otherwise.
func (t *domainTrial) resolve(r ports.DomainResolver, q ports.DomainQuery) []ports.Domain {
	t.Helper()
	domains, err := r.ResolveDomains(t.Context(), q)
	if err != nil || len(domains) == 0 {
		t.fatal("ResolveDomains returned %d domains for one of DomainTraits.Queries, error %v", len(domains), err)
	}
	return domains
}

// resolveError returns the error of a query that has domains.
func (t *domainTrial) resolveError(ctx context.Context, r ports.DomainResolver) error {
	_, err := r.ResolveDomains(ctx, t.Queries[0])
	return err
}
