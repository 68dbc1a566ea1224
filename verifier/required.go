package verifier

import (
	"errors"
	"fmt"
	"slices"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// A requiredValue is a [ports.RequiredValue], read.
type requiredValue struct {
	path                         jwt.Path
	oneOf, contains, containsAny []string
}

var errOneKind = errors.New("must have exactly one of OneOf, Contains and ContainsAny, with at least one value; to demand only that a claim is present, use RequiredClaims")

// A requirement is what claims a token must have.
type requirement struct {
	present []jwt.Path
	values  []requiredValue
}

// and returns a requirement that also has what is written.
func (q requirement) and(claims []string, values []ports.RequiredValue, fault faultFunc) requirement {
	q.present, q.values = slices.Clone(q.present), slices.Clone(q.values)
	for i, name := range claims {
		q.present = append(q.present, fault.paths(fmt.Sprintf("RequiredClaims[%d]", i), name)...)
	}
	for i, w := range values {
		field := fmt.Sprintf("RequiredValues[%d]", i)
		if kinds := min(len(w.OneOf), 1) + min(len(w.Contains), 1) + min(len(w.ContainsAny), 1); kinds != 1 {
			fault(field, errOneKind)
		}
		fault.each(field+".OneOf", w.OneOf, settings.NotBlank)
		fault.each(field+".Contains", w.Contains, settings.NotBlank)
		fault.each(field+".ContainsAny", w.ContainsAny, settings.NotBlank)
		for _, path := range fault.paths(field+".Claim", w.Claim) {
			q.values = append(q.values, requiredValue{path, slices.Clone(w.OneOf), slices.Clone(w.Contains), slices.Clone(w.ContainsAny)})
		}
	}
	return q
}

// check checks the claims that must be there, and those that must have a certain value.
func (q *requirement) check(claims strictjson.Object) *Error {
	r := jwt.Reader{Claims: claims}
	if r.Need("CLAIM-REQ-01", q.present); r.Fault != nil {
		return refused(r.Fault)
	}
	for i := range q.values {
		if err := q.values[i].check(claims); err != nil {
			return err
		}
	}
	return nil
}

// check checks that the claim is there, of the type that is expected, and has the value.
func (v *requiredValue) check(claims strictjson.Object) *Error {
	const rule = "CLAIM-REQ-02"
	name := v.path.String()
	value, found := v.path.In(claims)
	if !found {
		return refused(jwt.Missing(name, rule))
	}
	if len(v.oneOf) > 0 {
		text, isText := value.Text()
		switch {
		case !isText:
			return refused(jwt.Malformed(name, rule, jwt.ErrText.Error()))
		case !slices.Contains(v.oneOf, text):
			return claimMismatch.fail(rule, fmt.Sprintf("claim %q is none of %q", name, v.oneOf))
		}
		return nil
	}
	texts, areTexts := value.Strings()
	if !areTexts {
		return refused(jwt.Malformed(name, rule, "is not an array of strings"))
	}
	has := func(needed string) bool { return slices.Contains(texts, needed) }
	for _, needed := range v.contains {
		if !has(needed) {
			return claimMismatch.fail(rule, fmt.Sprintf("claim %q does not have %q", name, needed))
		}
	}
	if len(v.containsAny) > 0 && !slices.ContainsFunc(v.containsAny, has) {
		return claimMismatch.fail(rule, fmt.Sprintf("claim %q has none of %q", name, v.containsAny))
	}
	return nil
}

// checkClaims checks what a route demands of its token, beyond what the token's issuer does. A good token that does not have it
// is not a bad one: it does not permit this route (CLAIM-REQ-03).
func (v *Verified) checkClaims(route Route) *Error {
	if len(route.RequiredClaims) == 0 && len(route.RequiredValues) == 0 {
		return nil
	}
	var faults []error
	demanded := requirement{}.and(route.RequiredClaims, route.RequiredValues, func(field string, err error) {
		faults = append(faults, &FieldError{Field: "Route." + field, Err: err})
	})
	if len(faults) > 0 {
		return configInvalid.because(errors.Join(faults...))
	}
	switch err := demanded.check(v.claims()); {
	case err == nil:
		return nil
	case err.Code == CodeClaimMissing, err.Code == CodeClaimValue:
		return claimsInsufficient.fail("CLAIM-REQ-03", err.Detail)
	default:
		return err
	}
}
