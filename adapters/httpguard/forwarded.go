package httpguard

import (
	"fmt"
	"strings"
)

// A hop is what one proxy says of the request that it received (RFC 7239 section 5).
type hop struct{ from, proto, host string }

// rfc7239 reads the Forwarded field from the right, as far as it is trusted.
func (p *Proxies) rfc7239(lines []string) (proto, host string, err error) {
	var (
		outermost hop
		hops      int
	)
	chain := forwardedChain{lines: lines}
	for read := 1; ; read++ {
		element, found, err := chain.previous()
		switch {
		case err != nil:
			return "", "", err
		case found && read > maxHops:
			return "", "", &requestError{ruleMalformed, fmt.Sprintf("over %d elements of Forwarded would have to be read", maxHops)}
		case found && element == "":
			continue // RFC 9110 section 5.6.1.2
		case found:
			if outermost, err = parseHop(element); err != nil {
				return "", "", err
			}
			hops++
		}
		if !found || hops == p.Hops || p.Hops == 0 && !p.trusts(outermost.from) {
			break
		}
	}
	if hops > 0 && hops < p.Hops {
		return "", "", tooFewHops(hops, p.Hops)
	}
	return outermost.proto, outermost.host, nil
}

// A forwardedChain is what is still to be read of a Forwarded field, from the right.
type forwardedChain struct {
	lines []string // that were not begun
	line  string   // what is left of the one that was
	begun bool
}

// previous returns the element before those that were returned already.
func (c *forwardedChain) previous() (element string, found bool, err error) {
	if !c.begun {
		last := len(c.lines) - 1
		if last < 0 {
			return "", false, nil
		}
		c.lines, c.line = c.lines[:last], c.lines[last]
	}
	end := c.line[max(0, len(c.line)-maxElementBytes-1):] // all that an element and its comma may take
	before, element, more, wellFormed := cutLast(end)
	if !wellFormed || len(element) > maxElementBytes {
		return "", false, &requestError{ruleMalformed, "malformed Forwarded field"}
	}
	c.line, c.begun = c.line[:len(c.line)-len(end)+len(before)], more
	return strings.TrimSpace(element), true, nil
}

// parseHop reads an element of RFC 7239 section 4.
func parseHop(element string) (hop, error) {
	malformed := &requestError{ruleMalformed, "malformed Forwarded field"}
	var h hop
	seen := make(map[*string]bool, 3)
	for pair, rest := cutQuoted(element, ';'); pair != "" || rest != ""; pair, rest = cutQuoted(rest, ';') {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, written, found := strings.Cut(pair, "=")
		value, wellFormed := unquote(written)
		if !found || !wellFormed || strings.ContainsAny(name, " \t") {
			return hop{}, malformed
		}
		var into *string
		switch strings.ToLower(name) {
		case "for":
			into = &h.from
		case "proto":
			into = &h.proto
		case "host":
			into = &h.host
		default:
			continue
		}
		if seen[into] {
			return hop{}, &requestError{ruleMalformed, "a parameter of Forwarded stands twice"}
		}
		*into, seen[into] = value, true
	}
	return h, nil
}

// cutLast cuts off what stands behind the last comma that is outside quoted strings (RFC 9110 section 5.6.4). It reads
// from the right, so that a quotation mark which the client has left open can't draw what a proxy appended into a value
// of the client's. It reports more where there was a comma, and wellFormed unless the element begins within a quoted
// string.
func cutLast(list string) (before, last string, more, wellFormed bool) {
	quoted := false
	for i := len(list) - 1; i >= 0; i-- {
		switch before := list[:i]; {
		case list[i] == ',' && !quoted:
			return before, list[i+1:], true, true
		case list[i] == '"' && (len(before)-len(strings.TrimRight(before, `\`)))%2 == 0:
			quoted = !quoted
		}
	}
	return "", list, false, !quoted
}

// cutQuoted cuts s at the first separator that is outside quoted strings.
func cutQuoted(s string, separator byte) (before, after string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == separator && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// unquote returns what a token or quoted string stands for. It reports false for quotation marks that are anywhere
// else.
func unquote(s string) (string, bool) {
	if !strings.ContainsAny(s, `"\`) {
		return s, true
	}
	if len(s) < 2 || s[0] != '"' {
		return "", false
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), i == len(s)-1
		case s[i] == '\\':
			if i++; i == len(s) {
				return "", false
			}
		}
		b.WriteByte(s[i])
	}
	return "", false
}
