package catalogue

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	. "github.com/holdfast-go/holdfast/conformance/player"
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
		TokenCase("CLAIM-ISS-01.present", Accepted, "the issuer's iss", Token{}),
		TokenCase("CLAIM-ISS-01.missing", BadToken, "no iss", Token{Claims: Fields{"iss": Absent}}),
		TokenCase("CLAIM-ISS-01.null", BadToken, "iss is null", Token{Claims: Fields{"iss": nil}}),
		TokenCase("CLAIM-ISS-01.empty", BadToken, "iss is empty", Token{Claims: Fields{"iss": ""}}),
		TokenCase("CLAIM-ISS-01.number", BadToken, "iss is a number", Token{Claims: Fields{"iss": 1}}),
		TokenCase("CLAIM-ISS-01.array", BadToken, "iss is an array with the issuer",
			Token{Claims: Fields{"iss": From(func(run *Run) any {
				return []string{run.Environment.Issuer.URL}
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
		TokenCase("CLAIM-ISS-02.another", BadToken, "iss of no one",
			Token{Claims: Fields{"iss": "https://evil.example/"}}),

		NewCase("CLAIM-ISS-03.not-asked", BadToken, "a token of an issuer that is up, and not trusted", Step{
			Send: Carrying(Token{Key: OtherKey, Claims: Fields{"iss": From(OtherURL)}}),
			Want: BadToken, Check: OtherNotAsked,
		}).ReportedAs("CLAIM-ISS-02"),
		InsideCase("CLAIM-ISS-03.no-request-at-all", BadToken, "a token of an issuer that is not trusted, sent first of all",
			Step{
				Send: Carrying(Token{Claims: Fields{"iss": "https://evil.example/"}}),
				Want: BadToken,
				Check: func(run *Run, _ Answer) {
					if asked := run.Environment.Issuer.Requests(); asked > 0 {
						run.Errorf("%d requests left the process", asked)
					}
				},
			}).ReportedAs("CLAIM-ISS-02"),

		TokenCase("CLAIM-ISS-04.key-of-another", BadToken, "the trusted iss, signed by another issuer",
			Token{Key: OtherKey}).ReportedAs("CACHE-05"),
		TokenCase("CLAIM-ISS-04.same-kid", BadToken, "the trusted iss, signed by another issuer under the same kid",
			Token{Key: OtherKey, Header: Fields{"kid": "key-1"}}).ReportedAs("JWS-16"),
		TokenCase("CLAIM-ISS-04.both-trusted", Accepted, "a token of the second of two trusted issuers",
			Token{Key: OtherKey, Claims: Fields{"iss": From(OtherURL)}}).
			Configured(bothIssuers),
		TokenCase("CLAIM-ISS-04.mix-up", BadToken, "the iss of one trusted issuer, the key of the other",
			Token{Key: OtherKey}).Configured(bothIssuers).ReportedAs("CACHE-05"),
		TokenCase("CLAIM-ISS-04.mix-up-back", BadToken, "the other way round",
			Token{Claims: Fields{"iss": From(OtherURL)}}).Configured(bothIssuers).ReportedAs("CACHE-05"),

		TokenCase("CLAIM-AUD-01.string", Accepted, "aud is a string", Token{}),
		TokenCase("CLAIM-AUD-01.array", Accepted, "aud is an array with the API's among them",
			Token{Claims: Fields{"aud": From(func(run *Run) any {
				return []string{"https://other.example", run.Audience}
			})}}),
		TokenCase("CLAIM-AUD-01.missing", BadToken, "no aud", Token{Claims: Fields{"aud": Absent}}),

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
		TokenCase("CLAIM-AUD-02.second-configured", Accepted, "the second of two configured audiences",
			Token{Claims: Fields{"aud": "second"}}).
			Configured(func(_ *Environment, c *verifier.Config) { c.Audiences = append([]string{"first"}, "second") }),
		TokenCase("CLAIM-AUD-02.of-this-issuer", BadToken, "the audience that only the other trusted issuer's tokens may have",
			Token{Claims: Fields{"aud": "theirs"}}).
			Configured(audienceEach),
		TokenCase("CLAIM-AUD-02.of-its-issuer", Accepted, "the audience of its own issuer",
			Token{Claims: Fields{"aud": "ours"}}).Configured(audienceEach),

		audienceCase("CLAIM-AUD-03.empty-array", "aud is an empty array",
			func(string) any { return []string{} }),
		audienceCase("CLAIM-AUD-03.number-within", "aud has a number besides the API's",
			func(aud string) any { return []any{aud, 1} }).As(Ours, "RFC 7519 4.1.3 binds issuers"),
		audienceCase("CLAIM-AUD-03.null-within", "aud has null besides the API's",
			func(aud string) any { return []any{nil, aud} }).As(Ours, "RFC 7519 4.1.3 binds issuers"),
		audienceCase("CLAIM-AUD-03.nested", "aud is an array in an array",
			func(aud string) any { return [][]string{{aud}} }),
		audienceCase("CLAIM-AUD-03.object", "aud is an object",
			func(aud string) any { return map[string]string{"aud": aud} }),
		audienceCase("CLAIM-AUD-03.number", "aud is a number", func(string) any { return 1 }),
		audienceCase("CLAIM-AUD-03.null", "aud is null", func(string) any { return nil }),
		audienceCase("CLAIM-AUD-03.true", "aud is true", func(string) any { return true }),

		ConfigCase("CLAIM-AUD-04.none", RefusedByNew, "no configured audience", func(_ *Environment, c *verifier.Config) { c.Audiences = nil }),
		ConfigCase("CLAIM-AUD-04.blank", RefusedByNew, "a blank audience besides a good one",
			func(_ *Environment, c *verifier.Config) { c.Audiences = append(c.Audiences, " ") }),

		TokenCase("CLAIM-EXP-01.missing", BadToken, "no exp", Token{Claims: Fields{"exp": Absent}}),
		TokenCase("CLAIM-EXP-01.string", BadToken, "exp is a string",
			Token{Claims: Fields{"exp": "9999999999"}}),
		TokenCase("CLAIM-EXP-01.null", BadToken, "exp is null", Token{Claims: Fields{"exp": nil}}),
		TokenCase("CLAIM-EXP-01.true", BadToken, "exp is true", Token{Claims: Fields{"exp": true}}),
		TokenCase("CLAIM-EXP-01.array", BadToken, "exp is an array",
			Token{Claims: Fields{"exp": []int{9999999999}}}),
		TokenCase("CLAIM-EXP-01.fraction", Accepted, "exp with a fraction",
			Token{Claims: Fields{"exp": In(120.5)}}),
		TokenCase("CLAIM-EXP-01.exponent", Accepted, "exp with an exponent",
			Token{Claims: Fields{"exp": json.Number("2.5e10")}}),

		TokenCase("CLAIM-EXP-02.ahead", Accepted, "exp is ahead", Token{Claims: Fields{"exp": In(120)}}),
		TokenCase("CLAIM-EXP-02.past", BadToken, "exp was 5 minutes and a second ago",
			Token{Claims: Fields{"exp": In(-301), "iat": In(-600)}}),
		TokenCase("CLAIM-EXP-02.just-past", BadToken, "exp was 10 seconds ago",
			Token{Claims: Fields{"exp": In(-10), "iat": In(-600)}}).
			As(Ours, "RFC 7519 4.1.4 permits a small leeway"),
		TokenCase("CLAIM-EXP-02.long-past", BadToken, "exp was in 1970", Token{Claims: Fields{"exp": 1}}),
		TokenCase("CLAIM-EXP-02.zero", BadToken, "exp is 0", Token{Claims: Fields{"exp": 0}}),
		TokenCase("CLAIM-EXP-02.in-a-second", Accepted, "exp is a second ahead",
			Token{Claims: Fields{"exp": In(1)}}).Needing(Clock),
		TokenCase("CLAIM-EXP-02.now", BadToken, "exp is now", Token{Claims: Fields{"exp": In(0)}}).Needing(Clock),
		TokenCase("CLAIM-EXP-02.half-a-second", Accepted, "exp is half a second ahead",
			Token{Claims: Fields{"exp": In(0.5)}}).Needing(Clock),
		TokenCase("CLAIM-EXP-02.half-past", BadToken, "exp was half a second ago",
			Token{Claims: Fields{"exp": In(-0.5)}}).Needing(Clock),
		TokenCase("CLAIM-EXP-02.within-leeway", Accepted, "exp was 4 s ago, with a leeway of 5 s",
			Token{Claims: Fields{"exp": In(-4)}}).Needing(Clock).Configured(leeway(5 * time.Second)),
		TokenCase("CLAIM-EXP-02.at-leeway", BadToken, "exp was 5 s ago, with a leeway of 5 s",
			Token{Claims: Fields{"exp": In(-5)}}).Needing(Clock).Configured(leeway(5 * time.Second)),
		ConfigCase("CLAIM-EXP-02.leeway-at-most", Accepted, "a leeway of 5 minutes", leeway(5*time.Minute)),
		ConfigCase("CLAIM-EXP-02.leeway-over", RefusedByNew, "a leeway of over 5 minutes",
			leeway(5*time.Minute+1)),
		NewCase("CLAIM-EXP-02.each-use", BadToken, "a token that was good before, and expired since",
			Step{Send: func(run *Run) Request { return Bearer(run.Keep("token", run.Sign(Token{}))) }, Want: Accepted},
			Step{Do: Advance(300 * time.Second), Send: func(run *Run) Request { return Bearer(run.Kept["token"]) }, Want: BadToken},
		).In(Allowed).Needing(Clock),

		TokenCase("CLAIM-EXP-03.negative", BadToken, "exp is negative", Token{Claims: Fields{"exp": -1}}),
		TokenCase("CLAIM-EXP-03.last-second", Accepted, "exp is the last second of the year 9999",
			Token{Claims: Fields{"exp": lastSecond}}),
		TokenCase("CLAIM-EXP-03.after-last", BadToken, "exp is the first second of the year 10000",
			Token{Claims: Fields{"exp": afterLast}}).As(Ours, "OURS bound; the sources have none"),
		TokenCase("CLAIM-EXP-03.huge", BadToken, "exp is 1e300",
			Token{Claims: Fields{"exp": json.Number("1e300")}}).
			As(Ours, "OURS bound; the sources have none"),
		TokenCase("CLAIM-EXP-03.not-finite", BadToken, "exp is 1e400, which no double is",
			Token{MoreClaims: `,"exp":1e400`, Claims: Fields{"exp": Absent}}).
			As(Ours, "RFC 8259 6 leaves the range open"),
		TokenCase("CLAIM-EXP-03.overflow", BadToken, "exp is 2 to the 63rd",
			Token{MoreClaims: `,"exp":9223372036854775808`, Claims: Fields{"exp": Absent}}).
			As(Ours, "OURS bound; the sources have none"),
		TokenCase("CLAIM-EXP-03.wrapping", BadToken, "exp is 2 to the 64th and a little",
			Token{MoreClaims: `,"exp":18446744073709551617`, Claims: Fields{"exp": Absent}}).
			As(Ours, "OURS bound; the sources have none"),
		TokenCase("CLAIM-EXP-03.nan", BadToken, "exp is NaN",
			Token{MoreClaims: `,"exp":NaN`, Claims: Fields{"exp": Absent}}).ReportedAs("JWS-04"),

		TokenCase("CLAIM-NBF-01.past", Accepted, "nbf is past", Token{Claims: Fields{"nbf": In(-10)}}),
		TokenCase("CLAIM-NBF-01.ahead", BadToken, "nbf is 6 minutes ahead",
			Token{Claims: Fields{"nbf": In(360), "exp": In(900)}}),
		TokenCase("CLAIM-NBF-01.now", Accepted, "nbf is now", Token{Claims: Fields{"nbf": In(0)}}),
		TokenCase("CLAIM-NBF-01.a-minute-ahead", Accepted, "nbf is 60 s ahead",
			Token{Claims: Fields{"nbf": In(60)}}).Needing(Clock).As(Ours, smallLeeway),
		TokenCase("CLAIM-NBF-01.over-a-minute-ahead", BadToken, "nbf is 61 s ahead",
			Token{Claims: Fields{"nbf": In(61)}}).Needing(Clock).As(Ours, smallLeeway),
		TokenCase("CLAIM-NBF-01.at-leeway", Accepted, "nbf is 65 s ahead, with a leeway of 5 s",
			Token{Claims: Fields{"nbf": In(65)}}).Needing(Clock).Configured(leeway(5*time.Second)).As(Ours, smallLeeway),
		TokenCase("CLAIM-NBF-01.over-leeway", BadToken, "nbf is 66 s ahead, with a leeway of 5 s",
			Token{Claims: Fields{"nbf": In(66)}}).Needing(Clock).Configured(leeway(5*time.Second)).As(Ours, smallLeeway),
		TokenCase("CLAIM-NBF-01.string", BadToken, "nbf is a string", Token{Claims: Fields{"nbf": "0"}}),
		TokenCase("CLAIM-NBF-01.null", BadToken, "nbf is null", Token{Claims: Fields{"nbf": nil}}),
		TokenCase("CLAIM-NBF-01.negative", BadToken, "nbf is negative",
			Token{Claims: Fields{"nbf": -1}}).As(Ours, "RFC 7519 2 permits it").ReportedAs("CLAIM-EXP-03"),

		TokenCase("CLAIM-IAT-01.missing", BadToken, "no iat", Token{Claims: Fields{"iat": Absent}}),
		TokenCase("CLAIM-IAT-01.string", BadToken, "iat is a string", Token{Claims: Fields{"iat": "0"}}),
		TokenCase("CLAIM-IAT-01.null", BadToken, "iat is null", Token{Claims: Fields{"iat": nil}}),
		TokenCase("CLAIM-IAT-01.fraction", Accepted, "iat with a fraction",
			Token{Claims: Fields{"iat": In(-1.5)}}),

		TokenCase("CLAIM-IAT-02.far-ahead", BadToken, "iat is an hour ahead",
			Token{Claims: Fields{"iat": In(3600), "exp": In(7200)}}),
		TokenCase("CLAIM-IAT-02.a-minute-ahead", Accepted, "iat is 60 s ahead",
			Token{Claims: Fields{"iat": In(60)}}).Needing(Clock),
		TokenCase("CLAIM-IAT-02.over-a-minute-ahead", BadToken, "iat is 61 s ahead",
			Token{Claims: Fields{"iat": In(61)}}).Needing(Clock),
		TokenCase("CLAIM-IAT-02.ahead-at-leeway", Accepted, "iat is 65 s ahead, with a leeway of 5 s",
			Token{Claims: Fields{"iat": In(65)}}).Needing(Clock).Configured(leeway(5 * time.Second)),
		TokenCase("CLAIM-IAT-02.ahead-over-leeway", BadToken, "iat is 66 s ahead, with a leeway of 5 s",
			Token{Claims: Fields{"iat": In(66)}}).Needing(Clock).Configured(leeway(5 * time.Second)),
		TokenCase("CLAIM-IAT-02.old", Accepted, "iat in 1970, where no age is configured",
			Token{Claims: Fields{"iat": 0}}).Having("bounds"),
		TokenCase("CLAIM-IAT-02.at-max-age", Accepted, "iat an hour ago, where that is the maximum",
			Token{Claims: Fields{"iat": In(-3600)}}).Needing(Clock).Configured(maxAge(time.Hour)),
		TokenCase("CLAIM-IAT-02.over-max-age", BadToken, "iat over an hour ago, where that is the maximum",
			Token{Claims: Fields{"iat": In(-3601)}}).Needing(Clock).Configured(maxAge(time.Hour)),

		TokenCase("CLAIM-SUB-01.absent", Accepted, "no sub",
			Token{Claims: Fields{"sub": Absent}}).Having("bounds"),
		TokenCase("CLAIM-SUB-01.number", BadToken, "sub is a number", Token{Claims: Fields{"sub": 1}}),
		TokenCase("CLAIM-SUB-01.null", BadToken, "sub is null", Token{Claims: Fields{"sub": nil}}),
		TokenCase("CLAIM-SUB-01.required", BadToken, "no sub, where it is required",
			Token{Claims: Fields{"sub": Absent}}).Configured(requires("sub")).ReportedAs("CLAIM-REQ-01"),

		TokenCase("CLAIM-REQ-01.present", Accepted, "a required claim that is false",
			Token{Claims: Fields{"tier": false}}).Configured(requires("tier")),
		TokenCase("CLAIM-REQ-01.missing", BadToken, "no required claim", Token{}).Configured(requires("tier")),
		TokenCase("CLAIM-REQ-01.null", BadToken, "a required claim that is null",
			Token{Claims: Fields{"tier": nil}}).Configured(requires("tier")),
		TokenCase("CLAIM-REQ-01.other-case", BadToken, "a required claim in other case",
			Token{Claims: Fields{"Tier": 1}}).Configured(requires("tier")),
		TokenCase("CLAIM-REQ-01.one-of-two", BadToken, "one of two required claims",
			Token{Claims: Fields{"tier": 1}}).Configured(requires("tier", "region")),

		scopeCase("CLAIM-SCP-01.string", Accepted, "scope is a string with the scope among others",
			Fields{"scope": "openid read:conformance x"}),
		scopeCase("CLAIM-SCP-01.array", Accepted, "scope is an array with the scope among others",
			Fields{"scope": []string{"x", NeededScope}}).As(Ours, "RFC 8693 4.2 has a string"),
		scopeCase("CLAIM-SCP-01.array-malformed", BadToken, "scope is an array of numbers",
			Fields{"scope": []int{1}}).As(Ours, "RFC 8693 4.2, where scopes are needed"),
		scopeCase("CLAIM-SCP-01.scp", Accepted, "scp is an array, and there is no scope",
			Fields{"scp": []string{"x", NeededScope}}).As(Ours, "RFC 9068 2.2.3"),
		scopeCase("CLAIM-SCP-01.scp-string", Accepted, "scp is a string, and there is no scope",
			Fields{"scp": "x " + NeededScope}).As(Ours, "RFC 9068 2.2.3"),
		scopeCase("CLAIM-SCP-01.scp-beside-scope", NoScope, "the scope is in scp, and there is a scope claim without it",
			Fields{"scope": "x", "scp": NeededScope}).ReportedAs("CLAIM-SCP-02"),
		scopeCase("CLAIM-SCP-01.scp-beside-malformed", BadToken, "the scope is in scp, and scope can't be read",
			Fields{"scope": 1, "scp": NeededScope}),
		scopeCase("CLAIM-SCP-01.configured", Accepted, "another claim, which is configured",
			Fields{"roles": []string{NeededScope}}).Configured(scopeClaim("roles")),
		scopeCase("CLAIM-SCP-01.not-configured", NoScope, "another claim, which is not configured",
			Fields{"roles": []string{NeededScope}}).ReportedAs("CLAIM-SCP-02"),
		scopeCase("CLAIM-SCP-01.scope-not-configured", NoScope, "the scope is in scope, and another claim is configured",
			Fields{"scope": NeededScope}).Configured(scopeClaim("roles")).ReportedAs("CLAIM-SCP-02"),
		scopeCase("CLAIM-SCP-01.nested", Accepted, "a claim inside another, which is configured",
			Fields{"realm_access": Fields{"roles": []string{NeededScope}}}).Configured(scopeClaim("/realm_access/roles")),
		scopeCase("CLAIM-SCP-01.nested-in-a-string", BadToken, "a string where the configured claim should be inside",
			Fields{"realm_access": NeededScope}).Configured(scopeClaim("/realm_access/roles")),
		scopeCase("CLAIM-SCP-01.nested-by-a-dot", NoScope, "a claim whose name has a dot, where one inside another is configured",
			Fields{"realm_access.roles": NeededScope}).Configured(scopeClaim("/realm_access/roles")).ReportedAs("CLAIM-SCP-02"),
		scopeCase("CLAIM-SCP-01.malformed", BadToken, "an array of numbers, in a claim that is configured",
			Fields{"roles": []int{1}}).Configured(scopeClaim("roles")),
		TokenCase("CLAIM-SCP-01.not-needed", Accepted, "scope is a number, where none is needed",
			Token{Claims: Fields{"scope": 1}}).Having("bounds"),

		scopeCase("CLAIM-SCP-02.missing", NoScope, "no scope claim", nil),
		scopeCase("CLAIM-SCP-02.told", NoScope, "no scope claim: 403 insufficient_scope",
			nil).Exactly().As(Should, "RFC 6750 3.1 recommends it"),
		scopeCase("CLAIM-SCP-02.another", NoScope, "another scope", Fields{"scope": "write:conformance"}),
		scopeCase("CLAIM-SCP-02.upper-case", NoScope, "the scope in upper case",
			Fields{"scope": "READ:CONFORMANCE"}),
		scopeCase("CLAIM-SCP-02.longer", NoScope, "a scope that begins with it",
			Fields{"scope": NeededScope + ":all"}),
		scopeCase("CLAIM-SCP-02.comma", NoScope, "scopes separated by commas",
			Fields{"scope": "x," + NeededScope}),
		NewCase("CLAIM-SCP-02.named", NoScope, "the answer names the scope that is needed", Step{
			Send: Scoped(Token{}),
			Want: NoScope,
			Check: func(run *Run, a Answer) {
				challenges, _ := ParseChallenges(a.Values("Www-Authenticate"))
				for _, c := range challenges {
					if c.Params["scope"] == NeededScope {
						return
					}
				}
				run.Errorf("no challenge has scope=%q", NeededScope)
			},
		}).As(Ours, "RFC 6750 3.1 permits it"),

		decodeCase("CLAIM-CUST-01.present", `,"tier":"gold"`, "gold", ""),
		decodeCase("CLAIM-CUST-01.other-case", `,"Tier":"gold"`, "", ""),
		decodeCase("CLAIM-CUST-01.other-case-beside", `,"tier":"gold","TIER":"lead"`, "gold", ""),
		decodeCase("CLAIM-CUST-01.other-type", `,"tier":1`, "", verifier.CodeClaimsUndecodable),
		decodeCase("CLAIM-CUST-01.duplicate-within", `,"tier":"gold","x":[{"a":1,"a":2}]`, "", verifier.CodeClaimsUndecodable),

		organizationCase("CLAIM-ORG-01.id", Accepted, "the organization's ID",
			"org_A", Fields{"org_id": "org_A"}),
		organizationCase("CLAIM-ORG-01.id-in-case", BadToken, "the organization's ID in other case",
			"org_A", Fields{"org_id": "org_a"}),
		organizationCase("CLAIM-ORG-01.none", BadToken, "no organization", "org_A", nil),
		organizationCase("CLAIM-ORG-01.name", Accepted, "the organization's name, in lower case as issued",
			"Acme", Fields{"org_name": "acme"}),
		organizationCase("CLAIM-ORG-01.another-name", BadToken, "the name of another",
			"Acme", Fields{"org_name": "acme2"}),
		organizationCase("CLAIM-ORG-01.name-for-id", BadToken, "a name where an ID is wanted",
			"org_A", Fields{"org_name": "org_a"}),
		TokenCase("CLAIM-ORG-01.not-asked", Accepted, "an organization, where none is asked for",
			Token{Claims: Fields{"org_id": "org_A"}}),
	}
}

// issuerCase has iss changed.
func issuerCase(id, reason string, change func(string) string) Case {
	return TokenCase(id, BadToken, reason, Token{Claims: Fields{"iss": From(func(run *Run) any { return change(run.Environment.Issuer.URL) })}})
}

// audienceCase has aud changed.
func audienceCase(id, reason string, change func(string) any) Case {
	return TokenCase(id, BadToken, reason, Token{Claims: Fields{"aud": From(func(run *Run) any { return change(run.Audience) })}})
}

// scopeCase asks for what needs a scope.
func scopeCase(id string, want Expectation, reason string, claims Fields) Case {
	return RequestCase(id, want, reason, Scoped(Token{Claims: claims}))
}

// decodeCase decodes the claims of a good token with these on top.
func decodeCase(id, claims, want string, code verifier.Code) Case {
	return InsideCase(id, Accepted, "claims decoded into a struct: "+claims[1:], Step{
		Send: Carrying(Token{MoreClaims: claims}),
		Want: Accepted,
		Check: func(run *Run, a Answer) {
			type custom struct {
				Tier string `json:"tier"`
			}
			got, err := verifier.DecodeClaims[custom](a.Verified)
			if code == "" && err != nil || code != "" && !errors.Is(err, code) {
				run.Errorf("Decode = %v", err)
			}
			if code == "" && got.Tier != want {
				run.Errorf("tier is %q", got.Tier)
			}
		},
	})
}

func organizationCase(id string, want Expectation, reason, organization string, claims Fields) Case {
	return TokenCase(id, want, reason, Token{Claims: claims}).
		Configured(func(_ *Environment, c *verifier.Config) { c.Organization = organization })
}

func leeway(d time.Duration) Policy {
	return func(_ *Environment, c *verifier.Config) { c.Leeway = d }
}

func maxAge(d time.Duration) Policy {
	return func(_ *Environment, c *verifier.Config) { c.MaxTokenAge = d }
}

func requires(claims ...string) Policy {
	return func(_ *Environment, c *verifier.Config) { c.RequiredClaims = claims }
}

func scopeClaim(name string) Policy {
	return func(_ *Environment, c *verifier.Config) { c.ScopeClaim = name }
}

// bothIssuers has the other issuer trusted too.
func bothIssuers(e *Environment, c *verifier.Config) {
	c.Domain, c.Domains = "", []ports.Domain{{Issuer: e.Issuer.URL}, {Issuer: e.Other.URL}}
}

// audienceEach gives each issuer an audience of its own.
func audienceEach(e *Environment, c *verifier.Config) {
	c.Domain, c.Domains = "", []ports.Domain{
		{Issuer: e.Issuer.URL, Audiences: []string{"ours"}}, {Issuer: e.Other.URL, Audiences: []string{"theirs"}},
	}
}

// smallLeeway is why the last seconds before nbf are a choice.
const smallLeeway = "RFC 7519 4.1.5 permits a small leeway"
