package catalogue

import "github.com/holdfast-go/holdfast/verifier"

// typCases are about kinds of JWT (RFC 8725 section 3.11, RFC 9068 section 4).
func typCases() []Case {
	cases := []Case{
		tokenCase("TYP-01.at-jwt", accepted, "typ is at+jwt", token{}),
		tokenCase("TYP-01.upper-case", accepted, "typ is AT+JWT", token{header: fields{"typ": "AT+JWT"}}),
		tokenCase("TYP-01.prefix", accepted, "typ is application/at+jwt",
			token{header: fields{"typ": "application/at+jwt"}}),
		tokenCase("TYP-01.prefix-in-case", accepted, "typ is Application/AT+jwt",
			token{header: fields{"typ": "Application/AT+jwt"}}),
		tokenCase("TYP-01.array", badToken, "typ is an array",
			token{header: fields{"typ": []string{"at+jwt"}}}),
		tokenCase("TYP-01.number", badToken, "typ is a number", token{header: fields{"typ": 1}}),
		tokenCase("TYP-01.empty", badToken, "typ is empty", token{header: fields{"typ": ""}}),
		tokenCase("TYP-01.null", badToken, "typ is null", token{header: fields{"typ": nil}}),

		tokenCase("TYP-02.unknown", badToken, "typ is that of nothing known",
			token{header: fields{"typ": "x+jwt"}}),
		tokenCase("TYP-02.prefix", badToken, "typ is application/dpop+jwt",
			token{header: fields{"typ": "application/dpop+jwt"}}),
		tokenCase("TYP-02.space", badToken, "typ is at+jwt and a space",
			token{header: fields{"typ": "at+jwt "}}),

		tokenCase("TYP-03.absent", accepted, "no typ", token{header: fields{"typ": absent}}).
			as(Ours, otherTypes),
		tokenCase("TYP-03.jwt", accepted, "typ is JWT",
			token{header: fields{"typ": "JWT"}}).as(Ours, otherTypes),
		tokenCase("TYP-03.jwt-in-case", accepted, "typ is jwt",
			token{header: fields{"typ": "jwt"}}).as(Ours, otherTypes),

		profileCase("TYP-04.complete", accepted, "a complete token of the profile", token{}),
		profileCase("TYP-04.jwt", badToken, "typ is JWT, in the profile", token{header: fields{"typ": "JWT"}}),
		profileCase("TYP-04.absent", badToken, "no typ, in the profile", token{header: fields{"typ": absent}}),
		profileCase("TYP-04.without-iss", badToken, "no iss, in the profile",
			token{claims: fields{"iss": absent}}).named("CLAIM-ISS-01"),
		profileCase("TYP-04.without-exp", badToken, "no exp, in the profile",
			token{claims: fields{"exp": absent}}).named("CLAIM-EXP-01"),
		profileCase("TYP-04.without-aud", badToken, "no aud, in the profile",
			token{claims: fields{"aud": absent}}).named("CLAIM-AUD-01"),
		profileCase("TYP-04.without-iat", badToken, "no iat, in the profile",
			token{claims: fields{"iat": absent}}).named("CLAIM-IAT-01"),
		profileCase("TYP-04.without-sub", badToken, "no sub, in the profile",
			token{claims: fields{"sub": absent}}),
		profileCase("TYP-04.without-client-id", badToken, "no client_id, in the profile",
			token{claims: fields{"client_id": absent}}),
		profileCase("TYP-04.without-jti", badToken, "no jti, in the profile",
			token{claims: fields{"jti": absent}}),
		profileCase("TYP-04.null-jti", badToken, "jti is null, in the profile",
			token{claims: fields{"jti": nil}}),

		tokenCase("TYP-05.nonce", badToken, "a nonce, as ID tokens have", token{claims: fields{"nonce": "n"}}),
		tokenCase("TYP-05.at-hash", badToken, "an at_hash, as ID tokens have",
			token{claims: fields{"at_hash": "h"}}),
		tokenCase("TYP-05.c-hash", badToken, "a c_hash, as ID tokens have",
			token{claims: fields{"c_hash": "h"}}),
		tokenCase("TYP-05.allowed", accepted, "a nonce, which is allowed", token{claims: fields{"nonce": "n"}}).
			with(func(_ *World, c *verifier.Config) { c.InsecureAllowIDTokens = true }),

		tokenCase("TYP-06.logout-token", badToken, "the events of a logout token, and typ JWT",
			token{header: fields{"typ": "JWT"}, claims: fields{"events": events("http://schemas.openid.net/event/backchannel-logout")}}),
		tokenCase("TYP-06.without-typ", badToken, "the events of a logout token, and no typ",
			token{header: fields{"typ": absent}, claims: fields{"events": events("http://schemas.openid.net/event/backchannel-logout")}}),
		tokenCase("TYP-06.security-event", badToken, "the events of another security event token, and typ JWT",
			token{
				header: fields{"typ": "JWT"},
				claims: fields{"events": events("https://schemas.openid.net/secevent/caep/event-type/session-revoked")},
			}),
		tokenCase("TYP-06.id-tokens-allowed", badToken, "the events of a logout token, where ID tokens are allowed",
			token{claims: fields{"events": events("http://schemas.openid.net/event/backchannel-logout")}}).
			with(func(_ *World, c *verifier.Config) { c.InsecureAllowIDTokens = true }),
	}
	for _, kind := range []string{"dpop", "logout", "secevent", "token-introspection", "oauth-authz-req", "client-authentication"} {
		cases = append(cases, tokenCase("TYP-02."+kind, badToken, "typ is "+kind+"+jwt", token{header: fields{"typ": kind + "+jwt"}}))
	}
	return cases
}

// profileCase is for a verifier that takes the profile of RFC 9068 alone.
func profileCase(id string, want Outcome, reason string, t token) Case {
	return tokenCase(id, want, reason, t).with(func(_ *World, c *verifier.Config) { c.RequireProfile = true })
}

// events is the claim of a token that tells of one event (RFC 8417 section 2.2).
func events(uri string) any { return map[string]any{uri: map[string]any{}} }

// otherTypes is why an API may refuse what Auth0 issues.
const otherTypes = "RFC 9068 4 demands at+jwt; auth0-api-python takes others"
