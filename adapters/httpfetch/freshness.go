package httpfetch

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxFresh bounds what an answer can say, so that nothing overflows. It is far beyond any use that is made of it.
const maxFresh = 365 * 24 * time.Hour

// stale is a freshness that says "ask again": see [ports.Document].
const stale = -time.Second

// freshness is how much longer an answer is fresh, for a private cache (RFC 9111 section 4.2): what it says less its age.
// An answer that says nothing that can be understood has zero; it is never an error.
func freshness(header http.Header) time.Duration {
	lifetime, stated := cacheControl(header.Values("Cache-Control"))
	if !stated {
		lifetime, stated = expires(header)
	}
	switch {
	case !stated:
		return 0
	case lifetime <= 0:
		return stale
	}
	if left := lifetime - age(header); left > 0 {
		return left
	}
	return stale
}

// cacheControl reads the directives that matter here (RFC 9111 section 5.2.2). Where they are at odds the shortest time holds
// (section 4.2.1).
func cacheControl(fields []string) (lifetime time.Duration, stated bool) {
	for directive := range strings.SplitSeq(strings.Join(fields, ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "no-store", "no-cache":
			return 0, true
		case "max-age":
			seconds, ok := deltaSeconds(value)
			if ok && (!stated || seconds < lifetime) {
				lifetime, stated = seconds, true
			}
		}
	}
	return lifetime, stated
}

// deltaSeconds reads a number of seconds (RFC 9111 section 1.2.2), which some senders put in quotes.
func deltaSeconds(value string) (time.Duration, bool) {
	value = strings.Trim(strings.TrimSpace(value), `"`)
	if value == "" || strings.ContainsFunc(value, func(r rune) bool { return r < '0' || r > '9' }) {
		return 0, false
	}
	seconds, err := strconv.ParseUint(value, 10, 31)
	if err != nil || time.Duration(seconds)*time.Second > maxFresh {
		return maxFresh, true // digits alone that are too many
	}
	return time.Duration(seconds) * time.Second, true
}

// expires reads Expires against Date, both by the server's clock (RFC 9111 section 5.3).
func expires(header http.Header) (time.Duration, bool) {
	until, err := http.ParseTime(header.Get("Expires"))
	if err != nil {
		return 0, false
	}
	sent, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return 0, false
	}
	return min(until.Sub(sent), maxFresh), true
}

// age is how long ago the answer left the issuer, by the caches on the way (RFC 9111 section 5.1).
func age(header http.Header) time.Duration {
	seconds, _ := deltaSeconds(header.Get("Age"))
	return seconds
}
