package verifier

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
)

// A responder makes errors into the answers that clients get.
type responder struct {
	schemes          []Scheme // on offer, in the order of challenges
	proofAlgorithms  string   // of DPoP challenges
	realm            string
	resourceMetadata string // address of the metadata of the resource, empty if there is none
}

func newResponder(c *checker, schemes []Scheme, proofAlgorithms []string) *responder {
	r := &responder{schemes: schemes, proofAlgorithms: strings.Join(proofAlgorithms, " "), realm: c.Realm}
	if strings.ContainsFunc(c.Realm, func(r rune) bool { return r < ' ' || r > '~' }) {
		c.Fault("Realm", errors.New("has characters other than printable ASCII"))
	}
	return r
}

// respond adds the header fields of the HTTP answer to a request for a route that used a scheme.
func (r *responder) respond(e *Error, used Scheme, route Route) *Error {
	if e.Header == nil {
		e.Header = make(map[string][]string)
	}
	// RFC 6750 section 5.3 wants answers with tokens not cached; one without must not be either, since the next
	// request may well carry a good token.
	e.Header["Cache-Control"] = []string{"no-store"}
	switch e.Class {
	case Rejected:
		e.Header["Www-Authenticate"] = r.challenges(e, used, route)
	case Undecidable:
		e.Header["Retry-After"] = []string{jwt.RetryAfter(e.Err)}
	}
	return e
}

// defaultRealm stands where a Bearer challenge would have no parameter at all, which RFC 6750 section 3 forbids.
const defaultRealm = "api"

// challenges offers the schemes that are on offer, with what went wrong on the one that was used: on the first where
// that could not be read. What only a change in its own scheme will fix (a nonce, a scope, another login) is told only on
// that scheme. The scopes that the route needs are named on each.
func (r *responder) challenges(e *Error, used Scheme, route Route) []string {
	switch e.Code {
	case CodeNonce, CodeScope, CodeClaims, CodeDetails, CodeStepUp:
		return []string{r.challenge(used, e, route)}
	}
	schemes := r.schemes
	if route.DPoP {
		schemes = []Scheme{DPoPScheme}
	}
	if used == "" {
		used = schemes[0]
	}
	var all []string
	for _, scheme := range schemes {
		fault := e
		if scheme != used {
			fault = &Error{}
		}
		all = append(all, r.challenge(scheme, fault, route))
	}
	return all
}

// challenge offers one scheme. Where no credentials were sent nothing went wrong with them, and no error is told (RFC
// 6750 section 3.1).
func (r *responder) challenge(scheme Scheme, e *Error, route Route) string {
	realm, description, algorithms := r.realm, e.Description, ""
	if e.OAuthError == "" {
		description = ""
		if realm == "" && scheme == Bearer {
			realm = defaultRealm
		}
	}
	if scheme == DPoPScheme {
		algorithms = r.proofAlgorithms
	}
	c := newChallenge(scheme).
		with("realm", realm).
		with("error", e.OAuthError).
		with("error_description", description).
		with("scope", strings.Join(route.scopes(), " ")).
		with("algs", algorithms).
		with("resource_metadata", r.resourceMetadata)
	if e.Code == CodeStepUp {
		c.with("acr_values", strings.Join(route.ACRValues, " "))
		if route.MaxAge != 0 {
			c.with("max_age", strconv.FormatInt(int64(max(0, route.MaxAge/time.Second)), 10))
		}
	}
	return c.b.String()
}
