package catalogue

import (
	"encoding/base64"
	"strings"
)

// credCases are about the Authorization field (RFC 6750 section 2, RFC 9110 section 11).
func credCases() []Case {
	return []Case{
		requestCase("CRED-01.none", noCredentials, "no Authorization field",
			func(*scene) Request { return get() }).exactly(),
		Control(),

		schemeCase("CRED-02.lower-case", "the scheme in lower case", strings.ToLower),
		schemeCase("CRED-02.upper-case", "the scheme in upper case", strings.ToUpper),
		schemeCase("CRED-02.mixed-case", "the scheme in mixed case", func(scheme string) string {
			return strings.ToLower(scheme[:2]) + strings.ToUpper(scheme[2:])
		}),

		fieldCase("CRED-03.twice", badRequest, "the same field twice", func(scheme, token string) []string {
			return []string{scheme + " " + token, scheme + " " + token}
		}).as(Should, "RFC 6750 3.1, RFC 9449 7.2"),
		fieldCase("CRED-03.basic-behind", badRequest, "a field of another scheme behind the good one",
			func(scheme, token string) []string {
				return []string{scheme + " " + token, "Basic YTpi"}
			}).as(Should, "RFC 6750 3.1, RFC 9449 7.2"),
		fieldCase("CRED-03.basic-before", badRequest, "a field of another scheme before the good one",
			func(scheme, token string) []string {
				return []string{"Basic YTpi", scheme + " " + token}
			}).as(Should, "RFC 6750 3.1, RFC 9449 7.2"),
		requestCase("CRED-03.other-spelling", badRequest, "two fields, whose names are spelled in two ways",
			func(s *scene) Request {
				r := s.carry(token{})
				return r.with("authorization", r.Header["Authorization"][0])
			}).as(Should, "RFC 6750 3.1, RFC 9449 7.2"),
		requestCase("CRED-03.lower-case-name", accepted, "one field, its name in lower case",
			func(s *scene) Request {
				r := s.carry(token{})
				r.Header["authorization"] = r.Header["Authorization"]
				delete(r.Header, "Authorization")
				return r
			}),

		fieldCase("CRED-04.empty", badRequest, "an empty field",
			func(string, string) []string { return []string{""} }),
		fieldCase("CRED-04.scheme-alone", badRequest, "a scheme without a token",
			func(scheme, _ string) []string { return []string{scheme} }),
		fieldCase("CRED-04.scheme-and-space", badRequest, "a scheme and a space",
			func(scheme, _ string) []string { return []string{scheme + " "} }),
		fieldCase("CRED-04.no-scheme", badRequest, "a space and a token",
			func(_, token string) []string { return []string{" " + token} }).needs(Inside),
		fieldCase("CRED-04.odd-scheme", badRequest, "a scheme with a character that no RFC 9110 token has",
			func(scheme, token string) []string {
				return []string{scheme + "\" " + token}
			}),
		fieldCase("CRED-04.colon", badRequest, "a colon behind the scheme",
			func(scheme, token string) []string { return []string{scheme + ": " + token} }),

		fieldCase("CRED-05.two-tokens", badRequest, "the token twice, separated by a space",
			func(scheme, token string) []string {
				return []string{scheme + " " + token + " " + token}
			}),
		fieldCase("CRED-05.comma", badRequest, "a second challenge behind a comma",
			func(scheme, token string) []string {
				return []string{scheme + " " + token + ", Basic YTpi"}
			}),
		fieldCase("CRED-05.space-behind", badRequest, "a space behind the token",
			func(scheme, token string) []string {
				return []string{scheme + " " + token + " "}
			}).needs(Inside),
		fieldCase("CRED-05.quoted", badRequest, "the token in quotation marks",
			func(scheme, token string) []string {
				return []string{scheme + ` "` + token + `"`}
			}),
		fieldCase("CRED-05.parameter", badRequest, "the token as a parameter",
			func(scheme, token string) []string {
				return []string{scheme + ` token="` + token + `"`}
			}),
		fieldCase("CRED-05.equals-signs", badRequest, "equals signs alone",
			func(scheme, _ string) []string { return []string{scheme + " =="} }),
		fieldCase("CRED-05.token68", badToken, "every character of a token68, but no JWT",
			func(scheme, _ string) []string {
				return []string{scheme + " a+b/c~d-e.f_g="}
			}).named("JWS-01"),

		fieldCase("CRED-06.spaces", accepted, "several spaces between scheme and token",
			func(scheme, token string) []string {
				return []string{scheme + "   " + token}
			}),
		fieldCase("CRED-06.tab", badRequest, "a tab between scheme and token",
			func(scheme, token string) []string {
				return []string{scheme + "\t" + token}
			}).as(Ours, "RFC 9110 2.4 permits to recover"),
		fieldCase("CRED-06.space-and-tab", badRequest, "a space and a tab between scheme and token",
			func(scheme, token string) []string {
				return []string{scheme + " \t" + token}
			}).as(Ours, "RFC 9110 2.4 permits to recover"),

		fieldCase("CRED-07.basic", noCredentials, "the scheme Basic",
			func(string, string) []string { return []string{"Basic YTpi"} }),
		fieldCase("CRED-07.told", noCredentials, "the scheme Basic: 401 with challenges",
			func(string, string) []string { return []string{"Basic YTpi"} }).
			exactly().as(Should, "RFC 9110 11.6.1"),
		fieldCase("CRED-07.digest", noCredentials, "the scheme Digest, with parameters",
			func(string, string) []string {
				return []string{`Digest username="a", realm="b"`}
			}),
		fieldCase("CRED-07.unknown", noCredentials, "a scheme that no one knows, with a good token",
			func(_, token string) []string {
				return []string{"Token " + token}
			}),
		fieldCase("CRED-07.token-alone", noCredentials, "a good token alone, which reads as a scheme",
			func(_, token string) []string {
				return []string{token}
			}),

		requestCase("CRED-08.query-alone", noCredentials, "a good token in the query alone",
			func(s *scene) Request {
				return get().at("/resource?access_token=" + s.sign(token{unbound: true}))
			}).as(Should, "RFC 9700 4.3.2; RFC 6750 2.3 leaves it to the API"),
		requestCase("CRED-08.query-too", badRequest, "a good token in the query too", func(s *scene) Request {
			good := s.sign(token{})
			return s.present(get().at("/resource?a=b&access_token="+good), good)
		}).as(Should, "RFC 6750 3.1 (invalid_request)"),
		requestCase("CRED-08.query-escaped", badRequest, "a token in the query too, its name escaped",
			func(s *scene) Request {
				return s.present(get().at("/resource?access%5Ftoken=x"), s.sign(token{}))
			}).as(Ours, "RFC 6750 2.3"),
		requestCase("CRED-08.other-parameter", accepted, "a query with parameters of similar names",
			func(s *scene) Request {
				return s.present(get().at("/resource?access_tokens=x&a=access_token"), s.sign(token{}))
			}),
		requestCase("CRED-08.form-alone", noCredentials, "a good token in a form alone",
			func(s *scene) Request {
				r := get()
				r.Method, r.Form = "POST", map[string][]string{"access_token": {s.sign(token{unbound: true})}}
				return r
			}).as(Ours, "RFC 6750 2.2 leaves it to the API"),
		requestCase("CRED-08.form-too", badRequest, "a good token in a form too", func(s *scene) Request {
			good := s.sign(token{})
			r := get()
			r.Method, r.Form = "POST", map[string][]string{"access_token": {good}}
			return s.present(r, good)
		}).needs(Inside),

		tokenCase("CRED-09.under-the-bound", accepted, "a good token of just under 16 KiB",
			token{rawClaims: padTo(16<<10 - 1)}).needs(Inside),
		tokenCase("CRED-09.over-the-bound", badToken, "a token like a good one, but over 16 KiB",
			token{rawClaims: padTo(16<<10 + 1)}).
			as(Ours, "OURS bound; the sources know none"),
		fieldCase("CRED-09.huge", badToken, "a token of 1 MB", func(scheme, _ string) []string {
			return []string{scheme + " " + strings.Repeat("a.", 1<<19)}
		}).needs(Inside),

		optionalCase("CRED-10.absent", accepted, "no credentials, where they are optional",
			func(*scene) Request { return get() }),
		optionalCase("CRED-10.good", accepted, "a good token, where credentials are optional",
			func(s *scene) Request { return s.carry(token{}) }),
		optionalCase("CRED-10.bad", badToken, "an expired token, where credentials are optional",
			func(s *scene) Request {
				return s.carry(token{claims: fields{"exp": in(-3600)}})
			}),
		optionalCase("CRED-10.other-scheme", noCredentials, "the scheme Basic, where credentials are optional",
			func(*scene) Request {
				return get().with("Authorization", "Basic YTpi")
			}),
	}
}

// fieldCase sends the Authorization fields that are made of the mode's scheme and a good token.
func fieldCase(id string, want Outcome, reason string, fields func(scheme, token string) []string) Case {
	return requestCase(id, want, reason, func(s *scene) Request {
		good := s.sign(token{})
		r := s.present(get(), good)
		r.Header["Authorization"] = fields(s.scheme(), good)
		return r
	})
}

// schemeCase spells the mode's scheme in another way.
func schemeCase(id, reason string, spell func(string) string) Case {
	return fieldCase(id, accepted, reason, func(scheme, token string) []string { return []string{spell(scheme) + " " + token} })
}

// optionalCase is for what takes anonymous requests too.
func optionalCase(id string, want Outcome, reason string, send func(*scene) Request) Case {
	return requestCase(id, want, reason, send).behind(Front{Optional: true})
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
