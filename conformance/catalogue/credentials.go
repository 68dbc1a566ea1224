package catalogue

import (
	"encoding/base64"
	"strings"

	. "github.com/holdfast-go/holdfast/conformance/player"
)

// credentialCases are about the Authorization field (RFC 6750 section 2, RFC 9110 section 11).
func credentialCases() []Case {
	return []Case{
		RequestCase("CRED-01.none", NoCredentials, "no Authorization field",
			func(*Run) Request { return Get() }).Exactly().
			As(Should, "RFC 9110 11.4 recommends 401, RFC 6750 3 demands the challenge"),
		Control(),

		schemeCase("CRED-02.lower-case", "the scheme in lower case", strings.ToLower),
		schemeCase("CRED-02.upper-case", "the scheme in upper case", strings.ToUpper),
		schemeCase("CRED-02.mixed-case", "the scheme in mixed case", func(scheme string) string {
			return strings.ToLower(scheme[:2]) + strings.ToUpper(scheme[2:])
		}),

		fieldCase("CRED-03.twice", BadRequest, "the same field twice", func(scheme, token string) []string {
			return []string{scheme + " " + token, scheme + " " + token}
		}),
		fieldCase("CRED-03.basic-behind", BadRequest, "a field of another scheme behind the good one",
			func(scheme, token string) []string {
				return []string{scheme + " " + token, "Basic YTpi"}
			}),
		fieldCase("CRED-03.basic-before", BadRequest, "a field of another scheme before the good one",
			func(scheme, token string) []string {
				return []string{"Basic YTpi", scheme + " " + token}
			}),
		RequestCase("CRED-03.other-spelling", BadRequest, "two fields, whose names are spelled in two ways",
			func(run *Run) Request {
				r := run.Carry(Token{})
				return r.With("authorization", r.Header["Authorization"][0])
			}),
		RequestCase("CRED-03.lower-case-name", Accepted, "one field, its name in lower case",
			func(run *Run) Request {
				r := run.Carry(Token{})
				r.Header["authorization"] = r.Header["Authorization"]
				delete(r.Header, "Authorization")
				return r
			}),

		fieldCase("CRED-04.empty", BadRequest, "an empty field",
			func(string, string) []string { return []string{""} }),
		fieldCase("CRED-04.scheme-alone", BadRequest, "a scheme without a token",
			func(scheme, _ string) []string { return []string{scheme} }),
		fieldCase("CRED-04.scheme-and-space", BadRequest, "a scheme and a space",
			func(scheme, _ string) []string { return []string{scheme + " "} }),
		fieldCase("CRED-04.no-scheme", BadRequest, "a space and a token",
			func(_, token string) []string { return []string{" " + token} }).Needing(Inside),
		fieldCase("CRED-04.odd-scheme", BadRequest, "a scheme with a character that no RFC 9110 token has",
			func(scheme, token string) []string {
				return []string{scheme + "\" " + token}
			}),
		fieldCase("CRED-04.colon", BadRequest, "a colon behind the scheme",
			func(scheme, token string) []string { return []string{scheme + ": " + token} }),

		fieldCase("CRED-05.two-tokens", BadRequest, "the token twice, separated by a space",
			func(scheme, token string) []string {
				return []string{scheme + " " + token + " " + token}
			}),
		fieldCase("CRED-05.comma", BadRequest, "a second challenge behind a comma",
			func(scheme, token string) []string {
				return []string{scheme + " " + token + ", Basic YTpi"}
			}),
		fieldCase("CRED-05.space-behind", BadRequest, "a space behind the token",
			func(scheme, token string) []string {
				return []string{scheme + " " + token + " "}
			}).Needing(Inside),
		fieldCase("CRED-05.quoted", BadRequest, "the token in quotation marks",
			func(scheme, token string) []string {
				return []string{scheme + ` "` + token + `"`}
			}),
		fieldCase("CRED-05.parameter", BadRequest, "the token as a parameter",
			func(scheme, token string) []string {
				return []string{scheme + ` token="` + token + `"`}
			}),
		fieldCase("CRED-05.equals-signs", BadRequest, "only equals signs",
			func(scheme, _ string) []string { return []string{scheme + " =="} }),
		fieldCase("CRED-05.token68", BadToken, "every character of a token68, but no JWT",
			func(scheme, _ string) []string {
				return []string{scheme + " a+b/c~d-e.f_g="}
			}).ReportedAs("JWS-01"),

		fieldCase("CRED-06.spaces", Accepted, "several spaces between scheme and token",
			func(scheme, token string) []string {
				return []string{scheme + "   " + token}
			}),
		fieldCase("CRED-06.tab", BadRequest, "a tab between scheme and token",
			func(scheme, token string) []string {
				return []string{scheme + "\t" + token}
			}).As(Ours, "RFC 9110 2.4 permits to recover"),
		fieldCase("CRED-06.space-and-tab", BadRequest, "a space and a tab between scheme and token",
			func(scheme, token string) []string {
				return []string{scheme + " \t" + token}
			}).As(Ours, "RFC 9110 2.4 permits to recover"),

		fieldCase("CRED-07.basic", NoCredentials, "the scheme Basic",
			func(string, string) []string { return []string{"Basic YTpi"} }),
		fieldCase("CRED-07.told", NoCredentials, "the scheme Basic: 401 with challenges",
			func(string, string) []string { return []string{"Basic YTpi"} }).
			Exactly().As(Should, "RFC 9110 11.6.1"),
		fieldCase("CRED-07.digest", NoCredentials, "the scheme Digest, with parameters",
			func(string, string) []string {
				return []string{`Digest username="a", realm="b"`}
			}),
		fieldCase("CRED-07.unknown", NoCredentials, "a scheme that no one knows, with a good token",
			func(_, token string) []string {
				return []string{"Token " + token}
			}),
		fieldCase("CRED-07.token-alone", NoCredentials, "only a good token, which reads as a scheme",
			func(_, token string) []string {
				return []string{token}
			}),

		RequestCase("CRED-08.query-alone", NoCredentials, "a good token only in the query",
			func(run *Run) Request {
				return Get().At("/resource?access_token=" + run.Sign(Token{Unbound: true}))
			}).As(Should, "RFC 9700 4.3.2; RFC 6750 2.3 leaves it to the API"),
		RequestCase("CRED-08.query-too", BadRequest, "a good token in the query too", func(run *Run) Request {
			good := run.Sign(Token{})
			return run.Present(Get().At("/resource?a=b&access_token="+good), good)
		}).As(Should, "RFC 6750 3.1 (invalid_request)"),
		RequestCase("CRED-08.query-escaped", BadRequest, "a token in the query too, its name escaped",
			func(run *Run) Request {
				return run.Present(Get().At("/resource?access%5Ftoken=x"), run.Sign(Token{}))
			}).As(Ours, "RFC 6750 2.3"),
		RequestCase("CRED-08.other-parameter", Accepted, "a query with parameters of similar names",
			func(run *Run) Request {
				return run.Present(Get().At("/resource?access_tokens=x&a=access_token"), run.Sign(Token{}))
			}),
		RequestCase("CRED-08.form-alone", NoCredentials, "a good token only in a form",
			func(run *Run) Request {
				r := Get()
				r.Method, r.Form = "POST", map[string][]string{"access_token": {run.Sign(Token{Unbound: true})}}
				return r
			}).As(Ours, "RFC 6750 2.2 leaves it to the API"),
		RequestCase("CRED-08.form-too", BadRequest, "a good token in a form too", func(run *Run) Request {
			good := run.Sign(Token{})
			r := Get()
			r.Method, r.Form = "POST", map[string][]string{"access_token": {good}}
			return run.Present(r, good)
		}).Needing(Inside),

		TokenCase("CRED-09.under-the-bound", Accepted, "a good token of just under 16 KiB",
			Token{RawClaims: padTo(16<<10 - 1)}).Having("bounds"),
		TokenCase("CRED-09.over-the-bound", BadToken, "a token like a good one, but over 16 KiB",
			Token{RawClaims: padTo(16<<10 + 1)}).
			As(Ours, "OURS bound; the sources have none"),
		fieldCase("CRED-09.huge", BadToken, "a token of 1 MB", func(scheme, _ string) []string {
			return []string{scheme + " " + strings.Repeat("a.", 1<<19)}
		}).Needing(Inside),

		optionalCase("CRED-10.absent", Accepted, "no credentials, where they are optional",
			func(*Run) Request { return Get() }),
		optionalCase("CRED-10.good", Accepted, "a good token, where credentials are optional",
			Carrying(Token{})),
		optionalCase("CRED-10.bad", BadToken, "an expired token, where credentials are optional",
			Carrying(Token{Claims: Fields{"exp": In(-3600)}})),
		optionalCase("CRED-10.other-scheme", NoCredentials, "the scheme Basic, where credentials are optional",
			func(*Run) Request {
				return Get().With("Authorization", "Basic YTpi")
			}),
	}
}

// fieldCase sends the Authorization fields that are made of the mode's scheme and a good token.
func fieldCase(id string, want Expectation, reason string, fields func(scheme, token string) []string) Case {
	return RequestCase(id, want, reason, func(run *Run) Request {
		good := run.Sign(Token{})
		r := run.Present(Get(), good)
		r.Header["Authorization"] = fields(run.Scheme(), good)
		return r
	})
}

// schemeCase spells the mode's scheme in another way.
func schemeCase(id, reason string, spell func(string) string) Case {
	return fieldCase(id, Accepted, reason, func(scheme, token string) []string { return []string{spell(scheme) + " " + token} })
}

// optionalCase is for what takes anonymous requests too.
func optionalCase(id string, want Expectation, reason string, send func(*Run) Request) Case {
	return RequestCase(id, want, reason, send).Behind(Front{Optional: true})
}

// padTo adds a claim that makes a token so many bytes long, or as little longer as base64url allows.
func padTo(size int) func(string) string {
	encodedLen := base64.RawURLEncoding.EncodedLen
	others := encodedLen(len(`{"alg":"RS256","kid":"key-1","typ":"at+jwt"}`)) + encodedLen(256) + len("..")
	return func(claims string) string {
		padded := strings.TrimSuffix(claims, "}") + `,"pad":"`
		missing := base64.RawURLEncoding.DecodedLen(size-others) - len(padded) - len(`"}`)
		for others+encodedLen(len(padded)+missing+len(`"}`)) < size {
			missing++
		}
		return padded + strings.Repeat("x", missing) + `"}`
	}
}
