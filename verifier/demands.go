package verifier

import (
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
)

// Require reports, as an [*Error] with the answer to send, that the token does not have what a route needs: for a route
// inside others, whose token is verified already. [Request.Route] is for the first.
func (v *Verified) Require(route Route) error {
	for _, check := range [...]func(*Verified, Route) *Error{
		(*Verified).checkScheme, (*Verified).checkCertificateBound, (*Verified).checkClaims, (*Verified).checkScopes, (*Verified).checkDetails,
		(*Verified).checkAuthentication,
	} {
		if err := check(v, route); err != nil {
			return v.refuse(err, route)
		}
	}
	return nil
}

// RequireScopes reports, as an [*Error] with status 403, that the token lacks one of the scopes, all of which are
// needed (RFC 6750 section 3.1). Scopes must be configuration, not input: the challenge names them.
func (v *Verified) RequireScopes(scopes ...string) error { return v.Require(Route{Scopes: scopes}) }

// RequireAuthorizationDetails reports, as an [*Error] with status 403, that the token's authorization details do not permit all
// that is needed (RFC 9396): see [AuthorizationDetails.Permit]. An Identifier may be of the request, unlike scopes: what is
// needed is not in the challenge. Lists must be configuration, since all combinations of their values are looked at.
func (v *Verified) RequireAuthorizationDetails(needed ...AuthorizationDetail) error {
	return v.Require(Route{AuthorizationDetails: needed})
}

// RequireDPoP reports, as an [*Error] with status 401, that the token did not come with the DPoP scheme and a proof: for
// a route that needs sender-constrained tokens where others don't. The challenge offers only DPoP (RFC 9449 section
// 7.2). Where [DPoPDisabled] is configured, every token is refused.
func (v *Verified) RequireDPoP() error { return v.Require(Route{DPoP: true}) }

// RequireAuthentication reports, as an [*Error] with status 401, that the user did not authenticate recently or strongly
// enough for a route (step-up, RFC 9470): auth_time is longer ago than maxAge, or acr is not one of acrValues. The challenge
// names both, so that the client can ask for a login that is good enough. A token that does not say when or how its user
// authenticated is refused too.
//
// A maxAge of zero means that any age will do, no acrValues that any acr will do. Both must be configuration, not input.
// The age is measured by the verifier's clock and leeway, or by the system's for a Verified that a test has made.
func (v *Verified) RequireAuthentication(maxAge time.Duration, acrValues ...string) error {
	return v.Require(Route{MaxAge: maxAge, ACRValues: acrValues})
}

func (v *Verified) checkScheme(route Route) *Error { return route.checkScheme(v.Scheme) }

func (v *Verified) checkCertificateBound(route Route) *Error {
	if route.CertificateBound && v.CertificateThumbprint == "" {
		return confirmationNotSatisfied.fail("MTLS-02", "the token is not bound to a certificate")
	}
	return nil
}

func (v *Verified) checkScopes(route Route) *Error {
	lacks := func(scope string) bool { return !slices.Contains(v.Scopes, scope) }
	needed := ""
	switch i := slices.IndexFunc(route.Scopes, lacks); {
	case i >= 0:
		needed = fmt.Sprintf("scope %q is needed", route.Scopes[i])
	case len(route.AnyScope) > 0 && !slices.ContainsFunc(v.Scopes, func(scope string) bool { return slices.Contains(route.AnyScope, scope) }):
		needed = fmt.Sprintf("one of the scopes %q is needed", route.AnyScope)
	default:
		return nil
	}
	if v.token != nil && v.token.malformedScopes != "" {
		return refused(jwt.Malformed(v.token.malformedScopes, "CLAIM-SCP-01", "is not a string of scopes"))
	}
	return scopeInsufficient.fail("CLAIM-SCP-02", needed)
}

// checkScheme checks how a token was sent. Where DPoP is needed, another token is not even looked at.
func (r Route) checkScheme(sent Scheme) *Error {
	if r.DPoP && sent != DPoPScheme {
		return schemeNotOffered.fail("DPOP-REQ-06", "DPoP is needed here, and the token came as "+string(sent))
	}
	return nil
}
