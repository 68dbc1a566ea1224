package exchange

import (
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

// maxRetryAfter bounds how long an issuer can keep a client waiting: one that is broken or hostile must not stop it.
const maxRetryAfter = 5 * time.Minute

// resetFields say when a rate limit is reset, as net/http spells them: those of Auth0 and of Okta, and that of the
// IETF's drafts up to the sixth.
var resetFields = []string{"X-Ratelimit-Reset", "X-Rate-Limit-Reset", "Ratelimit-Reset"}

// readRetryAfter returns how long an answer that was received at that time asks the client to wait, zero if it doesn't
// say (rule XCHG-17).
func readRetryAfter(response ports.TokenResponse, received time.Time) time.Duration {
	now := received
	if date, ok := readDate(only(response.Header["Date"])); ok {
		now = date // a time that the issuer writes is meant by the issuer's clock
	}
	written := only(response.Header["Retry-After"])
	wait, ok := readSeconds(written)
	if !ok {
		var until time.Time
		if until, ok = readDate(written); ok {
			wait = until.Sub(now)
		}
	}
	if !ok && response.Status == 429 {
		wait = readReset(response.Header, now)
	}
	return min(max(wait, 0), maxRetryAfter)
}

// minUnixTime tells the two meanings of a reset field apart: seconds to wait, or a Unix time (here from the year 2001 on).
const minUnixTime = 1e9 * time.Second

// readReset returns how long it is until the rate limit is reset, zero if no field says so.
func readReset(header map[string][]string, now time.Time) time.Duration {
	for _, field := range resetFields {
		wait, ok := readSeconds(only(header[field]))
		switch {
		case ok && wait >= minUnixTime:
			return time.Unix(int64(wait/time.Second), 0).Sub(now)
		case ok:
			return wait
		}
	}
	return 0
}

// only returns the value of a field that stands once, and otherwise nothing.
func only(values []string) string {
	if len(values) != 1 {
		return ""
	}
	return values[0]
}

// readSeconds reads delay-seconds (RFC 9110 section 10.2.3): digits, of which too many mean the longest time there is.
func readSeconds(written string) (time.Duration, bool) {
	const longest = math.MaxInt64 / uint64(time.Second)
	seconds, err := strconv.ParseUint(written, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, false
	}
	return time.Duration(min(seconds, longest)) * time.Second, true
}

// dateForms are those of an HTTP-date (RFC 9110 section 5.6.7), of which the last two are obsolete.
var dateForms = []string{"Mon, 02 Jan 2006 15:04:05 GMT", time.RFC850, time.ANSIC}

func readDate(written string) (time.Time, bool) {
	for _, form := range dateForms {
		if date, err := time.Parse(form, written); err == nil {
			return date, true
		}
	}
	return time.Time{}, false
}
