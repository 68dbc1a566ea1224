package catalogue

import (
	"encoding/json"
	"maps"
	"strings"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"

	. "github.com/holdfast-go/holdfast/conformance/player"
)

// policyCases are about what is demanded of one issuer's tokens and not of another's.
func policyCases() []Case {
	const own = "vnd.example+jwt"
	var (
		es256  = each(ports.Domain{Algorithms: []string{"ES256"}}, ports.Domain{})
		typed  = each(ports.Domain{}, ports.Domain{Types: []string{"application/VND.example+jwt"}})
		tiered = each(ports.Domain{RequiredClaims: []string{"tier"}}, ports.Domain{})
		roles  = each(ports.Domain{}, ports.Domain{ScopeClaim: "roles"})
		theirs = Fields{"iss": From(OtherURL)}
	)
	scoped := func(id string, want Expectation, reason string, t Token) Case {
		return RequestCase(id, want, reason, Scoped(t)).Configured(roles)
	}
	return []Case{
		TokenCase("CLAIM-ISS-05.algorithm", BadToken, "an alg that only the other issuer's tokens may have",
			Token{}).Configured(es256).ReportedAs("JWS-08"),
		TokenCase("CLAIM-ISS-05.its-algorithm", Accepted, "an alg that the issuer's tokens may have, and another's not",
			Token{Key: OtherKey, Claims: theirs}).Configured(es256),
		TokenCase("CLAIM-ISS-05.typ", BadToken, "a typ that only the other issuer's tokens may have",
			Token{Header: Fields{"typ": own}}).Configured(typed).ReportedAs("TYP-02"),
		TokenCase("CLAIM-ISS-05.its-typ", Accepted, "a typ that the issuer's tokens may have",
			Token{Key: OtherKey, Header: Fields{"typ": own}, Claims: theirs}).Configured(typed),
		TokenCase("CLAIM-ISS-05.usual-typ", BadToken, "a usual typ, where the issuer's tokens have another",
			Token{Key: OtherKey, Header: Fields{"typ": "at+jwt"}, Claims: theirs}).Configured(typed).ReportedAs("TYP-02"),
		TokenCase("CLAIM-ISS-05.required-claim", BadToken, "no claim that is required of the issuer's tokens",
			Token{}).Configured(tiered).ReportedAs("CLAIM-REQ-01"),
		TokenCase("CLAIM-ISS-05.required-of-another", Accepted, "no claim that is required only of the other issuer's tokens",
			Token{Key: OtherKey, Claims: theirs}).Configured(tiered),
		scoped("CLAIM-ISS-05.scope", Accepted, "the scope where this issuer has it", Token{Claims: Fields{"scope": NeededScope}}),
		scoped("CLAIM-ISS-05.its-scope", Accepted, "the scope where the other issuer has it",
			Token{Key: OtherKey, Claims: Fields{"iss": From(OtherURL), "roles": []string{NeededScope}}}),
		scoped("CLAIM-ISS-05.scope-of-another", NoScope, "the scope where only the other issuer has it",
			Token{Claims: Fields{"roles": []string{NeededScope}}}).ReportedAs("CLAIM-SCP-02"),
		InsideCase("CLAIM-ISS-05.remembered", BadToken, "a token that was good by another policy of its issuer",
			Step{Send: func(run *Run) Request { return Bearer(run.Keep("token", run.Sign(Token{}))) }, Want: Accepted},
			Step{Send: func(run *Run) Request { return Bearer(run.Kept["token"]) }, Want: Accepted},
			Step{Send: func(run *Run) Request { return Bearer(run.Kept["token"]) }, Want: BadToken},
		).Configured(tieredFromTheThird).ReportedAs("CLAIM-REQ-01"),
		ConfigCase("CLAIM-ISS-05.algorithm-refused", RefusedByNew, "HS256 for one issuer",
			each(ports.Domain{}, ports.Domain{Algorithms: []string{"HS256"}})),
		ConfigCase("CLAIM-ISS-05.typ-refused", RefusedByNew, "the typ of a logout token for one issuer",
			each(ports.Domain{}, ports.Domain{Types: []string{"Logout+JWT"}})),
		ConfigCase("CLAIM-ISS-05.profile", RefusedByNew, "types of one issuer, where only the profile is accepted",
			func(e *Environment, c *verifier.Config) { typed(e, c); c.RequireProfile = true }),

		clientCase("CLAIM-CLI-01.client-id", "app", Fields{"client_id": "app"}),
		clientCase("CLAIM-CLI-01.azp", "app", Fields{"azp": "app"}),
		clientCase("CLAIM-CLI-01.cid", "app", Fields{"cid": "app"}),
		clientCase("CLAIM-CLI-01.appid", "app", Fields{"appid": "app"}),
		clientCase("CLAIM-CLI-01.same", "app", Fields{"client_id": "app", "azp": "app", "appid": ""}),
		clientCase("CLAIM-CLI-01.none", "", Fields{"client_id": Absent}),
		clientCase("CLAIM-CLI-01.configured", "app", Fields{"client_id": "app", "cid": "other"}).
			Configured(func(_ *Environment, c *verifier.Config) { c.ClientClaim = "client_id" }),
		TokenCase("CLAIM-CLI-01.differ", BadToken, "client_id and azp name different clients",
			Token{Claims: Fields{"client_id": "app", "azp": "other"}}),
		TokenCase("CLAIM-CLI-01.differ-in-case", BadToken, "cid and appid differ in case",
			Token{Claims: Fields{"client_id": Absent, "cid": "app", "appid": "APP"}}),
		TokenCase("CLAIM-CLI-01.number", BadToken, "azp is a number", Token{Claims: Fields{"azp": 1}}),
		clientsCase("CLAIM-CLI-02.listed", Accepted, "a client that is configured", Fields{"client_id": "app"}),
		clientsCase("CLAIM-CLI-02.by-azp", Accepted, "a client that is configured, in azp", Fields{"client_id": Absent, "azp": "app-2"}),
		clientsCase("CLAIM-CLI-02.another", BadToken, "a client that is not configured", Fields{"client_id": "other"}),
		clientsCase("CLAIM-CLI-02.other-case", BadToken, "a client in other case", Fields{"client_id": "APP"}),
		clientsCase("CLAIM-CLI-02.none", BadToken, "no client, where clients are configured", Fields{"client_id": Absent}),
		clientsCase("CLAIM-CLI-02.no-audience", BadToken, "a client that is configured, and no aud where there are audiences",
			Fields{"client_id": "app", "aud": Absent}).ReportedAs("CLAIM-AUD-01"),
		clientsCase("CLAIM-CLI-02.another-audience", BadToken, "a client that is configured, and the aud of another API",
			Fields{"client_id": "app", "aud": "https://other.example"}).ReportedAs("CLAIM-AUD-02"),

		boundCase("CLAIM-CLI-03.bound", Accepted, "no aud, the client and the value that are configured", nil),
		boundCase("CLAIM-CLI-03.audience", BadToken, "an aud, where no audience is configured",
			Fields{"aud": From(func(run *Run) any { return run.Audience })}),
		boundCase("CLAIM-CLI-03.audience-is-the-client", BadToken, "an aud that is the client, as ID tokens have it", Fields{"aud": "app"}),
		boundCase("CLAIM-CLI-03.audience-empty", BadToken, "an aud that is an empty array", Fields{"aud": []string{}}).ReportedAs("CLAIM-AUD-03"),
		boundCase("CLAIM-CLI-03.audience-null", BadToken, "an aud that is null", Fields{"aud": nil}).ReportedAs("CLAIM-AUD-03"),
		boundCase("CLAIM-CLI-03.another-client", BadToken, "no aud, and another client", Fields{"client_id": "other"}).ReportedAs("CLAIM-CLI-02"),
		boundCase("CLAIM-CLI-03.no-client", BadToken, "no aud, and no client", Fields{"client_id": Absent}).ReportedAs("CLAIM-CLI-02"),
		boundCase("CLAIM-CLI-03.two-clients", BadToken, "no aud, and two claims that name different clients",
			Fields{"azp": "other"}).ReportedAs("CLAIM-CLI-01"),
		boundCase("CLAIM-CLI-03.another-value", BadToken, "no aud, and the value of an ID token", Fields{"token_use": "id"}).ReportedAs("CLAIM-REQ-02"),
		boundCase("CLAIM-CLI-03.no-value", BadToken, "no aud, and not the claim that marks access tokens",
			Fields{"token_use": Absent}).ReportedAs("CLAIM-REQ-02"),
		ConfigCase("CLAIM-CLI-03.only-clients", RefusedByNew, "no audience, and only clients", bound(ports.Domain{Clients: []string{"app"}})),
		ConfigCase("CLAIM-CLI-03.only-a-value", RefusedByNew, "no audience, and only a value",
			bound(ports.Domain{RequiredValues: tokenUse})),
		ConfigCase("CLAIM-CLI-03.value-of-the-client", RefusedByNew, "no audience, clients, and a value that only says the client again",
			bound(ports.Domain{Clients: []string{"app"}, RequiredValues: []ports.RequiredValue{{Claim: "/client_id", OneOf: []string{"app"}}}})),
		ConfigCase("CLAIM-CLI-03.blank-client", RefusedByNew, "no audience, and a blank client",
			bound(ports.Domain{Clients: []string{"app", ""}, RequiredValues: tokenUse})),
		ConfigCase("CLAIM-CLI-03.profile", RefusedByNew, "no audience, where the profile is required", func(e *Environment, c *verifier.Config) {
			bound(ports.Domain{Clients: []string{"app"}, RequiredValues: tokenUse})(e, c)
			c.RequireProfile = true
		}),

		valueCase("CLAIM-REQ-02.string", Accepted, "a claim that is one of two strings", Fields{"tier": "gold"}),
		valueCase("CLAIM-REQ-02.another", BadToken, "a claim with another value", Fields{"tier": "lead"}),
		valueCase("CLAIM-REQ-02.other-case", BadToken, "a claim that is one of them in other case", Fields{"tier": "Gold"}),
		valueCase("CLAIM-REQ-02.longer", BadToken, "a claim that begins with one of them", Fields{"tier": "gold "}),
		valueCase("CLAIM-REQ-02.missing", BadToken, "no such claim", Fields{"tier": Absent}),
		valueCase("CLAIM-REQ-02.null", BadToken, "a claim that is null", Fields{"tier": nil}),
		valueCase("CLAIM-REQ-02.array-for-string", BadToken, "an array where a string is expected", Fields{"tier": []string{"gold"}}),
		valueCase("CLAIM-REQ-02.array", Accepted, "an array that contains both values", Fields{"groups": []string{"b", "x", "a"}}),
		valueCase("CLAIM-REQ-02.one-missing", BadToken, "an array that contains one of two values", Fields{"groups": []string{"a", "x"}}),
		valueCase("CLAIM-REQ-02.any", Accepted, "an array that contains one of several values, of which one is needed", Fields{"roles": []string{"x", "op"}}),
		valueCase("CLAIM-REQ-02.none-of-several", BadToken, "an array that contains none of several values", Fields{"roles": []string{"ops", "x"}}),
		valueCase("CLAIM-REQ-02.empty-array", BadToken, "an empty array, where one of several values is needed", Fields{"roles": []string{}}),
		valueCase("CLAIM-REQ-02.string-for-array", BadToken, "a string where an array is expected", Fields{"groups": "a b"}),
		valueCase("CLAIM-REQ-02.number-within", BadToken, "an array with a number", Fields{"groups": []any{"a", "b", 1}}),
		valueCase("CLAIM-REQ-02.nested", BadToken, "a claim in an object that is deeper than expected",
			Fields{"org": Fields{"org": Fields{"id": "7"}}}),
		valueCase("CLAIM-REQ-02.depth-over", BadToken, "a required value at the top, and below it a payload of 42 levels",
			Fields{"org": Fields{"id": "7", "more": json.RawMessage(strings.Repeat("[", 40) + strings.Repeat("]", 40))}}).ReportedAs("JWS-07").Having("bounds"),
		valueCase("CLAIM-REQ-02.depth-under", Accepted, "a required value at the top, and below it a payload of 32 levels",
			Fields{"org": Fields{"id": "7", "more": json.RawMessage(strings.Repeat("[", 30) + strings.Repeat("]", 30))}}),
		valueCase("CLAIM-REQ-02.not-an-object", BadToken, "a string where an object is expected", Fields{"org": "7"}),
		ConfigCase("CLAIM-REQ-02.no-value", RefusedByNew, "a required value without any", requiresValue(ports.RequiredValue{Claim: "tier"})),
		ConfigCase("CLAIM-REQ-02.both", RefusedByNew, "a required value with both kinds of values",
			requiresValue(ports.RequiredValue{Claim: "tier", OneOf: []string{"a"}, Contains: []string{"a"}})),
		ConfigCase("CLAIM-REQ-02.all-and-any", RefusedByNew, "a required value with all and with one of some values",
			requiresValue(ports.RequiredValue{Claim: "tier", ContainsAny: []string{"a"}, Contains: []string{"a"}})),
		ConfigCase("CLAIM-REQ-02.blank", RefusedByNew, "a required value of a blank claim",
			requiresValue(ports.RequiredValue{Claim: " ", OneOf: []string{"a"}})),

		ConfigCase("CLAIM-AUD-04.no-access-tokens", Accepted, "no audience, where no access tokens are verified", noAccessTokens),
		ConfigCase("CLAIM-AUD-04.no-access-tokens-for-an-audience", RefusedByNew, "an audience, where no access tokens are verified",
			func(_ *Environment, c *verifier.Config) { c.NoAccessTokens = true }),
		TokenCase("CLAIM-AUD-04.access-token", Misconfigured, "an access token, where none is verified", Token{}).
			Configured(noAccessTokens).ReportedAs(""),
		TokenCase("CLAIM-CLI-01.array", BadToken, "appid is an array", Token{Claims: Fields{"appid": []string{"app"}}}),
	}
}

// each configures both issuers, each with what differs.
func each(ours, theirs ports.Domain) Policy {
	return func(e *Environment, c *verifier.Config) {
		c.Domain, c.Domains = "", []ports.Domain{ours, theirs}
		c.Domains[0].Issuer, c.Domains[1].Issuer = e.Issuer.URL, e.Other.URL
	}
}

// tokenUse is how Amazon Cognito marks access tokens.
var tokenUse = []ports.RequiredValue{{Claim: "token_use", OneOf: []string{"access"}}}

// bound has the issuer, and no audience anywhere.
func bound(d ports.Domain) Policy {
	return func(e *Environment, c *verifier.Config) {
		c.Domain, c.Domains, c.Audiences = "", []ports.Domain{d}, nil
		c.Domains[0].Issuer = e.Issuer.URL
	}
}

// boundCase is about a token without aud, from a client and of a value that are configured, with these claims on top.
func boundCase(id string, want Expectation, reason string, changes Fields) Case {
	claims := Fields{"aud": Absent, "client_id": "app", "token_use": "access"}
	maps.Copy(claims, changes)
	return TokenCase(id, want, reason, Token{Claims: claims}).Configured(bound(ports.Domain{Clients: []string{"app"}, RequiredValues: tokenUse}))
}

// clientsCase has clients configured besides the audience.
func clientsCase(id string, want Expectation, reason string, claims Fields) Case {
	return TokenCase(id, want, reason, Token{Claims: claims}).
		Configured(each(ports.Domain{Clients: []string{"app", "app-2"}}, ports.Domain{}))
}

func requiresValue(v ports.RequiredValue) Policy {
	return func(_ *Environment, c *verifier.Config) { c.RequiredValues = []ports.RequiredValue{v} }
}

// valueCase demands values of four claims, which are good unless these claims say otherwise.
func valueCase(id string, want Expectation, reason string, changes Fields) Case {
	claims := Fields{"tier": "silver", "groups": []string{"a", "b"}, "org": Fields{"id": "7"}, "roles": []string{"admin"}}
	maps.Copy(claims, changes)
	return TokenCase(id, want, reason, Token{Claims: claims}).Configured(func(_ *Environment, c *verifier.Config) {
		c.RequiredValues = []ports.RequiredValue{
			{Claim: "tier", OneOf: []string{"silver", "gold"}}, {Claim: "groups", Contains: []string{"a", "b"}}, {Claim: "/org/id", OneOf: []string{"7"}},
			{Claim: "roles", ContainsAny: []string{"admin", "op"}},
		}
	})
}

func noAccessTokens(_ *Environment, c *verifier.Config) { c.Audiences, c.NoAccessTokens = nil, true }

// tieredFromTheThird has a resolver demand a claim from the third request on.
func tieredFromTheThird(e *Environment, c *verifier.Config) {
	asked := 0
	resolver(func(e *Environment, _ ports.DomainQuery) ([]ports.Domain, error) {
		domain := ports.Domain{Issuer: e.Issuer.URL}
		if asked++; asked > 2 {
			domain.RequiredClaims = []string{"tier"}
		}
		return []ports.Domain{domain}, nil
	})(e, c)
}

// clientCase looks at which client a token was issued to.
func clientCase(id, want string, claims Fields) Case {
	if _, named := claims["client_id"]; !named {
		claims["client_id"] = Absent
	}
	return RequestCase(id, Accepted, "the client by its claims", func(run *Run) Request {
		return run.Present(Get().At(ClientPath), run.Sign(Token{Claims: claims}))
	}).In(Allowed).Having("client").Checked(func(run *Run, a Answer) {
		var got struct{ Client string }
		if err := json.Unmarshal(a.Body, &got); err != nil || got.Client != want {
			run.Errorf("the client is %q, %v", got.Client, err)
		}
	})
}
