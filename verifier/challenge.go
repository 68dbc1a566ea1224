package verifier

import (
	"strings"
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
