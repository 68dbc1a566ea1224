package jwt

import (
	"fmt"
	"time"

	"github.com/holdfast-go/holdfast/verifier/internal/decode"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// A Reader reads claims and keeps the first fault. Each claim is named with the rule that it breaks if it is malformed or,
// where it is needed, missing. What can't be read is empty.
type Reader struct {
	Claims strictjson.Object
	Fault  *Fault
}

func (r *Reader) report(fault *Fault) {
	if r.Fault == nil {
		r.Fault = fault
	}
}

// Refuse reports a fault by its code, a verifier.Code, which is an error.
func (r *Reader) Refuse(code error, rule, detail string) {
	r.report(&Fault{Code: code.Error(), Rule: rule, Detail: detail})
}

// Missing reports a claim that is not there.
func (r *Reader) Missing(name, rule string) { r.report(Missing(name, rule)) }

// Malformed reports a claim that can't be what it says. The text follows the claim's name.
func (r *Reader) Malformed(name, rule, text string) { r.report(Malformed(name, rule, text)) }

// Has reports whether a claim is there.
func (r *Reader) Has(name string) bool {
	_, found := r.Claims.Lookup(name)
	return found
}

// Text returns a claim that is a string, empty if it is not there.
func (r *Reader) Text(name, rule string) string {
	value, found := r.Claims.Lookup(name)
	text, isText := value.Text()
	if found && !isText {
		r.Malformed(name, rule, ErrText.Error())
	}
	return text
}

// NeedText is [Reader.Text] for a claim that must be there.
func (r *Reader) NeedText(name, rule string) string {
	if !r.Has(name) {
		r.Missing(name, rule)
	}
	return r.Text(name, rule)
}

// Date returns a claim that is a NumericDate, the zero time if it is not there.
func (r *Reader) Date(name, rule string) time.Time {
	date, _, err := Date(r.Claims, name)
	if err == ErrRange {
		rule = "CLAIM-EXP-03"
	}
	if err != nil {
		r.Malformed(name, rule, err.Error())
	}
	return date
}

// NeedDate is [Reader.Date] for a claim that must be there.
func (r *Reader) NeedDate(name, rule string) time.Time {
	if !r.Has(name) {
		r.Missing(name, rule)
	}
	return r.Date(name, rule)
}

// NeedAudiences returns aud.
func (r *Reader) NeedAudiences(missingRule, malformedRule string) []string {
	value, found := r.Claims.Lookup("aud")
	if !found {
		r.Missing("aud", missingRule)
		return nil
	}
	audiences, ok := Audiences(value)
	if !ok {
		r.Malformed("aud", malformedRule, "is neither a string nor a non-empty array of strings")
	}
	return audiences
}

// Need reports the first of the claims that is missing or null. One that lies in something else than an object is missing.
func (r *Reader) Need(rule string, claims []Path) {
	for _, path := range claims {
		if value, _ := path.In(r.Claims); value.Kind() == strictjson.Absent || value.Kind() == strictjson.Null {
			r.Missing(path.String(), rule)
		}
	}
}

// Decode writes claims into the value that target points to, as encoding/json does, but strictly: names are compared with
// case, and a member that stands twice in an object is a fault.
func Decode(claims strictjson.Object, target any) *Fault {
	return Decoded(decode.Into(claims, target), target)
}

// Decoded says what an error of package decode means. Its text would quote the claim that did not fit.
func Decoded(err error, target any) *Fault {
	if err == nil {
		return nil
	}
	return &Fault{Code: CodeUndecodable, Rule: "CLAIM-CUST-01", Detail: fmt.Sprintf("the claims do not fit %T", target)}
}
