package verifier

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
	"github.com/holdfast-go/holdfast/verifier/internal/quote"
)

// policies are those of the issuers whose tokens are accepted, by their identifiers.
type policies struct {
	byIssuer map[string]*policy
	first    []string // the first few identifiers in the order in which they were given, for errors
}

func newPolicies(size int) policies { return policies{byIssuer: make(map[string]*policy, size)} }

// add adds a policy, and reports false if there is one for its issuer.
func (p *policies) add(one *policy) bool {
	if _, twice := p.byIssuer[one.issuer]; twice {
		return false
	}
	p.byIssuer[one.issuer] = one
	if len(p.first) < quote.Most {
		p.first = append(p.first, one.issuer)
	}
	return true
}

// String names a few issuers, for an operator who looks for the byte that differs. Naming all would let a request with any
// made-up issuer cost as much as there are issuers.
func (p policies) String() string {
	names := make([]string, 0, quote.Most+1)
	for _, issuer := range p.first {
		names = append(names, strconv.Quote(issuer))
	}
	if more := len(p.byIssuer) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, " or ")
}

// otherIssuer names the iss that came, a few that are allowed, and the likely mistake.
func (p policies) otherIssuer(came string) string {
	allowed := func(identifier string) bool { return p.byIssuer[identifier] != nil }
	return fmt.Sprintf("iss is %s, not %s%s", quote.Text(came), p, issuerurl.Cure(came, allowed))
}
