package verifier_test

import (
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

// The catalogue has the forms of tokens (conformance/catalogue). Here and below are the codes, and
// what no case of it has.
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
		{name: "JWS-04 header is an array", header: `["RS256"]`, want: verifier.CodeTokenMalformed},
		{name: "JWS-04 payload with half a surrogate pair", payload: goodPayload + `,"x":"\ud800"}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-06 ISS is unknown", rule: "CLAIM-ISS-01", payload: strings.Replace(goodPayload, `"iss"`, `"ISS"`, 1) + "}", want: verifier.CodeClaimMissing},
		{name: "JWS-07 1,100 members", payload: goodPayload + numbered(1100) + "}"},
		{name: "JWS-07 header of 64 members", header: `{"alg":"RS256","kid":"key-1","typ":"at+jwt"` + numbered(61) + "}"},
		{name: "JWS-07 header of 65 members", header: `{"alg":"RS256","kid":"key-1","typ":"at+jwt"` + numbered(62) + "}", want: verifier.CodeTokenMalformed},
		{name: "JWS-08 alg is not a string", header: `{"alg":256,"kid":"key-1"}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-08 alg not configured", header: `{"alg":"RS384","kid":"key-1"}`, want: verifier.CodeAlgorithm},
		{name: "JWS-18 apu", header: goodHeader + `,"apu":"QQ"}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-18 apv", header: goodHeader + `,"apv":"QQ"}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-18 p2s", header: goodHeader + `,"p2s":"QQ"}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-18 p2c", header: goodHeader + `,"p2c":1}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-18 iv", header: goodHeader + `,"iv":"QQ"}`, want: verifier.CodeTokenMalformed},
		{name: "JWS-18 tag", header: goodHeader + `,"tag":"QQ"}`, want: verifier.CodeTokenMalformed},
		{name: "KEYS-02 kid of 512 bytes is only unknown", rule: "CACHE-05", header: `{"alg":"RS256","kid":"` + strings.Repeat("k", 512) + `"}`, want: verifier.CodeKeyUnknown},
		{name: "TYP-01 only application/", header: `{"alg":"RS256","kid":"key-1","typ":"application/"}`, want: verifier.CodeTokenType},
		{name: "TYP-01 a letter whose lower case is in ASCII", header: `{"alg":"RS256","kid":"key-1","typ":"applİcation/at+jwt"}`, want: verifier.CodeTokenType},
		{name: "TYP-02 logout+jwt", header: `{"alg":"RS256","kid":"key-1","typ":"logout+jwt"}`, want: verifier.CodeTokenType},
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

	for _, c := range []struct {
		name, token string
		rule        string // if another than the name's
		want        verifier.Code
	}{
		{name: "JWS-01 JSON form", token: fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, parts[0], parts[1], parts[2]), want: verifier.CodeTokenMalformed},
		{name: "JWS-01 nothing", token: "", want: verifier.CodeTokenMalformed},
		{name: "JWS-02 white space", token: good + " ", want: verifier.CodeTokenMalformed},
		{name: "JWS-02 line break at the end", token: good + "\n", want: verifier.CodeTokenMalformed},
		{name: "JWS-02 line break within the signature", token: parts[0] + "." + parts[1] + "." + parts[2][:9] + "\r\n" + parts[2][9:], want: verifier.CodeTokenMalformed},
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
	t.Run("JWS-15 an ECDSA signature of one byte", func(t *testing.T) {
		env.issuer.SetKeys(key(t, "ES256", "key-ES256"))
		env.clock.Advance(verifierCooldown)
		good := token(t, env.issuer, nil)
		_, err := verify(t, env, good[:strings.LastIndexByte(good, '.')]+".AA")
		wantCode(t, err, verifier.CodeSignature)
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
