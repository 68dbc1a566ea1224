package catalogue

import (
	. "github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/verifier"
)

// typeCases are about kinds of JWT (RFC 8725 section 3.11, RFC 9068 section 4).
func typeCases() []Case {
	cases := []Case{
		TokenCase("TYP-01.at-jwt", Accepted, "typ is at+jwt", Token{Header: Fields{"typ": "at+jwt"}}),
		TokenCase("TYP-01.upper-case", Accepted, "typ is AT+JWT", Token{Header: Fields{"typ": "AT+JWT"}}),
		TokenCase("TYP-01.prefix", Accepted, "typ is application/at+jwt",
			Token{Header: Fields{"typ": "application/at+jwt"}}),
		TokenCase("TYP-01.prefix-in-case", Accepted, "typ is Application/AT+jwt",
			Token{Header: Fields{"typ": "Application/AT+jwt"}}),
		TokenCase("TYP-01.array", BadToken, "typ is an array",
			Token{Header: Fields{"typ": []string{"at+jwt"}}}),
		TokenCase("TYP-01.number", BadToken, "typ is a number", Token{Header: Fields{"typ": 1}}),
		TokenCase("TYP-01.empty", BadToken, "typ is empty", Token{Header: Fields{"typ": ""}}),
		TokenCase("TYP-01.null", BadToken, "typ is null", Token{Header: Fields{"typ": nil}}),

		TokenCase("TYP-02.unknown", BadToken, "typ is that of nothing known",
			Token{Header: Fields{"typ": "x+jwt"}}),
		TokenCase("TYP-02.prefix", BadToken, "typ is application/dpop+jwt",
			Token{Header: Fields{"typ": "application/dpop+jwt"}}),
		TokenCase("TYP-02.space", BadToken, "typ is at+jwt and a space",
			Token{Header: Fields{"typ": "at+jwt "}}),

		TokenCase("TYP-03.absent", Accepted, "no typ", Token{Header: Fields{"typ": Absent}}).
			As(Ours, otherTypes),
		TokenCase("TYP-03.jwt", Accepted, "typ is JWT",
			Token{Header: Fields{"typ": "JWT"}}).As(Ours, otherTypes),
		TokenCase("TYP-03.jwt-in-case", Accepted, "typ is jwt",
			Token{Header: Fields{"typ": "jwt"}}).As(Ours, otherTypes),

		profileCase("TYP-04.complete", Accepted, "a complete token of the profile", Token{}),
		profileCase("TYP-04.jwt", BadToken, "typ is JWT, in the profile", Token{Header: Fields{"typ": "JWT"}}),
		profileCase("TYP-04.absent", BadToken, "no typ, in the profile", Token{Header: Fields{"typ": Absent}}),
		profileCase("TYP-04.without-iss", BadToken, "no iss, in the profile",
			Token{Claims: Fields{"iss": Absent}}).ReportedAs("CLAIM-ISS-01"),
		profileCase("TYP-04.without-exp", BadToken, "no exp, in the profile",
			Token{Claims: Fields{"exp": Absent}}).ReportedAs("CLAIM-EXP-01"),
		profileCase("TYP-04.without-aud", BadToken, "no aud, in the profile",
			Token{Claims: Fields{"aud": Absent}}).ReportedAs("CLAIM-AUD-01"),
		profileCase("TYP-04.without-iat", BadToken, "no iat, in the profile",
			Token{Claims: Fields{"iat": Absent}}).ReportedAs("CLAIM-IAT-01"),
		profileCase("TYP-04.without-sub", BadToken, "no sub, in the profile",
			Token{Claims: Fields{"sub": Absent}}),
		profileCase("TYP-04.without-client-id", BadToken, "no client_id, in the profile",
			Token{Claims: Fields{"client_id": Absent}}),
		profileCase("TYP-04.without-jti", BadToken, "no jti, in the profile",
			Token{Claims: Fields{"jti": Absent}}),
		profileCase("TYP-04.null-jti", BadToken, "jti is null, in the profile",
			Token{Claims: Fields{"jti": nil}}),

		TokenCase("TYP-05.nonce", BadToken, "a nonce, as ID tokens have", Token{Claims: Fields{"nonce": "n"}}),
		TokenCase("TYP-05.at-hash", BadToken, "an at_hash, as ID tokens have",
			Token{Claims: Fields{"at_hash": "h"}}),
		TokenCase("TYP-05.c-hash", BadToken, "a c_hash, as ID tokens have",
			Token{Claims: Fields{"c_hash": "h"}}),
		TokenCase("TYP-05.allowed", Accepted, "a nonce, which is allowed", Token{Claims: Fields{"nonce": "n"}}).
			Configured(func(_ *Environment, c *verifier.Config) { c.InsecureAllowIDTokens = true }),

		TokenCase("TYP-06.logout-token", BadToken, "the events of a logout token, and typ JWT",
			Token{Header: Fields{"typ": "JWT"}, Claims: Fields{"events": events("http://schemas.openid.net/event/backchannel-logout")}}),
		TokenCase("TYP-06.without-typ", BadToken, "the events of a logout token, and no typ",
			Token{Header: Fields{"typ": Absent}, Claims: Fields{"events": events("http://schemas.openid.net/event/backchannel-logout")}}),
		TokenCase("TYP-06.security-event", BadToken, "the events of another security event token, and typ JWT",
			Token{
				Header: Fields{"typ": "JWT"},
				Claims: Fields{"events": events("https://schemas.openid.net/secevent/caep/event-type/session-revoked")},
			}),
		TokenCase("TYP-06.id-tokens-allowed", BadToken, "the events of a logout token, where ID tokens are allowed",
			Token{Claims: Fields{"events": events("http://schemas.openid.net/event/backchannel-logout")}}).
			Configured(func(_ *Environment, c *verifier.Config) { c.InsecureAllowIDTokens = true }),
	}
	for _, kind := range []string{"dpop", "logout", "secevent", "token-introspection", "oauth-authz-req", "client-authentication"} {
		cases = append(cases, TokenCase("TYP-02."+kind, BadToken, "typ is "+kind+"+jwt", Token{Header: Fields{"typ": kind + "+jwt"}}))
	}
	return cases
}

// profileCase is for a verifier that takes only the profile of RFC 9068.
func profileCase(id string, want Expectation, reason string, t Token) Case {
	return TokenCase(id, want, reason, t).Configured(func(_ *Environment, c *verifier.Config) { c.RequireProfile = true })
}

// events is the claim of a token that tells of one event (RFC 8417 section 2.2).
func events(uri string) any { return map[string]any{uri: map[string]any{}} }

// otherTypes is why an API may refuse what Auth0 issues.
const otherTypes = "RFC 9068 4 demands at+jwt; auth0-api-python takes others"
