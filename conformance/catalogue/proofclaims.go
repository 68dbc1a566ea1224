package catalogue

import (
	"fmt"
	"strings"
	"time"

	. "github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/verifier"
)

// proofClaimCases are about what a proof says (RFC 9449 section 4.3, items 8 to 12).
func proofClaimCases() []Case {
	return []Case{
		ProofCase("DPOP-CLM-01.missing", BadProof, "no jti", Proof{Claims: Fields{"jti": Absent}}),
		ProofCase("DPOP-CLM-01.number", BadProof, "jti is a number", Proof{Claims: Fields{"jti": 1}}),
		ProofCase("DPOP-CLM-01.null", BadProof, "jti is null", Proof{Claims: Fields{"jti": nil}}),
		ProofCase("DPOP-CLM-01.empty", BadProof, "jti is empty",
			Proof{Claims: Fields{"jti": ""}}).As(Ours, "RFC 9449 4.2 does not say how long"),
		ProofCase("DPOP-CLM-01.blank", BadProof, "jti is blank",
			Proof{Claims: Fields{"jti": " \t"}}).As(Ours, "RFC 9449 4.2 does not mention blanks"),
		ProofCase("DPOP-CLM-01.at-the-bound", Accepted, "jti of 1 KiB",
			Proof{Claims: Fields{"jti": longID(1 << 10)}}).Having("bounds"),
		ProofCase("DPOP-CLM-01.over-the-bound", BadProof, "jti of over 1 KiB",
			Proof{Claims: Fields{"jti": longID(1<<10 + 1)}}).
			As(Ours, "OURS bound; the sources have none"),

		ProofCase("DPOP-CLM-02.missing", BadProof, "no htm", Proof{Claims: Fields{"htm": Absent}}),
		ProofCase("DPOP-CLM-02.another", BadProof, "htm is another method",
			Proof{Claims: Fields{"htm": "POST"}}),
		ProofCase("DPOP-CLM-02.lower-case", BadProof, "htm in lower case", Proof{Claims: Fields{"htm": "get"}}),
		ProofCase("DPOP-CLM-02.empty", BadProof, "htm is empty", Proof{Claims: Fields{"htm": ""}}),
		ProofCase("DPOP-CLM-02.array", BadProof, "htm is an array",
			Proof{Claims: Fields{"htm": []string{"GET"}}}),
		ProofCase("DPOP-CLM-02.null", BadProof, "htm is null", Proof{Claims: Fields{"htm": nil}}),
		RequestCase("DPOP-CLM-02.of-the-request", Accepted, "a proof for POST, on a POST",
			func(run *Run) Request {
				bound := run.Sign(Token{Bound: true})
				r := Get().With("Authorization", "DPoP "+bound)
				r.Method = "POST"
				return r.With("DPoP", run.Prove(r, bound, Proof{}))
			}).In(Allowed, Required),

		ProofCase("DPOP-CLM-03.missing", BadProof, "no htu", Proof{Claims: Fields{"htu": Absent}}),
		ProofCase("DPOP-CLM-03.null", BadProof, "htu is null", Proof{Claims: Fields{"htu": nil}}),
		ProofCase("DPOP-CLM-03.array", BadProof, "htu is an array",
			Proof{Claims: Fields{"htu": From(func(run *Run) any { return []string{run.URL + "/resource"} })}}),
		ProofCase("DPOP-CLM-03.empty", BadProof, "htu is empty", Proof{Claims: Fields{"htu": ""}}),
		ProofCase("DPOP-CLM-03.relative", BadProof, "htu is a path", Proof{Claims: Fields{"htu": "/resource"}}),
		ProofCase("DPOP-CLM-03.other-scheme", BadProof, "htu of another scheme",
			Proof{Claims: Fields{"htu": "ftp://api.example/resource"}}),
		ProofCase("DPOP-CLM-03.userinfo", BadProof, "htu with userinfo",
			Proof{Claims: Fields{"htu": target(func(url string) string {
				return strings.Replace(url, "://", "://user@", 1)
			})}}).As(Should, "RFC 9110 4.2.4"),

		targetCase("DPOP-CLM-04.equal", Accepted, "htu of the request", func(url string) string { return url }),
		targetCase("DPOP-CLM-04.host", BadProof, "htu of another host",
			func(string) string { return "https://evil.example/resource" }),
		targetCase("DPOP-CLM-04.path", BadProof, "htu of another path",
			func(url string) string { return url + "s" }),
		targetCase("DPOP-CLM-04.parent", BadProof, "htu of the path above",
			func(url string) string { return strings.TrimSuffix(url, "/resource") }),
		targetCase("DPOP-CLM-04.below", BadProof, "htu of a path below",
			func(url string) string { return url + "/1" }),

		targetCase("DPOP-CLM-05.query", Accepted, "htu with a query",
			func(url string) string { return url + "?a=b" }),
		targetCase("DPOP-CLM-05.fragment", Accepted, "htu with a fragment",
			func(url string) string { return url + "#a" }),
		targetCase("DPOP-CLM-05.both", Accepted, "htu with a query and a fragment",
			func(url string) string { return url + "?a=/../b#c?d" }),
		RequestCase("DPOP-CLM-05.of-the-request", Accepted, "a request with a query", func(run *Run) Request {
			return run.Proved(run.Sign(Token{Bound: true}), Proof{}).At("/resource?a=b&c=/../d")
		}).In(Allowed, Required),

		targetCase("DPOP-CLM-06.scheme", Accepted, "the scheme in upper case", func(url string) string {
			scheme, rest, _ := strings.Cut(url, "://")
			return strings.ToUpper(scheme) + "://" + rest
		}),
		targetCase("DPOP-CLM-06.encoded-letter", Accepted, "a letter of the path in percent-encoding",
			func(url string) string {
				return strings.Replace(url, "/resource", "/%72esource", 1)
			}),
		targetCase("DPOP-CLM-06.dot-segments", Accepted, "dot segments in the path", func(url string) string {
			return strings.Replace(url, "/resource", "/x/../resource", 1)
		}),
		targetCase("DPOP-CLM-06.dot", Accepted, "a dot in the path",
			func(url string) string { return strings.Replace(url, "/resource", "/./resource", 1) }),
		targetCase("DPOP-CLM-06.encoded-dots", Accepted, "dot segments in percent-encoding",
			func(url string) string {
				return strings.Replace(url, "/resource", "/x/%2e%2E/resource", 1)
			}).Having("bounds"),
		targetCase("DPOP-CLM-06.host", Accepted, "the host in upper case",
			func(url string) string { return strings.Replace(url, "api.example", "API.Example", 1) }).
			AtAPIURL(),
		targetCase("DPOP-CLM-06.default-port", Accepted, "the default port",
			func(url string) string { return strings.Replace(url, "api.example", "api.example:443", 1) }).
			AtAPIURL(),
		targetCase("DPOP-CLM-06.empty-port", Accepted, "an empty port",
			func(url string) string { return strings.Replace(url, "api.example", "api.example:", 1) }).
			AtAPIURL(),
		RequestCase("DPOP-CLM-06.encoding-in-case", Accepted, "percent-encoding in lower case here and in upper case there",
			func(run *Run) Request {
				return run.Proved(run.Sign(Token{Bound: true}), Proof{Claims: Fields{"htu": run.URL + "/resource/%C3%A9"}}).At("/resource/%c3%a9")
			}).In(Allowed, Required),
		RequestCase("DPOP-CLM-06.root", Accepted, "an empty path for the root", func(run *Run) Request {
			return run.Proved(run.Sign(Token{Bound: true}), Proof{Claims: Fields{"htu": run.URL}}).At("/")
		}).In(Allowed, Required).AtAPIURL().Having("any-path"),

		targetCase("DPOP-CLM-07.scheme", BadProof, "the other scheme", func(url string) string {
			if rest, found := strings.CutPrefix(url, "https"); found {
				return "http" + rest
			}
			return "https" + strings.TrimPrefix(url, "http")
		}).ReportedAs("DPOP-CLM-04"),
		targetCase("DPOP-CLM-07.port", BadProof, "another port",
			func(url string) string { return withPort(url, "1") }).ReportedAs("DPOP-CLM-04"),
		targetCase("DPOP-CLM-07.trailing-slash", BadProof, "a slash behind the path",
			func(url string) string { return url + "/" }).ReportedAs("DPOP-CLM-04"),
		targetCase("DPOP-CLM-07.two-slashes", BadProof, "two slashes before the path",
			func(url string) string { return strings.Replace(url, "/resource", "//resource", 1) }).
			ReportedAs("DPOP-CLM-04"),
		targetCase("DPOP-CLM-07.path-in-case", BadProof, "the path in upper case",
			func(url string) string { return strings.Replace(url, "/resource", "/RESOURCE", 1) }).
			ReportedAs("DPOP-CLM-04"),
		targetCase("DPOP-CLM-07.double-encoding", BadProof, "a letter encoded twice",
			func(url string) string { return strings.Replace(url, "/resource", "/%2572esource", 1) }).
			ReportedAs("DPOP-CLM-04"),
		targetCase("DPOP-CLM-07.parameter", BadProof, "a parameter behind the path",
			func(url string) string { return url + ";a=b" }).ReportedAs("DPOP-CLM-04"),
		RequestCase("DPOP-CLM-07.encoded-slash", BadProof, "a slash here and an encoded one there",
			func(run *Run) Request {
				return run.Proved(run.Sign(Token{Bound: true}), Proof{Claims: Fields{"htu": run.URL + "/resource/a%2Fb"}}).At("/resource/a/b")
			}).In(Allowed, Required).ReportedAs("DPOP-CLM-04"),

		ProofCase("DPOP-CLM-08.now", Accepted, "iat is now", Proof{Claims: Fields{"iat": In(0)}}),
		ProofCase("DPOP-CLM-08.a-little-old", Accepted, "iat was 10 s ago",
			Proof{Claims: Fields{"iat": In(-10)}}),
		ProofCase("DPOP-CLM-08.an-hour-old", BadProof, "iat was an hour ago",
			Proof{Claims: Fields{"iat": In(-3600)}}),
		ProofCase("DPOP-CLM-08.an-hour-ahead", BadProof, "iat is an hour ahead",
			Proof{Claims: Fields{"iat": In(3600)}}),
		ProofCase("DPOP-CLM-08.missing", BadProof, "no iat", Proof{Claims: Fields{"iat": Absent}}),
		ProofCase("DPOP-CLM-08.string", BadProof, "iat is a string",
			Proof{Claims: Fields{"iat": From(func(run *Run) any { return run.Now().Format(time.RFC3339) })}}),
		ProofCase("DPOP-CLM-08.digits-in-string", BadProof, "iat is a string of digits",
			Proof{Claims: Fields{"iat": From(func(run *Run) any { return fmt.Sprint(run.Now().Unix()) })}}),
		ProofCase("DPOP-CLM-08.null", BadProof, "iat is null", Proof{Claims: Fields{"iat": nil}}),
		ProofCase("DPOP-CLM-08.300-s-old", Accepted, "iat was 300 s ago",
			Proof{Claims: Fields{"iat": In(-300)}}).Needing(Clock),
		ProofCase("DPOP-CLM-08.301-s-old", BadProof, "iat was 301 s ago",
			Proof{Claims: Fields{"iat": In(-301)}}).Needing(Clock),
		ProofCase("DPOP-CLM-08.30-s-ahead", Accepted, "iat is 30 s ahead",
			Proof{Claims: Fields{"iat": In(30)}}).Needing(Clock),
		ProofCase("DPOP-CLM-08.31-s-ahead", BadProof, "iat is 31 s ahead",
			Proof{Claims: Fields{"iat": In(31)}}).Needing(Clock),
		ProofCase("DPOP-CLM-08.configured-age", Accepted, "iat was 60 s ago, where that is the maximum",
			Proof{Claims: Fields{"iat": In(-60)}}).Needing(Clock).Configured(proofAge),
		ProofCase("DPOP-CLM-08.over-configured-age", BadProof, "iat was 61 s ago, where 60 is the maximum",
			Proof{Claims: Fields{"iat": In(-61)}}).Needing(Clock).Configured(proofAge),
		ProofCase("DPOP-CLM-08.no-leeway", BadProof, "iat is a second ahead, where there is no leeway",
			Proof{Claims: Fields{"iat": In(1)}}).Needing(Clock).Configured(proofAge),

		ProofCase("DPOP-CLM-09.exp-ahead", Accepted, "exp is ahead", Proof{Claims: Fields{"exp": In(60)}}),
		ProofCase("DPOP-CLM-09.exp-past", BadProof, "exp was an hour ago",
			Proof{Claims: Fields{"exp": In(-3600)}}),
		ProofCase("DPOP-CLM-09.exp-within-leeway", Accepted, "exp was 29 s ago",
			Proof{Claims: Fields{"exp": In(-29)}}).Needing(Clock),
		ProofCase("DPOP-CLM-09.exp-at-leeway", BadProof, "exp was 30 s ago",
			Proof{Claims: Fields{"exp": In(-30)}}).Needing(Clock),
		ProofCase("DPOP-CLM-09.exp-malformed", BadProof, "exp is a string",
			Proof{Claims: Fields{"exp": "soon"}}),
		ProofCase("DPOP-CLM-09.nbf-at-leeway", Accepted, "nbf is 30 s ahead",
			Proof{Claims: Fields{"nbf": In(30)}}).Needing(Clock),
		ProofCase("DPOP-CLM-09.nbf-over-leeway", BadProof, "nbf is 31 s ahead",
			Proof{Claims: Fields{"nbf": In(31)}}).Needing(Clock),
		ProofCase("DPOP-CLM-09.nbf-ahead", BadProof, "nbf is an hour ahead",
			Proof{Claims: Fields{"nbf": In(3600)}}),

		ProofCase("DPOP-CLM-10.missing", BadProof, "no ath", Proof{Claims: Fields{"ath": Absent}}),
		ProofCase("DPOP-CLM-10.of-another", BadProof, "ath of another token",
			Proof{Claims: Fields{"ath": "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"}}),
		ProofCase("DPOP-CLM-10.empty", BadProof, "ath is empty", Proof{Claims: Fields{"ath": ""}}),
		ProofCase("DPOP-CLM-10.number", BadProof, "ath is a number", Proof{Claims: Fields{"ath": 1}}),
		ProofCase("DPOP-CLM-10.null", BadProof, "ath is null", Proof{Claims: Fields{"ath": nil}}),
		hashCase("DPOP-CLM-10.padded", "ath with padding", func(ath string) any { return ath + "=" }),
		hashCase("DPOP-CLM-10.cut", "ath without its last character",
			func(ath string) any { return ath[:len(ath)-1] }),
		hashCase("DPOP-CLM-10.array", "ath is an array", func(ath string) any { return []string{ath} }),
	}
}

// targetCase has htu changed.
func targetCase(id string, want Expectation, reason string, change func(string) string) Case {
	return ProofCase(id, want, reason, Proof{Claims: Fields{"htu": target(change)}})
}

func target(change func(string) string) From {
	return func(run *Run) any { return change(run.URL + "/resource") }
}

// withPort replaces or adds the port of a URL.
func withPort(url, port string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	authority, path, _ := strings.Cut(rest, "/")
	host, _, _ := strings.Cut(authority, ":")
	return scheme + "://" + host + ":" + port + "/" + path
}

// hashCase has ath changed.
func hashCase(id, reason string, change func(string) any) Case {
	return RequestCase(id, BadProof, reason, func(run *Run) Request {
		bound := run.Sign(Token{Bound: true})
		return run.Proved(bound, Proof{Claims: Fields{"ath": change(TokenHash(bound))}})
	}).In(Allowed, Required)
}

func longID(length int) From {
	return func(run *Run) any {
		id := run.RandomID()
		return id + strings.Repeat("j", length-len(id))
	}
}

func proofAge(_ *Environment, c *verifier.Config) { c.DPoP.MaxAge, c.DPoP.Leeway = time.Minute, -1 }
