package verifier_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

func TestRequireAuthentication(t *testing.T) {
	ago := func(d time.Duration) verifiertest.Claims {
		return verifiertest.Claims{"auth_time": noon.Add(-d).Unix()}
	}
	const leeway = 10 * time.Second
	for _, c := range []struct {
		name    string
		claims  verifiertest.Claims
		maxAge  time.Duration
		acr     []string
		refused bool
	}{
		{"STEP-01 recent", ago(0), time.Minute, nil, false},
		{"STEP-01 at the edge, with the leeway", ago(time.Minute + leeway), time.Minute, nil, false},
		{"STEP-01 a second beyond", ago(time.Minute + leeway + time.Second), time.Minute, nil, true},
		{"STEP-01 missing", nil, 24 * 365 * time.Hour, nil, true},
		{"STEP-01 zero means any age", nil, 0, nil, false},
		{"STEP-01 a negative age", ago(0), -time.Minute, nil, true},
		{"STEP-01 the longest age", verifiertest.Claims{"auth_time": 0}, 1<<63 - 1, nil, false},
		{"STEP-01 not a number", verifiertest.Claims{"auth_time": "1772366400"}, time.Hour, nil, true},
		{"STEP-01 out of range", verifiertest.Claims{"auth_time": 1e15}, time.Hour, nil, true},
		{"STEP-01 ahead, at the edge", ago(-time.Minute - leeway), time.Hour, nil, false},
		{"STEP-01 a second further ahead", ago(-time.Minute - leeway - time.Second), time.Hour, nil, true},
		{"STEP-02 one of them", verifiertest.Claims{"acr": "gold"}, 0, []string{"silver", "gold"}, false},
		{"STEP-02 another", verifiertest.Claims{"acr": "bronze"}, 0, []string{"silver", "gold"}, true},
		{"STEP-02 another case", verifiertest.Claims{"acr": "Gold"}, 0, []string{"silver", "gold"}, true},
		{"STEP-02 two in one", verifiertest.Claims{"acr": "silver gold"}, 0, []string{"silver", "gold"}, true},
		{"STEP-02 missing", nil, 0, []string{"gold"}, true},
		{"STEP-02 missing, and an empty one is named", nil, 0, []string{""}, true},
		{"STEP-02 not a string", verifiertest.Claims{"acr": []string{"gold"}}, 0, []string{"gold"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := newEnvironment(t, func(config *verifier.Config) { config.Leeway = leeway })
			verified, err := verify(t, env, token(t, env.issuer, c.claims))
			wantCode(t, err, "") // what no route needs is not looked at
			err = verified.RequireAuthentication(c.maxAge, c.acr...)
			if !c.refused {
				wantCode(t, err, "")
				return
			}
			wantCode(t, err, verifier.CodeStepUp)
			wantRule(t, err, c.name, "")
			if e := refusal(t, err); e.Status != 401 || e.OAuthError != "insufficient_user_authentication" || e.Class != verifier.Rejected {
				t.Errorf("the answer is %d %q of class %s", e.Status, e.OAuthError, e.Class)
			}
		})
	}
}

func TestRequireAuthenticationChallenges(t *testing.T) {
	const failed = `error="insufficient_user_authentication", error_description="Another authentication of the user is needed"`
	env := newEnvironment(t, nil)
	bearer, err := verify(t, env, token(t, env.issuer, verifiertest.Claims{"acr": "gold", "auth_time": noon.Unix()}))
	wantCode(t, err, "")
	s := newSender(t, env)
	bound := s.bound(t)
	proved, err := env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, nil)))
	wantCode(t, err, "")
	for _, c := range []struct {
		name     string
		verified *verifier.Verified
		maxAge   time.Duration
		acr      []string
		want     string
	}{
		{"STEP-03 both, of which acr is not met", bearer, 90 * time.Second, []string{"silver", "platinum"}, `Bearer ` + failed + `, acr_values="silver platinum", max_age="90"`},
		{"STEP-03 both, of which neither is met", proved, time.Hour, []string{"gold"}, `DPoP ` + failed + `, algs="ES256", acr_values="gold", max_age="3600"`},
		{"STEP-03 only the age", proved, 1500 * time.Millisecond, nil, `DPoP ` + failed + `, algs="ES256", max_age="1"`},
		{"STEP-03 under a second", proved, time.Millisecond, nil, `DPoP ` + failed + `, algs="ES256", max_age="0"`},
		{"STEP-03 only acr", proved, 0, []string{"gold"}, `DPoP ` + failed + `, algs="ES256", acr_values="gold"`},
		{"STEP-03 of a token that a test has made", &verifier.Verified{}, 0, []string{"gold"}, `Bearer ` + failed + `, acr_values="gold"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.verified.RequireAuthentication(c.maxAge, c.acr...)
			wantCode(t, err, verifier.CodeStepUp)
			if diff := cmp.Diff([]string{c.want}, refusal(t, err).Header["Www-Authenticate"]); diff != "" {
				t.Error(diff)
			}
		})
	}
	made := &verifier.Verified{AuthTime: time.Now(), ACR: "gold"}
	wantCode(t, made.RequireAuthentication(time.Hour, "gold"), "")
	wantCode(t, bearer.RequireAuthentication(time.Minute, "gold"), "")
}
