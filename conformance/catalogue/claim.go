package catalogue

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

// The last second that a date may be (year 9999), and the first that it may not.
const (
	lastSecond = json.Number("253402300799")
	afterLast  = json.Number("253402300800")
)

// claimCases are about the claims of an access token (RFC 7519 section 4, RFC 9068 section 2.2). Times are compared
// exactly where the clock stands, and with room where it runs.
func claimCases() []Case {
	return []Case{
		tokenCase("CLAIM-ISS-01.present", accepted, "the issuer's iss", token{}),
		tokenCase("CLAIM-ISS-01.missing", badToken, "no iss", token{claims: fields{"iss": absent}}),
		tokenCase("CLAIM-ISS-01.null", badToken, "iss is null", token{claims: fields{"iss": nil}}),
		tokenCase("CLAIM-ISS-01.empty", badToken, "iss is empty", token{claims: fields{"iss": ""}}),
		tokenCase("CLAIM-ISS-01.number", badToken, "iss is a number", token{claims: fields{"iss": 1}}),
		tokenCase("CLAIM-ISS-01.array", badToken, "iss is an array with the issuer",
			token{claims: fields{"iss": from(func(s *scene) any {
				return []string{s.World.issuer.URL}
			})}}),

		issuerCase("CLAIM-ISS-02.without-slash", "iss without its slash",
			func(url string) string { return strings.TrimSuffix(url, "/") }),
		issuerCase("CLAIM-ISS-02.two-slashes", "iss with another slash",
			func(url string) string { return url + "/" }),
		issuerCase("CLAIM-ISS-02.upper-case", "iss in upper case", strings.ToUpper),
		issuerCase("CLAIM-ISS-02.scheme", "iss with http",
			func(url string) string { return strings.Replace(url, "https:", "http:", 1) }),
		issuerCase("CLAIM-ISS-02.prefix", "iss with more behind it",
			func(url string) string { return url + "evil" }),
		issuerCase("CLAIM-ISS-02.space", "iss with a space behind it",
			func(url string) string { return url + " " }),
		issuerCase("CLAIM-ISS-02.userinfo", "iss as the userinfo of another host", func(url string) string {
			return strings.TrimSuffix(url, "/") + "@evil.example/"
		}),
		tokenCase("CLAIM-ISS-02.another", badToken, "iss of no one",
			token{claims: fields{"iss": "https://evil.example/"}}),

		newCase("CLAIM-ISS-03.not-asked", badToken, "a token of an issuer that is up, and not trusted", step{
			send: func(s *scene) Request {
				return s.carry(token{key: strangerKey, claims: fields{"iss": from(strangerURL)}})
			},
			want: badToken, check: strangerNotAsked,
		}).named("CLAIM-ISS-02"),
		insideCase("CLAIM-ISS-03.no-request-at-all", badToken, "a token of an issuer that is not trusted, sent first of all",
			step{
				send: func(s *scene) Request { return s.carry(token{claims: fields{"iss": "https://evil.example/"}}) },
				want: badToken,
				check: func(s *scene, _ Answer) {
					if asked := s.World.issuer.requests(); asked > 0 {
						s.errorf("%d requests left the process", asked)
					}
				},
			}).named("CLAIM-ISS-02"),

		tokenCase("CLAIM-ISS-04.key-of-another", badToken, "the trusted iss, signed by another issuer",
			token{key: strangerKey}).named("CACHE-05"),
		tokenCase("CLAIM-ISS-04.same-kid", badToken, "the trusted iss, signed by another issuer under the same kid",
			token{key: strangerKey, header: fields{"kid": "key-1"}}).named("JWS-16"),
		tokenCase("CLAIM-ISS-04.both-trusted", accepted, "a token of the second of two trusted issuers",
			token{key: strangerKey, claims: fields{"iss": from(strangerURL)}}).
			with(bothIssuers),
		tokenCase("CLAIM-ISS-04.mix-up", badToken, "the iss of one trusted issuer, the key of the other",
			token{key: strangerKey}).with(bothIssuers).named("CACHE-05"),
		tokenCase("CLAIM-ISS-04.mix-up-back", badToken, "the other way round",
			token{claims: fields{"iss": from(strangerURL)}}).with(bothIssuers).named("CACHE-05"),

		tokenCase("CLAIM-AUD-01.string", accepted, "aud is a string", token{}),
		tokenCase("CLAIM-AUD-01.array", accepted, "aud is an array with the API's among them",
			token{claims: fields{"aud": from(func(s *scene) any {
				return []string{"https://other.example", s.Audience}
			})}}),
		tokenCase("CLAIM-AUD-01.missing", badToken, "no aud", token{claims: fields{"aud": absent}}),

		audienceCase("CLAIM-AUD-02.another", "aud of another API",
			func(string) any { return "https://other.example" }),
		audienceCase("CLAIM-AUD-02.several-others", "aud of two other APIs",
			func(string) any { return []string{"https://other.example", "x"} }),
		audienceCase("CLAIM-AUD-02.upper-case", "aud in upper case",
			func(aud string) any { return strings.ToUpper(aud) }),
		audienceCase("CLAIM-AUD-02.slash", "aud with a slash behind it",
			func(aud string) any { return aud + "/" }),
		audienceCase("CLAIM-AUD-02.prefix", "aud without its last character",
			func(aud string) any { return aud[:len(aud)-1] }),
		audienceCase("CLAIM-AUD-02.list-in-string", "several audiences in one string",
			func(aud string) any { return "https://other.example " + aud }),
		audienceCase("CLAIM-AUD-02.empty", "aud is empty", func(string) any { return "" }),
		tokenCase("CLAIM-AUD-02.second-configured", accepted, "the second of two configured audiences",
			token{claims: fields{"aud": "second"}}).
			with(func(_ *World, c *verifier.Config) { c.Audiences = append([]string{"first"}, "second") }),
		tokenCase("CLAIM-AUD-02.of-this-issuer", badToken, "the audience that only the other trusted issuer's tokens may have",
			token{claims: fields{"aud": "theirs"}}).
			with(audienceEach),
		tokenCase("CLAIM-AUD-02.of-its-issuer", accepted, "the audience of its own issuer",
			token{claims: fields{"aud": "ours"}}).with(audienceEach),

		audienceCase("CLAIM-AUD-03.empty-array", "aud is an empty array",
			func(string) any { return []string{} }),
		audienceCase("CLAIM-AUD-03.number-within", "aud has a number beside the API's",
			func(aud string) any { return []any{aud, 1} }).as(Ours, "RFC 7519 4.1.3 binds issuers"),
		audienceCase("CLAIM-AUD-03.null-within", "aud has null beside the API's",
			func(aud string) any { return []any{nil, aud} }).as(Ours, "RFC 7519 4.1.3 binds issuers"),
		audienceCase("CLAIM-AUD-03.nested", "aud is an array in an array",
			func(aud string) any { return [][]string{{aud}} }),
		audienceCase("CLAIM-AUD-03.object", "aud is an object",
			func(aud string) any { return map[string]string{"aud": aud} }),
		audienceCase("CLAIM-AUD-03.number", "aud is a number", func(string) any { return 1 }),
		audienceCase("CLAIM-AUD-03.null", "aud is null", func(string) any { return nil }),
		audienceCase("CLAIM-AUD-03.true", "aud is true", func(string) any { return true }),

		configCase("CLAIM-AUD-04.none", refusedByNew, "no configured audience", func(_ *World, c *verifier.Config) { c.Audiences = nil }),
		configCase("CLAIM-AUD-04.blank", refusedByNew, "a blank audience beside a good one",
			func(_ *World, c *verifier.Config) { c.Audiences = append(c.Audiences, " ") }),

		tokenCase("CLAIM-EXP-01.missing", badToken, "no exp", token{claims: fields{"exp": absent}}),
		tokenCase("CLAIM-EXP-01.string", badToken, "exp is a string",
			token{claims: fields{"exp": "9999999999"}}),
		tokenCase("CLAIM-EXP-01.null", badToken, "exp is null", token{claims: fields{"exp": nil}}),
		tokenCase("CLAIM-EXP-01.true", badToken, "exp is true", token{claims: fields{"exp": true}}),
		tokenCase("CLAIM-EXP-01.array", badToken, "exp is an array",
			token{claims: fields{"exp": []int{9999999999}}}),
		tokenCase("CLAIM-EXP-01.fraction", accepted, "exp with a fraction",
			token{claims: fields{"exp": in(120.5)}}),
		tokenCase("CLAIM-EXP-01.exponent", accepted, "exp with an exponent",
			token{claims: fields{"exp": json.Number("2.5e10")}}),

		tokenCase("CLAIM-EXP-02.ahead", accepted, "exp is ahead", token{claims: fields{"exp": in(120)}}),
		tokenCase("CLAIM-EXP-02.past", badToken, "exp was 5 minutes and a second ago",
			token{claims: fields{"exp": in(-301), "iat": in(-600)}}),
		tokenCase("CLAIM-EXP-02.just-past", badToken, "exp was 10 seconds ago",
			token{claims: fields{"exp": in(-10), "iat": in(-600)}}).
			as(Ours, "RFC 7519 4.1.4 permits a small leeway"),
		tokenCase("CLAIM-EXP-02.long-past", badToken, "exp was in 1970", token{claims: fields{"exp": 1}}),
		tokenCase("CLAIM-EXP-02.zero", badToken, "exp is 0", token{claims: fields{"exp": 0}}),
		tokenCase("CLAIM-EXP-02.in-a-second", accepted, "exp is a second ahead",
			token{claims: fields{"exp": in(1)}}).needs(Clock),
		tokenCase("CLAIM-EXP-02.now", badToken, "exp is now", token{claims: fields{"exp": in(0)}}).needs(Clock),
		tokenCase("CLAIM-EXP-02.half-a-second", accepted, "exp is half a second ahead",
			token{claims: fields{"exp": in(0.5)}}).needs(Clock),
		tokenCase("CLAIM-EXP-02.half-past", badToken, "exp was half a second ago",
			token{claims: fields{"exp": in(-0.5)}}).needs(Clock),
		tokenCase("CLAIM-EXP-02.within-leeway", accepted, "exp was 4 s ago, with a leeway of 5 s",
			token{claims: fields{"exp": in(-4)}}).needs(Clock).with(leeway(5 * time.Second)),
		tokenCase("CLAIM-EXP-02.at-leeway", badToken, "exp was 5 s ago, with a leeway of 5 s",
			token{claims: fields{"exp": in(-5)}}).needs(Clock).with(leeway(5 * time.Second)),
		configCase("CLAIM-EXP-02.leeway-at-most", accepted, "a leeway of 5 minutes", leeway(5*time.Minute)),
		configCase("CLAIM-EXP-02.leeway-over", refusedByNew, "a leeway of over 5 minutes",
			leeway(5*time.Minute+1)),
		insideCase("CLAIM-EXP-02.each-use", badToken, "a token that was good before, and expired since",
			step{send: func(s *scene) Request { return bearer(s.keep("token", s.sign(token{}))) }, want: accepted},
			step{do: advance(300 * time.Second), send: func(s *scene) Request { return bearer(s.kept["token"]) }, want: badToken},
		).needs(Clock),

		tokenCase("CLAIM-EXP-03.negative", badToken, "exp is negative", token{claims: fields{"exp": -1}}),
		tokenCase("CLAIM-EXP-03.last-second", accepted, "exp is the last second of the year 9999",
			token{claims: fields{"exp": lastSecond}}),
		tokenCase("CLAIM-EXP-03.after-last", badToken, "exp is the first second of the year 10000",
			token{claims: fields{"exp": afterLast}}).as(Ours, "OURS bound; the sources know none"),
		tokenCase("CLAIM-EXP-03.huge", badToken, "exp is 1e300",
			token{claims: fields{"exp": json.Number("1e300")}}).
			as(Ours, "OURS bound; the sources know none"),
		tokenCase("CLAIM-EXP-03.not-finite", badToken, "exp is 1e400, which no double is",
			token{moreClaims: `,"exp":1e400`, claims: fields{"exp": absent}}).
			as(Ours, "RFC 8259 6 leaves the range open"),
		tokenCase("CLAIM-EXP-03.overflow", badToken, "exp is 2 to the 63rd",
			token{moreClaims: `,"exp":9223372036854775808`, claims: fields{"exp": absent}}).
			as(Ours, "OURS bound; the sources know none"),
		tokenCase("CLAIM-EXP-03.wrapping", badToken, "exp is 2 to the 64th and a little",
			token{moreClaims: `,"exp":18446744073709551617`, claims: fields{"exp": absent}}).
			as(Ours, "OURS bound; the sources know none"),
		tokenCase("CLAIM-EXP-03.nan", badToken, "exp is NaN",
			token{moreClaims: `,"exp":NaN`, claims: fields{"exp": absent}}).named("JWS-04"),

		tokenCase("CLAIM-NBF-01.past", accepted, "nbf is past", token{claims: fields{"nbf": in(-10)}}),
		tokenCase("CLAIM-NBF-01.ahead", badToken, "nbf is 6 minutes ahead",
			token{claims: fields{"nbf": in(360), "exp": in(900)}}),
		tokenCase("CLAIM-NBF-01.now", accepted, "nbf is now", token{claims: fields{"nbf": in(0)}}),
		tokenCase("CLAIM-NBF-01.a-minute-ahead", accepted, "nbf is 60 s ahead",
			token{claims: fields{"nbf": in(60)}}).needs(Clock).as(Ours, smallLeeway),
		tokenCase("CLAIM-NBF-01.over-a-minute-ahead", badToken, "nbf is 61 s ahead",
			token{claims: fields{"nbf": in(61)}}).needs(Clock).as(Ours, smallLeeway),
		tokenCase("CLAIM-NBF-01.at-leeway", accepted, "nbf is 65 s ahead, with a leeway of 5 s",
			token{claims: fields{"nbf": in(65)}}).needs(Clock).with(leeway(5*time.Second)).as(Ours, smallLeeway),
		tokenCase("CLAIM-NBF-01.over-leeway", badToken, "nbf is 66 s ahead, with a leeway of 5 s",
			token{claims: fields{"nbf": in(66)}}).needs(Clock).with(leeway(5*time.Second)).as(Ours, smallLeeway),
		tokenCase("CLAIM-NBF-01.string", badToken, "nbf is a string", token{claims: fields{"nbf": "0"}}),
		tokenCase("CLAIM-NBF-01.null", badToken, "nbf is null", token{claims: fields{"nbf": nil}}),
		tokenCase("CLAIM-NBF-01.negative", badToken, "nbf is negative",
			token{claims: fields{"nbf": -1}}).as(Ours, "RFC 7519 2 permits it").named("CLAIM-EXP-03"),

		tokenCase("CLAIM-IAT-01.missing", badToken, "no iat", token{claims: fields{"iat": absent}}),
		tokenCase("CLAIM-IAT-01.string", badToken, "iat is a string", token{claims: fields{"iat": "0"}}),
		tokenCase("CLAIM-IAT-01.null", badToken, "iat is null", token{claims: fields{"iat": nil}}),
		tokenCase("CLAIM-IAT-01.fraction", accepted, "iat with a fraction",
			token{claims: fields{"iat": in(-1.5)}}),

		tokenCase("CLAIM-IAT-02.far-ahead", badToken, "iat is an hour ahead",
			token{claims: fields{"iat": in(3600), "exp": in(7200)}}),
		tokenCase("CLAIM-IAT-02.a-minute-ahead", accepted, "iat is 60 s ahead",
			token{claims: fields{"iat": in(60)}}).needs(Clock),
		tokenCase("CLAIM-IAT-02.over-a-minute-ahead", badToken, "iat is 61 s ahead",
			token{claims: fields{"iat": in(61)}}).needs(Clock),
		tokenCase("CLAIM-IAT-02.ahead-at-leeway", accepted, "iat is 65 s ahead, with a leeway of 5 s",
			token{claims: fields{"iat": in(65)}}).needs(Clock).with(leeway(5 * time.Second)),
		tokenCase("CLAIM-IAT-02.ahead-over-leeway", badToken, "iat is 66 s ahead, with a leeway of 5 s",
			token{claims: fields{"iat": in(66)}}).needs(Clock).with(leeway(5 * time.Second)),
		tokenCase("CLAIM-IAT-02.old", accepted, "iat in 1970, where no age is configured",
			token{claims: fields{"iat": 0}}).needs(Inside),
		tokenCase("CLAIM-IAT-02.at-max-age", accepted, "iat an hour ago, where that is the maximum",
			token{claims: fields{"iat": in(-3600)}}).needs(Clock).with(maxAge(time.Hour)),
		tokenCase("CLAIM-IAT-02.over-max-age", badToken, "iat over an hour ago, where that is the maximum",
			token{claims: fields{"iat": in(-3601)}}).needs(Clock).with(maxAge(time.Hour)),

		tokenCase("CLAIM-SUB-01.absent", accepted, "no sub",
			token{claims: fields{"sub": absent}}).needs(Inside),
		tokenCase("CLAIM-SUB-01.number", badToken, "sub is a number", token{claims: fields{"sub": 1}}),
		tokenCase("CLAIM-SUB-01.null", badToken, "sub is null", token{claims: fields{"sub": nil}}),
		tokenCase("CLAIM-SUB-01.required", badToken, "no sub, where it is required",
			token{claims: fields{"sub": absent}}).with(requires("sub")).named("CLAIM-REQ-01"),

		tokenCase("CLAIM-REQ-01.present", accepted, "a required claim that is false",
			token{claims: fields{"tier": false}}).with(requires("tier")),
		tokenCase("CLAIM-REQ-01.missing", badToken, "no required claim", token{}).with(requires("tier")),
		tokenCase("CLAIM-REQ-01.null", badToken, "a required claim that is null",
			token{claims: fields{"tier": nil}}).with(requires("tier")),
		tokenCase("CLAIM-REQ-01.other-case", badToken, "a required claim in other case",
			token{claims: fields{"Tier": 1}}).with(requires("tier")),
		tokenCase("CLAIM-REQ-01.one-of-two", badToken, "one of two required claims",
			token{claims: fields{"tier": 1}}).with(requires("tier", "region")),

		scopeCase("CLAIM-SCP-01.string", accepted, "scope is a string with the scope among others",
			fields{"scope": "openid read:conformance x"}),
		scopeCase("CLAIM-SCP-01.array", badToken, "scope is an array",
			fields{"scope": []string{neededScope}}).as(Ours, "RFC 8693 4.2, where scopes are needed"),
		scopeCase("CLAIM-SCP-01.scp", noScope, "scp in place of scope",
			fields{"scp": neededScope}).named("CLAIM-SCP-02").as(Ours, "RFC 9068 2.2.3"),
		scopeCase("CLAIM-SCP-01.scp-configured", accepted, "scp is an array, which is configured",
			fields{"scp": []string{"x", neededScope}}).with(scopeClaim("scp")),
		scopeCase("CLAIM-SCP-01.scp-string", accepted, "scp is a string, which is configured",
			fields{"scp": "x " + neededScope}).with(scopeClaim("scp")),
		scopeCase("CLAIM-SCP-01.scp-malformed", badToken, "scp is an array of numbers, which is configured",
			fields{"scp": []int{1}}).with(scopeClaim("scp")),
		tokenCase("CLAIM-SCP-01.not-needed", accepted, "scope is a number, where none is needed",
			token{claims: fields{"scope": 1}}).needs(Inside),

		scopeCase("CLAIM-SCP-02.missing", noScope, "no scope claim", nil),
		scopeCase("CLAIM-SCP-02.told", noScope, "no scope claim: 403 insufficient_scope",
			nil).exactly().as(Should, "RFC 6750 3.1 recommends it"),
		scopeCase("CLAIM-SCP-02.another", noScope, "another scope", fields{"scope": "write:conformance"}),
		scopeCase("CLAIM-SCP-02.upper-case", noScope, "the scope in upper case",
			fields{"scope": "READ:CONFORMANCE"}),
		scopeCase("CLAIM-SCP-02.longer", noScope, "a scope that begins with it",
			fields{"scope": neededScope + ":all"}),
		scopeCase("CLAIM-SCP-02.comma", noScope, "scopes separated by commas",
			fields{"scope": "x," + neededScope}),
		newCase("CLAIM-SCP-02.named", noScope, "the answer names the scope that is needed", step{
			send: func(s *scene) Request { return s.present(get().at("/scoped"), s.sign(token{})) },
			want: noScope,
			check: func(s *scene, a Answer) {
				challenges, _ := parseChallenges(a.values("Www-Authenticate"))
				for _, c := range challenges {
					if c.params["scope"] == neededScope {
						return
					}
				}
				s.errorf("no challenge has scope=%q", neededScope)
			},
		}).as(Ours, "RFC 6750 3.1 permits it"),

		decodeCase("CLAIM-CUST-01.present", `,"tier":"gold"`, "gold", ""),
		decodeCase("CLAIM-CUST-01.other-case", `,"Tier":"gold"`, "", ""),
		decodeCase("CLAIM-CUST-01.other-case-beside", `,"tier":"gold","TIER":"lead"`, "gold", ""),
		decodeCase("CLAIM-CUST-01.other-type", `,"tier":1`, "", verifier.CodeClaimsUndecodable),
		decodeCase("CLAIM-CUST-01.duplicate-within", `,"tier":"gold","x":[{"a":1,"a":2}]`, "", verifier.CodeClaimsUndecodable),

		organizationCase("CLAIM-ORG-01.id", accepted, "the organization's ID",
			"org_A", fields{"org_id": "org_A"}),
		organizationCase("CLAIM-ORG-01.id-in-case", badToken, "the organization's ID in other case",
			"org_A", fields{"org_id": "org_a"}),
		organizationCase("CLAIM-ORG-01.none", badToken, "no organization", "org_A", nil),
		organizationCase("CLAIM-ORG-01.name", accepted, "the organization's name, in lower case as issued",
			"Acme", fields{"org_name": "acme"}),
		organizationCase("CLAIM-ORG-01.another-name", badToken, "the name of another",
			"Acme", fields{"org_name": "acme2"}),
		organizationCase("CLAIM-ORG-01.name-for-id", badToken, "a name where an ID is wanted",
			"org_A", fields{"org_name": "org_a"}),
		tokenCase("CLAIM-ORG-01.not-asked", accepted, "an organization, where none is asked for",
			token{claims: fields{"org_id": "org_A"}}),
	}
}

// issuerCase has iss changed.
func issuerCase(id, reason string, change func(string) string) Case {
	return tokenCase(id, badToken, reason, token{claims: fields{"iss": from(func(s *scene) any { return change(s.World.issuer.URL) })}})
}

// audienceCase has aud changed.
func audienceCase(id, reason string, change func(string) any) Case {
	return tokenCase(id, badToken, reason, token{claims: fields{"aud": from(func(s *scene) any { return change(s.Audience) })}})
}

// neededScope is that of /scoped.
const neededScope = "read:conformance"

// scopeCase asks for what needs a scope.
func scopeCase(id string, want Outcome, reason string, claims fields) Case {
	return requestCase(id, want, reason, func(s *scene) Request {
		return s.present(get().at("/scoped"), s.sign(token{claims: claims}))
	})
}

// decodeCase decodes the claims of a good token with these on top.
func decodeCase(id, claims, want string, code verifier.Code) Case {
	return insideCase(id, accepted, "claims decoded into a struct: "+claims[1:], step{
		send: func(s *scene) Request { return s.carry(token{moreClaims: claims}) },
		want: accepted,
		check: func(s *scene, a Answer) {
			type custom struct {
				Tier string `json:"tier"`
			}
			got, err := verifier.DecodeClaims[custom](a.Verified)
			if code == "" && err != nil || code != "" && !errors.Is(err, code) {
				s.errorf("Decode = %v", err)
			}
			if code == "" && got.Tier != want {
				s.errorf("tier is %q", got.Tier)
			}
		},
	})
}

func organizationCase(id string, want Outcome, reason, organization string, claims fields) Case {
	return tokenCase(id, want, reason, token{claims: claims}).
		with(func(_ *World, c *verifier.Config) { c.Organization = organization })
}

func leeway(d time.Duration) func(*World, *verifier.Config) {
	return func(_ *World, c *verifier.Config) { c.Leeway = d }
}

func maxAge(d time.Duration) func(*World, *verifier.Config) {
	return func(_ *World, c *verifier.Config) { c.MaxTokenAge = d }
}

func requires(claims ...string) func(*World, *verifier.Config) {
	return func(_ *World, c *verifier.Config) { c.RequiredClaims = claims }
}

func scopeClaim(name string) func(*World, *verifier.Config) {
	return func(_ *World, c *verifier.Config) { c.ScopeClaim = name }
}

func strangerURL(s *scene) any { return s.World.stranger.URL }

// bothIssuers has the other issuer trusted too.
func bothIssuers(w *World, c *verifier.Config) {
	c.Domain, c.Domains = "", []ports.Domain{{Issuer: w.issuer.URL}, {Issuer: w.stranger.URL}}
}

// audienceEach gives each issuer an audience of its own.
func audienceEach(w *World, c *verifier.Config) {
	c.Domain, c.Domains = "", []ports.Domain{
		{Issuer: w.issuer.URL, Audiences: []string{"ours"}}, {Issuer: w.stranger.URL, Audiences: []string{"theirs"}},
	}
}

// advance moves the clock.
func advance(d time.Duration) func(*scene) { return func(s *scene) { s.Process.Advance(d) } }

// smallLeeway is why the last seconds before nbf are a choice.
const smallLeeway = "RFC 7519 4.1.5 permits a small leeway"
