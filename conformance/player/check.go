package player

import (
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/conformance/internal/result"
)

// check compares an answer with what is wanted. It returns what is wrong, or nothing and what there is to note.
func (run *Run) check(want Expectation, a Answer) (fault, note string) {
	want = run.offered(want)
	fault = wrongDecision(want, a)
	if fault != "" {
		return fault, ""
	}
	deviation := run.deviation(want, a)
	if deviation == "" && run.last && a.Err != nil && want != NoCredentials && a.Err.Rule != run.reported {
		deviation = fmt.Sprintf("rejected by rule %q, not by %s", a.Err.Rule, run.reported)
	}
	switch {
	case deviation == "":
		return "", ""
	case run.exact:
		return deviation, ""
	}
	return "", "the decision is right, the answer is not: " + deviation
}

// offered is what is left of an outcome where the request's scheme is not on offer: it is as good as no credentials.
func (run *Run) offered(want Expectation) Expectation {
	switch want {
	case BadRequest, Misdirected, BadToken, BadProof, NoScope, NeedsNonce, StepUp:
		if scheme := run.UsedScheme(); scheme != "" && !slices.Contains(run.schemes(), scheme) {
			return NoCredentials
		}
	}
	return want
}

// schemes are those on offer in the mode.
func (run *Run) schemes() []string {
	switch {
	case run.Mode == Required || routeOf(run.Sent.Path).DPoP:
		return []string{"DPoP"}
	case run.Mode == Disabled:
		return []string{"Bearer"}
	}
	return []string{"Bearer", "DPoP"}
}

// UsedScheme is the scheme of the request, empty if it is neither of the two.
func (run *Run) UsedScheme() string {
	for name, values := range run.Sent.Header {
		if !strings.EqualFold(name, "Authorization") || len(values) == 0 {
			continue
		}
		scheme, _, _ := strings.Cut(values[0], " ")
		for _, known := range []string{"Bearer", "DPoP"} {
			if strings.EqualFold(scheme, known) {
				return known
			}
		}
	}
	return ""
}

// deviation tells in what an answer is not the exact one.
func (run *Run) deviation(want Expectation, a Answer) string {
	if want == Accepted {
		return ""
	}
	status, code := want.Answer()
	if a.Status != status {
		return fmt.Sprintf("the status is not %d", status)
	}
	challenges, err := ParseChallenges(a.Values("Www-Authenticate"))
	if err != nil {
		return err.Error()
	}
	switch want {
	case Undecidable:
		if len(challenges) > 0 || len(a.Values("Retry-After")) != 1 {
			return "it needs Retry-After and no challenge"
		}
		return ""
	case Misconfigured:
		if len(challenges) > 0 {
			return "it has a challenge"
		}
		return ""
	case BadRequest, Misdirected:
		return errorOn(challenges, "", code)
	case NoScope, NeedsNonce, StepUp:
		return errorOn(challenges, run.UsedScheme(), code)
	}
	if len(challenges) == 0 {
		return "it has no challenge"
	}
	if run.toTheLetter("CHAL-05") {
		if fault := run.offer(challenges); fault != "" {
			return fault
		}
	}
	if want == NoCredentials && !run.toTheLetter("CHAL-07") {
		return "" // RFC 6750 section 3.1 only recommends to tell no error
	}
	return errorOn(challenges, run.UsedScheme(), code)
}

// toTheLetter reports whether cases of other rules are also checked for what this rule is about.
func (run *Run) toTheLetter(rule string) bool {
	return run.Process != nil || run.Strict || run.rule == rule
}

// offer tells whether the challenges are those of the mode.
func (run *Run) offer(challenges []Challenge) string {
	var offered []string
	for _, c := range challenges {
		offered = append(offered, result.Printable(c.Scheme))
	}
	for _, scheme := range run.schemes() {
		if !slices.ContainsFunc(offered, func(o string) bool { return strings.EqualFold(o, scheme) }) {
			return "it does not offer " + scheme
		}
	}
	if len(offered) != len(run.schemes()) {
		return "it offers " + strings.Join(offered, ", ") + " in mode " + string(run.Mode)
	}
	return ""
}

// errorOn tells whether the error code is on the challenge of the scheme that was used (any where that is not known)
// and on no other.
func errorOn(challenges []Challenge, used, code string) string {
	found := code == "" || len(challenges) == 0 && code == "invalid_request"
	for _, c := range challenges {
		told, hasError := c.Params["error"]
		switch {
		case code == "" && c.TellsError():
			return fmt.Sprintf("the %s challenge has error information", result.Printable(c.Scheme))
		case !hasError:
		case told == code && (used == "" || strings.EqualFold(c.Scheme, used)):
			found = true
		default:
			return fmt.Sprintf("the %s challenge has the error %q", result.Printable(c.Scheme), result.Printable(told))
		}
	}
	if !found {
		return "no challenge has the error " + code
	}
	return ""
}
