package catalogue

import (
	"crypto"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/verifier"
)

// jwsCases are about the token's outer form (RFC 7515, RFC 8725).
func jwsCases() []Case {
	cases := []Case{
		tokenCase("JWS-01.three-segments", accepted, "three segments", token{}),
		tokenCase("JWS-01.two-segments", badToken, "no signature and no dot before it",
			token{edit: segments(func(s []string) []string { return s[:2] })}),
		tokenCase("JWS-01.four-segments", badToken, "the signature twice",
			token{edit: segments(func(s []string) []string { return append(s, s[2]) })}),
		tokenCase("JWS-01.five-segments", badToken, "five segments, as a JWE has",
			token{edit: segments(func(s []string) []string { return append(s, "AA", "AA") })}),
		tokenCase("JWS-01.no-header", badToken, "an empty header",
			token{edit: segment(0, func(string) string { return "" })}),
		tokenCase("JWS-01.detached", badToken, "a detached payload",
			token{edit: segment(1, func(string) string { return "" })}),
		tokenCase("JWS-01.no-signature", badToken, "an empty signature",
			token{edit: segment(2, func(string) string { return "" })}),
		tokenCase("JWS-01.dots", badToken, "two dots", token{edit: func(string) string { return ".." }}),
		tokenCase("JWS-01.opaque", badToken, "no dot at all",
			token{edit: func(string) string { return "opaque" }}),
		tokenCase("JWS-01.json-form", badRequest, "the JSON form", token{edit: func(t string) string {
			parts := strings.Split(t, ".")
			return fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, parts[0], parts[1], parts[2])
		}}).named("CRED-05"),

		tokenCase("JWS-02.padding", badToken, "padding behind the signature",
			token{edit: segment(2, func(s string) string { return s + "==" })}),
		tokenCase("JWS-02.plain-alphabet", badToken, "the alphabet of plain base64 in the signature",
			token{edit: segment(2, func(s string) string {
				return strings.NewReplacer("-", "+", "_", "/").Replace(s[:len(s)-8]) + "++//" + s[len(s)-4:]
			})}),
		tokenCase("JWS-02.other-alphabet", badToken, "a tilde in the payload",
			token{edit: segment(1, func(s string) string { return s[:9] + "~" + s[10:] })}),
		tokenCase("JWS-02.space", badRequest, "a space in the payload",
			token{edit: segment(1, func(s string) string { return s[:8] + " " + s[8:] })}).named("CRED-05"),
		tokenCase("JWS-02.length", badToken, "a segment of a length that no base64 has",
			token{edit: segment(0, func(string) string { return "AAAAA" })}),

		tokenCase("JWS-03.signature", badToken, "unused bits set in the signature",
			token{edit: segment(2, flipLast)}).
			as(Ours, "RFC 4648 3.5 permits to read it"),
		tokenCase("JWS-03.payload", badToken, "unused bits set in the payload, which is signed so", token{}).
			resigned(1).as(Ours, "RFC 4648 3.5 permits to read it"),
		tokenCase("JWS-03.header", badToken, "unused bits set in the header, which is signed so", token{}).
			resigned(0).as(Ours, "RFC 4648 3.5 permits to read it"),

		tokenCase("JWS-04.header-array", badToken, "a header in an array",
			token{rawHeader: func(h string) string { return "[" + h + "]" }}),
		tokenCase("JWS-04.header-string", badToken, "a header that is a string",
			token{rawHeader: func(string) string { return `"RS256"` }}),
		tokenCase("JWS-04.header-trailing", badToken, "two objects in the header",
			token{rawHeader: func(h string) string { return h + "{}" }}),
		tokenCase("JWS-04.header-garbage", badToken, "a header that is no JSON",
			token{rawHeader: func(string) string { return "{alg:RS256}" }}),
		tokenCase("JWS-04.payload-array", badToken, "a payload in an array",
			token{rawClaims: func(c string) string { return "[" + c + "]" }}),
		tokenCase("JWS-04.payload-null", badToken, "a payload that is null",
			token{rawClaims: func(string) string { return "null" }}),
		tokenCase("JWS-04.payload-trailing", badToken, "text behind the payload",
			token{rawClaims: func(c string) string { return c + "x" }}),
		tokenCase("JWS-04.payload-truncated", badToken, "a payload without its end",
			token{rawClaims: func(c string) string { return strings.TrimSuffix(c, "}") }}),
		tokenCase("JWS-04.trailing-comma", badToken, "a comma before the end of the payload",
			token{moreClaims: ","}),
		tokenCase("JWS-04.comment", badToken, "a comment in the payload", token{moreClaims: "/* */"}),
		tokenCase("JWS-04.byte-order-mark", badToken, "a byte order mark before the payload",
			token{rawClaims: func(c string) string { return "\ufeff" + c }}).
			as(Ours, "RFC 8259 8.1 permits to read it"),
		tokenCase("JWS-04.not-utf8", badToken, "a string that is not UTF-8",
			token{moreClaims: ",\"x\":\"\xff\""}).
			as(Ours, "RFC 7519 7.2 (10) demands UTF-8; decoders that replace what is not are common"),
		tokenCase("JWS-04.white-space", accepted, "white space around both objects", token{
			rawHeader: func(h string) string { return " " + h + "\n" }, rawClaims: func(c string) string { return "\t" + c + "\r\n" },
		}),
		tokenCase("JWS-04.unicode", accepted, "claims in other scripts, escaped and not",
			token{moreClaims: `,"naïve":"\u00e9 🔑 \ud83d\udd11"`}),

		tokenCase("JWS-05.header-last-bad", badToken, "alg twice in the header, none the second time",
			token{moreHeader: `,"alg":"none"`}),
		tokenCase("JWS-05.header-last-good", badToken, "alg twice in the header, none the first time",
			token{rawHeader: func(h string) string {
				return `{"alg":"none",` + h[1:]
			}}).as(Ours, "RFC 7515 4 permits to read the last"),
		tokenCase("JWS-05.last-bad", badToken, "iss twice, another's the second time",
			token{moreClaims: `,"iss":"https://evil.example/"`}),
		tokenCase("JWS-05.last-good", badToken, "iss twice, another's the first time",
			token{rawClaims: func(c string) string {
				return `{"iss":"https://evil.example/",` + c[1:]
			}}).as(Ours, "RFC 7519 4 permits to read the last"),
		tokenCase("JWS-05.expiry-last-bad", badToken, "exp twice, past the second time",
			token{moreClaims: `,"exp":1`}),
		tokenCase("JWS-05.escaped-name", badToken, "iss twice, its name escaped and another's the second time",
			token{moreClaims: `,"\u0069ss":"https://evil.example/"`}),
		tokenCase("JWS-05.within-cnf", badToken, "jkt twice in cnf, the client's the second time",
			token{unbound: true, moreClaims: `,"cnf":{"jkt":"x","jkt":"y"}`}).
			named("DPOP-BIND-02").in(Allowed, Required),

		tokenCase("JWS-06.alg", badToken, "Alg in place of alg",
			token{header: fields{"alg": absent, "Alg": "RS256"}}).named("JWS-08"),
		tokenCase("JWS-06.iss", badToken, "ISS in place of iss",
			token{claims: fields{"iss": absent, "ISS": from(issuerOf)}}).named("CLAIM-ISS-01"),
		tokenCase("JWS-06.exp", badToken, "Exp in place of exp",
			token{claims: fields{"exp": absent, "Exp": in(300)}}).named("CLAIM-EXP-01"),
		tokenCase("JWS-06.aud", badToken, "AUD in place of aud",
			token{claims: fields{"aud": absent, "AUD": from(audienceOf)}}).named("CLAIM-AUD-01"),
		tokenCase("JWS-06.beside", accepted, "EXP, long past, behind exp",
			token{moreClaims: `,"EXP":1,"Iss":"x","AUD":1`}),
		tokenCase("JWS-06.folded", accepted, "a letter that folds to s in place of it, beside iss",
			token{moreClaims: `,"iſs":"https://evil.example/"`}),

		tokenCase("JWS-07.deep", badToken, "a claim of 1,000 nested arrays",
			token{moreClaims: nested(1000)}).as(Ours, "OURS bound; the sources know none"),
		tokenCase("JWS-07.depth-over", badToken, "a payload of 41 levels",
			token{moreClaims: nested(40)}).needs(Inside),
		tokenCase("JWS-07.depth-at", accepted, "a payload of 40 levels",
			token{moreClaims: nested(39)}).needs(Inside),
		tokenCase("JWS-07.many-elements", accepted, "a claim of 1,025 elements, in a token of some 3 KB",
			token{moreClaims: elements(1025)}).needs(Inside),
		tokenCase("JWS-07.header-members-over", badToken, "a header of over 64 members",
			token{moreHeader: members(65)}).as(Ours, "OURS bound; the sources know none"),
		tokenCase("JWS-07.header-members-under", accepted, "a header of under 64 members",
			token{moreHeader: members(55)}).needs(Inside),
		tokenCase("JWS-07.members-at", accepted, "a claim of 1,000 elements",
			token{moreClaims: elements(1000)}),
		tokenCase("JWS-07.deep-header", badToken, "a header of 1,000 nested arrays",
			token{moreHeader: nested(1000)}).as(Ours, "OURS bound; the sources know none"),

		tokenCase("JWS-08.missing", badToken, "no alg", token{header: fields{"alg": absent}}),
		tokenCase("JWS-08.null", badToken, "alg is null", token{header: fields{"alg": nil}}),
		tokenCase("JWS-08.number", badToken, "alg is a number", token{header: fields{"alg": 256}}),
		tokenCase("JWS-08.array", badToken, "alg is an array", token{header: fields{"alg": []string{"RS256"}}}),
		tokenCase("JWS-08.lower-case", badToken, "rs256 in place of RS256",
			token{header: fields{"alg": "rs256"}}),
		tokenCase("JWS-08.space", badToken, "a space behind RS256", token{header: fields{"alg": "RS256 "}}),
		tokenCase("JWS-08.empty", badToken, "an empty alg", token{header: fields{"alg": ""}}),
		tokenCase("JWS-08.unknown", badToken, "an alg that no one knows",
			token{header: fields{"alg": "XS256"}}),
		tokenCase("JWS-08.not-configured", badToken, "RS384, where RS256 alone is configured",
			token{header: fields{"alg": "RS384", "kid": "own-RS256"}, sign: signOwn(crypto.SHA384)}),

		tokenCase("JWS-09.none", badToken, "alg is none, and there is no signature",
			token{header: fields{"alg": "none"}, edit: segment(2, func(string) string { return "" })}).
			named("JWS-01"),
		tokenCase("JWS-09.none-signed", badToken, "alg is none, and there is a signature",
			token{header: fields{"alg": "none"}}),
		tokenCase("JWS-09.None", badToken, "alg is None",
			token{header: fields{"alg": "None"}, edit: segment(2, func(string) string { return "" })}).
			named("JWS-01"),
		tokenCase("JWS-09.NONE", badToken, "alg is NONE",
			token{header: fields{"alg": "NONE"}, edit: segment(2, func(string) string { return "" })}).
			named("JWS-01"),
		tokenCase("JWS-09.nOnE-signed", badToken, "alg is nOnE, and there is a signature",
			token{header: fields{"alg": "nOnE"}}),

		tokenCase("JWS-10.public-key", badToken, "HS256 by the issuer's public key in PEM",
			token{header: fields{"alg": "HS256", "kid": "own-RS256"}, sign: signHMAC(ownPEM)}),
		tokenCase("JWS-10.modulus", badToken, "HS256 by the issuer's modulus",
			token{header: fields{"alg": "HS256", "kid": "own-RS256"}, sign: signHMAC(ownModulus)}),
		tokenCase("JWS-10.empty-secret", badToken, "HS256 by an empty secret",
			token{header: fields{"alg": "HS256"}, sign: signHMAC(func(*scene) []byte { return nil })}),
		tokenCase("JWS-10.published-secret", badToken, "HS256 by an oct key of the set", token{
			header: fields{"alg": "HS256", "kid": "odd-oct"}, sign: signHMAC(func(*scene) []byte { return []byte(octSecret) }),
		}).while(OddKeys),

		tokenCase("JWS-11.own-alg", badToken, "RS256 by a key that says RS512",
			token{key: "RS256", header: fields{"kid": "odd-algorithm"}}).
			while(OddKeys),
		tokenCase("JWS-11.other-hash", badToken, "RS384, which is configured, by a key that says RS256",
			token{header: fields{"alg": "RS384", "kid": "own-RS256"}, sign: signOwn(crypto.SHA384)}).
			with(algorithms("RS256", "RS384")),
		tokenCase("JWS-11.other-type", badToken, "ES256, which is configured, by an RSA key",
			token{header: fields{"alg": "ES256"}}).with(algorithms("RS256", "ES256")),

		tokenCase("JWS-12.unknown", badToken, "crit names an extension that is not understood",
			token{moreHeader: `,"crit":["x"],"x":1`}),
		tokenCase("JWS-12.understood", badToken, "crit names a registered claim",
			token{moreHeader: `,"crit":["exp"],"exp":1`}),
		tokenCase("JWS-12.empty", badToken, "crit is an empty array", token{moreHeader: `,"crit":[]`}),
		tokenCase("JWS-12.duplicate", badToken, "crit names an extension twice",
			token{moreHeader: `,"crit":["x","x"],"x":1`}),
		tokenCase("JWS-12.string", badToken, "crit is a string", token{moreHeader: `,"crit":"x","x":1`}),
		tokenCase("JWS-12.null", badToken, "crit is null", token{moreHeader: `,"crit":null`}),
		tokenCase("JWS-12.not-critical", accepted, "an extension that is not critical",
			token{moreHeader: `,"x":1`}),

		tokenCase("JWS-13.false", badToken, "b64 is false and critical",
			token{moreHeader: `,"crit":["b64"],"b64":false`}).named("JWS-12"),
		tokenCase("JWS-13.true", badToken, "b64 is true and critical",
			token{moreHeader: `,"crit":["b64"],"b64":true`}).as(Ours, "RFC 7797 6").named("JWS-12"),
		tokenCase("JWS-13.not-critical", badToken, "b64 is false and not critical",
			token{moreHeader: `,"b64":false`}).as(Ours, "RFC 7797 6"),

		tokenCase("JWS-14.ignored", accepted, "jku, x5u, jwk, x5c and x5t beside a good signature",
			token{moreHeader: `,"jku":"https://evil.example/jwks","x5u":"https://evil.example/x","jwk":{"kty":"oct","k":"AA"},"x5c":["AA"],"x5t":"AA"`}),
		tokenCase("JWS-14.embedded", badToken, "signed by the key in jwk",
			token{key: forgerKey, header: fields{"jwk": from(forgerJWK)}}).named("JWS-16"),
		tokenCase("JWS-14.embedded-no-kid", badToken, "signed by the key in jwk, without a kid",
			token{key: forgerKey, header: fields{"jwk": from(forgerJWK), "kid": absent}}).named("KEYS-01"),
		newCase("JWS-14.key-set-url", badToken, "signed by another issuer, whose key set jku names",
			step{
				send: func(s *scene) Request {
					return s.carry(token{key: strangerKey, header: fields{"jku": s.World.stranger.URL + "jwks"}})
				},
				want: badToken, check: strangerNotAsked,
			}).named("CACHE-05"),

		tokenCase("JWS-16.other-key", badToken, "signed by another key of the same kid", token{key: forgerKey}),
		tokenCase("JWS-16.other-payload", badToken, "another payload under the signature",
			token{edit: segment(1, func(s string) string {
				decoded, _ := base64.RawURLEncoding.DecodeString(s)
				return base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(decoded), `"user-1"`, `"user-2"`, 1)))
			})}),
		tokenCase("JWS-16.other-spelling", badToken, "the same payload with a space more",
			token{edit: segment(1, func(s string) string {
				decoded, _ := base64.RawURLEncoding.DecodeString(s)
				return base64.RawURLEncoding.EncodeToString(append(decoded, ' '))
			})}),
		tokenCase("JWS-16.zero", badToken, "a signature of zeros",
			token{sign: func(*scene, []byte) []byte { return make([]byte, 256) }}),
		tokenCase("JWS-16.short", badToken, "a signature of one byte",
			token{sign: func(*scene, []byte) []byte { return []byte{0} }}),
		tokenCase("JWS-16.long", badToken, "a byte behind the signature",
			token{edit: segment(2, func(s string) string {
				decoded, _ := base64.RawURLEncoding.DecodeString(s)
				return base64.RawURLEncoding.EncodeToString(append(decoded, 0))
			})}),
		tokenCase("JWS-16.salt", badToken, "PS256 with a salt of 20 bytes",
			token{header: fields{"alg": "PS256", "kid": "own-PS256"}, sign: signPSS(20)}).
			with(algorithms("PS256")).while(OwnKeys),
		tokenCase("JWS-16.salt-of-hash", accepted, "PS256 with a salt as long as the hash",
			token{header: fields{"alg": "PS256", "kid": "own-PS256"}, sign: signPSS(32)}).
			with(algorithms("PS256")).while(OwnKeys),

		tokenCase("JWS-17.header", badToken, "a bit of the header changed",
			token{edit: segment(0, changeByte(`"at+jwt"`, `"At+jwt"`))}).named("JWS-16"),
		tokenCase("JWS-17.payload", badToken, "a bit of the payload changed",
			token{edit: segment(1, changeByte(`"client-1"`, `"client-0"`))}).named("JWS-16"),
		tokenCase("JWS-17.signature", badToken, "a bit of the signature changed",
			token{edit: segment(2, func(s string) string { return flip(s, 9) })}).named("JWS-16"),
		insideCase("JWS-17.every-character", holds, "each character of a token changed, one at a time",
			step{do: everyCharacter}),

		tokenCase("JWS-18.zip", badToken, "zip in the header", token{moreHeader: `,"zip":"DEF"`}),
		tokenCase("JWS-18.enc", badToken, "enc in the header", token{moreHeader: `,"enc":"A128GCM"`}),
		tokenCase("JWS-18.epk", badToken, "epk in the header", token{moreHeader: `,"epk":{}`}),

		tokenCase("JWS-19.policy-EdDSA", accepted, "Ed25519, where EdDSA is configured", token{key: "Ed25519"}).
			with(algorithms("EdDSA")).publishing("Ed25519"),
		tokenCase("JWS-19.policy-Ed25519", badToken, "EdDSA, where only Ed25519 is configured", token{key: "EdDSA"}).
			with(algorithms("Ed25519")).publishing("EdDSA").as(Ours, "RFC 9864 4.4 deprecates EdDSA").named("JWS-08"),
		tokenCase("JWS-19.key-EdDSA", accepted, "Ed25519, by a key that says EdDSA",
			token{key: "EdDSA", header: fields{"alg": "Ed25519"}}).with(algorithms("Ed25519")).publishing("EdDSA"),
		tokenCase("JWS-19.key-Ed25519", accepted, "EdDSA, by a key that says Ed25519",
			token{key: "Ed25519", header: fields{"alg": "EdDSA"}}).with(algorithms("EdDSA")).publishing("Ed25519"),
	}
	for _, alg := range allAlgorithms {
		cases = append(cases,
			tokenCase("JWS-08.configured-"+alg, accepted, alg+", which is configured", token{key: alg}).
				with(algorithms(alg)).publishing(alg),
			tokenCase("JWS-08.not-configured-"+alg, badToken, alg+", where the others are configured", token{key: alg}).with(allBut(alg)).publishing(alg))
	}
	for _, c := range ecdsaSignatures {
		cases = append(cases, tokenCase("JWS-15."+c.slug, c.want, c.reason, token{key: "ES256", edit: segment(2, func(s string) string {
			raw, _ := base64.RawURLEncoding.DecodeString(s)
			return base64.RawURLEncoding.EncodeToString(c.change(raw))
		})}).with(algorithms("ES256")).publishing("ES256").named("JWS-16"))
	}
	return cases
}

// allAlgorithms are those of every Go release that is supported, so that the cases are the same wherever they are built.
var allAlgorithms = slices.DeleteFunc(verifier.Algorithms(), func(alg string) bool { return strings.HasPrefix(alg, "ML-DSA-") })

// ecdsaSignatures are what becomes of r and s (RFC 7518 section 3.4).
var ecdsaSignatures = []struct {
	slug   string
	want   Outcome
	reason string
	change func([]byte) []byte
}{
	{"fixed-length", accepted, "r and s of 32 bytes each", func(raw []byte) []byte { return raw }},
	{"der", badToken, "r and s in DER", func(raw []byte) []byte {
		return slices.Concat([]byte{0x30, 68, 2, 32}, raw[:32], []byte{2, 32}, raw[32:])
	}},
	{"zero", badToken, "r and s are zero", func([]byte) []byte { return make([]byte, 64) }},
	{"r-zero", badToken, "r is zero", func(raw []byte) []byte { return append(make([]byte, 32), raw[32:]...) }},
	{"r-over-order", badToken, "r is over the order", func(raw []byte) []byte { return append([]byte(strings.Repeat("\xff", 32)), raw[32:]...) }},
	{"s-over-order", badToken, "s is over the order", func(raw []byte) []byte { return append(slices.Clone(raw[:32]), strings.Repeat("\xff", 32)...) }},
	{"long", badToken, "a byte behind s", func(raw []byte) []byte { return append(slices.Clone(raw), 0) }},
	{"short", badToken, "s without its last byte", func(raw []byte) []byte { return raw[:63] }},
	{"r-alone", badToken, "r alone", func(raw []byte) []byte { return raw[:32] }},
	{"swapped", badToken, "s before r", func(raw []byte) []byte { return slices.Concat(raw[32:], raw[:32]) }},
}

// publishing has the issuer publish, and sign with, the key of that name.
func (c Case) publishing(name string) Case {
	first := step{do: publish(name)}
	c.steps = append([]step{first}, c.steps...)
	return c
}

func publish(names ...string) func(*scene) {
	return func(s *scene) {
		keys := slices.Clone(s.World.issuer.Keys()[:0])
		for _, name := range names {
			keys = append(keys, s.key(name))
		}
		s.World.issuer.SetKeys(keys...)
	}
}

func algorithms(names ...string) func(*World, *verifier.Config) {
	return func(_ *World, c *verifier.Config) { c.Algorithms = names }
}

func allBut(name string) func(*World, *verifier.Config) {
	others := slices.DeleteFunc(slices.Clone(allAlgorithms), func(alg string) bool {
		return alg == name || alg == "EdDSA" && name == "Ed25519" // which it stands for as well
	})
	return algorithms(others...)
}

// segments changes the segments of a compact form.
func segments(change func([]string) []string) func(string) string {
	return func(compact string) string { return strings.Join(change(strings.Split(compact, ".")), ".") }
}

func segment(i int, change func(string) string) func(string) string {
	return segments(func(parts []string) []string {
		parts[i] = change(parts[i])
		return parts
	})
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// flip changes the lowest bit of one character of base64url.
func flip(encoded string, i int) string {
	return encoded[:i] + string(alphabet[strings.IndexByte(alphabet, encoded[i])^1]) + encoded[i+1:]
}

// flipLast sets a bit that encodes nothing, in a segment whose length leaves some.
func flipLast(encoded string) string { return flip(encoded, len(encoded)-1) }

// changeByte replaces a part of what is encoded by another of the same length.
func changeByte(old, new string) func(string) string {
	return func(encoded string) string {
		decoded, _ := base64.RawURLEncoding.DecodeString(encoded)
		return base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(decoded), old, new, 1)))
	}
}

// resigned has the header or payload written with unused bits set, and signed just so: nothing but the encoding is
// wrong.
func (c Case) resigned(i int) Case {
	c.steps = []step{{want: c.Expected, send: func(s *scene) Request {
		t := token{header: fields{"kid": "own-RS256"}, sign: signOwn(crypto.SHA256)}
		// White space makes a length that leaves unused bits.
		for n := 0; ; n++ {
			pad := func(object string) string { return object + strings.Repeat(" ", n) }
			if t.rawHeader, t.rawClaims = pad, pad; n > 3 {
				return s.carry(t)
			}
			signed := s.sign(t)
			if s.broken != nil {
				return Request{}
			}
			parts := strings.Split(signed, ".")
			if len(parts[i])%4 == 0 {
				continue
			}
			parts[i] = flipLast(parts[i])
			input := parts[0] + "." + parts[1]
			return s.present(get(), input+"."+base64.RawURLEncoding.EncodeToString(t.sign(s, []byte(input))))
		}
	}}}
	return c
}

func nested(levels int) string {
	return `,"x":` + strings.Repeat("[", levels) + strings.Repeat("]", levels)
}

func elements(count int) string { return `,"x":[` + strings.Repeat("1,", count-1) + "1]" }

func issuerOf(s *scene) any   { return s.World.issuer.URL }
func audienceOf(s *scene) any { return s.Audience }

func forgerJWK(s *scene) any {
	jwk, err := s.World.jwk(forgerKey, nil)
	s.must(err)
	return jwk
}

// strangerNotAsked holds that no request has reached an issuer that is not trusted.
func strangerNotAsked(s *scene, _ Answer) {
	if asked := s.World.stranger.requests(); asked > 0 {
		s.errorf("%d requests went to an issuer that is not trusted", asked)
	}
}

// everyCharacter changes each character of a good token in turn.
func everyCharacter(s *scene) {
	good := s.sign(token{})
	for i := range good {
		if s.broken != nil {
			return
		}
		if good[i] == '.' {
			continue
		}
		answer, err := s.Target.Send(s.ctx, bearer(flip(good, i)))
		s.must(err)
		if err == nil && answer.Status < 400 {
			s.errorf("accepted with character %d of %d changed", i, len(good))
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
