package catalogue

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

// dpopCases are about sender-constrained requests (RFC 9449).
func dpopCases() []Case {
	cases := []Case{
		proofCase("DPOP-REQ-01.one", accepted, "one good proof", proof{}),
		requestCase("DPOP-REQ-01.two-fields", badProof, "two proofs, each of them good",
			func(s *scene) Request {
				bound := s.sign(token{bound: true})
				r := s.proved(bound, proof{})
				return r.with("DPoP", s.prove(r, bound, proof{}))
			}).in(Allowed, Required),
		requestCase("DPOP-REQ-01.same-twice", badProof, "the same proof in two fields", func(s *scene) Request {
			r := s.proved(s.sign(token{bound: true}), proof{})
			return r.with("DPoP", r.Header["DPoP"][0])
		}).in(Allowed, Required),
		requestCase("DPOP-REQ-01.joined", badProof, "two proofs joined by a comma", func(s *scene) Request {
			bound := s.sign(token{bound: true})
			r := s.proved(bound, proof{})
			r.Header["DPoP"][0] += ", " + s.prove(r, bound, proof{})
			return r
		}).in(Allowed, Required),
		requestCase("DPOP-REQ-01.lower-case-name", accepted, "one proof, the field's name in lower case",
			func(s *scene) Request {
				r := s.proved(s.sign(token{bound: true}), proof{})
				r.Header["dpop"] = r.Header["DPoP"]
				delete(r.Header, "DPoP")
				return r
			}).in(Allowed, Required),

		requestCase("DPOP-REQ-02.none", badProof, "no proof", func(s *scene) Request {
			return get().with("Authorization", "DPoP "+s.sign(token{bound: true}))
		}).in(Allowed, Required),
		requestCase("DPOP-REQ-02.empty", badProof, "an empty proof", func(s *scene) Request {
			return get().with("Authorization", "DPoP "+s.sign(token{bound: true})).with("DPoP", "")
		}).in(Allowed, Required),

		requestCase("DPOP-REQ-03.unbound", badToken, "a token that is not bound, with a good proof",
			func(s *scene) Request {
				return s.proved(s.sign(token{unbound: true}), proof{})
			}).in(Allowed, Required),

		requestCase("DPOP-REQ-04.bound-as-bearer", badToken, "a bound token as Bearer", func(s *scene) Request {
			return bearer(s.sign(token{bound: true}))
		}).in(Allowed),
		requestCase("DPOP-REQ-04.with-proof", badToken, "a bound token as Bearer, with a good proof",
			func(s *scene) Request {
				return bearerProved(s, token{bound: true})
			}).in(Allowed),
		requestCase("DPOP-REQ-04.required", noCredentials, "a bound token as Bearer, where DPoP is required",
			func(s *scene) Request {
				return bearer(s.sign(token{bound: true}))
			}).in(Required),

		requestCase("DPOP-REQ-05.proof-beside-bearer", badRequest, "an unbound token as Bearer, with a good proof",
			func(s *scene) Request {
				return bearerProved(s, token{unbound: true})
			}).in(Allowed),
		requestCase("DPOP-REQ-05.disabled", accepted, "an unbound token as Bearer, with a proof, where DPoP is disabled",
			func(s *scene) Request {
				return bearerProved(s, token{unbound: true})
			}).in(Disabled),

		requestCase("DPOP-REQ-06.bearer", noCredentials, "a good Bearer token, where DPoP is required",
			func(s *scene) Request {
				return bearer(s.sign(token{unbound: true}))
			}).in(Required),
		requestCase("DPOP-REQ-06.told", noCredentials, "a good Bearer token, where DPoP is required: 401 with a challenge",
			func(s *scene) Request {
				return bearer(s.sign(token{unbound: true}))
			}).in(Required).exactly().as(Should, "RFC 9449 7.1"),
		requestCase("DPOP-REQ-06.allowed", accepted, "a good Bearer token, where DPoP is allowed",
			func(s *scene) Request {
				return bearer(s.sign(token{unbound: true}))
			}).in(Allowed),

		requestCase("DPOP-REQ-07.not-offered", noCredentials, "a bound token as DPoP with a good proof, where that is disabled",
			func(s *scene) Request {
				return s.proved(s.sign(token{bound: true}), proof{})
			}).in(Disabled),
		requestCase("DPOP-REQ-07.bound-as-bearer", badToken, "a bound token as Bearer, where DPoP is disabled",
			func(s *scene) Request {
				return bearer(s.sign(token{bound: true}))
			}).in(Disabled).as(Ours, "RFC 9449 7.2 is for those who know DPoP"),
		requestCase("DPOP-REQ-07.by-choice", accepted, "the same, where that is chosen",
			func(s *scene) Request {
				return bearer(s.sign(token{bound: true}))
			}).in(Disabled).with(boundAsBearer),
		requestCase("DPOP-REQ-07.by-choice-other-method", badToken, "a token that is bound by another method, where that is chosen",
			func(s *scene) Request {
				return bearer(s.sign(token{claims: fields{"cnf": fields{"kid": "x"}}}))
			}).in(Disabled).with(boundAsBearer).named("DPOP-BIND-03"),

		proofCase("DPOP-REQ-08.over", badProof, "a proof like a good one, but over 8 KiB",
			proof{claims: fields{"pad": strings.Repeat("x", 8<<10)}}).
			as(Ours, "OURS bound; the sources know none"),
		proofCase("DPOP-REQ-08.under", accepted, "a proof of under 8 KiB",
			proof{claims: fields{"pad": strings.Repeat("x", 5<<10)}}).needs(Inside),

		proofCase("DPOP-FORM-01.two-segments", badProof, "a proof without its signature",
			proof{edit: segments(func(s []string) []string { return s[:2] })}),
		proofCase("DPOP-FORM-01.four-segments", badProof, "a proof with a segment more",
			proof{edit: segments(func(s []string) []string { return append(s, "AA") })}),
		proofCase("DPOP-FORM-01.garbage", badProof, "no JWT",
			proof{edit: func(string) string { return "proof" }}),
		proofCase("DPOP-FORM-01.crit", badProof, "crit names an extension that is not understood",
			proof{moreHeader: `,"crit":["x"],"x":1`}),
		proofCase("DPOP-FORM-01.b64", badProof, "b64 is false and critical",
			proof{moreHeader: `,"crit":["b64"],"b64":false`}),
		proofCase("DPOP-FORM-01.claim-last-bad", badProof, "htm twice, another's the second time",
			proof{moreClaims: `,"htm":"POST"`}),
		proofCase("DPOP-FORM-01.claim-last-good", badProof, "htm twice, another's the first time",
			proof{rawClaims: func(c string) string {
				return `{"htm":"POST",` + c[1:]
			}}).as(Ours, "RFC 7519 4 permits to read the last"),
		proofCase("DPOP-FORM-01.header-last-bad", badProof, "alg twice, none the second time",
			proof{moreHeader: `,"alg":"none"`}),
		proofCase("DPOP-FORM-01.padding", badProof, "padding behind the signature",
			proof{edit: segment(2, func(s string) string { return s + "=" })}),
		proofCase("DPOP-FORM-01.payload-array", badProof, "a payload in an array",
			proof{rawClaims: func(c string) string { return "[" + c + "]" }}),
		proofCase("DPOP-FORM-01.payload-garbage", badProof, "a payload that is no JSON",
			proof{rawClaims: func(string) string { return "htm=GET" }}),
		proofCase("DPOP-FORM-01.header-garbage", badProof, "a header that is no JSON",
			proof{rawHeader: func(string) string { return "ES256" }}),

		proofCase("DPOP-FORM-02.upper-case", accepted, "typ is DPOP+JWT",
			proof{header: fields{"typ": "DPOP+JWT"}}).as(Should, "RFC 7515 4.1.9"),
		proofCase("DPOP-FORM-02.prefix", accepted, "typ is application/dpop+jwt",
			proof{header: fields{"typ": "application/dpop+jwt"}}).as(Should, "RFC 7515 4.1.9"),
		proofCase("DPOP-FORM-02.missing", badProof, "no typ", proof{header: fields{"typ": absent}}),
		proofCase("DPOP-FORM-02.jwt", badProof, "typ is JWT", proof{header: fields{"typ": "JWT"}}),
		proofCase("DPOP-FORM-02.at-jwt", badProof, "typ is at+jwt", proof{header: fields{"typ": "at+jwt"}}),
		proofCase("DPOP-FORM-02.dpop", badProof, "typ is dpop", proof{header: fields{"typ": "dpop"}}),
		proofCase("DPOP-FORM-02.array", badProof, "typ is an array",
			proof{header: fields{"typ": []string{"dpop+jwt"}}}).named("DPOP-FORM-01"),
		proofCase("DPOP-FORM-02.null", badProof, "typ is null",
			proof{header: fields{"typ": nil}}).named("DPOP-FORM-01"),

		proofCase("DPOP-FORM-03.none", badProof, "alg is none, and there is no signature",
			proof{header: fields{"alg": "none"}, edit: segment(2, func(string) string { return "" })}).
			named("DPOP-FORM-01"),
		proofCase("DPOP-FORM-03.none-signed", badProof, "alg is none, and there is a signature",
			proof{header: fields{"alg": "none"}}),
		proofCase("DPOP-FORM-03.missing", badProof, "no alg",
			proof{header: fields{"alg": absent}}).named("DPOP-FORM-01"),
		proofCase("DPOP-FORM-03.hmac", badProof, "alg is HS256", proof{header: fields{"alg": "HS256"}}),
		proofCase("DPOP-FORM-03.hmac-oct", badProof, "alg is HS256, and jwk an oct key",
			proof{header: fields{"alg": "HS256", "jwk": fields{"kty": "oct", "k": "AAAA"}}}),
		proofCase("DPOP-FORM-03.lower-case", badProof, "alg is es256", proof{header: fields{"alg": "es256"}}),
		proofCase("DPOP-FORM-03.unknown", badProof, "an alg that nobody knows",
			proof{header: fields{"alg": "XS256"}}),

		proofCase("DPOP-FORM-04.missing", badProof, "no jwk", proof{header: fields{"jwk": absent}}),
		proofCase("DPOP-FORM-04.string", badProof, "jwk is a string", proof{header: fields{"jwk": "key"}}),
		proofCase("DPOP-FORM-04.null", badProof, "jwk is null", proof{header: fields{"jwk": nil}}),
		proofCase("DPOP-FORM-04.array", badProof, "jwk is an array", proof{header: fields{"jwk": []string{}}}),
		proofCase("DPOP-FORM-04.empty", badProof, "jwk is an empty object",
			proof{header: fields{"jwk": fields{}}}).named("DPOP-FORM-05"),
		proofCase("DPOP-FORM-04.oct", badProof, "jwk is an oct key",
			proof{header: fields{"jwk": fields{"kty": "oct", "k": "AAAA"}}}),

		proofCase("DPOP-FORM-05.rsa", badProof, "alg is ES256, and jwk an RSA key",
			proof{header: fields{"jwk": jwkOf("RS256")}}),
		proofCase("DPOP-FORM-05.other-curve", badProof, "alg is ES256, and jwk of P-384",
			proof{header: fields{"jwk": jwkOf("ES384")}}),
		proofCase("DPOP-FORM-05.unknown-curve", badProof, "jwk of an unknown curve",
			proof{header: fields{"jwk": changedJWK("crv", func(string) any { return "P-257" })}}),
		proofCase("DPOP-FORM-05.unknown-type", badProof, "jwk of an unknown type",
			proof{header: fields{"jwk": changedJWK("kty", func(string) any { return "XX" })}}),
		proofCase("DPOP-FORM-05.short-coordinate", badProof, "a coordinate of one byte",
			proof{header: fields{"jwk": changedJWK("x", func(string) any { return "AA" })}}),
		proofCase("DPOP-FORM-05.no-coordinate", badProof, "no y",
			proof{header: fields{"jwk": changedJWK("y", func(string) any { return absent })}}),
		proofCase("DPOP-FORM-05.off-curve", badProof, "a point that is not on the curve",
			proof{header: fields{"jwk": changedJWK("y", func(y string) any { return flip(y, 9) })}}),
		proofCase("DPOP-FORM-05.zero", badProof, "a point of zeros", proof{header: fields{"jwk": fields{
			"kty": "EC", "crv": "P-256", "x": strings.Repeat("A", 43), "y": strings.Repeat("A", 43),
		}}}),

		proofCase("DPOP-FORM-06.other-key", badProof, "a signature by another key than jwk",
			proof{key: thiefKey, header: fields{"jwk": jwkOf(clientKey)}}),
		proofCase("DPOP-FORM-06.changed", badProof, "a bit of the signature changed",
			proof{edit: segment(2, func(s string) string { return flip(s, 9) })}),
		proofCase("DPOP-FORM-06.changed-payload", badProof, "another payload under the signature",
			proof{edit: segment(1, changeByte(`"htm":"GET"`, `"htm":"PUT"`))}),
		proofCase("DPOP-FORM-06.zero", badProof, "a signature of zeros",
			proof{edit: segment(2, func(string) string { return strings.Repeat("A", 86) })}),
		proofCase("DPOP-FORM-06.ignored", accepted, "kid, x5c and jku beside jwk",
			proof{moreHeader: `,"kid":"key-1","x5c":["AA"],"jku":"https://evil.example/"`}),

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

		requestCase("DPOP-BIND-01.bound", accepted, "a token that is bound to the proof's key",
			func(s *scene) Request {
				return s.proved(s.sign(token{bound: true}), proof{})
			}).in(Allowed, Required),
		requestCase("DPOP-BIND-01.another-key", badToken, "a good proof by another key than the token is bound to",
			func(s *scene) Request {
				return s.proved(s.sign(token{bound: true}), proof{key: thiefKey})
			}).in(Allowed, Required),

		bindingCase("DPOP-BIND-01.changed", "jkt with a bit changed",
			func(jkt string) any { return fields{"jkt": flip(jkt, 9)} }),

		bindingCase("DPOP-BIND-02.string", "cnf is a string", func(jkt string) any { return jkt }),
		bindingCase("DPOP-BIND-02.null", "cnf is null", func(string) any { return nil }),
		bindingCase("DPOP-BIND-02.array", "cnf is an array",
			func(jkt string) any { return []any{fields{"jkt": jkt}} }),
		bindingCase("DPOP-BIND-02.jkt-array", "jkt is an array",
			func(jkt string) any { return fields{"jkt": []string{jkt}} }),
		bindingCase("DPOP-BIND-02.jkt-null", "jkt is null", func(string) any { return fields{"jkt": nil} }),
		bindingCase("DPOP-BIND-02.jkt-empty", "jkt is empty", func(string) any { return fields{"jkt": ""} }),
		bindingCase("DPOP-BIND-02.jkt-short", "jkt without its last character",
			func(jkt string) any { return fields{"jkt": jkt[:42]} }),
		bindingCase("DPOP-BIND-02.jkt-padded", "jkt with padding",
			func(jkt string) any { return fields{"jkt": jkt + "="} }),
		bindingCase("DPOP-BIND-02.jkt-alphabet", "jkt in another alphabet",
			func(string) any { return fields{"jkt": strings.Repeat("+", 43)} }),
		bindingCase("DPOP-BIND-02.jkt-unused-bits", "jkt with unused bits set",
			func(jkt string) any { return fields{"jkt": flipLast(jkt)} }),
		bearerBindingCase("DPOP-BIND-02.as-bearer-string", "cnf is a string, as Bearer",
			"x", "DPOP-BIND-02").as(Ours, "RFC 7800 3.1 is for those who read cnf"),
		bearerBindingCase("DPOP-BIND-02.as-bearer-null", "cnf is null, as Bearer",
			nil, "DPOP-BIND-02").as(Ours, "RFC 7800 3.1 is for those who read cnf"),

		bindingCase("DPOP-BIND-03.unknown", "a method that is not understood",
			func(string) any { return fields{"kid": "x"} }).named("DPOP-BIND-03"),
		bindingCase("DPOP-BIND-03.empty", "no method at all",
			func(string) any { return fields{} }).named("DPOP-BIND-03"),
		bindingCase("DPOP-BIND-03.beside", "a method that is not understood beside jkt",
			func(jkt string) any { return fields{"jkt": jkt, "jwk": fields{}} }).
			named("DPOP-BIND-03").as(Ours, "RFC 7800 3.1 leaves it to the application"),
		bearerBindingCase("DPOP-BIND-03.as-bearer", "a method that is not understood, as Bearer",
			fields{"kid": "x"}, "DPOP-BIND-03").as(Ours, "RFC 7800 3.1 leaves it to the application"),
		bearerBindingCase("DPOP-BIND-03.certificate-as-bearer", "a certificate, where mTLS is off, as Bearer",
			fields{"x5t#S256": strings.Repeat("A", 43)}, "DPOP-BIND-03").as(Ours, "RFC 8705 3"),

		replayCase("DPOP-RPL-01.same-request", badProof, "the same request a second time",
			step{send: remembered, want: accepted}, step{send: again, want: badProof}),
		replayCase("DPOP-RPL-01.third-time", badProof, "and a third time",
			step{send: remembered, want: accepted}, step{send: again, want: badProof}, step{send: again, want: badProof}),
		replayCase("DPOP-RPL-01.other-query", badProof, "the same proof with another query",
			step{send: remembered, want: accepted}, step{send: func(s *scene) Request { return again(s).at("/resource?page=2") }, want: badProof}),
		replayCase("DPOP-RPL-01.other-url", badProof, "the same jti and key for another URL",
			step{send: sameID("/resource"), want: accepted}, step{send: sameID("/resource/2"), want: badProof}).as(Ours, "RFC 9449 11.1 remembers by URI"),
		replayCase("DPOP-RPL-01.other-jti", accepted, "another proof for the same request",
			step{send: remembered, want: accepted}, step{send: func(s *scene) Request {
				return s.proved(s.kept["token"], proof{})
			}, want: accepted}),

		replayCase("DPOP-RPL-02.other-key", accepted, "the same jti under another key",
			step{send: sameID("/resource"), want: accepted},
			step{send: func(s *scene) Request {
				theirs := s.sign(token{claims: fields{"cnf": fields{"jkt": s.thumbprint(thiefKey)}}})
				return s.proved(theirs, proof{key: thiefKey, claims: fields{"jti": s.kept["jti"]}})
			}, want: accepted}),

		replayCase("DPOP-RPL-03.at-once", accepted, "20 uses at once",
			step{send: remembered, want: accepted, copies: 20}),

		replayCase("DPOP-RPL-04.bad-first", accepted, "a use that is bad otherwise does not count",
			step{send: func(s *scene) Request { return remembered(s).at("/resource/2") }, want: badProof},
			step{send: func(s *scene) Request { return again(s).at("/resource") }, want: accepted},
			step{send: again, want: badProof}).named("DPOP-RPL-01"),
		replayCase("DPOP-RPL-04.to-the-end", badProof, "a second use at the end of the proof's window",
			step{send: remembered, want: accepted},
			step{do: advance(290 * time.Second), send: again, want: badProof}).needs(Clock, Inside).
			named("DPOP-RPL-01"),

		requestCase("DPOP-RPL-05.away", undecidable, "a replay store that is away",
			remembered).in(Allowed, Required).with(replayStore(awayStore{})),
		requestCase("DPOP-RPL-05.full", undecidable, "a replay store that is full",
			remembered).in(Allowed, Required).with(fullStore),
		requestCase("DPOP-RPL-05.by-choice", accepted, "a replay store that is away, where that is accepted",
			remembered).in(Allowed, Required).
			with(func(w *World, c *verifier.Config) {
				replayStore(awayStore{})(w, c)
				c.DPoP.InsecureAcceptWithoutReplayStore = true
			}),
		requestCase("DPOP-RPL-05.bearer-serves", accepted, "a Bearer token, while the replay store is away",
			func(s *scene) Request {
				return bearer(s.sign(token{unbound: true}))
			}).in(Allowed).with(replayStore(awayStore{})),
	}
	for _, member := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		c := proofCase("DPOP-FORM-04.private-"+member, badProof, "jwk with "+member, proof{header: fields{"jwk": changedJWK(member, func(string) any { return "AAAA" })}})
		if member != "d" {
			c = c.as(Ours, "RFC 9449 4.3 (7); an EC key has no such member")
		}
		cases = append(cases, c)
	}
	for _, alg := range allAlgorithms {
		cases = append(cases,
			algorithmCase("DPOP-FORM-03.configured-"+alg, accepted, alg+", which is configured", alg, []string{alg}),
			algorithmCase("DPOP-FORM-03.not-configured-"+alg, badProof, alg+", where another is configured", alg, otherAlgorithm(alg)))
	}
	return cases
}

const sectionNormalize = "RFC 9449 4.3, RFC 3986 6.2.2, 6.2.3"

func otherAlgorithm(alg string) []string {
	if alg == "ES256" {
		return []string{"EdDSA"}
	}
	return []string{"ES256"}
}

// bearerProved sends a token as Bearer, with a good proof all the same.
func bearerProved(s *scene, t token) Request {
	signed := s.sign(t)
	return bearer(signed).with("DPoP", s.prove(get(), signed, proof{}))
}

// algorithmCase has a proof by a key for that algorithm.
func algorithmCase(id string, want Outcome, reason, alg string, configured []string) Case {
	return requestCase(id, want, reason, func(s *scene) Request {
		bound := s.sign(token{claims: fields{"cnf": from(func(s *scene) any { return fields{"jkt": s.thumbprint(alg)} })}})
		return s.proved(bound, proof{key: alg})
	}).in(Allowed, Required).with(func(_ *World, c *verifier.Config) { c.DPoP.Algorithms = configured })
}

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

// bindingCase has cnf changed, of a token that is sent as DPoP.
func bindingCase(id, reason string, change func(jkt string) any) Case {
	return requestCase(id, badToken, reason, func(s *scene) Request {
		return s.proved(s.sign(token{claims: fields{"cnf": change(s.thumbprint(clientKey))}}), proof{})
	}).in(Allowed, Required)
}

// bearerBindingCase has a cnf in a token that is sent as Bearer.
func bearerBindingCase(id, reason string, cnf any, fault string) Case {
	return requestCase(id, badToken, reason, func(s *scene) Request {
		return bearer(s.sign(token{claims: fields{"cnf": cnf}}))
	}).in(Allowed, Disabled).named(fault)
}

// jwkOf is another key of the world as jwk.
func jwkOf(name string) from {
	return func(s *scene) any {
		jwk, err := s.World.jwk(name, fields{"kid": absent, "use": absent, "alg": absent})
		s.must(err)
		return jwk
	}
}

// changedJWK is the client's key with a member changed.
func changedJWK(member string, change func(string) any) from {
	return func(s *scene) any {
		jwk, err := s.World.jwk(clientKey, fields{"kid": absent, "use": absent, "alg": absent})
		s.must(err)
		before, _ := jwk[member].(string)
		if jwk[member] = change(before); jwk[member] == absent {
			delete(jwk, member)
		}
		return jwk
	}
}

func longID(length int) string {
	id := randomID()
	return id + strings.Repeat("j", length-len(id))
}

// replayCase is about using a proof more than once.
func replayCase(id string, want Outcome, reason string, steps ...step) Case {
	return newCase(id, want, reason, steps...).in(Allowed, Required).
		as(Must, "RFC 9449 11.1 permits it, safety demands it")
}

// remembered sends a good token with a good proof.
func remembered(s *scene) Request {
	return s.proved(s.keep("token", s.sign(token{bound: true})), proof{})
}

// again sends what was sent before.
func again(s *scene) Request { return s.sent }

// sameID sends a proof of one jti for a path.
func sameID(path string) func(*scene) Request {
	return func(s *scene) Request {
		if s.kept["jti"] == "" {
			s.keep("jti", randomID())
		}
		bound := s.sign(token{bound: true})
		r := get().at(path).with("Authorization", "DPoP "+bound)
		return r.with("DPoP", s.prove(r, bound, proof{claims: fields{"jti": s.kept["jti"]}}))
	}
}

func boundAsBearer(_ *World, c *verifier.Config) { c.DPoP.InsecureAcceptBoundTokensAsBearer = true }

func proofAge(_ *World, c *verifier.Config) { c.DPoP.MaxAge, c.DPoP.Leeway = time.Minute, -1 }

type store interface {
	FirstUse(ctx context.Context, key string, ttl time.Duration) (bool, error)
}

func replayStore(s store) func(*World, *verifier.Config) {
	return func(_ *World, c *verifier.Config) { c.DPoP.ReplayStore = s }
}

// awayStore can't tell.
type awayStore struct{}

func (awayStore) FirstUse(context.Context, string, time.Duration) (bool, error) {
	return false, errors.New("connection refused")
}

// fullStore has no room left.
func fullStore(_ *World, c *verifier.Config) {
	full, err := memory.NewReplayStore(memory.ReplayConfig{MaxEntries: 1})
	if err == nil {
		_, err = full.FirstUse(context.Background(), "taken", time.Hour)
	}
	if err == nil {
		c.DPoP.ReplayStore = full
	}
}
