package catalogue

import (
	"errors"
	"slices"
	"strings"

	. "github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

// routeCases are about what one route demands and others don't: each names one of [Routes].
func routeCases() []Case {
	detail := Fields{"type": "customer", "actions": []string{"read", "write"}, "datatypes": []string{"contacts"}}
	return []Case{
		routeCase("CLAIM-REQ-02.of-a-route", Accepted, "a value that the route requires", "/gold", Fields{"tier": "gold"}),
		routeCase("CLAIM-REQ-02.of-a-route-number", BadToken, "a number where the route requires a string", "/gold", Fields{"tier": 7}),
		routeCase("CLAIM-REQ-02.of-a-route-any", Accepted, "the second of several permissions of which the route requires one", "/permitted",
			Fields{"permissions": []string{"b", "admin"}}),
		routeCase("CLAIM-REQ-02.of-a-route-string", BadToken, "a string where the route requires an array of permissions", "/permitted",
			Fields{"permissions": "admin"}),
		routeCase("CLAIM-REQ-03.value", NoScope, "another value than the route requires", "/gold", Fields{"tier": "lead"}, `error="insufficient_scope"`),
		routeCase("CLAIM-REQ-03.claim", NoScope, "no claim that the route requires", "/tier", Fields{}, `error="insufficient_scope"`),
		routeCase("CLAIM-REQ-03.permission", NoScope, "none of several permissions of which the route requires one", "/permitted",
			Fields{"permissions": []string{"b", "Admin"}}, `error="insufficient_scope"`),
		routeOfNothing(),
		routeCase("CLAIM-SCP-02.of-several", Accepted, "one of several scopes of which the route needs one", "/either", Fields{"scope": "api admin"}),
		routeCase("CLAIM-SCP-02.of-several-none", NoScope, "none of several scopes of which the route needs one", "/either", Fields{"scope": "api"},
			`error="insufficient_scope"`, `scope="api read"`),
		routeCase("DPOP-REQ-06.of-a-route", NoCredentials, "a Bearer token, where the route needs DPoP", "/dpop", Fields{}, "DPoP algs="),
		routeCase("MTLS-02.of-a-route", BadToken, "a token that is not bound, where the route needs one that is bound to a certificate", "/certificate", Fields{}).
			Configured(mtlsMode(verifier.MTLSOn)),

		routeCase("STEP-01.recent", Accepted, "an authentication that is recent enough", "/recent", Fields{"auth_time": In(0)}),
		routeCase("STEP-01.long-ago", StepUp, "an authentication that is too long ago", "/recent", Fields{"auth_time": In(-3600)}),
		routeCase("STEP-01.missing", StepUp, "no auth_time, where the route bounds its age", "/recent", Fields{}),
		routeCase("STEP-01.string", StepUp, "auth_time is a string", "/recent", Fields{"auth_time": "0"}),
		routeCase("STEP-01.ahead", StepUp, "auth_time is an hour ahead", "/recent", Fields{"auth_time": In(3600)}),
		routeCase("STEP-01.not-asked", Accepted, "no auth_time, where the route does not bound its age", "/strong", Fields{"acr": "mfa"}),
		routeCase("STEP-02.second", Accepted, "the second of the contexts that the route names", "/strong", Fields{"acr": "phr"}),
		routeCase("STEP-02.another", StepUp, "another context than the route names", "/strong", Fields{"acr": "pwd"}),
		routeCase("STEP-02.upper-case", StepUp, "the context in upper case", "/strong", Fields{"acr": "MFA"}),
		routeCase("STEP-02.missing", StepUp, "no acr, where the route names contexts", "/strong", Fields{}),
		routeCase("STEP-02.array", StepUp, "acr is an array", "/strong", Fields{"acr": []string{"mfa"}}),
		routeCase("STEP-03.age", StepUp, "only the age is not met: the challenge names both", "/recent-strong", Fields{"acr": "mfa"},
			`error="insufficient_user_authentication"`, `acr_values="mfa phr"`, `max_age="60"`).ReportedAs("STEP-01"),
		routeCase("STEP-03.context", StepUp, "only the context is not met: the challenge names both", "/recent-strong", Fields{"auth_time": In(0)},
			`error="insufficient_user_authentication"`, `acr_values="mfa phr"`, `max_age="60"`).ReportedAs("STEP-02"),

		detailsCase("RAR-01.one", Accepted, "one authorization detail, which permits what the route needs", "/customer", detail),
		detailsCase("RAR-01.string-element", BadToken, "an element of authorization_details is a string", "/customer", detail, "customer"),
		detailsCase("RAR-01.no-type", BadToken, "an element of authorization_details has no type", "/customer", detail, Fields{"actions": []string{"read"}}),
		detailsCase("RAR-01.blank-type", BadToken, "the type of an element is blank", "/customer", detail, Fields{"type": " "}),
		routeCase("RAR-01.object", BadToken, "authorization_details is an object", "/customer", Fields{"authorization_details": detail}),
		detailsCase("RAR-01.most", Accepted, "128 authorization details", "/customer", slices.Repeat([]any{detail}, 128)...).Having("bounds"),
		detailsCase("RAR-01.over-most", BadToken, "129 authorization details", "/customer", slices.Repeat([]any{detail}, 129)...).Having("bounds"),
		detailsCase("RAR-02.string", BadToken, "the actions of an element are a string", "/customer", detail, Fields{"type": "a", "actions": "read"}),
		detailsCase("RAR-02.number", BadToken, "the datatypes of an element have a number", "/customer", detail, Fields{"type": "a", "datatypes": []any{7}}),
		detailsCase("RAR-02.identifier", BadToken, "the identifier of an element is a number", "/customer", detail, Fields{"type": "a", "identifier": 7}),
		routeCase("RAR-03.missing", NoScope, "no authorization_details, where the route needs one", "/customer", Fields{}, `error="insufficient_scope"`),
		detailsCase("RAR-03.another-type", NoScope, "the detail is of another type", "/customer",
			Fields{"type": "Customer", "actions": []string{"read", "write"}, "datatypes": []string{"contacts"}}),
		detailsCase("RAR-03.two", Accepted, "two details permit one action each", "/customer",
			Fields{"type": "customer", "actions": []string{"read"}, "datatypes": []string{"contacts"}},
			Fields{"type": "customer", "actions": []string{"write"}, "datatypes": []string{"contacts"}}),
		detailsCase("RAR-03.combination", NoScope, "two details permit an action each, one of them on other data", "/customer",
			Fields{"type": "customer", "actions": []string{"read"}, "datatypes": []string{"contacts"}},
			Fields{"type": "customer", "actions": []string{"write"}, "datatypes": []string{"photos"}}),
		detailsCase("RAR-03.not-named", NoScope, "the detail does not name the data", "/customer", Fields{"type": "customer", "actions": []string{"read", "write"}}),
		detailsCase("RAR-04.permits", Accepted, "the policy of the route permits the details", "/one-detail", detail),
		detailsCase("RAR-04.refuses", NoScope, "the policy of the route refuses the details", "/one-detail", detail, detail),
		routeCase("RAR-05.not-asked", Accepted, "malformed authorization_details, where the route needs none", "/strong",
			Fields{"acr": "mfa", "authorization_details": "all"}),
	}
}

// detailsCase is a case of one token's authorization details.
func detailsCase(id string, want Expectation, reason, path string, details ...any) Case {
	return routeCase(id, want, reason, path, Fields{"authorization_details": details})
}

// routeCase sends an unbound token to a route of [Routes]. Where parts are told, one challenge has all of them.
func routeCase(id string, want Expectation, reason, path string, claims Fields, parts ...string) Case {
	return RequestCase(id, want, reason, func(run *Run) Request {
		return Get().At(RoutePath+path).With("Authorization", "Bearer "+run.Sign(Token{Claims: claims, Unbound: true}))
	}).In(Allowed).Having("routes").Checked(func(run *Run, a Answer) {
		has := func(challenge string) bool {
			return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(challenge, part) })
		}
		if challenges := a.Values("Www-Authenticate"); len(parts) > 0 && !slices.ContainsFunc(challenges, has) {
			run.Errorf("no challenge has all of %q", parts)
		}
	})
}

// routeOfNothing has a route that requires a value and names none.
func routeOfNothing() Case {
	return InsideCase("CLAIM-REQ-02.of-a-route-nothing", Holds, "a route that requires a value, and names none", Step{Do: func(run *Run) {
		_, err := run.Process.Verifier.VerifyRequest(run.Context(), verifier.Request{
			Method: "GET", URL: APIURL, Route: verifier.Route{RequiredValues: []ports.RequiredValue{{Claim: "tier"}}},
			Header: map[string][]string{"Authorization": {"Bearer " + run.Sign(Token{Claims: Fields{"tier": "gold"}, Unbound: true})}},
		})
		if !errors.Is(err, verifier.CodeConfig) {
			run.Errorf("%v", err)
		}
	}})
}
