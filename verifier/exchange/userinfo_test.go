package exchange_test

import (
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/dpop"
	"github.com/holdfast-go/holdfast/verifier/exchange"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

const userInfoURL = "https://issuer.example/userinfo"

var ofUser = exchange.UserInfoRequest{AccessToken: userToken, Subject: "user-1"}

// members publishes metadata with these members besides.
func members(t *testing.T, more map[string]any) ports.Fetcher {
	t.Helper()
	issuer := verifiertest.MustIssuer(t, issuerURL)
	return withMembers(issuer, more)
}

func withMembers(issuer *verifiertest.Issuer, more map[string]any) ports.Fetcher {
	return ports.FetcherFunc(func(ctx context.Context, url string) (ports.Document, error) {
		published, err := issuer.Fetch(ctx, url)
		if err != nil || !strings.HasSuffix(url, "openid-configuration") {
			return published, err
		}
		all := make(map[string]any)
		if err := json.Unmarshal(published.Body, &all); err != nil {
			return ports.Document{}, err
		}
		maps.Copy(all, more)
		published.Body, err = json.Marshal(all)
		return published, err
	})
}

func asking(c *exchange.Config) { c.UserInfoEndpointURL = userInfoURL }

func TestXCHG21UserInfo(t *testing.T) {
	gateway := func(code verifier.Code, rule string) exchange.Error {
		return exchange.Error{Class: verifier.Undecidable, Code: code, Rule: rule, Status: 502}
	}
	for name, c := range map[string]struct {
		answer ports.TokenResponse
		want   exchange.Error // zero where the answer is good
		says   string
	}{
		"good":                      {answer: ok(`{"sub":"user-1","email":"ada@example.com"}`)},
		"sub of another":            {answer: ok(`{"sub":"user-2","email":"ada@example.com"}`), want: exchange.Error{Class: verifier.Rejected, Code: exchange.CodeSubject, Rule: "XCHG-21", Status: 502}},
		"sub in another case":       {answer: ok(`{"sub":"User-1"}`), want: exchange.Error{Class: verifier.Rejected, Code: exchange.CodeSubject, Rule: "XCHG-21", Status: 502}},
		"no sub":                    {answer: ok(`{"email":"ada@example.com"}`), want: gateway(exchange.CodeInvalidResponse, "XCHG-21")},
		"sub is empty":              {answer: ok(`{"sub":""}`), want: gateway(exchange.CodeInvalidResponse, "XCHG-21")},
		"sub is a number":           {answer: ok(`{"sub":1}`), want: gateway(exchange.CodeInvalidResponse, "XCHG-21")},
		"sub of 256 characters":     {answer: ok(`{"sub":"` + strings.Repeat("a", 256) + `"}`), want: gateway(exchange.CodeInvalidResponse, "XCHG-21")},
		"sub twice":                 {answer: ok(`{"sub":"user-2","sub":"user-1"}`), want: gateway(exchange.CodeInvalidJSON, "XCHG-08")},
		"too large":                 {answer: ok(`{"sub":"user-1","x":"` + strings.Repeat("a", 1<<20) + `"}`), want: gateway(exchange.CodeInvalidResponse, "XCHG-08")},
		"nested too deeply":         {answer: ok(`{"sub":"user-1","x":` + strings.Repeat("[", 30) + strings.Repeat("]", 30) + `}`), want: gateway(exchange.CodeInvalidJSON, "XCHG-08")},
		"a JWT where none is due":   {answer: ok(`e30.e30.c2ln`), want: gateway(exchange.CodeInvalidJSON, "XCHG-08"), says: "UserInfoAlgorithm"},
		"a redirect":                {answer: ports.TokenResponse{Status: 307}, want: gateway(exchange.CodeUnexpected, "XCHG-16")},
		"no access token any more":  {answer: challenged(401, `Bearer realm="x", error="invalid_token", error_description="expired"`), want: exchange.Error{Class: verifier.Rejected, Code: exchange.CodeInvalidToken, Rule: "XCHG-10", Status: 401}},
		"without the scope":         {answer: challenged(403, `Bearer error="insufficient_scope",scope="openid"`), want: exchange.Error{Class: verifier.Rejected, Code: exchange.CodeInsufficientScope, Rule: "XCHG-10", Status: 403}},
		"a challenge without error": {answer: challenged(401, `Bearer`), want: exchange.Error{Class: verifier.Rejected, Code: exchange.CodeUserInfoEndpoint, Rule: "XCHG-10", Status: 401}},
		"an error that quotes":      {answer: challenged(401, `Bearer error="`+userToken+`"`), want: exchange.Error{Class: verifier.Rejected, Code: exchange.CodeUserInfoEndpoint, Rule: "XCHG-10", Status: 401}},
		"a hostile challenge":       {answer: challenged(401, `Bearer error="a`+"\x1b"+`"`), want: exchange.Error{Class: verifier.Rejected, Code: exchange.CodeUserInfoEndpoint, Rule: "XCHG-10", Status: 401}},
		"away":                      {answer: ports.TokenResponse{Status: 503}, want: exchange.Error{Class: verifier.Undecidable, Code: exchange.CodeUserInfoEndpoint, Rule: "XCHG-10", Status: 503}},
	} {
		t.Run(name, func(t *testing.T) {
			client, e := newClient(t, asking, c.answer)
			info, err := client.UserInfo(t.Context(), ofUser)
			if c.want.Code != "" {
				checkError(t, err, c.want)
				if !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "user-2") {
					t.Errorf("the error is %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var claims struct {
				Email string `json:"email"`
			}
			if err := info.Decode(&claims); err != nil || info.Subject != "user-1" || claims.Email != "ada@example.com" {
				t.Errorf("got %q, %q, %v", info.Subject, claims.Email, err)
			}
			if printed := fmt.Sprintf("%v %+v %#v %s", info, info, info, info); strings.Contains(printed, "ada") || strings.Contains(printed, "user-1") {
				t.Errorf("it prints as %s", printed)
			}
			var number struct {
				Email int `json:"email"`
			}
			if err := info.Decode(&number); !errors.Is(err, verifier.CodeClaimsUndecodable) || strings.Contains(err.Error(), "ada") {
				t.Errorf("the error of Decode is %v", err)
			}
			sent := e.requests()
			if len(sent) != 1 || len(sent[0].Form) != 0 || sent[0].Header["Authorization"][0] != "Bearer "+userToken || len(sent[0].Header) != 1 {
				t.Errorf("sent %v", sent)
			}
		})
	}
}

func challenged(status int, challenge string) ports.TokenResponse {
	return ports.TokenResponse{Status: status, Header: map[string][]string{"Www-Authenticate": {challenge}}}
}

func TestXCHG21UserInfoArguments(t *testing.T) {
	for name, c := range map[string]struct {
		request exchange.UserInfoRequest
		rule    string
	}{
		"no access token":            {exchange.UserInfoRequest{Subject: "user-1"}, "XCHG-03"},
		"no subject":                 {exchange.UserInfoRequest{AccessToken: userToken}, "XCHG-21"},
		"blank subject":              {exchange.UserInfoRequest{AccessToken: userToken, Subject: " "}, "XCHG-21"},
		"another scheme":             {exchange.UserInfoRequest{AccessToken: userToken, Subject: "user-1", TokenType: "N_A"}, "XCHG-21"},
		"DPoP without a key":         {exchange.UserInfoRequest{AccessToken: userToken, Subject: "user-1", TokenType: "DPoP"}, "XCHG-21"},
		"a token with line breaks":   {exchange.UserInfoRequest{AccessToken: "a\r\nHost: evil", Subject: "user-1"}, "XCHG-03"},
		"a token with a space in it": {exchange.UserInfoRequest{AccessToken: "a b", Subject: "user-1"}, "XCHG-03"},
	} {
		client, e := newClient(t, asking)
		_, err := client.UserInfo(t.Context(), c.request)
		checkError(t, err, exchange.Error{Class: verifier.Rejected, Code: exchange.CodeArgument, Rule: c.rule, Status: 400})
		if len(e.requests()) != 0 {
			t.Errorf("%s: a request was sent", name)
		}
	}
}

// RFC 9449 sections 7.1 and 9: a bound access token goes with a proof of that token, and again with the nonce that is wanted.
func TestXCHG21UserInfoByDPoP(t *testing.T) {
	nonced := challenged(401, `DPoP error="use_dpop_nonce"`)
	nonced.Header["Dpop-Nonce"] = []string{"n-1"}
	client, e := newClient(t, func(c *exchange.Config) {
		asking(c)
		c.DPoPKey = exchange.SigningKey{Signer: rsaKey()}
	}, nonced, ok(`{"sub":"user-1"}`))
	request := ofUser
	request.TokenType = "dpop"
	if _, err := client.UserInfo(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	checker, err := dpop.New(dpop.Config{Algorithms: []string{"RS256"}, Clock: verifiertest.NewClock(noon)})
	if err != nil {
		t.Fatal(err)
	}
	sent := e.requests()
	if len(sent) != 2 {
		t.Fatalf("%d requests were sent, want 2", len(sent))
	}
	for i, nonce := range []string{"", "n-1"} {
		if got := sent[i].Header["Authorization"][0]; got != "DPoP "+userToken {
			t.Errorf("the credentials are %q", got)
		}
		sum := sha256.Sum256([]byte(userToken))
		proof, err := checker.Check(sent[i].Header["Dpop"][0], dpop.Request{Method: "POST", URL: userInfoURL, AccessToken: userToken})
		if err != nil || proof.Nonce != nonce {
			t.Errorf("proof %d has nonce %q, want %q (ath %s): %v", i, proof.Nonce, nonce, base64.RawURLEncoding.EncodeToString(sum[:]), err)
		}
	}
}

func TestXCHG22SignedUserInfo(t *testing.T) {
	key := verifiertest.MustKey(t, "ES256", "key-1")
	other := verifiertest.MustKey(t, "ES256", "key-1")
	clock := verifiertest.NewClock(noon)
	issuer := verifiertest.MustIssuer(t, issuerURL, key)
	good := verifiertest.Claims{"iss": issuerURL, "aud": "client-1", "sub": "user-1", "email": "ada@example.com"}
	signed := func(by *verifiertest.Key, typ string, edit verifiertest.Claims) ports.TokenResponse {
		header := map[string]any{"alg": "ES256", "kid": "key-1"}
		if typ != "" {
			header["typ"] = typ
		}
		claims := maps.Clone(good)
		maps.Copy(claims, edit)
		maps.DeleteFunc(claims, func(_ string, value any) bool { return value == verifiertest.Absent })
		return ok(must(by.Sign(must(json.Marshal(header)), must(json.Marshal(claims)))))
	}
	var signatures askedSignatures
	for name, c := range map[string]struct {
		answer ports.TokenResponse
		code   verifier.Code // empty where the answer is good
		rule   string
	}{
		"good":                   {answer: signed(key, "", nil)},
		"typ JWT":                {answer: signed(key, "JWT", nil)},
		"several audiences":      {answer: signed(key, "", verifiertest.Claims{"aud": []string{"client-1", "x"}})},
		"exp to come":            {answer: signed(key, "", verifiertest.Claims{"exp": noon.Unix() - 59})},
		"exp past":               {signed(key, "", verifiertest.Claims{"exp": noon.Unix() - 60}), verifier.CodeExpired, "XCHG-22"},
		"another key":            {signed(other, "", nil), verifier.CodeSignature, "JWS-16"},
		"iss of another":         {signed(key, "", verifiertest.Claims{"iss": "https://other.example/"}), verifier.CodeIssuer, "XCHG-22"},
		"no iss":                 {signed(key, "", verifiertest.Claims{"iss": verifiertest.Absent}), verifier.CodeClaimMissing, "XCHG-22"},
		"aud of another":         {signed(key, "", verifiertest.Claims{"aud": "client-2"}), verifier.CodeAudience, "XCHG-22"},
		"no aud":                 {signed(key, "", verifiertest.Claims{"aud": verifiertest.Absent}), verifier.CodeClaimMissing, "XCHG-22"},
		"sub of another":         {signed(key, "", verifiertest.Claims{"sub": "user-2"}), exchange.CodeSubject, "XCHG-21"},
		"an access token":        {signed(key, "at+jwt", nil), verifier.CodeTokenType, "XCHG-22"},
		"JSON without signature": {ok(`{"sub":"user-1","iss":"` + issuerURL + `","aud":"client-1"}`), verifier.CodeTokenMalformed, "JWS-01"},
		"alg none":               {ok("eyJhbGciOiJub25lIn0.e30."), verifier.CodeTokenMalformed, "JWS-01"},
		"an unknown kid": {ok(must(key.Sign([]byte(`{"alg":"ES256","kid":"key-9"}`), must(json.Marshal(good))))),
			verifier.CodeKeyUnknown, "XCHG-22"},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := verifier.New(verifier.Config{Domain: issuerURL, NoAccessTokens: true, Clock: clock, SignatureVerifier: &signatures,
				Fetcher: withMembers(issuer, map[string]any{"userinfo_endpoint": userInfoURL})})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { v.Close() })
			client, err := exchange.New(v, exchange.Config{
				Endpoint: &endpoint{answers: []ports.TokenResponse{c.answer}}, ClientID: "client-1", ClientSecret: secret, UserInfoAlgorithm: "ES256",
			})
			if err != nil {
				t.Fatal(err)
			}
			info, err := client.UserInfo(t.Context(), ofUser)
			if c.code != "" {
				checkError(t, err, exchange.Error{Class: verifier.Rejected, Code: c.code, Rule: c.rule, Status: 502})
			} else if err != nil || info.Subject != "user-1" {
				t.Errorf("got %v, %v", info, err)
			}
		})
	}
	if signatures == 0 {
		t.Error("JWS-16: the verifier's SignatureVerifier is not asked")
	}
}

// askedSignatures counts what it can't tell.
type askedSignatures int

func (n *askedSignatures) VerifySignature(crypto.PublicKey, []byte, []byte, crypto.SignerOpts) (bool, error) {
	*n++
	return false, errors.ErrUnsupported
}

// The issuer's keys can't be had: that is not the answer's fault.
func TestXCHG22KeysOutOfReach(t *testing.T) {
	key := verifiertest.MustKey(t, "ES256", "key-1")
	published := members(t, map[string]any{"userinfo_endpoint": userInfoURL, "jwks_uri": "https://issuer.example/gone"})
	v := newVerifier(t, published)
	client, err := exchange.New(v, exchange.Config{
		Endpoint: &endpoint{answers: []ports.TokenResponse{ok(must(key.Sign([]byte(`{"alg":"ES256","kid":"key-1"}`), []byte(`{"iss":"`+issuerURL+`"}`))))}},
		ClientID: "client-1", ClientSecret: secret, UserInfoAlgorithm: "ES256", UserInfoEndpointURL: userInfoURL,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.UserInfo(t.Context(), ofUser)
	checkError(t, err, exchange.Error{Class: verifier.Undecidable, Code: verifier.CodeIssuerUnavailable, Status: 503})
}
