package verifier

import (
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

func (v *Verified) checkAuthentication(route Route) *Error {
	switch {
	case route.MaxAge != 0 && !v.authenticatedWithin(route.MaxAge):
		return stepUpNeeded.fail("STEP-01", fmt.Sprintf("auth_time is missing, malformed, in the future or over %v ago", route.MaxAge))
	case len(route.ACRValues) > 0 && (v.ACR == "" || !slices.Contains(route.ACRValues, v.ACR)):
		return stepUpNeeded.fail("STEP-02", fmt.Sprintf("acr has none of %q", route.ACRValues))
	}
	return nil
}

// authenticatedWithin reports whether the user is known to have authenticated that recently.
func (v *Verified) authenticatedWithin(maxAge time.Duration) bool {
	var clock ports.Clock = memory.Clock{}
	times := jwt.Times{}
	if v.token != nil {
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
