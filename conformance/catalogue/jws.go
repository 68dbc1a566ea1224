package catalogue

import (
	"crypto"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	. "github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/verifier"
)

// jwsCases are about the token's outer form (RFC 7515, RFC 8725).
func jwsCases() []Case {
	cases := []Case{
		TokenCase("JWS-01.three-segments", Accepted, "three segments", Token{}),
		TokenCase("JWS-01.two-segments", BadToken, "no signature and no dot before it",
			Token{Edit: Segments(func(s []string) []string { return s[:2] })}),
		TokenCase("JWS-01.four-segments", BadToken, "the signature twice",
			Token{Edit: Segments(func(s []string) []string { return append(s, s[2]) })}),
		TokenCase("JWS-01.five-segments", BadToken, "five segments, as a JWE has",
			Token{Edit: Segments(func(s []string) []string { return append(s, "AA", "AA") })}),
		TokenCase("JWS-01.no-header", BadToken, "an empty header",
			Token{Edit: Segment(0, func(string) string { return "" })}),
		TokenCase("JWS-01.detached", BadToken, "a detached payload",
			Token{Edit: Segment(1, func(string) string { return "" })}),
		TokenCase("JWS-01.no-signature", BadToken, "an empty signature",
			Token{Edit: Segment(2, func(string) string { return "" })}),
		TokenCase("JWS-01.dots", BadToken, "two dots", Token{Edit: func(string) string { return ".." }}),
		TokenCase("JWS-01.opaque", BadToken, "no dot at all",
			Token{Edit: func(string) string { return "opaque" }}),
		TokenCase("JWS-01.json-form", BadRequest, "the JSON form", Token{Edit: func(t string) string {
			parts := strings.Split(t, ".")
			return fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, parts[0], parts[1], parts[2])
		}}).ReportedAs("CRED-05"),

		TokenCase("JWS-02.padding", BadToken, "padding behind the signature",
			Token{Edit: Segment(2, func(s string) string { return s + "==" })}),
		TokenCase("JWS-02.plain-alphabet", BadToken, "the alphabet of plain base64 in the signature",
			Token{Edit: Segment(2, func(s string) string {
				return strings.NewReplacer("-", "+", "_", "/").Replace(s[:len(s)-8]) + "++//" + s[len(s)-4:]
			})}),
		TokenCase("JWS-02.other-alphabet", BadToken, "a tilde in the payload",
			Token{Edit: Segment(1, func(s string) string { return s[:9] + "~" + s[10:] })}),
		TokenCase("JWS-02.space", BadRequest, "a space in the payload",
			Token{Edit: Segment(1, func(s string) string { return s[:8] + " " + s[8:] })}).ReportedAs("CRED-05"),
		TokenCase("JWS-02.length", BadToken, "a segment of a length that no base64 has",
			Token{Edit: Segment(0, func(string) string { return "AAAAA" })}),

		TokenCase("JWS-03.signature", BadToken, "unused bits set in the signature",
			Token{Edit: Segment(2, FlipLast)}).
			As(Ours, "RFC 4648 3.5 permits to read it"),
		RequestCase("JWS-03.payload", BadToken, "unused bits set in the payload, which is signed so", unusedBits(1)).
			As(Ours, "RFC 4648 3.5 permits to read it"),
		RequestCase("JWS-03.header", BadToken, "unused bits set in the header, which is signed so", unusedBits(0)).
			As(Ours, "RFC 4648 3.5 permits to read it"),

		TokenCase("JWS-04.header-array", BadToken, "a header in an array",
			Token{RawHeader: func(h string) string { return "[" + h + "]" }}),
		TokenCase("JWS-04.header-string", BadToken, "a header that is a string",
			Token{RawHeader: func(string) string { return `"RS256"` }}),
		TokenCase("JWS-04.header-trailing", BadToken, "two objects in the header",
			Token{RawHeader: func(h string) string { return h + "{}" }}),
		TokenCase("JWS-04.header-garbage", BadToken, "a header that is not JSON",
			Token{RawHeader: func(string) string { return "{alg:RS256}" }}),
		TokenCase("JWS-04.payload-array", BadToken, "a payload in an array",
			Token{RawClaims: func(c string) string { return "[" + c + "]" }}),
		TokenCase("JWS-04.payload-null", BadToken, "a payload that is null",
			Token{RawClaims: func(string) string { return "null" }}),
		TokenCase("JWS-04.payload-trailing", BadToken, "text behind the payload",
			Token{RawClaims: func(c string) string { return c + "x" }}),
		TokenCase("JWS-04.payload-truncated", BadToken, "a payload without its end",
			Token{RawClaims: func(c string) string { return strings.TrimSuffix(c, "}") }}),
		TokenCase("JWS-04.trailing-comma", BadToken, "a comma before the end of the payload",
			Token{MoreClaims: ","}),
		TokenCase("JWS-04.comment", BadToken, "a comment in the payload", Token{MoreClaims: "/* */"}),
		TokenCase("JWS-04.byte-order-mark", BadToken, "a byte order mark before the payload",
			Token{RawClaims: func(c string) string { return "\ufeff" + c }}).
			As(Ours, "RFC 8259 8.1 permits to read it"),
		TokenCase("JWS-04.not-utf8", BadToken, "a string that is not UTF-8",
			Token{MoreClaims: ",\"x\":\"\xff\""}).
			As(Ours, "RFC 7519 7.2 (10) demands UTF-8; decoders that replace what is not are common"),
		TokenCase("JWS-04.white-space", Accepted, "white space around both objects", Token{
			RawHeader: func(h string) string { return " " + h + "\n" }, RawClaims: func(c string) string { return "\t" + c + "\r\n" },
		}),
		TokenCase("JWS-04.unicode", Accepted, "claims in other scripts, escaped and not",
			Token{MoreClaims: `,"naïve":"\u00e9 🔑 \ud83d\udd11"`}),

		TokenCase("JWS-05.header-last-bad", BadToken, "alg twice in the header, none the second time",
			Token{MoreHeader: `,"alg":"none"`}),
		TokenCase("JWS-05.header-last-good", BadToken, "alg twice in the header, none the first time",
			Token{RawHeader: func(h string) string {
				return `{"alg":"none",` + h[1:]
			}}).As(Ours, "RFC 7515 4 permits to read the last"),
		TokenCase("JWS-05.last-bad", BadToken, "iss twice, another's the second time",
			Token{MoreClaims: `,"iss":"https://evil.example/"`}),
		TokenCase("JWS-05.last-good", BadToken, "iss twice, another's the first time",
			Token{RawClaims: func(c string) string {
				return `{"iss":"https://evil.example/",` + c[1:]
			}}).As(Ours, "RFC 7519 4 permits to read the last"),
		TokenCase("JWS-05.expiry-last-bad", BadToken, "exp twice, past the second time",
			Token{MoreClaims: `,"exp":1`}),
		TokenCase("JWS-05.escaped-name", BadToken, "iss twice, its name escaped and another's the second time",
			Token{MoreClaims: `,"\u0069ss":"https://evil.example/"`}),
		TokenCase("JWS-05.within-cnf", BadToken, "jkt twice in cnf, the client's the second time",
			Token{Unbound: true, MoreClaims: `,"cnf":{"jkt":"x","jkt":"y"}`}).
			ReportedAs("DPOP-BIND-02").In(Allowed, Required),

		TokenCase("JWS-06.alg", BadToken, "Alg in place of alg",
			Token{Header: Fields{"alg": Absent, "Alg": "RS256"}}).ReportedAs("JWS-08"),
		TokenCase("JWS-06.iss", BadToken, "ISS in place of iss",
			Token{Claims: Fields{"iss": Absent, "ISS": From(issuerOf)}}).ReportedAs("CLAIM-ISS-01"),
		TokenCase("JWS-06.exp", BadToken, "Exp in place of exp",
			Token{Claims: Fields{"exp": Absent, "Exp": In(300)}}).ReportedAs("CLAIM-EXP-01"),
		TokenCase("JWS-06.aud", BadToken, "AUD in place of aud",
			Token{Claims: Fields{"aud": Absent, "AUD": From(audienceOf)}}).ReportedAs("CLAIM-AUD-01"),
		TokenCase("JWS-06.beside", Accepted, "EXP, long past, behind exp",
			Token{MoreClaims: `,"EXP":1,"Iss":"x","AUD":1`}),
		TokenCase("JWS-06.folded", Accepted, "a letter that folds to s in place of it, besides iss",
			Token{MoreClaims: `,"iſs":"https://evil.example/"`}),

		TokenCase("JWS-07.deep", BadToken, "a claim of 1,000 nested arrays",
			Token{MoreClaims: nested(1000)}).As(Ours, "OURS bound; the sources have none"),
		TokenCase("JWS-07.depth-over", BadToken, "a payload of 41 levels",
			Token{MoreClaims: nested(40)}).Having("bounds"),
		TokenCase("JWS-07.depth-at", Accepted, "a payload of 40 levels",
			Token{MoreClaims: nested(39)}).Having("bounds"),
		TokenCase("JWS-07.many-elements", Accepted, "a claim of 1,025 elements, in a token of about 3 KB",
			Token{MoreClaims: elements(1025)}).Having("bounds"),
		TokenCase("JWS-07.header-members-over", BadToken, "a header of over 64 members",
			Token{MoreHeader: members(65)}).As(Ours, "OURS bound; the sources have none"),
		TokenCase("JWS-07.header-members-under", Accepted, "a header of under 64 members",
			Token{MoreHeader: members(55)}).Having("bounds"),
		TokenCase("JWS-07.members-at", Accepted, "a claim of 1,000 elements",
			Token{MoreClaims: elements(1000)}),
		TokenCase("JWS-07.deep-header", BadToken, "a header of 1,000 nested arrays",
			Token{MoreHeader: nested(1000)}).As(Ours, "OURS bound; the sources have none"),

		TokenCase("JWS-08.missing", BadToken, "no alg", Token{Header: Fields{"alg": Absent}}),
		TokenCase("JWS-08.null", BadToken, "alg is null", Token{Header: Fields{"alg": nil}}),
		TokenCase("JWS-08.number", BadToken, "alg is a number", Token{Header: Fields{"alg": 256}}),
		TokenCase("JWS-08.array", BadToken, "alg is an array", Token{Header: Fields{"alg": []string{"RS256"}}}),
		TokenCase("JWS-08.lower-case", BadToken, "rs256 in place of RS256",
			Token{Header: Fields{"alg": "rs256"}}),
		TokenCase("JWS-08.space", BadToken, "a space behind RS256", Token{Header: Fields{"alg": "RS256 "}}),
		TokenCase("JWS-08.empty", BadToken, "an empty alg", Token{Header: Fields{"alg": ""}}),
		TokenCase("JWS-08.unknown", BadToken, "an alg that no one knows",
			Token{Header: Fields{"alg": "XS256"}}),
		TokenCase("JWS-08.not-configured", BadToken, "RS384, where only RS256 is configured",
			Token{Header: Fields{"alg": "RS384", "kid": "own-RS256"}, Sign: SignOwn(crypto.SHA384)}),

		TokenCase("JWS-09.none", BadToken, "alg is none, and there is no signature",
			Token{Header: Fields{"alg": "none"}, Edit: Segment(2, func(string) string { return "" })}).
			ReportedAs("JWS-01"),
		TokenCase("JWS-09.none-signed", BadToken, "alg is none, and there is a signature",
			Token{Header: Fields{"alg": "none"}}),
		TokenCase("JWS-09.None", BadToken, "alg is None",
			Token{Header: Fields{"alg": "None"}, Edit: Segment(2, func(string) string { return "" })}).
			ReportedAs("JWS-01"),
		TokenCase("JWS-09.NONE", BadToken, "alg is NONE",
			Token{Header: Fields{"alg": "NONE"}, Edit: Segment(2, func(string) string { return "" })}).
			ReportedAs("JWS-01"),
		TokenCase("JWS-09.nOnE-signed", BadToken, "alg is nOnE, and there is a signature",
			Token{Header: Fields{"alg": "nOnE"}}),

		TokenCase("JWS-10.public-key", BadToken, "HS256 by the issuer's public key in PEM",
			Token{Header: Fields{"alg": "HS256", "kid": "own-RS256"}, Sign: SignHMAC(OwnPEM)}),
		TokenCase("JWS-10.modulus", BadToken, "HS256 by the issuer's modulus",
			Token{Header: Fields{"alg": "HS256", "kid": "own-RS256"}, Sign: SignHMAC(OwnModulus)}),
		TokenCase("JWS-10.empty-secret", BadToken, "HS256 by an empty secret",
			Token{Header: Fields{"alg": "HS256"}, Sign: SignHMAC(func(*Run) []byte { return nil })}),
		TokenCase("JWS-10.published-secret", BadToken, "HS256 by an oct key of the set", Token{
			Header: Fields{"alg": "HS256", "kid": "odd-oct"}, Sign: SignHMAC(func(*Run) []byte { return []byte(OctSecret) }),
		}).WithFault(OddKeys),

		TokenCase("JWS-11.own-alg", BadToken, "RS256 by a key that says RS512",
			Token{Key: "RS256", Header: Fields{"kid": "odd-algorithm"}}).
			WithFault(OddKeys),
		TokenCase("JWS-11.other-hash", BadToken, "RS384, which is configured, by a key that says RS256",
			Token{Header: Fields{"alg": "RS384", "kid": "own-RS256"}, Sign: SignOwn(crypto.SHA384)}).
			Configured(algorithms("RS256", "RS384")),
		TokenCase("JWS-11.other-type", BadToken, "ES256, which is configured, by an RSA key",
			Token{Header: Fields{"alg": "ES256"}}).Configured(algorithms("RS256", "ES256")),

		TokenCase("JWS-12.unknown", BadToken, "crit names an extension that is not understood",
			Token{MoreHeader: `,"crit":["x"],"x":1`}),
		TokenCase("JWS-12.understood", BadToken, "crit names a registered claim",
			Token{MoreHeader: `,"crit":["exp"],"exp":1`}),
		TokenCase("JWS-12.empty", BadToken, "crit is an empty array", Token{MoreHeader: `,"crit":[]`}).
			As(Ours, "RFC 7515 4.1.11 permits to reject it"),
		TokenCase("JWS-12.duplicate", BadToken, "crit names an extension twice",
			Token{MoreHeader: `,"crit":["x","x"],"x":1`}),
		TokenCase("JWS-12.string", BadToken, "crit is a string", Token{MoreHeader: `,"crit":"x","x":1`}),
		TokenCase("JWS-12.null", BadToken, "crit is null", Token{MoreHeader: `,"crit":null`}),
		TokenCase("JWS-12.not-critical", Accepted, "an extension that is not critical",
			Token{MoreHeader: `,"x":1`}),

		TokenCase("JWS-13.false", BadToken, "b64 is false and critical",
			Token{MoreHeader: `,"crit":["b64"],"b64":false`}).ReportedAs("JWS-12"),
		TokenCase("JWS-13.true", BadToken, "b64 is true and critical",
			Token{MoreHeader: `,"crit":["b64"],"b64":true`}).As(Ours, "RFC 7797 6").ReportedAs("JWS-12"),
		TokenCase("JWS-13.not-critical", BadToken, "b64 is false and not critical",
			Token{MoreHeader: `,"b64":false`}).As(Ours, "RFC 7797 6"),

		TokenCase("JWS-14.ignored", Accepted, "jku, x5u, jwk, x5c and x5t with a good signature",
			Token{MoreHeader: `,"jku":"https://evil.example/jwks","x5u":"https://evil.example/x","jwk":{"kty":"oct","k":"AA"},"x5c":["AA"],"x5t":"AA"`}).
			As(Ours, "RFC 7519 7.2 lets those who read them refuse malformed ones"),
		TokenCase("JWS-14.embedded", BadToken, "signed by the key in jwk",
			Token{Key: ForgerKey, Header: Fields{"jwk": From(forgerJWK)}}).ReportedAs("JWS-16"),
		TokenCase("JWS-14.embedded-no-kid", BadToken, "signed by the key in jwk, without a kid",
			Token{Key: ForgerKey, Header: Fields{"jwk": From(forgerJWK), "kid": Absent}}).ReportedAs("KEYS-01"),
		NewCase("JWS-14.key-set-url", BadToken, "signed by another issuer, whose key set jku names",
			Step{
				Send: func(run *Run) Request {
					return run.Carry(Token{Key: OtherKey, Header: Fields{"jku": run.Environment.Other.URL + "jwks"}})
				},
				Want: BadToken, Check: OtherNotAsked,
			}).ReportedAs("CACHE-05"),

		TokenCase("JWS-16.other-key", BadToken, "signed by another key of the same kid", Token{Key: ForgerKey}),
		TokenCase("JWS-16.other-payload", BadToken, "another payload under the signature",
			Token{Edit: Segment(1, func(s string) string {
				decoded, _ := base64.RawURLEncoding.DecodeString(s)
				return base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(decoded), `"user-1"`, `"user-2"`, 1)))
			})}),
		TokenCase("JWS-16.other-spelling", BadToken, "the same payload with a space more",
			Token{Edit: Segment(1, func(s string) string {
				decoded, _ := base64.RawURLEncoding.DecodeString(s)
				return base64.RawURLEncoding.EncodeToString(append(decoded, ' '))
			})}),
		TokenCase("JWS-16.zero", BadToken, "a signature of zeros",
			Token{Sign: func(*Run, []byte) []byte { return make([]byte, 256) }}),
		TokenCase("JWS-16.short", BadToken, "a signature of one byte",
			Token{Sign: func(*Run, []byte) []byte { return []byte{0} }}),
		TokenCase("JWS-16.long", BadToken, "a byte behind the signature",
			Token{Edit: Segment(2, func(s string) string {
				decoded, _ := base64.RawURLEncoding.DecodeString(s)
				return base64.RawURLEncoding.EncodeToString(append(decoded, 0))
			})}),
		TokenCase("JWS-16.salt", BadToken, "PS256 with a salt of 20 bytes",
			Token{Header: Fields{"alg": "PS256", "kid": "own-PS256"}, Sign: SignPSS(20)}).
			Configured(algorithms("PS256")).WithFault(OwnKeys),
		TokenCase("JWS-16.salt-of-hash", Accepted, "PS256 with a salt as long as the hash",
			Token{Header: Fields{"alg": "PS256", "kid": "own-PS256"}, Sign: SignPSS(32)}).
			Configured(algorithms("PS256")).WithFault(OwnKeys),

		TokenCase("JWS-17.header", BadToken, "a bit of the header changed",
			Token{Header: Fields{"typ": "at+jwt"}, Edit: Segment(0, ChangeByte(`"at+jwt"`, `"At+jwt"`))}).ReportedAs("JWS-16"),
		TokenCase("JWS-17.payload", BadToken, "a bit of the payload changed",
			Token{Edit: Segment(1, ChangeByte(`"client-1"`, `"client-0"`))}).ReportedAs("JWS-16"),
		TokenCase("JWS-17.signature", BadToken, "a bit of the signature changed",
			Token{Edit: Segment(2, func(s string) string { return Flip(s, 9) })}).ReportedAs("JWS-16"),
		InsideCase("JWS-17.every-character", Holds, "each character of a token changed, one at a time",
			Step{Do: everyCharacter}),

		TokenCase("JWS-18.zip", BadToken, "zip in the header", Token{MoreHeader: `,"zip":"DEF"`}),
		TokenCase("JWS-18.enc", BadToken, "enc in the header", Token{MoreHeader: `,"enc":"A128GCM"`}),
		TokenCase("JWS-18.epk", BadToken, "epk in the header", Token{MoreHeader: `,"epk":{}`}),

		TokenCase("JWS-19.policy-EdDSA", Accepted, "Ed25519, where EdDSA is configured", Token{Key: "Ed25519"}).
			Configured(algorithms("EdDSA")).After(Publish("Ed25519")),
		TokenCase("JWS-19.policy-Ed25519", BadToken, "EdDSA, where only Ed25519 is configured", Token{Key: "EdDSA"}).
			Configured(algorithms("Ed25519")).After(Publish("EdDSA")).As(Ours, "RFC 9864 4.4 deprecates EdDSA").ReportedAs("JWS-08"),
		TokenCase("JWS-19.key-EdDSA", Accepted, "Ed25519, by a key that says EdDSA",
			Token{Key: "EdDSA", Header: Fields{"alg": "Ed25519"}}).Configured(algorithms("Ed25519")).After(Publish("EdDSA")),
		TokenCase("JWS-19.key-Ed25519", Accepted, "EdDSA, by a key that says Ed25519",
			Token{Key: "Ed25519", Header: Fields{"alg": "EdDSA"}}).Configured(algorithms("EdDSA")).After(Publish("Ed25519")),
	}
	for _, alg := range Algorithms {
		cases = append(cases,
			TokenCase("JWS-08.configured-"+alg, Accepted, alg+", which is configured", Token{Key: alg}).
				Configured(algorithms(alg)).After(Publish(alg)),
			TokenCase("JWS-08.not-configured-"+alg, BadToken, alg+", where the others are configured", Token{Key: alg}).Configured(allBut(alg)).After(Publish(alg)))
	}
	for _, c := range ecdsaSignatures {
		cases = append(cases, TokenCase("JWS-15."+c.slug, c.want, c.reason, Token{Key: "ES256", Edit: Segment(2, func(s string) string {
			raw, _ := base64.RawURLEncoding.DecodeString(s)
			return base64.RawURLEncoding.EncodeToString(c.change(raw))
		})}).Configured(algorithms("ES256")).After(Publish("ES256")).ReportedAs("JWS-16"))
	}
	return cases
}

// ecdsaSignatures are what becomes of r and s (RFC 7518 section 3.4).
var ecdsaSignatures = []struct {
	slug   string
	want   Expectation
	reason string
	change func([]byte) []byte
}{
	{"fixed-length", Accepted, "r and s of 32 bytes each", func(raw []byte) []byte { return raw }},
	{"der", BadToken, "r and s in DER", func(raw []byte) []byte {
		return slices.Concat([]byte{0x30, 68, 2, 32}, raw[:32], []byte{2, 32}, raw[32:])
	}},
	{"zero", BadToken, "r and s are zero", func([]byte) []byte { return make([]byte, 64) }},
	{"r-zero", BadToken, "r is zero", func(raw []byte) []byte { return append(make([]byte, 32), raw[32:]...) }},
	{"r-over-order", BadToken, "r is over the order", func(raw []byte) []byte { return append([]byte(strings.Repeat("\xff", 32)), raw[32:]...) }},
	{"s-over-order", BadToken, "s is over the order", func(raw []byte) []byte { return append(slices.Clone(raw[:32]), strings.Repeat("\xff", 32)...) }},
	{"long", BadToken, "a byte behind s", func(raw []byte) []byte { return append(slices.Clone(raw), 0) }},
	{"short", BadToken, "s without its last byte", func(raw []byte) []byte { return raw[:63] }},
	{"r-alone", BadToken, "only r", func(raw []byte) []byte { return raw[:32] }},
	{"swapped", BadToken, "s before r", func(raw []byte) []byte { return slices.Concat(raw[32:], raw[:32]) }},
}

func algorithms(names ...string) Policy {
	return func(_ *Environment, c *verifier.Config) { c.Algorithms = names }
}

func allBut(name string) Policy {
	others := slices.DeleteFunc(slices.Clone(Algorithms), func(alg string) bool {
		return alg == name || alg == "EdDSA" && name == "Ed25519" // which it stands for as well
	})
	return algorithms(others...)
}

// unusedBits sends a token whose header or payload is written with unused bits set, and signed just so: only the encoding
// is wrong.
func unusedBits(i int) func(*Run) Request {
	return func(run *Run) Request {
		t := Token{Header: Fields{"kid": "own-RS256"}, Sign: SignOwn(crypto.SHA256)}
		// White space makes a length that leaves unused bits.
		for n := 0; ; n++ {
			pad := func(object string) string { return object + strings.Repeat(" ", n) }
			if t.RawHeader, t.RawClaims = pad, pad; n > 3 {
				return run.Carry(t)
			}
			signed := run.Sign(t)
			if run.Failed() {
				return Request{}
			}
			parts := strings.Split(signed, ".")
			if len(parts[i])%4 == 0 {
				continue
			}
			parts[i] = FlipLast(parts[i])
			input := parts[0] + "." + parts[1]
			return run.Present(Get(), input+"."+base64.RawURLEncoding.EncodeToString(t.Sign(run, []byte(input))))
		}
	}
}

func nested(levels int) string {
	return `,"x":` + strings.Repeat("[", levels) + strings.Repeat("]", levels)
}

func elements(count int) string { return `,"x":[` + strings.Repeat("1,", count-1) + "1]" }

func issuerOf(run *Run) any   { return run.Environment.Issuer.URL }
func audienceOf(run *Run) any { return run.Audience }

func forgerJWK(run *Run) any {
	jwk, err := run.Environment.JWK(ForgerKey, nil)
	run.Must(err)
	return jwk
}

// everyCharacter changes each character of a good token in turn.
func everyCharacter(run *Run) {
	good := run.Sign(Token{})
	for i := range good {
		if run.Failed() {
			return
		}
		if good[i] == '.' {
			continue
		}
		answer, err := run.Target.Send(run.Context(), Bearer(Flip(good, i)))
		run.Must(err)
		if err == nil && answer.Status < 400 {
			run.Errorf("accepted with character %d of %d changed", i, len(good))
			return
		}
	}
}

// members are that many members, to go behind others.
func members(count int) string {
	var written strings.Builder
	for i := range count {
		fmt.Fprintf(&written, `,"x%d":1`, i)
	}
	return written.String()
}
