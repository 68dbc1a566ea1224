package player

import (
	"net/http"
	"slices"
)

// An Expectation is the exact answer that a verifier must give, in a few words.
type Expectation string

// The expectations. The last two are not answers.
const (
	Accepted      Expectation = "accepted"
	NoCredentials Expectation = "401 without an error"
	BadRequest    Expectation = "400 invalid_request"
	Misdirected   Expectation = "421 invalid_request"
	BadToken      Expectation = "401 invalid_token"
	BadProof      Expectation = "401 invalid_dpop_proof"
	NeedsNonce    Expectation = "401 use_dpop_nonce"
	NoScope       Expectation = "403 insufficient_scope"
	StepUp        Expectation = "401 insufficient_user_authentication"
	Undecidable   Expectation = "503 with Retry-After"
	Misconfigured Expectation = "500"
	RefusedByNew  Expectation = "an error of New"
	Holds         Expectation = "it holds"
)

// Answer returns the status and the OAuth error code of the exact answer; the code is empty where there is none. What is
// not an answer has status 0.
func (e Expectation) Answer() (status int, code string) {
	switch e {
	case NoCredentials:
		return http.StatusUnauthorized, ""
	case BadRequest:
		return http.StatusBadRequest, "invalid_request"
	case Misdirected:
		return http.StatusMisdirectedRequest, "invalid_request"
	case BadToken:
		return http.StatusUnauthorized, "invalid_token"
	case BadProof:
		return http.StatusUnauthorized, "invalid_dpop_proof"
	case NeedsNonce:
		return http.StatusUnauthorized, "use_dpop_nonce"
	case NoScope:
		return http.StatusForbidden, "insufficient_scope"
	case StepUp:
		return http.StatusUnauthorized, "insufficient_user_authentication"
	case Undecidable:
		return http.StatusServiceUnavailable, ""
	case Misconfigured:
		return http.StatusInternalServerError, ""
	}
	return 0, ""
}

// rejections are the statuses of a request that is the sender's fault. The last three are those of servers that bound
// what they read themselves.
var rejections = []int{
	http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusMisdirectedRequest,
	http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge,
}

// wrongDecision tells whether the request passed where it had to, and did not where it had not to.
func wrongDecision(want Expectation, a Answer) string {
	passed := 200 <= a.Status && a.Status < 300
	switch want {
	case Accepted:
		if !passed {
			return "a good request was not accepted"
		}
	case Undecidable, Misconfigured:
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
