package catalogue

import (
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
		TokenCase("CLAIM-CLI-01.array", BadToken, "appid is an array", Token{Claims: Fields{"appid": []string{"app"}}}),
	}
}

// each configures both issuers, each with what differs.
func each(ours, theirs ports.Domain) Policy {
	return func(e *Environment, c *verifier.Config) {
		ours.Issuer, theirs.Issuer = e.Issuer.URL, e.Other.URL
		c.Domain, c.Domains = "", []ports.Domain{ours, theirs}
	}
}

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
	return InsideCase(id, Accepted, "the client by its claims", Step{
		Send: Carrying(Token{Claims: claims}),
		Want: Accepted,
		Check: func(run *Run, a Answer) {
			if a.Verified.ClientID != want {
				run.Errorf("the client is %q", a.Verified.ClientID)
			}
		},
	})
}
