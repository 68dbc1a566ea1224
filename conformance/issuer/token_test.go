package issuer_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// check fails the test unless the answer is that error, or a token for an empty code (RFC 6749 sections 5.1 and 5.2).
func check(t *testing.T, got answer, code string) {
	t.Helper()
	status := http.StatusBadRequest
	switch code {
	case "":
		status = http.StatusOK
	case "invalid_client":
		status = http.StatusUnauthorized
	}
	if got.status != status || got.Error != code {
		t.Errorf("%d %q, want %d %q", got.status, got.Error, status, code)
	}
	if (got.AccessToken != "") != (code == "") {
		t.Errorf("status %d with access token %q", got.status, got.AccessToken)
	}
}

func TestRedeemingACode(t *testing.T) {
	other := issuer.Client{ID: "other", Secret: "another secret", RedirectURIs: []string{callback}}
	server, clock := start(t, confidential, spa, other)
	for _, c := range []struct {
		name    string
		request url.Values // of the authorization
		change  url.Values
		client  issuer.Client
		age     time.Duration
		code    string
	}{
		{name: "a good one", client: confidential},
		{name: "RFC 6749 4.1.3: unknown code", client: confidential, change: url.Values{"code": {"forged"}}, code: "invalid_grant"},
		{name: "RFC 6749 4.1.3: no code", client: confidential, change: url.Values{"code": nil}, code: "invalid_grant"},
		{name: "RFC 6749 4.1.3: other redirect_uri", client: confidential, change: url.Values{"redirect_uri": {callback + "/"}}, code: "invalid_grant"},
		{name: "RFC 6749 4.1.3: another client's code", client: other, code: "invalid_grant"},
		{name: "RFC 6749 4.1.2: code just good", client: confidential, age: 59 * time.Second},
		{name: "RFC 6749 4.1.2: code too old", client: confidential, age: time.Minute, code: "invalid_grant"},
		{name: "RFC 7636 4.6: other verifier", client: confidential, change: url.Values{"code_verifier": {pkce + "x"}}, code: "invalid_grant"},
		{name: "RFC 7636 4.6: no verifier", client: confidential, change: url.Values{"code_verifier": nil}, code: "invalid_grant"},
		{name: "RFC 9700 2.1.1: verifier without challenge", client: confidential, request: noPKCE, code: "invalid_grant"},
		{name: "neither verifier nor challenge", client: confidential, request: noPKCE, change: url.Values{"code_verifier": nil}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code := newBrowser(t, server).code(with(authorization(confidential), c.request))
			clock.Advance(c.age)
			check(t, tokens(t, server, with(redemption(code), c.change), basic(c.client)), c.code)
		})
	}
}

func TestACodeIsGoodOnce(t *testing.T) {
	server, _ := start(t, confidential)
	code := newBrowser(t, server).code(authorization(confidential))
	first := tokens(t, server, redemption(code), basic(confidential))
	check(t, first, "")
	check(t, tokens(t, server, redemption(code), basic(confidential)), "invalid_grant")
	// RFC 6749 section 4.1.2: what was issued on the code's first use is revoked.
	renewal := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.RefreshToken}}
	check(t, tokens(t, server, renewal, basic(confidential)), "invalid_grant")
}

func TestClientAuthentication(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signed := issuer.Client{ID: "signed", PublicKey: private.Public()}
	server, clock := start(t, confidential, spa, signed)
	assertion := func(t *testing.T, changes map[string]any) url.Values {
		claims := map[string]any{
			"iss": signed.ID, "sub": signed.ID, "aud": server.URL,
			"jti": rand.Text(), "exp": clock.Now().Add(time.Minute).Unix(),
		}
		for name, value := range changes {
			claims[name] = value
			if value == nil {
				delete(claims, name)
			}
		}
		return url.Values{
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
			"client_assertion":      {sign(t, private, claims)},
		}
	}
	asserting := func(changes map[string]any) func(*testing.T) url.Values {
		return func(t *testing.T) url.Values { return assertion(t, changes) }
	}
	fixed := func(form url.Values) func(*testing.T) url.Values {
		return func(*testing.T) url.Values { return form }
	}
	plain := func(id, secret string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(id, secret) }
	}
	post := url.Values{"client_id": {confidential.ID}, "client_secret": {confidential.Secret}}
	for _, c := range []struct {
		name string
		form func(t *testing.T) url.Values
		edit func(*http.Request)
		code string
	}{
		{name: "client_secret_basic", edit: basic(confidential)},
		{name: "RFC 6749 2.3.1: basic, not form-encoded", edit: plain(confidential.ID, confidential.Secret), code: "invalid_client"},
		{name: "RFC 6749 2.3: basic, wrong secret", edit: plain(confidential.ID, "wrong"), code: "invalid_client"},
		{name: "RFC 6749 2.3: basic, unknown client", edit: plain("other", ""), code: "invalid_client"},
		{name: "RFC 6749 2.3: basic, other scheme", edit: func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, code: "invalid_client"},
		{name: "client_secret_post", form: fixed(post)},
		{name: "RFC 6749 2.3: post, wrong secret", form: fixed(with(post, url.Values{"client_secret": {"wrong"}})), code: "invalid_client"},
		{name: "RFC 6749 2.3: two methods", form: fixed(post), edit: basic(confidential), code: "invalid_request"},
		{name: "RFC 6749 2.3: no credentials", form: fixed(url.Values{"client_id": {confidential.ID}}), code: "invalid_client"},
		{name: "RFC 6749 4.4: public client", form: fixed(url.Values{"client_id": {spa.ID}}), code: "unauthorized_client"},
		{name: "private_key_jwt", form: asserting(nil)},
		{name: "RFC 7523 3: aud is the token endpoint", form: asserting(map[string]any{"aud": []string{server.URL + "token"}})},
		{name: "RFC 7523 3: aud of another", form: asserting(map[string]any{"aud": "https://other.example/"}), code: "invalid_client"},
		{name: "RFC 7523 3: no aud", form: asserting(map[string]any{"aud": nil}), code: "invalid_client"},
		{name: "RFC 7523 3: iss of another", form: asserting(map[string]any{"iss": "other"}), code: "invalid_client"},
		{name: "RFC 7523 3: no exp", form: asserting(map[string]any{"exp": nil}), code: "invalid_client"},
		{name: "RFC 7523 3: expired", form: asserting(map[string]any{"exp": clock.Now().Add(-time.Second).Unix()}), code: "invalid_client"},
		{name: "RFC 7523 3: expires too late", form: asserting(map[string]any{"exp": clock.Now().Add(6 * time.Minute).Unix()}), code: "invalid_client"},
		{name: "RFC 7523 3: no jti", form: asserting(map[string]any{"jti": nil}), code: "invalid_client"},
		{name: "RFC 7523 3: no JWT", form: func(t *testing.T) url.Values {
			return with(assertion(t, nil), url.Values{"client_assertion": {"x"}})
		}, code: "invalid_client"},
		{name: "RFC 7521 4.2: other assertion type", form: func(t *testing.T) url.Values {
			return with(assertion(t, nil), url.Values{"client_assertion_type": {"x"}})
		}, code: "invalid_request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			form := url.Values{}
			if c.form != nil {
				form = c.form(t)
			}
			got := tokens(t, server, with(url.Values{"grant_type": {"client_credentials"}, "audience": {api}}, form), c.edit)
			check(t, got, c.code)
			// RFC 6749 section 5.2: only a client that used the Authorization field is challenged by it.
			if challenged := got.header.Get("WWW-Authenticate") != ""; challenged != (c.edit != nil && c.code == "invalid_client") {
				t.Errorf("challenged is %t", challenged)
			}
		})
	}
	t.Run("RFC 7523 3: jti used before", func(t *testing.T) {
		form := with(url.Values{"grant_type": {"client_credentials"}}, assertion(t, nil))
		check(t, tokens(t, server, form, nil), "")
		check(t, tokens(t, server, form, nil), "invalid_client")
	})
}

func sign(t *testing.T, key crypto.Signer, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

func TestTokenRequests(t *testing.T) {
	server, _ := start(t, confidential)
	for _, c := range []struct {
		name, code string
		change     url.Values
	}{
		{"a good one", "", nil},
		{"RFC 6749 5.2: no grant_type", "unsupported_grant_type", url.Values{"grant_type": nil}},
		{"RFC 6749 5.2: other grant_type", "unsupported_grant_type", url.Values{"grant_type": {"password"}}},
		{"RFC 6749 3.2: scope twice", "invalid_request", url.Values{"scope": {"a", "b"}}},
		{"body too large", "invalid_request", url.Values{"scope": {strings.Repeat("x", 65<<10)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			check(t, tokens(t, server, with(url.Values{"grant_type": {"client_credentials"}}, c.change), basic(confidential)), c.code)
		})
	}
	t.Run("audiences", func(t *testing.T) {
		for _, c := range []struct {
			form url.Values
			want any
		}{
			{url.Values{}, server.URL}, {url.Values{"resource": {api}}, api}, {url.Values{"audience": {api}}, api},
		} {
			got := tokens(t, server, with(url.Values{"grant_type": {"client_credentials"}}, c.form), basic(confidential))
			if aud := claims(t, got.AccessToken)["aud"]; aud != c.want {
				t.Errorf("%v: aud is %v, want %v", c.form, aud, c.want)
			}
		}
	})
	t.Run("only by POST", func(t *testing.T) {
		answer, err := server.Client().Get(server.URL + "token")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("status %d", answer.StatusCode)
		}
	})
}

func TestRefresh(t *testing.T) {
	server, clock := start(t, confidential, spa)
	renewal := func(token string, change url.Values) url.Values {
		return with(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}, change)
	}
	begin := func(t *testing.T, request url.Values) answer {
		return tokens(t, server, redemption(newBrowser(t, server).code(with(authorization(confidential), request))), basic(confidential))
	}
	t.Run("OIDC Core 11: none without offline_access", func(t *testing.T) {
		if got := begin(t, url.Values{"scope": {"openid"}}); got.RefreshToken != "" {
			t.Error("there is one")
		}
	})
	t.Run("RFC 9700 4.14.2: each is good once", func(t *testing.T) {
		first := begin(t, nil)
		second := tokens(t, server, renewal(first.RefreshToken, nil), basic(confidential))
		check(t, second, "")
		check(t, tokens(t, server, renewal(first.RefreshToken, nil), basic(confidential)), "invalid_grant")
		check(t, tokens(t, server, renewal(second.RefreshToken, nil), basic(confidential)), "")
	})
	t.Run("RFC 6749 6: less scope", func(t *testing.T) {
		got := tokens(t, server, renewal(begin(t, nil).RefreshToken, url.Values{"scope": {"openid"}}), basic(confidential))
		check(t, got, "")
		if got.Scope != "openid" {
			t.Errorf("scope is %q", got.Scope)
		}
	})
	t.Run("RFC 6749 6: more scope", func(t *testing.T) {
		check(t, tokens(t, server, renewal(begin(t, nil).RefreshToken, url.Values{"scope": {"openid admin"}}), basic(confidential)), "invalid_scope")
	})
	t.Run("RFC 6749 6: another client's", func(t *testing.T) {
		check(t, tokens(t, server, renewal(begin(t, nil).RefreshToken, url.Values{"client_id": {spa.ID}}), nil), "invalid_grant")
	})
	t.Run("too old", func(t *testing.T) {
		first := begin(t, nil)
		clock.Advance(time.Hour)
		check(t, tokens(t, server, renewal(first.RefreshToken, nil), basic(confidential)), "invalid_grant")
	})
}

func TestTokensBoundByDPoP(t *testing.T) {
	bound := issuer.Client{ID: "bound", Secret: "secret", RequireDPoP: true}
	nonced := issuer.Client{ID: "nonced", Secret: "secret", RequireDPoPNonce: true}
	server, clock := start(t, confidential, spa, bound, nonced)
	provers := make([]*verifiertest.Prover, 2)
	for i := range provers {
		key := verifiertest.MustKey(t, "ES256", "client")
		provers[i] = &verifiertest.Prover{Key: key, Clock: clock}
	}
	proof := func(t *testing.T, p *verifiertest.Prover, url string, changes verifiertest.Claims) string {
		made := p.MustProof(t, http.MethodPost, url, "", nil, changes)
		return made
	}
	send := func(t *testing.T, client issuer.Client, proofs ...string) answer {
		return tokens(t, server, url.Values{"grant_type": {"client_credentials"}}, func(r *http.Request) {
			basic(client)(r)
			r.Header["Dpop"] = proofs
		})
	}
	endpoint := server.URL + "token"
	t.Run("RFC 9449 5: a good proof", func(t *testing.T) {
		got := send(t, confidential, proof(t, provers[0], endpoint, nil))
		check(t, got, "")
		thumbprint := provers[0].MustThumbprint(t)
		confirmation, _ := claims(t, got.AccessToken)["cnf"].(map[string]any)
		if got.TokenType != "DPoP" || confirmation["jkt"] != thumbprint {
			t.Errorf("token type %s, cnf %v", got.TokenType, confirmation)
		}
	})
	t.Run("RFC 9449 5: proof for another URL", func(t *testing.T) {
		check(t, send(t, confidential, proof(t, provers[0], endpoint+"s", nil)), "invalid_dpop_proof")
	})
	t.Run("RFC 9449 4.3: two proofs", func(t *testing.T) {
		check(t, send(t, confidential, proof(t, provers[0], endpoint, nil), proof(t, provers[0], endpoint, nil)), "invalid_dpop_proof")
	})
	t.Run("RFC 9449 11.1: a proof used before", func(t *testing.T) {
		once := proof(t, provers[0], endpoint, nil)
		check(t, send(t, confidential, once), "")
		check(t, send(t, confidential, once), "invalid_dpop_proof")
	})
	t.Run("RequireDPoP", func(t *testing.T) {
		check(t, send(t, bound), "invalid_dpop_proof")
		check(t, send(t, bound, proof(t, provers[0], endpoint, nil)), "")
	})
	t.Run("RFC 9449 8: nonce wanted", func(t *testing.T) {
		wanted := send(t, nonced, proof(t, provers[0], endpoint, nil))
		check(t, wanted, "use_dpop_nonce")
		nonce := wanted.header.Get("DPoP-Nonce")
		check(t, send(t, nonced, proof(t, provers[0], endpoint, verifiertest.Claims{"nonce": nonce})), "")
	})
	t.Run("RFC 9449 5: a public client's refresh token is bound too", func(t *testing.T) {
		with := func(p *verifiertest.Prover) func(*http.Request) {
			return func(r *http.Request) { r.Header.Set("DPoP", proof(t, p, endpoint, nil)) }
		}
		form := redemption(newBrowser(t, server).code(authorization(spa)))
		form.Set("client_id", spa.ID)
		first := tokens(t, server, form, with(provers[0]))
		check(t, first, "")
		renewal := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.RefreshToken}, "client_id": {spa.ID}}
		check(t, tokens(t, server, renewal, nil), "invalid_grant")
		check(t, tokens(t, server, renewal, with(provers[1])), "invalid_grant")
		check(t, tokens(t, server, renewal, with(provers[0])), "")
	})
}
