package catalogue

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/conformance/internal/result"
)

// An Outcome is what must come of a case, in a few words.
type Outcome string

// The outcomes.
const (
	accepted      Outcome = "accepted"
	noCredentials Outcome = "401 without an error"
	badRequest    Outcome = "400 invalid_request"
	misdirected   Outcome = "421 invalid_request"
	badToken      Outcome = "401 invalid_token"
	badProof      Outcome = "401 invalid_dpop_proof"
	needsNonce    Outcome = "401 use_dpop_nonce"
	noScope       Outcome = "403 insufficient_scope"
	undecidable   Outcome = "503 with Retry-After"
	misconfigured Outcome = "500"
	refusedByNew  Outcome = "an error of New"
	holds         Outcome = "it holds"
)

// String returns the outcome.
func (o Outcome) String() string { return string(o) }

// RefusedByNew reports whether the configuration of the case must not get as far as a verifier.
func (o Outcome) RefusedByNew() bool { return o == refusedByNew }

// Undecidable reports whether nothing can be known of the request.
func (o Outcome) Undecidable() bool { return o == undecidable }

// An answer by the book has this status and error code.
var book = map[Outcome]struct {
	status int
	code   string
}{
	noCredentials: {http.StatusUnauthorized, ""},
	badRequest:    {http.StatusBadRequest, "invalid_request"},
	misdirected:   {http.StatusMisdirectedRequest, "invalid_request"},
	badToken:      {http.StatusUnauthorized, "invalid_token"},
	badProof:      {http.StatusUnauthorized, "invalid_dpop_proof"},
	needsNonce:    {http.StatusUnauthorized, "use_dpop_nonce"},
	noScope:       {http.StatusForbidden, "insufficient_scope"},
	undecidable:   {http.StatusServiceUnavailable, ""},
	misconfigured: {http.StatusInternalServerError, ""},
}

// judge holds an answer against what is wanted. It returns what is wrong, or nothing and what there is to note.
func (s *scene) judge(want Outcome, a Answer) (fault, note string) {
	want = s.offered(want)
	fault = decisionFault(want, a)
	if fault != "" {
		return fault, ""
	}
	deviation := s.deviation(want, a)
	if s.Process != nil {
		if deviation == "" && s.last && a.Err != nil && want != noCredentials && a.Err.Rule != s.c.fault {
			deviation = fmt.Sprintf("rejected by rule %q, not by %s", a.Err.Rule, s.c.fault)
		}
		return deviation, ""
	}
	if s.c.exact || s.Strict {
		return deviation, ""
	}
	if deviation != "" {
		note = "the decision is right, the answer is not: " + deviation
	}
	return "", note
}

// offered is what is left of an outcome where the request's scheme is not on offer: it is as good as no credentials.
func (s *scene) offered(want Outcome) Outcome {
	switch want {
	case badRequest, misdirected, badToken, badProof, noScope, needsNonce:
		if scheme := s.usedScheme(); scheme != "" && !slices.Contains(s.schemes(), scheme) {
			return noCredentials
		}
	}
	return want
}

// schemes are those on offer in the mode.
func (s *scene) schemes() []string {
	switch s.Mode {
	case Required:
		return []string{"DPoP"}
	case Disabled:
		return []string{"Bearer"}
	}
	return []string{"Bearer", "DPoP"}
}

// usedScheme is the scheme of the request, empty if it is neither of the two.
func (s *scene) usedScheme() string {
	for name, values := range s.sent.Header {
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

// rejections are the statuses of a request that is the sender's fault. The last three are those of servers that bound
// what they read themselves.
var rejections = []int{
	http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusMisdirectedRequest,
	http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge,
}

// decisionFault tells whether the request passed where it had to, and did not where it had not to.
func decisionFault(want Outcome, a Answer) string {
	passed := 200 <= a.Status && a.Status < 300
	switch want {
	case accepted:
		if !passed {
			return "a good request was not accepted"
		}
	case undecidable, misconfigured:
		if passed {
			return "accepted, though nothing could be known"
		}
	default:
		switch {
		case passed:
			return "accepted"
		case !slices.Contains(rejections, a.Status):
			return "neither accepted nor rejected"
		}
	}
	return ""
}

// deviation tells in what an answer is not by the book.
func (s *scene) deviation(want Outcome, a Answer) string {
	if want == accepted {
		return ""
	}
	byTheBook := book[want]
	if a.Status != byTheBook.status {
		return fmt.Sprintf("the status is not %d", byTheBook.status)
	}
	challenges, err := parseChallenges(a.values("Www-Authenticate"))
	if err != nil {
		return err.Error()
	}
	switch want {
	case undecidable:
		if len(challenges) > 0 || len(a.values("Retry-After")) != 1 {
			return "it needs Retry-After and no challenge"
		}
		return ""
	case misconfigured:
		if len(challenges) > 0 {
			return "it has a challenge"
		}
		return ""
	case badRequest, misdirected:
		return errorOn(challenges, "", byTheBook.code)
	case noScope, needsNonce:
		return errorOn(challenges, s.usedScheme(), byTheBook.code)
	}
	if len(challenges) == 0 {
		return "it has no challenge"
	}
	if s.toTheLetter("CHAL-05") {
		if fault := s.offer(challenges); fault != "" {
			return fault
		}
	}
	if want == noCredentials && !s.toTheLetter("CHAL-07") {
		return "" // RFC 6750 section 3.1 only recommends to tell no error
	}
	return errorOn(challenges, s.usedScheme(), byTheBook.code)
}

// toTheLetter reports whether what a rule is about is judged too in cases of others.
func (s *scene) toTheLetter(rule string) bool {
	return s.Process != nil || s.Strict || s.c.Rule == rule
}

// offer tells whether the challenges are those of the mode.
func (s *scene) offer(challenges []challenge) string {
	var offered []string
	for _, c := range challenges {
		offered = append(offered, result.Printable(c.scheme))
	}
	for _, scheme := range s.schemes() {
		if !slices.ContainsFunc(offered, func(o string) bool { return strings.EqualFold(o, scheme) }) {
			return "it does not offer " + scheme
		}
	}
	if len(offered) != len(s.schemes()) {
		return "it offers " + strings.Join(offered, ", ") + " in mode " + string(s.Mode)
	}
	return ""
}

// errorOn tells whether the error code is on the challenge of the scheme that was used (any where that is not known)
// and on no other.
func errorOn(challenges []challenge, used, code string) string {
	found := code == "" || len(challenges) == 0 && code == "invalid_request"
	for _, c := range challenges {
		told, hasError := c.params["error"]
		switch {
		case code == "" && c.tellsError():
			return fmt.Sprintf("the %s challenge has error information", result.Printable(c.scheme))
		case !hasError:
		case told == code && (used == "" || strings.EqualFold(c.scheme, used)):
			found = true
		default:
			return fmt.Sprintf("the %s challenge has the error %q", result.Printable(c.scheme), result.Printable(told))
		}
	}
	if !found {
		return "no challenge has the error " + code
	}
	return ""
}

// tellsError reports whether there is error information (RFC 6750 section 3.1).
func (c challenge) tellsError() bool {
	for _, name := range []string{"error", "error_description", "error_uri"} {
		if _, found := c.params[name]; found {
			return true
		}
	}
	return false
}

// String tells the status and the header fields that matter, and what the verifier says if it is at hand.
func (a Answer) String() string {
	parts := []string{fmt.Sprint(a.Status)}
	for _, name := range []string{"Www-Authenticate", "Dpop-Nonce", "Retry-After", "Location"} {
		for _, value := range a.values(name) {
			parts = append(parts, name+": "+result.Printable(value))
		}
	}
	if a.Err != nil {
		parts = append(parts, a.Err.Error())
	}
	return strings.Join(parts, "; ")
}
