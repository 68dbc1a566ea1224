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

// values reads values that claims must have.
func (fault faultFunc) values(written []ports.RequiredValue) []requiredValue {
	var values []requiredValue
	for i, w := range written {
		field := fmt.Sprintf("RequiredValues[%d]", i)
		if (len(w.OneOf) > 0) == (len(w.Contains) > 0) {
			fault(field, errOneOfOrContains)
		}
		fault.each(field+".OneOf", w.OneOf, settings.NotBlank)
		fault.each(field+".Contains", w.Contains, settings.NotBlank)
		for _, path := range fault.paths(field+".Claim", w.Claim) {
			values = append(values, requiredValue{path, slices.Clone(w.OneOf), slices.Clone(w.Contains)})
		}
	}
	return values
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

// require checks what one request demands of its token, beyond what the token's issuer does.
func (v *Verified) require(r Request) *Error {
	if len(r.RequiredClaims) == 0 && len(r.RequiredValues) == 0 {
		return nil
	}
	var faults []error
	demanded := policy{}
	demanded.readClaims(ports.Domain{RequiredClaims: r.RequiredClaims, RequiredValues: r.RequiredValues}, func(field string, err error) {
		faults = append(faults, &FieldError{Field: "Request." + field, Err: err})
	})
	if len(faults) > 0 {
		return configInvalid.because(errors.Join(faults...))
	}
	return demanded.checkRequired(v.claims())
}

// checkRequired checks the claims that must be there, and those that must have a certain value.
func (p *policy) checkRequired(claims strictjson.Object) *Error {
	r := jwt.Reader{Claims: claims}
	if r.Need("CLAIM-REQ-01", p.required); r.Fault != nil {
		return refused(r.Fault)
	}
	for i := range p.values {
		if err := p.values[i].check(claims); err != nil {
			return err
		}
	}
	return nil
}
