package verifier_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// goodHeader is the header of the key that the tests sign with, except for its closing brace.
const goodHeader = `{"alg":"RS256","kid":"key-1","typ":"at+jwt"`

// numbered are n members, to go behind others.
func numbered(n int) string {
	var members strings.Builder
	for i := range n {
		fmt.Fprintf(&members, `,"n%d":0`, i)
	}
	return members.String()
}

func TestHeaderAndPayload(t *testing.T) {
	env := newEnvironment(t, nil)
	k := key(t, "RS256", "key-1")
	now := noon.Unix()
	goodPayload := fmt.Sprintf(`{"iss":%q,"aud":%q,"iat":%d,"exp":%d`, issuerURL, audience, now-120, now+60) // older than the keys, so that an unknown kid is a bad one

	for _, c := range []struct {
		name            string
		rule            string // if another than the name's
		header, payload string // goodHeader and goodPayload where empty
		want            verifier.Code
	}{
		{name: "JWS-04 header and payload are objects"},
		{name: "JWS-04 white space around", header: " " + goodHeader + "} ", payload: "\n" + goodPayload + "}\n"},
		{name: "JWS-04 header is an array", header: `["RS256"]`, want: verifier.CodeTokenMalformed},
		{name: "JWS-04 header with BOM", header: "\ufeff" + goodHeader + "}", want: verifier.CodeTokenMalformed},
		{name: "JWS-04 header with trailing data", header: goodHeader + "}{}", want: verifier.CodeTokenMalformed},
		{name: "JWS-04 header not UTF-8", header: goodHeader + ",\"x\":\"\xff\"}", want: verifier.CodeTokenMalformed},
		{name: "JWS-04 payload is a string", payload: `"claims"`, want: verifier.CodeTokenMalformed},
		{name: "JWS-04 payload with BOM", payload: "\ufeff" + goodPayload + "}", want: verifier.CodeTokenMalformed},
		{name: "JWS-04 payload with trailing data", payload: goodPayload + "}x", want: verifier.CodeTokenMalformed},
		{name: "JWS-04 payload not UTF-8", payload: goodPayload + ",\"x\":\"\xc3\x28\"}", want: verifier.CodeTokenMalformed},
		{name: "JWS-04 payload with half a surrogate pair", payload: goodPayload + `,"x":"\ud800"}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-05 duplicate in header", header: goodHeader + `,"alg":"RS256"}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-05 duplicate in payload", payload: goodPayload + `,"aud":"https://api.example"}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-05 duplicate by escape", payload: goodPayload + `,"\u0061ud":"https://api.example"}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-06 Alg is unknown", rule: "JWS-08", header: `{"Alg":"RS256","kid":"key-1"}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-06 Alg next to alg", header: goodHeader + `,"Alg":"none"}`},
		{name: "JWS-06 ISS is unknown", rule: "CLAIM-ISS-01", payload: strings.Replace(goodPayload, `"iss"`, `"ISS"`, 1) + "}", want: verifier.CodeClaimMissing},
		{name: "JWS-06 Exp is unknown", rule: "CLAIM-EXP-01", payload: strings.Replace(goodPayload, `"exp"`, `"Exp"`, 1) + "}", want: verifier.CodeClaimMissing},
		{name: "JWS-06 EXP next to exp", payload: goodPayload + `,"EXP":1}`},
		{name: "JWS-07 nested 40 deep", payload: goodPayload + `,"x":` + strings.Repeat("[", 39) + strings.Repeat("]", 39) + "}"},
		{name: "JWS-07 nested 41 deep", payload: goodPayload + `,"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "}", want: verifier.CodeTokenMalformed},
		{name: "JWS-07 5,000 elements", payload: goodPayload + `,"x":[1` + strings.Repeat(",1", 4999) + "]}"},
		{name: "JWS-07 1,100 members", payload: goodPayload + numbered(1100) + "}"},
		{name: "JWS-07 header of 64 members", header: `{"alg":"RS256","kid":"key-1","typ":"at+jwt"` + numbered(61) + "}"},
		{name: "JWS-07 header of 65 members", header: `{"alg":"RS256","kid":"key-1","typ":"at+jwt"` + numbered(62) + "}", want: verifier.CodeTokenMalformed},
		{name: "JWS-08 alg missing", header: `{"kid":"key-1"}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-08 alg is not a string", header: `{"alg":256,"kid":"key-1"}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-08 alg is compared with case", header: `{"alg":"rs256","kid":"key-1"}`, want: verifier.CodeAlgorithm},
		{name: "JWS-08 alg not configured", header: `{"alg":"RS384","kid":"key-1"}`, want: verifier.CodeAlgorithm},
		{name: "JWS-09 none", header: `{"alg":"none","kid":"key-1"}`, want: verifier.CodeAlgorithm},
		{name: "JWS-09 None", header: `{"alg":"None","kid":"key-1"}`, want: verifier.CodeAlgorithm},
		{name: "JWS-10 HS256", header: `{"alg":"HS256","kid":"key-1"}`, want: verifier.CodeAlgorithm},
		{name: "JWS-12 crit", header: goodHeader + `,"crit":["exp"],"exp":1}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-12 crit empty", header: goodHeader + `,"crit":[]}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-12 crit null", header: goodHeader + `,"crit":null}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-13 b64 true", header: goodHeader + `,"b64":true}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-13 b64 false", header: goodHeader + `,"b64":false}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-14 jku, x5u, jwk, x5c and x5t are ignored", header: goodHeader + `,"jku":"https://evil.example/jwks","x5u":"https://evil.example/x","jwk":{"kty":"oct","k":"AA"},"x5c":["AA"],"x5t":"AA"}`},
		{name: "JWS-18 zip", header: goodHeader + `,"zip":"DEF"}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-18 enc", header: goodHeader + `,"enc":"A128GCM"}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-18 epk", header: goodHeader + `,"epk":{}}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-18 apu", header: goodHeader + `,"apu":"QQ"}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-18 apv", header: goodHeader + `,"apv":"QQ"}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-18 p2s", header: goodHeader + `,"p2s":"QQ"}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-18 p2c", header: goodHeader + `,"p2c":1}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-18 iv", header: goodHeader + `,"iv":"QQ"}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-18 tag", header: goodHeader + `,"tag":"QQ"}`, want: verifier.CodeTokenMalformed},
		{name: "KEYS-02 kid of 512 bytes is only unknown", rule: "CACHE-05", header: `{"alg":"RS256","kid":"` + strings.Repeat("k", 512) + `"}`, want: verifier.CodeKeyUnknown},
		{name: "KEYS-02 kid of 513 bytes", header: `{"alg":"RS256","kid":"` + strings.Repeat("k", 513) + `"}`, want: verifier.CodeTokenMalformed},
		{name: "KEYS-02 kid is not a string", header: `{"alg":"RS256","kid":1}`, want: verifier.CodeTokenMalformed},
		{name: "KEYS-02 kid is empty", header: `{"alg":"RS256","kid":""}`, want: verifier.CodeTokenMalformed},
		{name: "KEYS-02 kid is compared with case", rule: "CACHE-05", header: `{"alg":"RS256","kid":"KEY-1"}`, want: verifier.CodeKeyUnknown},
		{name: "KEYS-02 kid is not a path", rule: "CACHE-05", header: `{"alg":"RS256","kid":"../key-1"}`, want: verifier.CodeKeyUnknown},
		{name: "TYP-01 AT+JWT", header: `{"alg":"RS256","kid":"key-1","typ":"AT+JWT"}`},
		{name: "TYP-01 application/at+jwt", header: `{"alg":"RS256","kid":"key-1","typ":"application/at+jwt"}`},
		{name: "TYP-01 Application/JWT", header: `{"alg":"RS256","kid":"key-1","typ":"Application/JWT"}`},
		{name: "TYP-01 no string", header: `{"alg":"RS256","kid":"key-1","typ":["JWT"]}`, want: verifier.CodeTokenType},
		{name: "TYP-01 empty", header: `{"alg":"RS256","kid":"key-1","typ":""}`, want: verifier.CodeTokenType},
		{name: "TYP-01 only application/", header: `{"alg":"RS256","kid":"key-1","typ":"application/"}`, want: verifier.CodeTokenType},
		{name: "TYP-01 a letter whose lower case is in ASCII", header: `{"alg":"RS256","kid":"key-1","typ":"applİcation/at+jwt"}`, want: verifier.CodeTokenType},
		{name: "TYP-02 dpop+jwt", header: `{"alg":"RS256","kid":"key-1","typ":"dpop+jwt"}`, want: verifier.CodeTokenType},
		{name: "TYP-02 logout+jwt", header: `{"alg":"RS256","kid":"key-1","typ":"logout+jwt"}`, want: verifier.CodeTokenType},
		{name: "TYP-02 secevent+jwt", header: `{"alg":"RS256","kid":"key-1","typ":"secevent+jwt"}`, want: verifier.CodeTokenType},
		{name: "TYP-02 token-introspection+jwt", header: `{"alg":"RS256","kid":"key-1","typ":"token-introspection+jwt"}`, want: verifier.CodeTokenType},
		{name: "TYP-02 oauth-authz-req+jwt", header: `{"alg":"RS256","kid":"key-1","typ":"oauth-authz-req+jwt"}`, want: verifier.CodeTokenType},
		{name: "TYP-02 client-authentication+jwt", header: `{"alg":"RS256","kid":"key-1","typ":"client-authentication+jwt"}`, want: verifier.CodeTokenType},
		{name: "TYP-03 absent", header: `{"alg":"RS256","kid":"key-1"}`},
		{name: "TYP-03 JWT", header: `{"alg":"RS256","kid":"key-1","typ":"JWT"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.header == "" {
				c.header = goodHeader + "}"
			}
			if c.payload == "" {
				c.payload = goodPayload + "}"
			}
			_, err := verify(t, env, signRaw(t, env.issuer, k, c.header, c.payload))
			wantCode(t, err, c.want)
			wantRule(t, err, c.name, c.rule)
		})
	}
}

func TestCompactForm(t *testing.T) {
	env := newEnvironment(t, nil)
	good := token(t, env.issuer, nil)
	parts := strings.Split(good, ".")
	encode := base64.RawURLEncoding.EncodeToString

	for _, c := range []struct {
		name, token string
		rule        string // if another than the name's
		want        verifier.Code
	}{
		{name: "JWS-01 three segments", token: good},
		{name: "JWS-01 two segments", token: parts[0] + "." + parts[1], want: verifier.CodeTokenMalformed},
		{name: "JWS-01 four segments", token: good + "." + parts[2], want: verifier.CodeTokenMalformed},
		{name: "JWS-01 five segments, as a JWE", token: good + ".AA.AA", want: verifier.CodeTokenMalformed},
		{name: "JWS-01 no header", token: "." + parts[1] + "." + parts[2], want: verifier.CodeTokenMalformed},
		{name: "JWS-01 detached payload", token: parts[0] + ".." + parts[2], want: verifier.CodeTokenMalformed},
		{name: "JWS-01 no signature", token: parts[0] + "." + parts[1] + ".", want: verifier.CodeTokenMalformed},
		{name: "JWS-01 JSON form", token: fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, parts[0], parts[1], parts[2]), want: verifier.CodeTokenMalformed},
		{name: "JWS-01 nothing", token: "", want: verifier.CodeTokenMalformed},
		{name: "JWS-02 padding", token: good + "==", want: verifier.CodeTokenMalformed},
		{name: "JWS-02 white space", token: good + " ", want: verifier.CodeTokenMalformed},
		{name: "JWS-02 line break at the end", token: good + "\n", want: verifier.CodeTokenMalformed},
		{name: "JWS-02 line break within the signature", token: parts[0] + "." + parts[1] + "." + parts[2][:9] + "\r\n" + parts[2][9:], want: verifier.CodeTokenMalformed},
		{name: "JWS-02 the alphabet of plain base64", token: strings.ReplaceAll(strings.ReplaceAll(good, "-", "+"), "_", "/"), want: verifier.CodeTokenMalformed},
		{name: "JWS-03 unused bits in the signature", token: good[:len(good)-1] + flipUnused(good[len(good)-1]), want: verifier.CodeTokenMalformed},
		{name: "JWS-03 unused bits in the header", token: withUnusedBits(parts[0]) + "." + parts[1] + "." + parts[2], want: verifier.CodeTokenMalformed},
		{name: "JWS-09 none without signature", rule: "JWS-01", token: encode([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".", want: verifier.CodeTokenMalformed},
		{name: "CRED-09 over the size bound", token: strings.Repeat("a", 16<<10+1), want: verifier.CodeTokenTooLarge},
		{name: "CRED-09 at the size bound", rule: "JWS-01", token: strings.Repeat("a", 16<<10), want: verifier.CodeTokenMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := verify(t, env, c.token)
			wantCode(t, err, c.want)
			wantRule(t, err, c.name, c.rule)
		})
	}
}

// flipUnused returns the character that differs from c in its lowest bit, which a 256-byte signature leaves unused.
func flipUnused(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, c)^1])
}

// withUnusedBits returns a header's segment with an unused bit set, for a header of a length that leaves some.
func withUnusedBits(segment string) string {
	if len(segment)%4 == 0 {
		return segment + "AA" // one more byte, and the JSON has trailing data
	}
	return segment[:len(segment)-1] + flipUnused(segment[len(segment)-1])
}

func TestJWS17EveryBitCounts(t *testing.T) {
	env := newEnvironment(t, nil)
	good := token(t, env.issuer, nil)
	if _, err := verify(t, env, good); err != nil {
		t.Fatal(err)
	}
	for i := range good {
		if good[i] == '.' {
			continue
		}
		changed := good[:i] + flipUnused(good[i]) + good[i+1:]
		if _, err := env.VerifyAccessToken(t.Context(), changed); err == nil {
			t.Fatalf("accepted with character %d of %d changed", i, len(good))
		}
	}
}

func TestAlgorithms(t *testing.T) {
	all := verifier.Algorithms()
	env := newEnvironment(t, func(c *verifier.Config) { c.Algorithms = all })
	for _, alg := range all {
		t.Run("JWS-08 "+alg, func(t *testing.T) {
			k := key(t, alg, "key-"+alg)
			env.issuer.SetKeys(k)
			env.clock.Advance(verifierCooldown)
			_, err := verify(t, env, token(t, env.issuer, nil))
			wantCode(t, err, "")

			others := without(all, alg)
			if alg == "Ed25519" {
				others = without(others, "EdDSA") // JWS-19
			}
			only := newEnvironment(t, func(c *verifier.Config) { c.Algorithms = others })
			only.issuer.SetKeys(k)
			_, err = verify(t, only, token(t, only.issuer, nil))
			wantCode(t, err, verifier.CodeAlgorithm)
		})
	}
	t.Run("JWS-11 RS384 by a key for RS256", func(t *testing.T) {
		k := key(t, "RS256", "key-1")
		env.issuer.SetKeys(k)
		env.clock.Advance(verifierCooldown)
		_, err := verify(t, env, sign(t, env.issuer, k, header{"alg": "RS384"}, ""))
		wantCode(t, err, verifier.CodeAlgorithm)
	})
	t.Run("JWS-11 ES256 by an RSA key", func(t *testing.T) {
		_, err := verify(t, env, sign(t, env.issuer, key(t, "RS256", "key-1"), header{"alg": "ES256"}, ""))
		wantCode(t, err, verifier.CodeAlgorithm)
	})
	t.Run("JWS-15 ECDSA signature in DER", func(t *testing.T) {
		k := key(t, "ES256", "key-ES256")
		env.issuer.SetKeys(k)
		env.clock.Advance(verifierCooldown)
		good := token(t, env.issuer, nil)
		parts := strings.Split(good, ".")
		raw, err := base64.RawURLEncoding.DecodeString(parts[2])
		if err != nil {
			t.Fatal(err)
		}
		for name, signature := range map[string][]byte{
			"DER":        append([]byte{0x30, 68, 2, 32}, append(append(raw[:32:32], 2, 32), raw[32:]...)...),
			"zero":       make([]byte, 64),
			"too long":   append(raw[:64:64], 0),
			"too short":  raw[:63],
			"only r":     raw[:32],
			"over order": append([]byte(strings.Repeat("\xff", 32)), raw[32:]...),
		} {
			_, err := verify(t, env, parts[0]+"."+parts[1]+"."+base64.RawURLEncoding.EncodeToString(signature))
			if t.Run(name, func(t *testing.T) { wantCode(t, err, verifier.CodeSignature) }); t.Failed() {
				return
			}
		}
		_, err = verify(t, env, good)
		wantCode(t, err, "")
	})
}

func without(list []string, item string) []string {
	var rest []string
	for _, s := range list {
		if s != item {
			rest = append(rest, s)
		}
	}
	return rest
}

func TestProfile(t *testing.T) {
	env := newEnvironment(t, func(c *verifier.Config) { c.RequireProfile = true })
	k := key(t, "RS256", "key-1")
	_, err := verify(t, env, token(t, env.issuer, verifiertest.Claims{"client_id": "app"}))
	t.Run("TYP-04 at+jwt", func(t *testing.T) { wantCode(t, err, "") })
	for _, claim := range []string{"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} {
		t.Run("TYP-04 without "+claim, func(t *testing.T) {
			claims := verifiertest.Claims{"client_id": "app"}
			claims[claim] = verifiertest.Absent
			_, err := verify(t, env, token(t, env.issuer, claims))
			wantCode(t, err, verifier.CodeClaimMissing)
		})
	}
	for _, typ := range []any{"JWT", verifiertest.Absent} {
		t.Run(fmt.Sprint("TYP-04 typ ", typ), func(t *testing.T) {
			payload, err := env.issuer.Payload(verifiertest.Claims{"aud": audience, "client_id": "app"})
			if err != nil {
				t.Fatal(err)
			}
			_, err = verify(t, env, sign(t, env.issuer, k, header{"typ": typ}, string(payload)))
			wantCode(t, err, verifier.CodeTokenType)
		})
	}
}
