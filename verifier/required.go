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
	path            jwt.Path
	oneOf, contains []string
}

var errOneOfOrContains = errors.New("must have either OneOf or Contains, with at least one value; to demand only that a claim is present, use RequiredClaims")

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
		if (len(w.OneOf) > 0) == (len(w.Contains) > 0) {
			fault(field, errOneOfOrContains)
		}
		fault.each(field+".OneOf", w.OneOf, settings.NotBlank)
		fault.each(field+".Contains", w.Contains, settings.NotBlank)
		for _, path := range fault.paths(field+".Claim", w.Claim) {
			q.values = append(q.values, requiredValue{path, slices.Clone(w.OneOf), slices.Clone(w.Contains)})
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
	for _, needed := range v.contains {
		if !slices.Contains(texts, needed) {
			return claimMismatch.fail(rule, fmt.Sprintf("claim %q does not have %q", name, needed))
		}
	}
	return nil
}

// checkClaims checks what a route demands of its token, beyond what the token's issuer does.
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
	return demanded.check(v.claims())
}
