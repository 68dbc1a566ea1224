package httpfetch

import (
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// maxLifetime is what longer times count as (RFC 9111 section 1.2.2): about 68 years.
	maxLifetime = (1 << 31) * time.Second
	// stale says in [ports.Document.Fresh] that the document must not be used again without asking.
	stale = -time.Second
)

// freshness returns how much longer an answer received just now may be used, as [ports.Document.Fresh].
func freshness(header http.Header, now time.Time) time.Duration {
	lifetime, stated := statedLifetime(header, now)
	if !stated {
		return 0
	}
	if left := lifetime - age(header); left > 0 {
		return left
	}
	return stale
}

// statedLifetime returns what an answer says of its freshness lifetime, if it says anything that can be read (RFC 9111
// section 4.2.1). It is zero for an answer that must not be used again.
func statedLifetime(header http.Header, now time.Time) (lifetime time.Duration, stated bool) {
	lifetime, hasMaxAge := maxLifetime, false
	for name, value := range directives(header.Values("Cache-Control")) {
		switch name {
		case "no-store", "no-cache":
			return 0, true
		case "max-age":
			hasMaxAge = true
			if seconds, ok := deltaSeconds(value); ok {
				lifetime, stated = min(lifetime, seconds), true
			}
		}
	}
	if hasMaxAge { // Expires is ignored then, even if this one can't be read (section 5.3)
		return lifetime, stated
	}
	return expires(header, now)
}

// expires returns the lifetime that Expires gives (RFC 9111 section 5.3).
func expires(header http.Header, now time.Time) (lifetime time.Duration, stated bool) {
	fields := header.Values("Expires")
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		date = now // RFC 9110 section 6.6.1
	}
	lifetime = maxLifetime
	for _, field := range fields {
		until, err := http.ParseTime(field)
		if err != nil { // such as "0", which means the past
			return 0, true
		}
		lifetime = min(lifetime, until.Sub(date))
	}
	return max(lifetime, 0), len(fields) > 0
}

// age returns how long ago the answer left the issuer, by the word of the caches on its way. Of a list the first member
// counts, and an age that can't be read does not (RFC 9111 section 5.1).
func age(header http.Header) time.Duration {
	first, _, _ := strings.Cut(header.Get("Age"), ",")
	seconds, _ := deltaSeconds(strings.TrimSpace(first))
	return seconds
}

// deltaSeconds reads a number of seconds (RFC 9111 section 1.2.2).
func deltaSeconds(text string) (time.Duration, bool) {
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	seconds, err := strconv.ParseUint(text, 10, 31)
	if err != nil { // digits, but too many
		return maxLifetime, true
	}
	return time.Duration(seconds) * time.Second, true
}

// directives yields the cache directives of all fields: names in lower case, arguments without quotation marks, which
// any argument may have or not (RFC 9111 section 5.2).
func directives(fields []string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for _, field := range fields {
			for directive := range members(field) {
				name, value, _ := strings.Cut(directive, "=")
				if !yield(strings.ToLower(strings.TrimSpace(name)), strings.Trim(strings.TrimSpace(value), `"`)) {
					return
				}
			}
		}
	}
}

// members yields the members of a list, in which a quoted string may hold commas (RFC 9110 section 5.6). A quotation
// mark that is never closed quotes nothing, so that it can't hide a no-store behind it.
func members(list string) iter.Seq[string] {
	return func(yield func(string) bool) {
		start, quoted := 0, false
		for i := 0; i < len(list); i++ {
			switch {
			case list[i] == '"':
				quoted = !quoted
			case list[i] == '\\' && quoted:
				i++
			case list[i] == ',' && !quoted:
				if !yield(list[start:i]) {
					return
				}
				start = i + 1
			}
		}
		if !quoted {
			yield(list[start:])
			return
		}
		for member := range strings.SplitSeq(list[start:], ",") {
			if !yield(member) {
				return
			}
		}
	}
}
