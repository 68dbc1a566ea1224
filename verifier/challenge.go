package verifier

import (
	"strings"
)

// A Scheme is an authentication scheme of the Authorization header field, in its registered spelling.
type Scheme string

// The schemes that access tokens come with.
const (
	Bearer     Scheme = "Bearer" // RFC 6750
	DPoPScheme Scheme = "DPoP"   // RFC 9449
)

// A challenge writes one value of WWW-Authenticate (RFC 9110 section 11.6.1).
type challenge struct {
	b      strings.Builder
	params int
}

func newChallenge(scheme Scheme) *challenge {
	c := &challenge{}
	c.b.WriteString(string(scheme))
	return c
}

// with adds a parameter as a quoted string, unless value is empty. What a quoted string of printable ASCII can't hold
// is left out (RFC 9110 section 5.6.4, RFC 6750 section 3): values are fixed texts and configuration, so this is a
// second line of defence.
func (c *challenge) with(name, value string) *challenge {
	if value == "" {
		return c
	}
	if c.params++; c.params > 1 {
		c.b.WriteByte(',')
	}
	c.b.WriteString(" " + name + `="`)
	for _, r := range []byte(value) {
		switch {
		case r == '"' || r == '\\':
			c.b.WriteByte('\\')
			c.b.WriteByte(r)
		case ' ' <= r && r <= '~':
			c.b.WriteByte(r)
		}
	}
	c.b.WriteByte('"')
	return c
}

// defaultRealm stands where a Bearer challenge would have no parameter at all, which RFC 6750 section 3 forbids.
const defaultRealm = "api"

// challenges offers the schemes that are on offer, with what went wrong on the one that was used: on the first where
// that could not be read. What only a change in its own scheme will fix (a nonce, a scope) is told only on
// that scheme. The scopes that the request needs are named on each.
func (v *Verifier) challenges(e *Error, used Scheme, neededScopes []string) []string {
	if e.Code == CodeNonce || e.Code == CodeScope {
		return []string{v.challenge(used, e, neededScopes)}
	}
	if used == "" {
		used = v.schemes[0]
	}
	var all []string
	for _, scheme := range v.schemes {
		fault := e
		if scheme != used {
			fault = &Error{}
		}
		all = append(all, v.challenge(scheme, fault, neededScopes))
	}
	return all
}

// challenge offers one scheme. Where no credentials were sent nothing went wrong with them, and no error is told (RFC
// 6750 section 3.1).
func (v *Verifier) challenge(scheme Scheme, e *Error, neededScopes []string) string {
	realm, description, algorithms := v.realm, e.Description, ""
	if e.OAuthError == "" {
		description = ""
		if realm == "" && scheme == Bearer {
			realm = defaultRealm
		}
	}
	if scheme == DPoPScheme {
		algorithms = v.proofAlgorithms
	}
	return newChallenge(scheme).
		with("realm", realm).
		with("error", e.OAuthError).
		with("error_description", description).
		with("scope", strings.Join(neededScopes, " ")).
		with("algs", algorithms).
		with("resource_metadata", v.resourceMetadata).
		b.String()
}
