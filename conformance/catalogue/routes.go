package catalogue

import (
	"errors"
	"strings"
	"time"

	. "github.com/holdfast-go/holdfast/conformance/player"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

// routeCases are about what one route demands and others don't.
func routeCases() []Case {
	var (
		gold   = verifier.Route{RequiredValues: []ports.RequiredValue{{Claim: "tier", OneOf: []string{"gold"}}}}
		either = verifier.Route{Scopes: []string{"api"}, AnyScope: []string{"read", "admin"}}
		recent = verifier.Route{MaxAge: time.Minute}
		strong = verifier.Route{ACRValues: []string{"mfa", "phr"}}
		both   = verifier.Route{MaxAge: time.Minute, ACRValues: []string{"mfa", "phr"}}
	)
	return []Case{
		routeCase("CLAIM-REQ-02.of-a-route", "", "a value that the route requires", Fields{"tier": "gold"}, gold),
		routeCase("CLAIM-REQ-02.of-a-route-another", verifier.CodeClaimValue, "another value than the route requires", Fields{"tier": "lead"}, gold),
		routeCase("CLAIM-REQ-02.of-a-route-claim", verifier.CodeClaimMissing, "no claim that the route requires", Fields{},
			verifier.Route{RequiredClaims: []string{"tier"}}),
		routeCase("CLAIM-REQ-02.of-a-route-nothing", verifier.CodeConfig, "a route that requires a value, and names none", Fields{"tier": "gold"},
			verifier.Route{RequiredValues: []ports.RequiredValue{{Claim: "tier"}}}),
		routeCase("CLAIM-SCP-02.of-several", "", "one of several scopes of which the route needs one", Fields{"scope": "api admin"}, either),
		routeCase("CLAIM-SCP-02.of-several-none", verifier.CodeScope, "none of several scopes of which the route needs one", Fields{"scope": "api"}, either,
			`error="insufficient_scope"`, `scope="api read"`),
		routeCase("DPOP-REQ-06.of-a-route", verifier.CodeSchemeNotOffered, "a Bearer token, where the route needs DPoP", Fields{}, verifier.Route{DPoP: true}, "DPoP algs="),
		routeCase("MTLS-02.of-a-route", verifier.CodeConfirmation, "a token that is not bound, where the route needs one that is bound to a certificate", Fields{},
			verifier.Route{CertificateBound: true}),

		routeCase("STEP-01.recent", "", "an authentication that is recent enough", Fields{"auth_time": In(0)}, recent),
		routeCase("STEP-01.long-ago", verifier.CodeStepUp, "an authentication that is too long ago", Fields{"auth_time": In(-3600)}, recent),
		routeCase("STEP-01.missing", verifier.CodeStepUp, "no auth_time, where the route bounds its age", Fields{}, recent),
		routeCase("STEP-01.string", verifier.CodeStepUp, "auth_time is a string", Fields{"auth_time": "0"}, recent),
		routeCase("STEP-01.ahead", verifier.CodeStepUp, "auth_time is an hour ahead", Fields{"auth_time": In(3600)}, recent),
		routeCase("STEP-01.not-asked", "", "no auth_time, where the route does not bound its age", Fields{"acr": "mfa"}, strong),
		routeCase("STEP-02.second", "", "the second of the contexts that the route names", Fields{"acr": "phr"}, strong),
		routeCase("STEP-02.another", verifier.CodeStepUp, "another context than the route names", Fields{"acr": "pwd"}, strong),
		routeCase("STEP-02.upper-case", verifier.CodeStepUp, "the context in upper case", Fields{"acr": "MFA"}, strong),
		routeCase("STEP-02.missing", verifier.CodeStepUp, "no acr, where the route names contexts", Fields{}, strong),
		routeCase("STEP-02.array", verifier.CodeStepUp, "acr is an array", Fields{"acr": []string{"mfa"}}, strong),
		routeCase("STEP-03.age", verifier.CodeStepUp, "only the age is not met: the challenge names both", Fields{"acr": "mfa"}, both,
			`Bearer error="insufficient_user_authentication"`, `acr_values="mfa phr"`, `max_age="60"`),
		routeCase("STEP-03.context", verifier.CodeStepUp, "only the context is not met: the challenge names both", Fields{"auth_time": In(0)}, both,
			`Bearer error="insufficient_user_authentication"`, `acr_values="mfa phr"`, `max_age="60"`),
	}
}

// routeCase has one request's route demand more of its token. Where the refusal's challenge is told, it is the only one and has
// these parts.
func routeCase(id string, want verifier.Code, reason string, claims Fields, route verifier.Route, challenge ...string) Case {
	return NewCase(id, Holds, reason, Step{Do: func(run *Run) {
		_, err := run.Process.Verifier.VerifyRequest(run.Context(), verifier.Request{
			Method: "GET", URL: "https://api.example/", Route: route,
			Header: map[string][]string{"Authorization": {"Bearer " + run.Sign(Token{Claims: claims, Unbound: true})}},
		})
		if want == "" && err != nil || want != "" && !errors.Is(err, want) {
			run.Errorf("%v, want %q", err, want)
		}
		if len(challenge) == 0 {
			return
		}
		refusal, _ := errors.AsType[*verifier.Error](err)
		if refusal == nil || len(refusal.Header["Www-Authenticate"]) != 1 {
			run.Errorf("%v is not refused with one challenge", err)
			return
		}
		for _, part := range challenge {
			if told := refusal.Header["Www-Authenticate"][0]; !strings.Contains(told, part) {
				run.Errorf("the challenge is %s, without %s", told, part)
			}
		}
	}}).Needing(Inside).In(Allowed)
}
