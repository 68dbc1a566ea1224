package verifier_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// FuzzCredentials has the header field and the URL of a request made up.
func FuzzCredentials(f *testing.F) {
	env := newEnvironment(f, nil)
	good := token(f, env.issuer, nil)
	f.Add("Authorization", "Bearer "+good, "https://api.example/?a=b")
	f.Add("authorization", "Bearer "+strings.ToUpper(good), "https://api.example/?access_token=x")
	f.Add("Authorization", "DPoP a.b.c", "")
	f.Fuzz(func(t *testing.T, name, value, url string) {
		verified, err := env.VerifyRequest(t.Context(), verifier.Request{URL: url, Header: map[string][]string{name: {value}}})
		if err == nil {
			if !strings.HasSuffix(value, good) {
				t.Errorf("accepted %q", value)
			}
			return
		}
		if verified != nil {
			t.Fatalf("VerifyRequest = %v, %v", verified, err)
		}
		checkRejection(t, err)
	})
}

// checkRejection holds what is true of every rejected request: its class, and challenges that are a scheme on offer in
// printable ASCII.
func checkRejection(t *testing.T, err error) {
	t.Helper()
	e := refusal(t, err)
	if e.Code == verifier.CodeIssuerUnavailable {
		return // an unknown kid may be that of a key which was published since the last fetch
	}
	if e.Class != verifier.Rejected || e.Rule == "" {
		t.Fatalf("error is %v", err)
	}
	for _, challenge := range e.Header["Www-Authenticate"] {
		if !strings.HasPrefix(challenge, "Bearer ") && !strings.HasPrefix(challenge, "DPoP ") ||
			strings.ContainsFunc(challenge, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("challenge %q", challenge)
		}
	}
}

// FuzzVerifyRequest has header and payload of a token made up, and signs them, so that every check is reached. What is
// accepted, go-jose accepts too and reads as the same, and it keeps the rules as encoding/json reads it.
func FuzzVerifyRequest(f *testing.F) {
	signer := key(f, "ES256", "key-1")
	env := newEnvironment(f, func(c *verifier.Config) { c.Algorithms = []string{"ES256"} })
	env.issuer.SetKeys(signer)
	written, err := signer.JWK()
	if err != nil {
		f.Fatal(err)
	}
	var public jose.JSONWebKey
	if err := public.UnmarshalJSON(written); err != nil {
		f.Fatal(err)
	}
	payload, err := env.issuer.Payload(verifiertest.Claims{"aud": audience, "scope": "a b"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(`{"alg":"ES256","kid":"key-1","typ":"at+jwt"}`, string(payload))
	f.Add(`{"alg":"ES256","kid":"key-1"}`, `{"iss":"https://issuer.example/","aud":["x","https://api.example"],"exp":1772366700,"iat":1772366400,"nbf":1772366460,"a":{"b":[1e5,null,true]}}`)
	f.Add(`{"alg":"ES256","kid":"key-1","\u0061lg":"none"}`, `{"iss":"https://issuer.example/","aud":"https://api.example","exp":1772366700.25,"iat":1772366400.5,"client_id":"é\u00e9"}`)
	f.Add(`{"alg":"ES256","kid":"key-1","typ":"JWT"}`, `{"iss":"https://issuer.example/","aud":"https://api.example","exp":1772366700,"iat":1772366400,"events":{}}`)
	f.Add(`{"alg":"ES256","kid":"key-1","typ":"JWT"}`, `{"iss":"https://issuer.example/","aud":"https://api.example","exp":1772366700,"iat":1772366400,"cnf":{}}`)
	f.Add(`{"alg":"ES256","kid":"key-1","typ":"JWT"}`, `{"iss":"https://issuer.example/","aud":"https://api.example","exp":1772366700,"iat":1772366400,"nonce":1}`)
	f.Fuzz(func(t *testing.T, header, payload string) {
		sent, err := signer.Sign([]byte(header), []byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		request := verifier.Request{Header: map[string][]string{"Authorization": {"Bearer " + sent}}}
		first, err := env.VerifyRequest(t.Context(), request)
		if err != nil {
			if !errors.Is(err, verifier.CodeTokenTooLarge) {
				checkRejection(t, err)
			}
			return
		}
		// The second time it is verified again, the third time remembered.
		for range 2 {
			again, err := env.VerifyRequest(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(first, again, cmpopts.IgnoreUnexported(verifier.Verified{})); diff != "" {
				t.Fatalf("verified again (-first +again):\n%s", diff)
			}
		}
		checkByGoJOSE(t, sent, public, first)
		checkByEncodingJSON(t, payload, first)
	})
}

// checkByGoJOSE has another library verify a token, and compares what it reads.
func checkByGoJOSE(t *testing.T, sent string, public jose.JSONWebKey, ours *verifier.Verified) {
	t.Helper()
	parsed, err := josejwt.ParseSigned(sent, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatalf("go-jose: %v", err)
	}
	var theirs josejwt.Claims
	if err := parsed.Claims(public, &theirs); err != nil {
		t.Fatalf("go-jose: %v", err)
	}
	if theirs.Issuer != ours.Issuer || theirs.Subject != ours.Subject || theirs.ID != ours.TokenID || !slices.Equal(theirs.Audience, ours.Audiences) ||
		theirs.Expiry.Time().Unix() != ours.ExpiresAt.Unix() || theirs.IssuedAt.Time().Unix() != ours.IssuedAt.Unix() {
		t.Fatalf("go-jose reads %+v, this package %+v", theirs, ours)
	}
	expected := josejwt.Expected{Issuer: issuerURL, AnyAudience: josejwt.Audience{audience}, Time: noon}
	if err := theirs.ValidateWithLeeway(expected, time.Minute); err != nil {
		t.Fatalf("go-jose: %v", err)
	}
}

// checkByEncodingJSON looks for what no accepted Bearer token has.
func checkByEncodingJSON(t *testing.T, payload string, ours *verifier.Verified) {
	t.Helper()
	var claims map[string]any
	decoder := json.NewDecoder(strings.NewReader(payload))
	decoder.UseNumber() // a claim that is not looked at may be beyond float64
	if err := decoder.Decode(&claims); err != nil {
		t.Fatal(err)
	}
	for _, forbidden := range []string{"cnf", "nonce", "at_hash", "c_hash", "events"} {
		if _, found := claims[forbidden]; found {
			t.Fatalf("accepted with %s", forbidden)
		}
	}
	exp, _ := claims["exp"].(json.Number)
	if seconds, err := exp.Float64(); err != nil || seconds <= float64(noon.Unix()) {
		t.Fatalf("accepted with exp %v", claims["exp"])
	}
	var decoded map[string]any
	if err := ours.Decode(&decoded); err == nil && (decoded["iss"] != issuerURL || len(decoded) != len(claims)) {
		t.Fatalf("Decode reads %v", decoded)
	}
}
