package verifier_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

type (
	details = verifier.AuthorizationDetails
	object  = map[string]any
)

// verifiedWith returns a token that has the claims.
func verifiedWith(t *testing.T, claims verifiertest.Claims) *verifier.Verified {
	t.Helper()
	env := newEnvironment(t, nil)
	verified, err := env.VerifyRequest(t.Context(), get("Bearer "+token(t, env.issuer, claims)))
	wantCode(t, err, "")
	return verified
}

func TestAuthorizationDetails(t *testing.T) {
	all := details{{
		Type: "customer", Locations: []string{"https://a.example"}, Actions: []string{"read", "write"}, DataTypes: []string{"contacts"},
		Privileges: []string{"admin"}, Identifier: "7",
	}, {Type: "payment", Actions: []string{}}}
	for _, c := range []struct {
		name  string
		claim string // empty if there is none
		want  details
		bad   bool
	}{
		{name: "RAR-01 no claim"},
		{name: "RAR-01 an empty array", claim: `[]`, want: details{}},
		{name: "RAR-01 an element", claim: `[{"type":"t"}]`, want: details{{Type: "t"}}},
		{name: "RAR-01 129 elements", claim: `[` + strings.Repeat(`{"type":"t"},`, 128) + `{"type":"t"}]`, bad: true},
		{name: "RAR-01 an object", claim: `{"type":"t"}`, bad: true},
		{name: "RAR-01 a string", claim: `"[{\"type\":\"t\"}]"`, bad: true},
		{name: "RAR-01 null", claim: `null`, bad: true},
		{name: "RAR-01 an element that is a string", claim: `[{"type":"t"},"t"]`, bad: true},
		{name: "RAR-01 an element that is null", claim: `[null]`, bad: true},
		{name: "RAR-01 an element without a type", claim: `[{"actions":["read"]}]`, bad: true},
		{name: "RAR-01 a type in upper case", claim: `[{"Type":"t"}]`, bad: true},
		{name: "RAR-01 a type that is a number", claim: `[{"type":7}]`, bad: true},
		{name: "RAR-01 a blank type", claim: `[{"type":" "}]`, bad: true},
		{name: "RAR-01 two types", claim: `[{"type":"t","type":"u"}]`, bad: true},
		{name: "RAR-01 a member twice, once with an escape", claim: `[{"type":"t","\u0061ctions":["a"],"actions":["b"]}]`, bad: true},
		{name: "RAR-02 all members", want: all,
			claim: `[{"type":"customer","locations":["https://a.example"],"actions":["read","write"],"datatypes":["contacts"],"privileges":["admin"],` +
				`"identifier":"7","amount":{"currency":"EUR"}},{"type":"payment","actions":[]}]`},
		{name: "RAR-02 locations that are a string", claim: `[{"type":"t","locations":"https://a.example"}]`, bad: true},
		{name: "RAR-02 actions with a number", claim: `[{"type":"t","actions":["read",7]}]`, bad: true},
		{name: "RAR-02 datatypes that are null", claim: `[{"type":"t","datatypes":null}]`, bad: true},
		{name: "RAR-02 privileges that are an object", claim: `[{"type":"t","privileges":{}}]`, bad: true},
		{name: "RAR-02 an identifier that is a number", claim: `[{"type":"t","identifier":7}]`, bad: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			claims := verifiertest.Claims{}
			if c.claim != "" {
				claims["authorization_details"] = json.RawMessage(c.claim)
			}
			verified := verifiedWith(t, claims)
			got, err := verified.AuthorizationDetails()
			byPolicy := verified.Require(verifier.Route{DetailsPolicy: func(details) error { return nil }})
			if !c.bad {
				wantCode(t, err, "")
				wantCode(t, byPolicy, "")
				if diff := cmp.Diff(c.want, got, cmpopts.IgnoreUnexported(verifier.AuthorizationDetail{})); diff != "" {
					t.Errorf("details (-want +got):\n%s", diff)
				}
				return
			}
			for _, err := range []error{err, byPolicy} {
				wantCode(t, err, verifier.CodeClaimMalformed)
				wantRule(t, err, c.name, "")
			}
			// RAR-05: it bothers only those who ask.
			wantCode(t, verified.Require(verifier.Route{}), "")
		})
	}
	most, err := verifiedWith(t, verifiertest.Claims{"authorization_details": slices.Repeat([]object{{"type": "t"}}, 128)}).AuthorizationDetails()
	if wantCode(t, err, ""); len(most) != 128 {
		t.Errorf("RAR-01: %d of 128 details are read", len(most))
	}
}

// TestAuthorizationDetailDecode reads the members that are a type's own.
func TestAuthorizationDetailDecode(t *testing.T) {
	for claim, want := range map[string]verifier.Code{
		`[{"type":"t","amount":{"currency":"EUR"}}]`:                  "",
		`[{"type":"t","amount":{"currency":"USD","currency":"EUR"}}]`: verifier.CodeClaimsUndecodable,
		`[{"type":"t","amount":"EUR"}]`:                               verifier.CodeClaimsUndecodable,
	} {
		all, err := verifiedWith(t, verifiertest.Claims{"authorization_details": json.RawMessage(claim)}).AuthorizationDetails()
		wantCode(t, err, "")
		var payment struct {
			Amount struct {
				Currency string `json:"currency"`
			} `json:"amount"`
		}
		if wantCode(t, all[0].Decode(&payment), want); want == "" && payment.Amount.Currency != "EUR" {
			t.Errorf("%s is decoded as %+v", claim, payment)
		}
	}
	if err := (verifier.AuthorizationDetail{Type: "t"}).Decode(new(any)); err == nil {
		t.Error("a detail that is not a token's is decoded")
	}
}

func TestAuthorizationDetailsPermit(t *testing.T) {
	readContacts := verifier.AuthorizationDetail{Type: "c", Actions: []string{"read"}, DataTypes: []string{"contacts"}}
	writePhotos := verifier.AuthorizationDetail{Type: "c", Actions: []string{"write"}, DataTypes: []string{"photos"}}
	writeContacts := verifier.AuthorizationDetail{Type: "c", Actions: []string{"write"}, DataTypes: []string{"contacts"}}
	account := verifier.AuthorizationDetail{Type: "c", Identifier: "1", Locations: []string{"https://a.example"}, Privileges: []string{"admin"}}
	need := func(edit func(*verifier.AuthorizationDetail)) verifier.AuthorizationDetail {
		needed := verifier.AuthorizationDetail{Type: "c"}
		edit(&needed)
		return needed
	}
	type detail = verifier.AuthorizationDetail
	for _, c := range []struct {
		name string
		has  details
		need detail
		want bool
	}{
		{"RAR-03 the type", details{readContacts}, detail{Type: "c"}, true},
		{"RAR-03 another type", details{readContacts}, detail{Type: "C"}, false},
		{"RAR-03 no details", nil, detail{Type: "c"}, false},
		{"RAR-03 no type is needed", details{readContacts, {}}, detail{}, false},
		{"RAR-03 an action", details{readContacts}, need(func(d *detail) { d.Actions = []string{"read"} }), true},
		{"RAR-03 an action of another type", details{readContacts, {Type: "d", Actions: []string{"write"}}}, need(func(d *detail) { d.Actions = []string{"write"} }), false},
		{"RAR-03 an action in another case", details{readContacts}, need(func(d *detail) { d.Actions = []string{"Read"} }), false},
		{"RAR-03 an empty action", details{readContacts}, need(func(d *detail) { d.Actions = []string{""} }), false},
		{"RAR-03 two actions of two details", details{readContacts, writePhotos}, need(func(d *detail) { d.Actions = []string{"read", "write"} }), true},
		{"RAR-03 one of two actions", details{readContacts}, need(func(d *detail) { d.Actions = []string{"read", "write"} }), false},
		{"RAR-03 a combination that no detail has", details{readContacts, writePhotos}, writeContacts, false},
		{"RAR-03 a combination", details{readContacts, writePhotos, writeContacts}, writeContacts, true},
		{"RAR-03 all combinations of three details", details{readContacts, writePhotos, writeContacts, {Type: "c", Actions: []string{"read"}, DataTypes: []string{"photos"}}},
			need(func(d *detail) {
				d.Actions, d.DataTypes = []string{"read", "write"}, []string{"contacts", "photos"}
			}), true},
		{"RAR-03 all combinations but one", details{readContacts, writePhotos, writeContacts},
			need(func(d *detail) {
				d.Actions, d.DataTypes = []string{"read", "write"}, []string{"contacts", "photos"}
			}), false},
		{"RAR-03 what a detail does not say", details{readContacts}, need(func(d *detail) { d.Locations = []string{"https://a.example"} }), false},
		{"RAR-03 a location", details{account}, need(func(d *detail) { d.Locations = []string{"https://a.example"} }), true},
		{"RAR-03 a location with a slash", details{account}, need(func(d *detail) { d.Locations = []string{"https://a.example/"} }), false},
		{"RAR-03 a privilege", details{account}, need(func(d *detail) { d.Privileges = []string{"admin"} }), true},
		{"RAR-03 another privilege", details{account}, need(func(d *detail) { d.Privileges = []string{"root"} }), false},
		{"RAR-03 an identifier", details{account}, need(func(d *detail) { d.Identifier = "1" }), true},
		{"RAR-03 another identifier", details{account}, need(func(d *detail) { d.Identifier = "2" }), false},
		{"RAR-03 an identifier where the detail has none", details{readContacts}, need(func(d *detail) { d.Identifier = "1" }), false},
		{"RAR-03 a privilege for another identifier", details{account, {Type: "c", Identifier: "2"}}, need(func(d *detail) {
			d.Identifier, d.Privileges = "2", []string{"admin"}
		}), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.has.Permit(c.need); got != c.want {
				t.Errorf("Permit is %v", got)
			}
		})
	}
}

// TestRouteAuthorizationDetails: RAR-03, RAR-04: what a route needs, and what its policy says.
func TestRouteAuthorizationDetails(t *testing.T) {
	errPolicy := errors.New("over 100 EUR")
	needs := func(edit func(*verifier.Route)) verifier.Route {
		route := verifier.Route{Scopes: []string{"pay"}}
		edit(&route)
		return route
	}
	initiate := []verifier.AuthorizationDetail{{Type: "payment", Actions: []string{"initiate"}}}
	const lacks = `Bearer error="insufficient_scope", error_description="The access token lacks needed authorization details", scope="pay"`
	for _, c := range []struct {
		name      string
		route     verifier.Route
		code      verifier.Code
		status    int
		challenge []string
	}{
		{name: "RAR-03 permitted", route: needs(func(r *verifier.Route) { r.AuthorizationDetails = initiate })},
		{name: "RAR-03 not permitted", route: needs(func(r *verifier.Route) {
			r.AuthorizationDetails = append(initiate, verifier.AuthorizationDetail{Type: "payment", Actions: []string{"cancel"}})
		}), code: verifier.CodeDetails, status: 403, challenge: []string{lacks}},
		{name: "RAR-04 the policy permits", route: needs(func(r *verifier.Route) {
			r.DetailsPolicy = func(all details) error {
				var payment struct {
					Amount struct{ Currency string } `json:"amount"`
				}
				if err := all[0].Decode(&payment); err != nil || payment.Amount.Currency != "EUR" {
					t.Errorf("the detail is decoded as %+v, %v", payment, err)
				}
				return nil
			}
		})},
		{name: "RAR-04 the policy refuses", route: needs(func(r *verifier.Route) {
			r.AuthorizationDetails = initiate
			r.DetailsPolicy = func(details) error { return errPolicy }
		}), code: verifier.CodeDetails, status: 403, challenge: []string{lacks}},
		{name: "RAR-04 the policy panics", route: needs(func(r *verifier.Route) { r.DetailsPolicy = func(details) error { panic("x") } }),
			code: verifier.CodeConfig, status: 500},
		{name: "RAR-03 the policy is not asked where the details are not permitted", route: needs(func(r *verifier.Route) {
			r.AuthorizationDetails = []verifier.AuthorizationDetail{{Type: "other"}}
			r.DetailsPolicy = func(details) error { t.Error("the policy is asked"); return nil }
		}), code: verifier.CodeDetails, status: 403, challenge: []string{lacks}},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := newEnvironment(t, nil)
			request := get("Bearer " + token(t, env.issuer, verifiertest.Claims{"scope": "pay", "authorization_details": []any{
				object{"type": "payment", "actions": []string{"initiate", "status"}, "amount": object{"Currency": "EUR", "value": "123.50"}},
			}}))
			request.Route = c.route
			verified, err := env.VerifyRequest(t.Context(), request)
			wantCode(t, err, c.code)
			if c.code == "" {
				return
			}
			if verified != nil {
				t.Error("a token is returned with the error")
			}
			e := refusal(t, err)
			if c.code == verifier.CodeDetails {
				wantRule(t, err, c.name[:6], "")
				if strings.Contains(c.name, "policy refuses") != errors.Is(err, errPolicy) {
					t.Errorf("the cause is %v", e.Err)
				}
			}
			if diff := cmp.Diff(c.challenge, e.Header["Www-Authenticate"]); diff != "" || e.Status != c.status {
				t.Errorf("answered %d, want %d, challenges (-want +got):\n%s", e.Status, c.status, diff)
			}
		})
	}
	// The identifier may be of the request: nothing of it comes back.
	verified := verifiedWith(t, verifiertest.Claims{"authorization_details": []any{object{"type": "account", "identifier": "1"}}})
	wantCode(t, verified.RequireAuthorizationDetails(verifier.AuthorizationDetail{Type: "account", Identifier: "1"}), "")
	err := verified.RequireAuthorizationDetails(verifier.AuthorizationDetail{Type: "account", Identifier: "reflected"})
	wantCode(t, err, verifier.CodeDetails)
	if e := refusal(t, err); strings.Contains(fmt.Sprint(e, e.Header), "reflected") {
		t.Errorf("RAR-03: the error is %v %v", e, e.Header)
	}
	// A token that a test has made has none.
	wantCode(t, (&verifier.Verified{}).RequireAuthorizationDetails(verifier.AuthorizationDetail{Type: "account"}), verifier.CodeDetails)
}

// TestPermitIsTheUnionOfProducts holds Permit against the definition of RFC 9396 section 2.2: every combination of the values that
// are needed is permitted by one detail.
func TestPermitIsTheUnionOfProducts(t *testing.T) {
	random := rand.New(rand.NewPCG(9396, 2))
	some := func(values ...string) []string {
		return slices.DeleteFunc(values, func(string) bool { return random.IntN(2) == 0 })
	}
	detail := func() verifier.AuthorizationDetail {
		return verifier.AuthorizationDetail{
			Type: []string{"a", "b"}[random.IntN(2)], Identifier: []string{"", "1"}[random.IntN(2)],
			Locations: some("x"), Actions: some("read", "write"), DataTypes: some("c", "p"), Privileges: some("r"),
		}
	}
	orAny := func(values []string) []string {
		if len(values) == 0 {
			return []string{"any"}
		}
		return values
	}
	permits := func(values []string, one string) bool { return one == "any" || slices.Contains(values, one) }
	permitted := 0
	for range 20_000 {
		var has details
		for range random.IntN(6) {
			has = append(has, detail())
		}
		needed := detail()
		want := true
		for _, location := range orAny(needed.Locations) {
			for _, action := range orAny(needed.Actions) {
				for _, data := range orAny(needed.DataTypes) {
					for _, privilege := range orAny(needed.Privileges) {
						want = want && slices.ContainsFunc(has, func(d verifier.AuthorizationDetail) bool {
							return d.Type == needed.Type && (needed.Identifier == "" || d.Identifier == needed.Identifier) && permits(d.Locations, location) &&
								permits(d.Actions, action) && permits(d.DataTypes, data) && permits(d.Privileges, privilege)
						})
					}
				}
			}
		}
		if got := has.Permit(needed); got != want {
			t.Fatalf("RAR-03: of %+v, Permit(%+v) is %v", has, needed, got)
		}
		if want {
			permitted++
		}
	}
	if permitted < 1000 {
		t.Errorf("only %d needs are permitted", permitted)
	}
}
