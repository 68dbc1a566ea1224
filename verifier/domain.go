package verifier

import (
	"fmt"
	"strconv"
	"strings"
)

// A domain is an issuer whose tokens are accepted.
type domain struct {
	issuer    string // its identifier
	audiences []string
}

// domains are the issuers whose tokens are accepted, by their identifiers.
type domains struct {
	byIssuer map[string]domain
	first    []string // the first few identifiers in the order in which they were given, for errors
}

func newDomains(size int) domains { return domains{byIssuer: make(map[string]domain, size)} }

// add adds a domain, and reports false if its issuer is there already.
func (d *domains) add(one domain) bool {
	if _, twice := d.byIssuer[one.issuer]; twice {
		return false
	}
	d.byIssuer[one.issuer] = one
	if len(d.first) < fewIssuers {
		d.first = append(d.first, one.issuer)
	}
	return true
}

// fewIssuers is how many issuers an error names: naming all would let a request with any made-up issuer cost as much
// as there are issuers.
const fewIssuers = 5

// String names a few issuers, for an operator who looks for the byte that differs.
func (d domains) String() string {
	names := make([]string, 0, fewIssuers+1)
	for _, issuer := range d.first {
		names = append(names, strconv.Quote(issuer))
	}
	if more := len(d.byIssuer) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, " or ")
}
