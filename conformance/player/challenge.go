package player

import (
	"errors"
	"strings"
)

// A Challenge is one of those that WWW-Authenticate offers.
type Challenge struct {
	Scheme string
	Params map[string]string // by names in lower case
}

var errChallenge = errors.New("WWW-Authenticate does not parse by RFC 9110 section 11.6.1")

// ParseChallenges reads the fields of WWW-Authenticate: lists of challenges, each a scheme with a token68 or with
// parameters, which are separated by the same commas (RFC 9110 section 11.6.1).
func ParseChallenges(fields []string) ([]Challenge, error) {
	var all []Challenge
	for _, field := range fields {
		p := parser{rest: field}
		for {
			p.skip(" \t,")
			if p.rest == "" {
				break
			}
			name := p.token()
			if name == "" {
				return nil, errChallenge
			}
			if value, isParam, ok := p.value(); isParam {
				if !ok || len(all) == 0 || !all[len(all)-1].add(name, value) {
					return nil, errChallenge
				}
				continue
			}
			all = append(all, Challenge{Scheme: name, Params: make(map[string]string)})
			if !p.credentials(&all[len(all)-1]) {
				return nil, errChallenge
			}
		}
	}
	return all, nil
}

// add takes over a parameter, each of which stands once (RFC 9110 section 11.2).
func (c *Challenge) add(name, value string) bool {
	name = strings.ToLower(name)
	if _, twice := c.Params[name]; twice {
		return false
	}
	c.Params[name] = value
	return true
}

// A parser reads a field from the left.
type parser struct{ rest string }

func (p *parser) skip(set string) { p.rest = strings.TrimLeft(p.rest, set) }

// token reads a token of RFC 9110 section 5.6.2, which may be empty.
func (p *parser) token() string {
	end := strings.IndexFunc(p.rest, func(r rune) bool { return !isTokenRune(r) })
	if end < 0 {
		end = len(p.rest)
	}
	token := p.rest[:end]
	p.rest = p.rest[end:]
	return token
}

func isTokenRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r < 128 && strings.ContainsRune("!#$%&'*+-.^_`|~", r) && r != 0
}

// value reads the rest of a parameter, if that is what a name is followed by: an equals sign and a token or quoted
// string, and then a comma or the end.
func (p *parser) value() (value string, isParam, ok bool) {
	rest := strings.TrimLeft(p.rest, " \t")
	if !strings.HasPrefix(rest, "=") {
		return "", false, false
	}
	p.rest = rest[1:]
	p.skip(" \t")
	if strings.HasPrefix(p.rest, `"`) {
		value, ok = p.quoted()
	} else {
		value = p.token()
		ok = value != ""
	}
	p.skip(" \t")
	return value, true, ok && (p.rest == "" || p.rest[0] == ',')
}

// quoted reads a quoted string of printable ASCII.
func (p *parser) quoted() (string, bool) {
	var b strings.Builder
	for i := 1; i < len(p.rest); i++ {
		c := p.rest[i]
		switch {
		case c == '"':
			p.rest = p.rest[i+1:]
			return b.String(), true
		case c == '\\' && i+1 < len(p.rest):
			i++
			c = p.rest[i]
		}
		if c < ' ' || c > '~' {
			return "", false
		}
		b.WriteByte(c)
	}
	return "", false
}

// credentials reads what follows a scheme: nothing, a token68, or the first parameter.
func (p *parser) credentials(c *Challenge) bool {
	if p.rest == "" || p.rest[0] == ',' {
		return true
	}
	if p.rest[0] != ' ' {
		return false
	}
	p.skip(" ")
	if p.rest == "" || p.rest[0] == ',' {
		return true
	}
	before := p.rest
	if name := p.token(); name != "" {
		if value, isParam, ok := p.value(); isParam && ok {
			return c.add(name, value)
		}
	}
	// A token68, which may end in equals signs.
	p.rest = before
	end := strings.IndexFunc(p.rest, func(r rune) bool { return !isTokenRune(r) && r != '/' && r != '=' })
	if end < 0 {
		end = len(p.rest)
	}
	p.rest = p.rest[end:]
	p.skip(" \t")
	return end > 0 && (p.rest == "" || p.rest[0] == ',')
}

// TellsError reports whether there is error information (RFC 6750 section 3.1).
func (c Challenge) TellsError() bool {
	for _, name := range []string{"error", "error_description", "error_uri"} {
		if _, found := c.Params[name]; found {
			return true
		}
	}
	return false
}
