package main

import (
	"maps"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

// A provider is an issuer of the field: how it is configured, and what its tokens look like.
type provider struct {
	name   string
	domain ports.Domain // of which the page shows the source
	// resolver is another way to configure it, for several tenants.
	resolver func(tenants []string) ports.DomainResolver
	header   claims   // besides alg and kid
	claims   claims   // besides iat and exp
	scopes   []string // that Holdfast finds
	client   string   // that Holdfast finds

	wrongAudience, wrongTenant other
	idToken                    other // where only the configuration tells it apart

	documented  string   // where its form is documented
	unconfirmed string   // which part of its form is not confirmed by its documentation
	odd         []string // what one has to know
}

// claims are the members of a header or a payload.
type claims map[string]any

// with returns them with changes; one of nil removes a member.
func (c claims) with(changes claims) claims {
	changed := maps.Clone(c)
	maps.Copy(changed, changes)
	maps.DeleteFunc(changed, func(_ string, value any) bool { return value == nil })
	return changed
}

// other is a token that the provider issued for something or someone else.
type other struct {
	claims claims        // that differ
	key    bool          // signed by a key that the domain does not name
	Code   verifier.Code // of its refusal
}

// A group is a part of the page.
type group struct {
	Title     string
	Providers []provider
}

// groups are the parts of the page in their order.
var groups = []group{
	{"Identity providers", identityProviders},
	{"Identity providers for applications", applicationProviders},
	{"Workloads and proxies", workloads},
}

// What the template reads.

func (p provider) Name() string         { return p.name }
func (p provider) Scopes() []string     { return p.scopes }
func (p provider) Client() string       { return p.client }
func (p provider) WrongAudience() other { return p.wrongAudience }
func (p provider) WrongTenant() other   { return p.wrongTenant }
func (p provider) IDToken() other       { return p.idToken }
func (p provider) Documented() string   { return p.documented }
func (p provider) Unconfirmed() string  { return p.unconfirmed }
func (p provider) Odd() []string        { return p.odd }

// Header returns the header of its tokens.
func (p provider) Header() claims {
	return p.header.with(claims{"alg": p.algorithm(), "kid": p.algorithm() + "-key"})
}

// Claims returns the payload of its tokens.
func (p provider) Claims() claims { return p.claims.with(claims{"iat": noon, "exp": noon + 3600}) }

// noon is when the tokens are issued: 2026-03-01 12:00 UTC.
const noon int64 = 1772366400

// issuer is the iss of its tokens, or what they stand for that have none.
func (p provider) issuer() string {
	if issuer, ok := p.claims["iss"].(string); ok {
		return issuer
	}
	return p.domain.Issuer
}

func (p provider) algorithm() string {
	if len(p.domain.Algorithms) > 0 {
		return p.domain.Algorithms[0]
	}
	return "RS256"
}
