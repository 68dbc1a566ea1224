package verifier

import (
	"bytes"
	"hash/maphash"
	"slices"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/holdfast-go/holdfast/ports"
)

// A domainMemory remembers the policies that were made of a resolver's domains. A domain is read once, and a token that
// is remembered finds the policy that it was verified by.
type domainMemory struct {
	seed maphash.Seed

	mu     sync.Mutex // guards recent
	recent *simplelru.LRU[uint64, readDomain]
}

// A readDomain is a domain and what was made of it.
type readDomain struct {
	written ports.Domain
	policy  *policy
}

func newDomainMemory(most int) *domainMemory {
	m := &domainMemory{seed: maphash.MakeSeed()}
	m.recent, _ = simplelru.NewLRU[uint64, readDomain](most, nil) // its only error is a size that is not positive
	return m
}

// recall returns nil if it does not know the domain, of which every field counts.
func (m *domainMemory) recall(d ports.Domain) *policy {
	at := m.place(d)
	m.mu.Lock()
	known, found := m.recent.Get(at)
	m.mu.Unlock()
	if !found || !sameDomain(known.written, d) {
		return nil
	}
	return known.policy
}

// remember keeps a domain, which must not change. Of two domains of one place the later one is kept.
func (m *domainMemory) remember(d ports.Domain, p *policy) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.recent.Add(m.place(d), readDomain{d, p})
}

// place is where a domain is kept. It tells apart what tenants of one issuer differ in most.
func (m *domainMemory) place(d ports.Domain) uint64 {
	var h maphash.Hash
	h.SetSeed(m.seed)
	h.WriteString(d.Issuer)
	for _, audience := range d.Audiences {
		h.WriteByte(0)
		h.WriteString(audience)
	}
	return h.Sum64()
}

// sameDomain reports whether two domains are equal in every field.
func sameDomain(a, b ports.Domain) bool {
	return a.Issuer == b.Issuer && slices.Equal(a.Clients, b.Clients) && slices.EqualFunc(a.RequiredValues, b.RequiredValues, sameValue) && a.Exact == b.Exact && a.ScopeClaim == b.ScopeClaim && a.ClientClaim == b.ClientClaim &&
		slices.Equal(a.Audiences, b.Audiences) && slices.Equal(a.Algorithms, b.Algorithms) && slices.Equal(a.Types, b.Types) &&
		slices.Equal(a.RequiredClaims, b.RequiredClaims) && sameKeys(a.Keys, b.Keys)
}

func sameValue(a, b ports.RequiredValue) bool {
	return a.Claim == b.Claim && slices.Equal(a.OneOf, b.OneOf) && slices.Equal(a.Contains, b.Contains)
}

func sameKeys(a, b ports.KeySource) bool {
	return a.MetadataURL == b.MetadataURL && a.JWKSURL == b.JWKSURL && a.File == b.File &&
		bytes.Equal(a.Static, b.Static) && (a.Static == nil) == (b.Static == nil)
}

// cloneDomain returns a copy that shares nothing with d.
func cloneDomain(d ports.Domain) ports.Domain {
	for _, list := range []*[]string{&d.Audiences, &d.Clients, &d.Algorithms, &d.Types, &d.RequiredClaims} {
		*list = slices.Clone(*list)
	}
	d.RequiredValues = slices.Clone(d.RequiredValues)
	for i := range d.RequiredValues {
		v := &d.RequiredValues[i]
		v.OneOf, v.Contains = slices.Clone(v.OneOf), slices.Clone(v.Contains)
	}
	d.Keys.Static = slices.Clone(d.Keys.Static)
	return d
}
