package verifier

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/verifier/internal/settings"
)

var (
	errScope = errors.New("is not a scope of RFC 6749 section 3.3: printable ASCII without spaces, quotes and backslashes")
	// RFC 9728 section 2: clients learn of the types by the metadata.
	errUntoldType = errors.New("is not one of AuthorizationDetailsTypes of the Resource")

	errACR = errors.New("is not an acr value of printable ASCII without spaces")
)

// CheckRoute returns what of a route can't work with this verifier, as joined errors of type [*FieldError]; nil if all can.
func (v *Verifier) CheckRoute(route Route) error {
	var faults []error
	fault := faultFunc(func(field string, err error) { faults = append(faults, &FieldError{Field: field, Err: err}) })
	fault.each("Scopes", route.Scopes, without(`"\`, errScope))
	fault.each("AnyScope", route.AnyScope, without(`"\`, errScope))
	requirement{}.and(route.RequiredClaims, route.RequiredValues, fault)
	for i, needed := range route.AuthorizationDetails {
		field := fmt.Sprintf("AuthorizationDetails[%d]", i)
		needed.check(field, fault)
		if r := v.resource; r != nil && len(r.AuthorizationDetailsTypes) > 0 && !slices.Contains(r.AuthorizationDetailsTypes, needed.Type) {
			fault(field+".Type", errUntoldType)
		}
	}
	if route.DPoP && v.confirmation.proofs == nil {
		fault("DPoP", errors.New("is set, and DPoP is disabled in the verifier's Config"))
	}
	if route.CertificateBound && v.confirmation.mtls == MTLSOff {
		fault("CertificateBound", errors.New("is set, and MTLS is off in the verifier's Config"))
	}
	if route.MaxAge < 0 {
		fault("MaxAge", settings.ErrNegative)
	}
	fault.each("ACRValues", route.ACRValues, without("", errACR))
	return errors.Join(faults...)
}

// check finds what no token permits.
func (d AuthorizationDetail) check(field string, fault faultFunc) {
	if settings.Blank(d.Type) {
		fault(field+".Type", settings.ErrRequired)
	}
	for _, list := range detailLists {
		fault.each(field+"."+list.field, *list.of(&d), settings.NotBlank)
	}
}

// without finds texts that can't stand in a list of a challenge.
func without(characters string, fault error) func(string) error {
	return func(text string) error {
		unfit := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(characters, r) }
		if text == "" || strings.ContainsFunc(text, unfit) {
			return fault
		}
		return nil
	}
}
