package verifier

import (
	"fmt"

	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
	"github.com/holdfast-go/holdfast/verifier/internal/quote"
)

// AuthorizationDetails returns what the token permits by its authorization_details claim (RFC 9396 section 9.1), nil if it
// has none. Whether a detail names the resource of the request is the API's to check, by [AuthorizationDetails.Permit] or
// [Verified.RequireAuthorizationDetails].
//
// A claim that is not an array of at most 128 objects, each with a type, or whose common members are of other types than
// RFC 9396 section 2.2 says, is an [*Error] with status 401. Verification doesn't look at the claim, so an API that doesn't ask
// is not bothered by it.
func (v *Verified) AuthorizationDetails() (AuthorizationDetails, error) {
	details, fault := v.readDetails()
	if fault != nil {
		return nil, v.refuse(refused(fault), Route{})
	}
	return details, nil
}

// checkDetails checks what a route needs of the authorization details.
func (v *Verified) checkDetails(route Route) *Error {
	if len(route.AuthorizationDetails) == 0 && route.DetailsPolicy == nil {
		return nil
	}
	details, fault := v.readDetails()
	if fault != nil {
		return refused(fault)
	}
	for _, needed := range route.AuthorizationDetails {
		if !details.Permit(needed) {
			return detailsInsufficient.fail("RAR-03", fmt.Sprintf("authorization_details do not permit what is needed of the type %s", quote.Text(needed.Type)))
		}
	}
	if route.DetailsPolicy == nil {
		return nil
	}
	return details.submit(route.DetailsPolicy)
}

func (v *Verified) readDetails() (AuthorizationDetails, *jwt.Fault) {
	const claim = "authorization_details"
	value, found := v.claims().Lookup(claim)
	if !found {
		return nil, nil
	}
	elements, isArray := value.Array()
	switch {
	case !isArray:
		return nil, jwt.Malformed(claim, "RAR-01", "is not an array")
	case len(elements) > maxAuthorizationDetails:
		return nil, jwt.Malformed(claim, "RAR-01", fmt.Sprintf("has %d elements, over %d", len(elements), maxAuthorizationDetails))
	}
	refuse := func(fault *jwt.Fault) *Error { return v.refuse(refused(fault), Route{}) }
	details := make(AuthorizationDetails, len(elements))
	for i, element := range elements {
		if rule, wrong := details[i].read(element); wrong != "" {
			return nil, jwt.Malformed(claim, rule, fmt.Sprintf("has an element (%d) %s", i, wrong))
		}
		details[i].refuse = refuse
	}
	return details, nil
}
