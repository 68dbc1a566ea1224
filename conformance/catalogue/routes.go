package catalogue

import (
	"errors"
	"slices"
	"strings"
	"time"

	. "github.com/holdfast-go/holdfast/conformance/player"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

// routeCases are about what one route demands and others don't.
func routeCases() []Case {
	var (
		gold      = verifier.Route{RequiredValues: []ports.RequiredValue{{Claim: "tier", OneOf: []string{"gold"}}}}
		permitted = verifier.Route{RequiredValues: []ports.RequiredValue{{Claim: "permissions", ContainsAny: []string{"orders:refund", "admin"}}}}
		either    = verifier.Route{Scopes: []string{"api"}, AnyScope: []string{"read", "admin"}}
		recent    = verifier.Route{MaxAge: time.Minute}
		strong    = verifier.Route{ACRValues: []string{"mfa", "phr"}}
		both      = verifier.Route{MaxAge: time.Minute, ACRValues: []string{"mfa", "phr"}}
		reads     = verifier.Route{AuthorizationDetails: []verifier.AuthorizationDetail{
			{Type: "customer", Actions: []string{"read", "write"}, DataTypes: []string{"contacts"}},
		}}
		small = verifier.Route{DetailsPolicy: func(details verifier.AuthorizationDetails) error {
			if len(details) != 1 {
				return errors.New("there is not one detail")
			}
			return nil
		}}
		detail = Fields{"type": "customer", "actions": []string{"read", "write"}, "datatypes": []string{"contacts"}}
	)
	return []Case{
		routeCase("CLAIM-REQ-02.of-a-route", "", "a value that the route requires", Fields{"tier": "gold"}, gold),
		routeCase("CLAIM-REQ-02.of-a-route-number", verifier.CodeClaimMalformed, "a number where the route requires a string", Fields{"tier": 7}, gold),
		routeCase("CLAIM-REQ-02.of-a-route-any", "", "the second of several permissions of which the route requires one", Fields{"permissions": []string{"b", "admin"}}, permitted),
		routeCase("CLAIM-REQ-02.of-a-route-string", verifier.CodeClaimMalformed, "a string where the route requires an array of permissions", Fields{"permissions": "admin"}, permitted),
		routeCase("CLAIM-REQ-03.value", verifier.CodeClaims, "another value than the route requires", Fields{"tier": "lead"}, gold, `error="insufficient_scope"`),
		routeCase("CLAIM-REQ-03.claim", verifier.CodeClaims, "no claim that the route requires", Fields{},
			verifier.Route{RequiredClaims: []string{"tier"}}, `error="insufficient_scope"`),
		routeCase("CLAIM-REQ-03.permission", verifier.CodeClaims, "none of several permissions of which the route requires one", Fields{"permissions": []string{"b", "Admin"}}, permitted, `error="insufficient_scope"`),
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

		detailsCase("RAR-01.one", "", "one authorization detail, which permits what the route needs", reads, detail),
		detailsCase("RAR-01.string-element", verifier.CodeClaimMalformed, "an element of authorization_details is a string", reads, detail, "customer"),
		detailsCase("RAR-01.no-type", verifier.CodeClaimMalformed, "an element of authorization_details has no type", reads, detail, Fields{"actions": []string{"read"}}),
		detailsCase("RAR-01.blank-type", verifier.CodeClaimMalformed, "the type of an element is blank", reads, detail, Fields{"type": " "}),
		routeCase("RAR-01.object", verifier.CodeClaimMalformed, "authorization_details is an object", Fields{"authorization_details": detail}, reads),
		detailsCase("RAR-01.most", "", "128 authorization details", reads, slices.Repeat([]any{detail}, 128)...),
		detailsCase("RAR-01.over-most", verifier.CodeClaimMalformed, "129 authorization details", reads, slices.Repeat([]any{detail}, 129)...),
		detailsCase("RAR-02.string", verifier.CodeClaimMalformed, "the actions of an element are a string", reads, detail, Fields{"type": "a", "actions": "read"}),
		detailsCase("RAR-02.number", verifier.CodeClaimMalformed, "the datatypes of an element have a number", reads, detail, Fields{"type": "a", "datatypes": []any{7}}),
		detailsCase("RAR-02.identifier", verifier.CodeClaimMalformed, "the identifier of an element is a number", reads, detail, Fields{"type": "a", "identifier": 7}),
		routeCase("RAR-03.missing", verifier.CodeDetails, "no authorization_details, where the route needs one", Fields{}, reads, `Bearer error="insufficient_scope"`),
		detailsCase("RAR-03.another-type", verifier.CodeDetails, "the detail is of another type", reads,
			Fields{"type": "Customer", "actions": []string{"read", "write"}, "datatypes": []string{"contacts"}}),
		detailsCase("RAR-03.two", "", "two details permit one action each", reads,
			Fields{"type": "customer", "actions": []string{"read"}, "datatypes": []string{"contacts"}},
			Fields{"type": "customer", "actions": []string{"write"}, "datatypes": []string{"contacts"}}),
		detailsCase("RAR-03.combination", verifier.CodeDetails, "two details permit an action each, one of them on other data", reads,
			Fields{"type": "customer", "actions": []string{"read"}, "datatypes": []string{"contacts"}},
			Fields{"type": "customer", "actions": []string{"write"}, "datatypes": []string{"photos"}}),
		detailsCase("RAR-03.not-named", verifier.CodeDetails, "the detail does not name the data", reads, Fields{"type": "customer", "actions": []string{"read", "write"}}),
		detailsCase("RAR-04.permits", "", "the policy of the route permits the details", small, detail),
		detailsCase("RAR-04.refuses", verifier.CodeDetails, "the policy of the route refuses the details", small, detail, detail),
		routeCase("RAR-05.not-asked", "", "malformed authorization_details, where the route needs none", Fields{"authorization_details": "all"}, verifier.Route{}),
	}
}

// detailsCase is a case of one token's authorization details.
func detailsCase(id string, want verifier.Code, reason string, route verifier.Route, details ...any) Case {
	return routeCase(id, want, reason, Fields{"authorization_details": details}, route)
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
