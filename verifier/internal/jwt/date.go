package jwt

import (
	"math"
	"time"

	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// maxNumericDate is the last second of the year 9999, beyond which dates can't be written in RFC 3339.
const maxNumericDate = 253402300799

// NumericDate reads a date (RFC 7519 section 2): seconds since 1970, which may have a fraction. It reports false for
// what is not a number, and for numbers that no token has reason to hold, so that nothing overflows.
func NumericDate(value strictjson.Value) (time.Time, bool) {
	seconds, isNumber := value.Number()
	if !isNumber || seconds < 0 || seconds > maxNumericDate {
		return time.Time{}, false
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)), true
}
