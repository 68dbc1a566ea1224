package verifier

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

// RequireAuthentication reports, as an [*Error] with status 401, that the user did not authenticate recently or strongly
// enough for a route (step-up, RFC 9470): auth_time is longer ago than maxAge, or acr is not one of acrValues. The challenge
// names both, so that the client can ask for a login that is good enough. A token that does not say when or how its user
// authenticated is refused too.
//
// A maxAge of zero means that any age will do, no acrValues that any acr will do. Both must be configuration, not input.
// The age is measured by the verifier's clock and leeway, or by the system's for a Verified that a test has made.
func (v *Verified) RequireAuthentication(maxAge time.Duration, acrValues ...string) error {
	rule, detail := "", ""
	switch {
	case maxAge != 0 && !v.authenticatedWithin(maxAge):
		rule, detail = "STEP-01", fmt.Sprintf("auth_time is missing, malformed, in the future or over %v ago", maxAge)
	case len(acrValues) > 0 && (v.ACR == "" || !slices.Contains(acrValues, v.ACR)):
		rule, detail = "STEP-02", fmt.Sprintf("acr has none of %q", acrValues)
	default:
		return nil
	}
	e := v.refuse(stepUpNeeded.fail(rule, detail), nil)
	needed := v.from().begin(v.scheme(), e, nil).with("acr_values", strings.Join(acrValues, " "))
	if maxAge != 0 {
		needed.with("max_age", strconv.FormatInt(int64(max(0, maxAge/time.Second)), 10))
	}
	e.Header["Www-Authenticate"] = []string{needed.b.String()}
	return e
}

// authenticatedWithin reports whether the user is known to have authenticated that recently.
func (v *Verified) authenticatedWithin(maxAge time.Duration) bool {
	var clock ports.Clock = memory.Clock{}
	times := jwt.Times{}
	if v.origin != nil {
		clock, times.Leeway = v.origin.clock, v.origin.leeway
	}
	times.Now = clock.Now()
	return !v.AuthTime.IsZero() && !times.ToCome(v.AuthTime, jwt.Ahead) && !times.Longer(v.AuthTime, maxAge)
}

// readAuthentication copies auth_time and acr (RFC 9068 section 2.2.1). Ones that can't be read are as if they were not
// there, since few routes need them.
func (v *Verified) readAuthentication(payload strictjson.Object) {
	v.AuthTime, _, _ = jwt.Date(payload, "auth_time")
	acr, _ := payload.Lookup("acr")
	v.ACR, _ = acr.Text()
}
