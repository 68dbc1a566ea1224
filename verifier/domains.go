package verifier

import (
	"bytes"
	"hash/maphash"
	"math/bits"
	"slices"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/holdfast-go/holdfast/ports"
)

// A domainMemory remembers what was made of the domains that a resolver returned, by what they say: each domain, so that
// it is read once, and a token that is remembered finds the policy that it was verified by; and each list of them.
type domainMemory struct {
	seed maphash.Seed
	most int // domains, and as many in lists

	mu      sync.Mutex // guards what follows
	domains *simplelru.LRU[uint64, *readDomain]
	lists   *simplelru.LRU[uint64, *readList]
	listed  int // domains in lists
}

// A readDomain is a domain and what was made of it. It does not change, and shares nothing with what the resolver returned.
type readDomain struct {
	written ports.Domain
	policy  *policy
}

// A readList is a list of domains and what was made of it. It does not change.
type readList struct {
	domains []*readDomain
	allowed policies
}

func newDomainMemory(most int) *domainMemory {
	m := &domainMemory{seed: maphash.MakeSeed(), most: most}
	// The only error of NewLRU is a size that is not positive.
	m.domains, _ = simplelru.NewLRU[uint64, *readDomain](most, nil)
	m.lists, _ = simplelru.NewLRU(most, func(_ uint64, forgotten *readList) { m.listed -= len(forgotten.domains) })
	return m
}

// recall returns nil if it does not know the domain, of which every field counts.
func (m *domainMemory) recall(d *ports.Domain) *readDomain {
	at := m.place(d)
	m.mu.Lock()
	known, found := m.domains.Get(at)
	m.mu.Unlock()
	if !found || !sameDomain(&known.written, d) {
		return nil
	}
	return known
}

// remember keeps a domain. Of two domains of one place the later one is kept.
func (m *domainMemory) remember(d *readDomain) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.domains.Add(m.place(&d.written), d)
}

// recallList returns nil if it does not know the list, of which every field of every domain counts.
func (m *domainMemory) recallList(list []ports.Domain) *readList {
	at := m.listPlace(len(list), func(i int) *ports.Domain { return &list[i] })
	m.mu.Lock()
	known, found := m.lists.Get(at)
	m.mu.Unlock()
	if !found || len(known.domains) != len(list) {
		return nil
	}
	for i, d := range known.domains {
		if !sameDomain(&d.written, &list[i]) {
			return nil
		}
	}
	return known
}

// rememberList keeps a list that is not too long. Of two lists of one place the later one is kept.
func (m *domainMemory) rememberList(l *readList) {
	if len(l.domains) > m.most {
		return
	}
	at := m.listPlace(len(l.domains), func(i int) *ports.Domain { return &l.domains[i].written })
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lists.Remove(at) // so that it is counted
	m.lists.Add(at, l)
	for m.listed += len(l.domains); m.listed > m.most; {
		m.lists.RemoveOldest()
	}
}

// place is where a domain is kept. It tells apart what tenants of one issuer differ in most.
func (m *domainMemory) place(d *ports.Domain) uint64 {
	at := maphash.String(m.seed, d.Issuer)
	for _, audience := range d.Audiences {
		at = bits.RotateLeft64(at, 1) ^ maphash.String(m.seed, audience)
	}
	return at
}

// listPlace is where a list of n domains is kept.
func (m *domainMemory) listPlace(n int, domain func(int) *ports.Domain) uint64 {
	at := uint64(n)
	for i := range n {
		at = bits.RotateLeft64(at, 1) ^ m.place(domain(i))
	}
	return at
}

// sameDomain reports whether two domains are equal in every field.
func sameDomain(a, b *ports.Domain) bool {
	return a.Issuer == b.Issuer && slices.Equal(a.Clients, b.Clients) && slices.EqualFunc(a.RequiredValues, b.RequiredValues, sameValue) && a.Exact == b.Exact && a.ScopeClaim == b.ScopeClaim && a.ClientClaim == b.ClientClaim &&
		slices.Equal(a.Audiences, b.Audiences) && slices.Equal(a.Algorithms, b.Algorithms) && slices.Equal(a.Types, b.Types) &&
		slices.Equal(a.RequiredClaims, b.RequiredClaims) && sameKeys(&a.Keys, &b.Keys)
}

func sameValue(a, b ports.RequiredValue) bool {
	return a.Claim == b.Claim && slices.Equal(a.OneOf, b.OneOf) && slices.Equal(a.Contains, b.Contains) && slices.Equal(a.ContainsAny, b.ContainsAny)
}

func sameKeys(a, b *ports.KeySource) bool {
	return a.MetadataURL == b.MetadataURL && a.JWKSURL == b.JWKSURL && a.File == b.File && a.SPIFFETrustDomain == b.SPIFFETrustDomain &&
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
		v.OneOf, v.Contains, v.ContainsAny = slices.Clone(v.OneOf), slices.Clone(v.Contains), slices.Clone(v.ContainsAny)
	}
	d.Keys.Static = slices.Clone(d.Keys.Static)
	return d
}
