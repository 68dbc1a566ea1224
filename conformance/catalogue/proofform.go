package catalogue

import (
	"strings"

	"github.com/holdfast-go/holdfast/verifier"
)

// proofFormCases are about a proof's form, header and signature (RFC 9449 section 4.3, items 2 to 7).
func proofFormCases() []Case {
	cases := []Case{
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
		proofCase("DPOP-FORM-03.unknown", badProof, "an alg that no one knows",
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
		largeKeyCase("DPOP-FORM-05.large-rsa", "an RSA key of 8192 bits", fields{
			"kty": "RSA", "e": "AQAB", "n": strings.Repeat("_", 8192/6+1),
		}),
		largeKeyCase("DPOP-FORM-05.large-exponent", "an RSA key of a large exponent", fields{
			"kty": "RSA", "e": "f____w", "n": strings.Repeat("_", 2048/6+1),
		}),

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
	}
	for _, member := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"} {
		c := proofCase("DPOP-FORM-04.private-"+member, badProof, "jwk with "+member, proof{header: fields{"jwk": changedJWK(member, func(string) any { return "AAAA" })}})
		if member != "d" {
			c = c.as(Ours, "RFC 9449 4.3 (7); an EC key has no such member")
		}
		cases = append(cases, c)
	}
	cases = append(cases,
		algorithmCase("JWS-19.proof-policy-EdDSA", accepted, "a proof by Ed25519, where EdDSA is configured", "Ed25519", []string{"EdDSA"}),
		algorithmCase("JWS-19.proof-policy-Ed25519", badProof, "a proof by EdDSA, where only Ed25519 is configured", "EdDSA", []string{"Ed25519"}).
			as(Ours, "RFC 9864 4.4 deprecates EdDSA").named("DPOP-FORM-03"))
	for _, alg := range allAlgorithms {
		cases = append(cases,
			algorithmCase("DPOP-FORM-03.configured-"+alg, accepted, alg+", which is configured", alg, []string{alg}),
			algorithmCase("DPOP-FORM-03.not-configured-"+alg, badProof, alg+", where another is configured", alg, otherAlgorithm(alg)))
	}
	return cases
}

// algorithmCase has a proof by a key for that algorithm.
func algorithmCase(id string, want Outcome, reason, alg string, configured []string) Case {
	return requestCase(id, want, reason, func(s *scene) Request {
		bound := s.sign(token{claims: fields{"cnf": from(func(s *scene) any { return fields{"jkt": s.thumbprint(alg)} })}})
		return s.proved(bound, proof{key: alg})
	}).in(Allowed, Required).with(func(_ *World, c *verifier.Config) { c.DPoP.Algorithms = configured })
}

func otherAlgorithm(alg string) []string {
	if alg == "ES256" {
		return []string{"EdDSA"}
	}
	return []string{"ES256"}
}

// largeKeyCase has a made-up RSA key as jwk: its size is looked at first.
func largeKeyCase(id, reason string, jwk fields) Case {
	return requestCase(id, badProof, reason, func(s *scene) Request {
		bound := s.sign(token{claims: fields{"cnf": from(func(s *scene) any { return fields{"jkt": s.thumbprint("RS256")} })}})
		return s.proved(bound, proof{key: "RS256", header: fields{"jwk": jwk}})
	}).in(Allowed, Required).as(Ours, "OURS bound; the sources know none").
		with(func(_ *World, c *verifier.Config) { c.DPoP.Algorithms = []string{"RS256"} })
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
