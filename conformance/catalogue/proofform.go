package catalogue

import (
	"strings"

	. "github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/verifier"
)

// proofFormCases are about a proof's form, header and signature (RFC 9449 section 4.3, items 2 to 7).
func proofFormCases() []Case {
	cases := []Case{
		ProofCase("DPOP-FORM-01.two-segments", BadProof, "a proof without its signature",
			Proof{Edit: Segments(func(s []string) []string { return s[:2] })}),
		ProofCase("DPOP-FORM-01.four-segments", BadProof, "a proof with a segment more",
			Proof{Edit: Segments(func(s []string) []string { return append(s, "AA") })}),
		ProofCase("DPOP-FORM-01.garbage", BadProof, "no JWT",
			Proof{Edit: func(string) string { return "proof" }}),
		ProofCase("DPOP-FORM-01.crit", BadProof, "crit names an extension that is not understood",
			Proof{MoreHeader: `,"crit":["x"],"x":1`}),
		ProofCase("DPOP-FORM-01.b64", BadProof, "b64 is false and critical",
			Proof{MoreHeader: `,"crit":["b64"],"b64":false`}),
		ProofCase("DPOP-FORM-01.claim-last-bad", BadProof, "htm twice, another's the second time",
			Proof{MoreClaims: `,"htm":"POST"`}),
		ProofCase("DPOP-FORM-01.claim-last-good", BadProof, "htm twice, another's the first time",
			Proof{RawClaims: func(c string) string {
				return `{"htm":"POST",` + c[1:]
			}}).As(Ours, "RFC 7519 4 permits to read the last"),
		ProofCase("DPOP-FORM-01.header-last-bad", BadProof, "alg twice, none the second time",
			Proof{MoreHeader: `,"alg":"none"`}),
		ProofCase("DPOP-FORM-01.padding", BadProof, "padding behind the signature",
			Proof{Edit: Segment(2, func(s string) string { return s + "=" })}),
		ProofCase("DPOP-FORM-01.payload-array", BadProof, "a payload in an array",
			Proof{RawClaims: func(c string) string { return "[" + c + "]" }}),
		ProofCase("DPOP-FORM-01.payload-garbage", BadProof, "a payload that is not JSON",
			Proof{RawClaims: func(string) string { return "htm=GET" }}),
		ProofCase("DPOP-FORM-01.header-garbage", BadProof, "a header that is not JSON",
			Proof{RawHeader: func(string) string { return "ES256" }}),

		ProofCase("DPOP-FORM-02.upper-case", Accepted, "typ is DPOP+JWT",
			Proof{Header: Fields{"typ": "DPOP+JWT"}}).As(Should, "RFC 7515 4.1.9"),
		ProofCase("DPOP-FORM-02.prefix", Accepted, "typ is application/dpop+jwt",
			Proof{Header: Fields{"typ": "application/dpop+jwt"}}).As(Should, "RFC 7515 4.1.9"),
		ProofCase("DPOP-FORM-02.missing", BadProof, "no typ", Proof{Header: Fields{"typ": Absent}}),
		ProofCase("DPOP-FORM-02.jwt", BadProof, "typ is JWT", Proof{Header: Fields{"typ": "JWT"}}),
		ProofCase("DPOP-FORM-02.at-jwt", BadProof, "typ is at+jwt", Proof{Header: Fields{"typ": "at+jwt"}}),
		ProofCase("DPOP-FORM-02.dpop", BadProof, "typ is dpop", Proof{Header: Fields{"typ": "dpop"}}),
		ProofCase("DPOP-FORM-02.array", BadProof, "typ is an array",
			Proof{Header: Fields{"typ": []string{"dpop+jwt"}}}).ReportedAs("DPOP-FORM-01"),
		ProofCase("DPOP-FORM-02.null", BadProof, "typ is null",
			Proof{Header: Fields{"typ": nil}}).ReportedAs("DPOP-FORM-01"),

		ProofCase("DPOP-FORM-03.none", BadProof, "alg is none, and there is no signature",
			Proof{Header: Fields{"alg": "none"}, Edit: Segment(2, func(string) string { return "" })}).
			ReportedAs("DPOP-FORM-01"),
		ProofCase("DPOP-FORM-03.none-signed", BadProof, "alg is none, and there is a signature",
			Proof{Header: Fields{"alg": "none"}}),
		ProofCase("DPOP-FORM-03.missing", BadProof, "no alg",
			Proof{Header: Fields{"alg": Absent}}).ReportedAs("DPOP-FORM-01"),
		ProofCase("DPOP-FORM-03.hmac", BadProof, "alg is HS256", Proof{Header: Fields{"alg": "HS256"}}),
		ProofCase("DPOP-FORM-03.hmac-oct", BadProof, "alg is HS256, and jwk an oct key",
			Proof{Header: Fields{"alg": "HS256", "jwk": Fields{"kty": "oct", "k": "AAAA"}}}),
		ProofCase("DPOP-FORM-03.lower-case", BadProof, "alg is es256", Proof{Header: Fields{"alg": "es256"}}),
		ProofCase("DPOP-FORM-03.unknown", BadProof, "an alg that no one knows",
			Proof{Header: Fields{"alg": "XS256"}}),

		ProofCase("DPOP-FORM-04.missing", BadProof, "no jwk", Proof{Header: Fields{"jwk": Absent}}),
		ProofCase("DPOP-FORM-04.string", BadProof, "jwk is a string", Proof{Header: Fields{"jwk": "key"}}),
		ProofCase("DPOP-FORM-04.null", BadProof, "jwk is null", Proof{Header: Fields{"jwk": nil}}),
		ProofCase("DPOP-FORM-04.array", BadProof, "jwk is an array", Proof{Header: Fields{"jwk": []string{}}}),
		ProofCase("DPOP-FORM-04.empty", BadProof, "jwk is an empty object",
			Proof{Header: Fields{"jwk": Fields{}}}).ReportedAs("DPOP-FORM-05"),
		ProofCase("DPOP-FORM-04.oct", BadProof, "jwk is an oct key",
			Proof{Header: Fields{"jwk": Fields{"kty": "oct", "k": "AAAA"}}}),

		ProofCase("DPOP-FORM-05.rsa", BadProof, "alg is ES256, and jwk an RSA key",
			Proof{Header: Fields{"jwk": jwkOf("RS256")}}),
		ProofCase("DPOP-FORM-05.other-curve", BadProof, "alg is ES256, and jwk of P-384",
			Proof{Header: Fields{"jwk": jwkOf("ES384")}}),
		ProofCase("DPOP-FORM-05.unknown-curve", BadProof, "jwk of an unknown curve",
			Proof{Header: Fields{"jwk": changedJWK("crv", func(string) any { return "P-257" })}}),
		ProofCase("DPOP-FORM-05.unknown-type", BadProof, "jwk of an unknown type",
			Proof{Header: Fields{"jwk": changedJWK("kty", func(string) any { return "XX" })}}),
		ProofCase("DPOP-FORM-05.short-coordinate", BadProof, "a coordinate of one byte",
			Proof{Header: Fields{"jwk": changedJWK("x", func(string) any { return "AA" })}}),
		ProofCase("DPOP-FORM-05.no-coordinate", BadProof, "no y",
			Proof{Header: Fields{"jwk": changedJWK("y", func(string) any { return Absent })}}),
		ProofCase("DPOP-FORM-05.off-curve", BadProof, "a point that is not on the curve",
			Proof{Header: Fields{"jwk": changedJWK("y", func(y string) any { return Flip(y, 9) })}}),
		ProofCase("DPOP-FORM-05.zero", BadProof, "a point of zeros", Proof{Header: Fields{"jwk": Fields{
			"kty": "EC", "crv": "P-256", "x": strings.Repeat("A", 43), "y": strings.Repeat("A", 43),
		}}}),
		largeKeyCase("DPOP-FORM-05.large-rsa", "an RSA key of 8192 bits", Fields{
			"kty": "RSA", "e": "AQAB", "n": strings.Repeat("_", 8192/6+1),
		}),
		largeKeyCase("DPOP-FORM-05.large-exponent", "an RSA key of a large exponent", Fields{
			"kty": "RSA", "e": "f____w", "n": strings.Repeat("_", 2048/6+1),
		}),

		ProofCase("DPOP-FORM-06.other-key", BadProof, "a signature by another key than jwk",
			Proof{Key: OtherClientKey, Header: Fields{"jwk": jwkOf(ClientKey)}}),
		ProofCase("DPOP-FORM-06.changed", BadProof, "a bit of the signature changed",
			Proof{Edit: Segment(2, func(s string) string { return Flip(s, 9) })}),
		ProofCase("DPOP-FORM-06.changed-payload", BadProof, "another payload under the signature",
			Proof{Edit: Segment(1, ChangeByte(`"htm":"GET"`, `"htm":"PUT"`))}),
		ProofCase("DPOP-FORM-06.zero", BadProof, "a signature of zeros",
			Proof{Edit: Segment(2, func(string) string { return strings.Repeat("A", 86) })}),
		ProofCase("DPOP-FORM-06.ignored", Accepted, "kid, x5c and jku besides jwk",
			Proof{MoreHeader: `,"kid":"key-1","x5c":["AA"],"jku":"https://evil.example/"`}),
	}
	for _, member := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"} {
		c := ProofCase("DPOP-FORM-04.private-"+member, BadProof, "jwk with "+member, Proof{Header: Fields{"jwk": changedJWK(member, func(string) any { return "AAAA" })}})
		if member != "d" {
			c = c.As(Ours, "RFC 9449 4.3 (7); an EC key has no such member")
		}
		cases = append(cases, c)
	}
	cases = append(cases,
		algorithmCase("JWS-19.proof-policy-EdDSA", Accepted, "a proof by Ed25519, where EdDSA is configured", "Ed25519", []string{"EdDSA"}),
		algorithmCase("JWS-19.proof-policy-Ed25519", BadProof, "a proof by EdDSA, where only Ed25519 is configured", "EdDSA", []string{"Ed25519"}).
			As(Ours, "RFC 9864 4.4 deprecates EdDSA").ReportedAs("DPOP-FORM-03"))
	for _, alg := range Algorithms {
		cases = append(cases,
			algorithmCase("DPOP-FORM-03.configured-"+alg, Accepted, alg+", which is configured", alg, []string{alg}),
			algorithmCase("DPOP-FORM-03.not-configured-"+alg, BadProof, alg+", where another is configured", alg, otherAlgorithm(alg)))
	}
	return cases
}

// algorithmCase has a proof by a key for that algorithm.
func algorithmCase(id string, want Expectation, reason, alg string, configured []string) Case {
	return RequestCase(id, want, reason, func(run *Run) Request {
		bound := run.Sign(Token{Claims: Fields{"cnf": From(func(run *Run) any { return Fields{"jkt": run.Thumbprint(alg)} })}})
		return run.Proved(bound, Proof{Key: alg})
	}).In(Allowed, Required).Configured(func(_ *Environment, c *verifier.Config) { c.DPoP.Algorithms = configured })
}

func otherAlgorithm(alg string) []string {
	if alg == "ES256" {
		return []string{"EdDSA"}
	}
	return []string{"ES256"}
}

// largeKeyCase has a made-up RSA key as jwk: its size is looked at first.
func largeKeyCase(id, reason string, jwk Fields) Case {
	return RequestCase(id, BadProof, reason, func(run *Run) Request {
		bound := run.Sign(Token{Claims: Fields{"cnf": From(func(run *Run) any { return Fields{"jkt": run.Thumbprint("RS256")} })}})
		return run.Proved(bound, Proof{Key: "RS256", Header: Fields{"jwk": jwk}})
	}).In(Allowed, Required).As(Ours, "OURS bound; the sources have none").
		Configured(func(_ *Environment, c *verifier.Config) { c.DPoP.Algorithms = []string{"RS256"} })
}

// jwkOf is another key of the world as jwk.
func jwkOf(name string) From {
	return func(run *Run) any {
		jwk, err := run.Environment.JWK(name, Fields{"kid": Absent, "use": Absent, "alg": Absent})
		run.Must(err)
		return jwk
	}
}

// changedJWK is the client's key with a member changed.
func changedJWK(member string, change func(string) any) From {
	return func(run *Run) any {
		jwk, err := run.Environment.JWK(ClientKey, Fields{"kid": Absent, "use": Absent, "alg": Absent})
		run.Must(err)
		before, _ := jwk[member].(string)
		if jwk[member] = change(before); jwk[member] == Absent {
			delete(jwk, member)
		}
		return jwk
	}
}
