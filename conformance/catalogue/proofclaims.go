package catalogue

import (
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/verifier"
)

// proofClaimCases are about what a proof says (RFC 9449 section 4.3, items 8 to 12).
func proofClaimCases() []Case {
	return []Case{
		proofCase("DPOP-CLM-01.missing", badProof, "no jti", proof{claims: fields{"jti": absent}}),
		proofCase("DPOP-CLM-01.number", badProof, "jti is a number", proof{claims: fields{"jti": 1}}),
		proofCase("DPOP-CLM-01.null", badProof, "jti is null", proof{claims: fields{"jti": nil}}),
		proofCase("DPOP-CLM-01.empty", badProof, "jti is empty",
			proof{claims: fields{"jti": ""}}).as(Ours, "RFC 9449 4.2 does not say how long"),
		proofCase("DPOP-CLM-01.blank", badProof, "jti is blank",
			proof{claims: fields{"jti": " \t"}}).as(Ours, "RFC 9449 4.2 knows no blank"),
		proofCase("DPOP-CLM-01.at-the-bound", accepted, "jti of 1 KiB",
			proof{claims: fields{"jti": from(func(*scene) any { return longID(1 << 10) })}}).needs(Inside),
		proofCase("DPOP-CLM-01.over-the-bound", badProof, "jti of over 1 KiB",
			proof{claims: fields{"jti": from(func(*scene) any { return longID(1<<10 + 1) })}}).
			as(Ours, "OURS bound; the sources know none"),

		proofCase("DPOP-CLM-02.missing", badProof, "no htm", proof{claims: fields{"htm": absent}}),
		proofCase("DPOP-CLM-02.another", badProof, "htm is another method",
			proof{claims: fields{"htm": "POST"}}),
		proofCase("DPOP-CLM-02.lower-case", badProof, "htm in lower case", proof{claims: fields{"htm": "get"}}),
		proofCase("DPOP-CLM-02.empty", badProof, "htm is empty", proof{claims: fields{"htm": ""}}),
		proofCase("DPOP-CLM-02.array", badProof, "htm is an array",
			proof{claims: fields{"htm": []string{"GET"}}}),
		proofCase("DPOP-CLM-02.null", badProof, "htm is null", proof{claims: fields{"htm": nil}}),
		requestCase("DPOP-CLM-02.of-the-request", accepted, "a proof for POST, on a POST",
			func(s *scene) Request {
				bound := s.sign(token{bound: true})
				r := get().with("Authorization", "DPoP "+bound)
				r.Method = "POST"
				return r.with("DPoP", s.prove(r, bound, proof{}))
			}).in(Allowed, Required),

		proofCase("DPOP-CLM-03.missing", badProof, "no htu", proof{claims: fields{"htu": absent}}),
		proofCase("DPOP-CLM-03.null", badProof, "htu is null", proof{claims: fields{"htu": nil}}),
		proofCase("DPOP-CLM-03.array", badProof, "htu is an array",
			proof{claims: fields{"htu": from(func(s *scene) any { return []string{s.URL + "/resource"} })}}),
		proofCase("DPOP-CLM-03.empty", badProof, "htu is empty", proof{claims: fields{"htu": ""}}),
		proofCase("DPOP-CLM-03.relative", badProof, "htu is a path", proof{claims: fields{"htu": "/resource"}}),
		proofCase("DPOP-CLM-03.other-scheme", badProof, "htu of another scheme",
			proof{claims: fields{"htu": "ftp://api.example/resource"}}),
		proofCase("DPOP-CLM-03.userinfo", badProof, "htu with userinfo",
			proof{claims: fields{"htu": target(func(url string) string {
				return strings.Replace(url, "://", "://user@", 1)
			})}}).as(Should, "RFC 9110 4.2.4"),

		targetCase("DPOP-CLM-04.equal", accepted, "htu of the request", func(url string) string { return url }),
		targetCase("DPOP-CLM-04.host", badProof, "htu of another host",
			func(string) string { return "https://evil.example/resource" }),
		targetCase("DPOP-CLM-04.path", badProof, "htu of another path",
			func(url string) string { return url + "s" }),
		targetCase("DPOP-CLM-04.parent", badProof, "htu of the path above",
			func(url string) string { return strings.TrimSuffix(url, "/resource") }),
		targetCase("DPOP-CLM-04.below", badProof, "htu of a path below",
			func(url string) string { return url + "/1" }),

		targetCase("DPOP-CLM-05.query", accepted, "htu with a query",
			func(url string) string { return url + "?a=b" }),
		targetCase("DPOP-CLM-05.fragment", accepted, "htu with a fragment",
			func(url string) string { return url + "#a" }),
		targetCase("DPOP-CLM-05.both", accepted, "htu with a query and a fragment",
			func(url string) string { return url + "?a=/../b#c?d" }),
		requestCase("DPOP-CLM-05.of-the-request", accepted, "a request with a query", func(s *scene) Request {
			return s.proved(s.sign(token{bound: true}), proof{}).at("/resource?a=b&c=/../d")
		}).in(Allowed, Required),

		targetCase("DPOP-CLM-06.scheme", accepted, "the scheme in upper case", func(url string) string {
			scheme, rest, _ := strings.Cut(url, "://")
			return strings.ToUpper(scheme) + "://" + rest
		}).as(Should, sectionNormalize),
		targetCase("DPOP-CLM-06.encoded-letter", accepted, "a letter of the path in percent-encoding",
			func(url string) string {
				return strings.Replace(url, "/resource", "/%72esource", 1)
			}).as(Should, sectionNormalize),
		targetCase("DPOP-CLM-06.dot-segments", accepted, "dot segments in the path", func(url string) string {
			return strings.Replace(url, "/resource", "/x/../resource", 1)
		}).as(Should, sectionNormalize),
		targetCase("DPOP-CLM-06.dot", accepted, "a dot in the path",
			func(url string) string { return strings.Replace(url, "/resource", "/./resource", 1) }).
			as(Should, sectionNormalize),
		targetCase("DPOP-CLM-06.encoded-dots", accepted, "dot segments in percent-encoding",
			func(url string) string {
				return strings.Replace(url, "/resource", "/x/%2e%2E/resource", 1)
			}).as(Should, sectionNormalize).needs(Inside),
		targetCase("DPOP-CLM-06.host", accepted, "the host in upper case",
			func(url string) string { return strings.Replace(url, "api.example", "API.Example", 1) }).
			needs(Inside),
		targetCase("DPOP-CLM-06.default-port", accepted, "the default port",
			func(url string) string { return strings.Replace(url, "api.example", "api.example:443", 1) }).
			needs(Inside),
		targetCase("DPOP-CLM-06.empty-port", accepted, "an empty port",
			func(url string) string { return strings.Replace(url, "api.example", "api.example:", 1) }).
			needs(Inside),
		requestCase("DPOP-CLM-06.encoding-in-case", accepted, "percent-encoding in lower case here and in upper case there",
			func(s *scene) Request {
				return s.proved(s.sign(token{bound: true}), proof{claims: fields{"htu": s.URL + "/resource/%C3%A9"}}).at("/resource/%c3%a9")
			}).in(Allowed, Required).as(Should, sectionNormalize),
		requestCase("DPOP-CLM-06.root", accepted, "an empty path for the root", func(s *scene) Request {
			return s.proved(s.sign(token{bound: true}), proof{claims: fields{"htu": s.URL}}).at("/")
		}).in(Allowed, Required).needs(Inside),

		targetCase("DPOP-CLM-07.scheme", badProof, "the other scheme", func(url string) string {
			if rest, found := strings.CutPrefix(url, "https"); found {
				return "http" + rest
			}
			return "https" + strings.TrimPrefix(url, "http")
		}).named("DPOP-CLM-04"),
		targetCase("DPOP-CLM-07.port", badProof, "another port",
			func(url string) string { return withPort(url, "1") }).named("DPOP-CLM-04"),
		targetCase("DPOP-CLM-07.trailing-slash", badProof, "a slash behind the path",
			func(url string) string { return url + "/" }).named("DPOP-CLM-04"),
		targetCase("DPOP-CLM-07.two-slashes", badProof, "two slashes before the path",
			func(url string) string { return strings.Replace(url, "/resource", "//resource", 1) }).
			named("DPOP-CLM-04"),
		targetCase("DPOP-CLM-07.path-in-case", badProof, "the path in upper case",
			func(url string) string { return strings.Replace(url, "/resource", "/RESOURCE", 1) }).
			named("DPOP-CLM-04"),
		targetCase("DPOP-CLM-07.double-encoding", badProof, "a letter encoded twice",
			func(url string) string { return strings.Replace(url, "/resource", "/%2572esource", 1) }).
			named("DPOP-CLM-04"),
		targetCase("DPOP-CLM-07.parameter", badProof, "a parameter behind the path",
			func(url string) string { return url + ";a=b" }).named("DPOP-CLM-04"),
		requestCase("DPOP-CLM-07.encoded-slash", badProof, "a slash here and an encoded one there",
			func(s *scene) Request {
				return s.proved(s.sign(token{bound: true}), proof{claims: fields{"htu": s.URL + "/resource/a%2Fb"}}).at("/resource/a/b")
			}).in(Allowed, Required).named("DPOP-CLM-04"),

		proofCase("DPOP-CLM-08.now", accepted, "iat is now", proof{claims: fields{"iat": in(0)}}),
		proofCase("DPOP-CLM-08.a-little-old", accepted, "iat was 10 s ago",
			proof{claims: fields{"iat": in(-10)}}),
		proofCase("DPOP-CLM-08.an-hour-old", badProof, "iat was an hour ago",
			proof{claims: fields{"iat": in(-3600)}}),
		proofCase("DPOP-CLM-08.an-hour-ahead", badProof, "iat is an hour ahead",
			proof{claims: fields{"iat": in(3600)}}),
		proofCase("DPOP-CLM-08.missing", badProof, "no iat", proof{claims: fields{"iat": absent}}),
		proofCase("DPOP-CLM-08.string", badProof, "iat is a string",
			proof{claims: fields{"iat": from(func(s *scene) any { return s.now().Format(time.RFC3339) })}}),
		proofCase("DPOP-CLM-08.digits-in-string", badProof, "iat is a string of digits",
			proof{claims: fields{"iat": from(func(s *scene) any { return number(float64(s.now().Unix())).String() })}}),
		proofCase("DPOP-CLM-08.null", badProof, "iat is null", proof{claims: fields{"iat": nil}}),
		proofCase("DPOP-CLM-08.300-s-old", accepted, "iat was 300 s ago",
			proof{claims: fields{"iat": in(-300)}}).needs(Clock),
		proofCase("DPOP-CLM-08.301-s-old", badProof, "iat was 301 s ago",
			proof{claims: fields{"iat": in(-301)}}).needs(Clock),
		proofCase("DPOP-CLM-08.30-s-ahead", accepted, "iat is 30 s ahead",
			proof{claims: fields{"iat": in(30)}}).needs(Clock),
		proofCase("DPOP-CLM-08.31-s-ahead", badProof, "iat is 31 s ahead",
			proof{claims: fields{"iat": in(31)}}).needs(Clock),
		proofCase("DPOP-CLM-08.configured-age", accepted, "iat was 60 s ago, where that is the maximum",
			proof{claims: fields{"iat": in(-60)}}).needs(Clock).with(proofAge),
		proofCase("DPOP-CLM-08.over-configured-age", badProof, "iat was 61 s ago, where 60 is the maximum",
			proof{claims: fields{"iat": in(-61)}}).needs(Clock).with(proofAge),
		proofCase("DPOP-CLM-08.no-leeway", badProof, "iat is a second ahead, where there is no leeway",
			proof{claims: fields{"iat": in(1)}}).needs(Clock).with(proofAge),

		proofCase("DPOP-CLM-09.exp-ahead", accepted, "exp is ahead", proof{claims: fields{"exp": in(60)}}),
		proofCase("DPOP-CLM-09.exp-past", badProof, "exp was an hour ago",
			proof{claims: fields{"exp": in(-3600)}}),
		proofCase("DPOP-CLM-09.exp-within-leeway", accepted, "exp was 29 s ago",
			proof{claims: fields{"exp": in(-29)}}).needs(Clock),
		proofCase("DPOP-CLM-09.exp-at-leeway", badProof, "exp was 30 s ago",
			proof{claims: fields{"exp": in(-30)}}).needs(Clock),
		proofCase("DPOP-CLM-09.exp-malformed", badProof, "exp is a string",
			proof{claims: fields{"exp": "soon"}}),
		proofCase("DPOP-CLM-09.nbf-at-leeway", accepted, "nbf is 30 s ahead",
			proof{claims: fields{"nbf": in(30)}}).needs(Clock),
		proofCase("DPOP-CLM-09.nbf-over-leeway", badProof, "nbf is 31 s ahead",
			proof{claims: fields{"nbf": in(31)}}).needs(Clock),
		proofCase("DPOP-CLM-09.nbf-ahead", badProof, "nbf is an hour ahead",
			proof{claims: fields{"nbf": in(3600)}}),

		proofCase("DPOP-CLM-10.missing", badProof, "no ath", proof{claims: fields{"ath": absent}}),
		proofCase("DPOP-CLM-10.of-another", badProof, "ath of another token",
			proof{claims: fields{"ath": "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"}}),
		proofCase("DPOP-CLM-10.empty", badProof, "ath is empty", proof{claims: fields{"ath": ""}}),
		proofCase("DPOP-CLM-10.number", badProof, "ath is a number", proof{claims: fields{"ath": 1}}),
		proofCase("DPOP-CLM-10.null", badProof, "ath is null", proof{claims: fields{"ath": nil}}),
		hashCase("DPOP-CLM-10.padded", "ath with padding", func(ath string) any { return ath + "=" }),
		hashCase("DPOP-CLM-10.cut", "ath without its last character",
			func(ath string) any { return ath[:len(ath)-1] }),
		hashCase("DPOP-CLM-10.array", "ath is an array", func(ath string) any { return []string{ath} }),
	}
}

const sectionNormalize = "RFC 9449 4.3, RFC 3986 6.2.2, 6.2.3"

// targetCase has htu changed.
func targetCase(id string, want Outcome, reason string, change func(string) string) Case {
	return proofCase(id, want, reason, proof{claims: fields{"htu": target(change)}})
}

func target(change func(string) string) from {
	return func(s *scene) any { return change(s.URL + "/resource") }
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
	return requestCase(id, badProof, reason, func(s *scene) Request {
		bound := s.sign(token{bound: true})
		return s.proved(bound, proof{claims: fields{"ath": change(tokenHash(bound))}})
	}).in(Allowed, Required)
}

func longID(length int) string {
	id := randomID()
	return id + strings.Repeat("j", length-len(id))
}

func proofAge(_ *World, c *verifier.Config) { c.DPoP.MaxAge, c.DPoP.Leeway = time.Minute, -1 }
