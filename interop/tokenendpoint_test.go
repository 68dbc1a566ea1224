package interop

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/holdfast-go/holdfast/adapters/httpfetch"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/exchange"
	"github.com/holdfast-go/holdfast/verifier/idtoken"
)

const (
	callbackURL   = "https://app.example/callback"
	exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange"
)

// A tokenIssuer is an oidc-provider whose token endpoint knows every grant that package exchange asks for.
type tokenIssuer struct {
	*provider
	fetcher  *httpfetch.Fetcher
	verifier *verifier.Verifier
	signers  map[string]crypto.Signer // of the clients that sign, by client ID
}

func startTokenIssuer(t *testing.T, more ...map[string]any) *tokenIssuer {
	t.Helper()
	signers := map[string]crypto.Signer{}
	var err error
	if signers["rs256"], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	if signers["es256"], err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	web := registered("web", "authorization_code", "refresh_token")
	web["redirect_uris"], web["response_types"] = []string{callbackURL}, []string{"code"}
	signed := maps.Clone(web)
	signed["client_id"], signed["userinfo_signed_response_alg"] = "signed", "RS256"
	post := registered("post", "client_credentials")
	post["token_endpoint_auth_method"] = "client_secret_post"
	bound := registered("bound", "client_credentials")
	bound["dpop_bound_access_tokens"] = true

	p := newProvider(t)
	p.URL += "/" // an issuer as Config.Domain means it
	p.launch(t, "exchange-issuer.mjs", []jose.JSONWebKey{rsaKey(t, "rsa-1")}, append(more,
		web, signed, post, bound, registered("app", "client_credentials"),
		registered("orders", exchangeGrant), registered("stock", exchangeGrant),
		signing("rs256", jose.RS256, signers["rs256"]), signing("es256", jose.ES256, signers["es256"]))...)
	t.Cleanup(func() { p.stop(t) })

	client := p.client()
	t.Cleanup(client.CloseIdleConnections)
	fetcher, err := httpfetch.New(httpfetch.Config{Client: client})
	if err != nil {
		t.Fatal(err)
	}
	v, _ := newVerifier(t, p, func(c *verifier.Config) { c.Domain = p.URL })
	return &tokenIssuer{p, fetcher, v, signers}
}

// registered is the metadata of a client (RFC 7591 section 2) with a secret.
func registered(id string, grants ...string) map[string]any {
	return map[string]any{
		"client_id": id, "client_secret": clientSecret, "grant_types": grants,
		"redirect_uris": []string{}, "response_types": []string{},
	}
}

// signing is that of a client with a key.
func signing(id string, algorithm jose.SignatureAlgorithm, key crypto.Signer) map[string]any {
	client := registered(id, "client_credentials")
	delete(client, "client_secret")
	client["token_endpoint_auth_method"] = "private_key_jwt"
	client["token_endpoint_auth_signing_alg"] = algorithm
	client["jwks"] = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{
		Key: key.Public(), KeyID: id + "-key", Algorithm: string(algorithm), Use: "sig",
	}}}
	return client
}

// client returns one of the issuer's clients. It authenticates by its secret and HTTP Basic unless edit says otherwise.
func (i *tokenIssuer) client(t *testing.T, id string, edit func(*exchange.Config)) *exchange.Client {
	t.Helper()
	config := exchange.Config{Endpoint: i.fetcher, ClientID: id, ClientSecret: clientSecret}
	if edit != nil {
		edit(&config)
	}
	client, err := exchange.New(i.verifier, config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestClientCredentialsAtOIDCProvider(t *testing.T) {
	i := startTokenIssuer(t)
	signed := func(id string) func(*exchange.Config) {
		return func(c *exchange.Config) {
			c.ClientAuth, c.ClientSecret = exchange.PrivateKeyJWT, ""
			c.AssertionKey = exchange.SigningKey{Signer: i.signers[id], KeyID: id + "-key"}
		}
	}
	for _, row := range []struct {
		name, client string
		edit         func(*exchange.Config)
		code         verifier.Code
	}{
		{"XCHG-01: client_secret_basic, with a secret that has to be encoded", "app", nil, ""},
		{"XCHG-01: client_secret_basic, wrong secret", "app", func(c *exchange.Config) {
			c.ClientSecret += "!"
		}, exchange.CodeInvalidClient},
		{"XCHG-01: client_secret_post", "post", func(c *exchange.Config) {
			c.ClientAuth = exchange.ClientSecretPost
		}, ""},
		{"XCHG-02: private_key_jwt by RS256", "rs256", signed("rs256"), ""},
		{"XCHG-02: private_key_jwt by ES256", "es256", signed("es256"), ""},
		{"XCHG-02: private_key_jwt, key of another", "es256", func(c *exchange.Config) {
			signed("es256")(c)
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			c.AssertionKey.Signer = key
		}, exchange.CodeInvalidClient},
	} {
		t.Run(row.name, func(t *testing.T) {
			token, err := i.client(t, row.client, row.edit).ClientCredentials(t.Context(), exchange.ClientCredentialsRequest{
				Resources: []string{apiRS256}, Scope: "read:orders",
			})
			if row.code != "" {
				if !errors.Is(err, row.code) {
					t.Errorf("error is %v, want %s", err, row.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			verified, err := i.verifier.VerifyAccessToken(t.Context(), token.AccessToken)
			if err != nil || verified.ClientID != row.client || !slices.Equal(verified.Scopes, []string{"read:orders"}) {
				t.Errorf("%+v, %v", verified, err)
			}
			if left := time.Until(token.ExpiresAt); left < 4*time.Minute || left > 5*time.Minute {
				t.Errorf("the token lives for %v", left)
			}
		})
	}
}

// The provider wants a nonce in each proof, so the first request is repeated.
func TestBoundTokensAtOIDCProvider(t *testing.T) {
	i := startTokenIssuer(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sent := &countingEndpoint{TokenEndpoint: i.fetcher}
	client := i.client(t, "bound", func(c *exchange.Config) {
		c.Endpoint, c.DPoPKey = sent, exchange.SigningKey{Signer: key}
	})
	for _, want := range []int{2, 3} { // the second time the nonce is known
		token, err := client.ClientCredentials(t.Context(), exchange.ClientCredentialsRequest{Resources: []string{apiRS256}})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.EqualFold(token.TokenType, "DPoP") || sent.requests != want {
			t.Errorf("a token of type %s by %d requests, want %d", token.TokenType, sent.requests, want)
		}
		_, err = i.verifier.VerifyAccessToken(t.Context(), token.AccessToken)
		if !errors.Is(err, verifier.CodeConfirmation) {
			t.Errorf("as a token that proves nothing: %v", err)
		}
	}
}

// A countingEndpoint counts requests.
type countingEndpoint struct {
	ports.TokenEndpoint
	requests int
}

func (e *countingEndpoint) PostForm(ctx context.Context, r ports.TokenRequest) (ports.TokenResponse, error) {
	e.requests++
	return e.TokenEndpoint.PostForm(ctx, r)
}

// A login is what a browser brings back from the provider, and what was asked for.
type login struct {
	code, nonce, codeVerifier string
}

// logIn does what a browser does in the code flow. The provider logs in whoever comes.
func (i *tokenIssuer) logIn(t *testing.T, client string, resources ...string) login {
	t.Helper()
	metadata, err := i.verifier.Metadata(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	begun := login{nonce: rand.Text(), codeVerifier: rand.Text() + rand.Text()}
	challenge := sha256.Sum256([]byte(begun.codeVerifier))
	query := url.Values{
		"client_id": {client}, "redirect_uri": {callbackURL}, "response_type": {"code"}, "scope": {"openid read:orders"},
		"resource": resources, "state": {"the state"}, "nonce": {begun.nonce},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	answer := i.browse(t, metadata.AuthorizationEndpoint+"?"+query.Encode(), callbackURL)
	if answer.Get("state") != "the state" || answer.Get("iss") != i.URL || answer.Get("code") == "" {
		t.Fatalf("the provider answers %v", answer)
	}
	begun.code = answer.Get("code")
	return begun
}

// browse follows redirects, with cookies, until they lead to a page that begins with end, and returns its query.
func (i *tokenIssuer) browse(t *testing.T, start, end string) url.Values {
	t.Helper()
	browser := i.provider.client()
	defer browser.CloseIdleConnections()
	var err error
	if browser.Jar, err = cookiejar.New(nil); err != nil {
		t.Fatal(err)
	}
	var reached url.Values
	const most = 10
	browser.CheckRedirect = func(next *http.Request, followed []*http.Request) error {
		if strings.HasPrefix(next.URL.String(), end) {
			reached = next.URL.Query()
			return http.ErrUseLastResponse
		}
		if len(followed) > most {
			return errors.New("there is no end of redirects")
		}
		return nil
	}
	page, err := browser.Get(start)
	if err != nil {
		t.Fatal(err)
	}
	defer page.Body.Close()
	if reached == nil {
		body, _ := io.ReadAll(io.LimitReader(page.Body, 4<<10))
		t.Fatalf("it ends at %s: %d %s", page.Request.URL.Redacted(), page.StatusCode, body)
	}
	return reached
}

func TestCodeFlowAndRefreshAtOIDCProvider(t *testing.T) {
	i := startTokenIssuer(t)
	client := i.client(t, "web", nil)
	ids, err := idtoken.New(i.verifier, idtoken.Config{ClientID: "web"})
	if err != nil {
		t.Fatal(err)
	}
	redeem := func(l login) (*exchange.Token, error) {
		return client.AuthorizationCode(t.Context(), exchange.AuthorizationCodeRequest{
			Code: l.code, RedirectURI: callbackURL, CodeVerifier: l.codeVerifier,
		})
	}

	begun := i.logIn(t, "web", apiRS256)
	tokens, err := redeem(begun)
	if err != nil {
		t.Fatal(err)
	}
	who, err := ids.Verify(t.Context(), tokens.IDToken, idtoken.Expect{Nonce: begun.nonce})
	if err != nil || who.Subject != "ada" || who.Name != "Ada" {
		t.Errorf("the ID token: %+v, %v", who, err)
	}
	_, err = ids.Verify(t.Context(), tokens.IDToken, idtoken.Expect{Nonce: "another"})
	if !errors.Is(err, idtoken.CodeNonce) {
		t.Errorf("with the nonce of another login: %v", err)
	}
	checkUser := func(t *testing.T, token string) {
		t.Helper()
		verified, err := i.verifier.VerifyAccessToken(t.Context(), token)
		if err != nil || verified.Subject != "ada" || verified.ClientID != "web" {
			t.Errorf("the access token: %+v, %v", verified, err)
		}
	}
	checkUser(t, tokens.AccessToken)

	t.Run("refresh", func(t *testing.T) {
		renewed, err := client.Refresh(t.Context(), exchange.RefreshRequest{RefreshToken: tokens.RefreshToken})
		if err != nil {
			t.Fatal(err)
		}
		checkUser(t, renewed.AccessToken)
		_, err = client.Refresh(t.Context(), exchange.RefreshRequest{RefreshToken: tokens.RefreshToken})
		if !errors.Is(err, exchange.CodeInvalidGrant) {
			t.Errorf("a refresh token that was used: %v", err)
		}
	})
	t.Run("a code that was used", func(t *testing.T) {
		if _, err := redeem(begun); !errors.Is(err, exchange.CodeInvalidGrant) {
			t.Errorf("error is %v", err)
		}
	})
	t.Run("another code_verifier", func(t *testing.T) {
		other := i.logIn(t, "web", apiRS256)
		other.codeVerifier = begun.codeVerifier
		if _, err := redeem(other); !errors.Is(err, exchange.CodeInvalidGrant) {
			t.Errorf("error is %v", err)
		}
	})
}

// The claims of who logged in, as JSON and signed, until the token is revoked.
func TestUserInfoAndRevocationAtOIDCProvider(t *testing.T) {
	i := startTokenIssuer(t)
	for id, algorithm := range map[string]string{"web": "", "signed": "RS256"} {
		t.Run(id, func(t *testing.T) {
			client := i.client(t, id, func(c *exchange.Config) { c.UserInfoAlgorithm = algorithm })
			begun := i.logIn(t, id)
			tokens, err := client.AuthorizationCode(t.Context(), exchange.AuthorizationCodeRequest{
				Code: begun.code, RedirectURI: callbackURL, CodeVerifier: begun.codeVerifier,
			})
			if err != nil {
				t.Fatal(err)
			}
			request := exchange.UserInfoRequest{AccessToken: tokens.AccessToken, TokenType: tokens.TokenType, Subject: "ada"}
			info, err := client.UserInfo(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			var claims struct{ Name string }
			if err := info.Decode(&claims); err != nil || claims.Name != "" { // case counts
				t.Errorf("XCHG-21: %+v, %v", claims, err)
			}
			var profile struct {
				Name string `json:"name"`
			}
			if err := info.Decode(&profile); err != nil || profile.Name != "Ada" {
				t.Errorf("XCHG-21: %+v, %v", profile, err)
			}
			request.Subject = "eve"
			if _, err := client.UserInfo(t.Context(), request); !errors.Is(err, exchange.CodeSubject) {
				t.Errorf("XCHG-21, of another subject: %v", err)
			}
			if err := client.Revoke(t.Context(), exchange.RevokeRequest{Token: tokens.AccessToken, TokenTypeHint: exchange.HintAccessToken}); err != nil {
				t.Errorf("XCHG-20: %v", err)
			}
			request.Subject = "ada"
			if _, err := client.UserInfo(t.Context(), request); !errors.Is(err, exchange.CodeInvalidToken) {
				t.Errorf("XCHG-20, after it was revoked: %v", err)
			}
			if err := client.Revoke(t.Context(), exchange.RevokeRequest{Token: "unknown"}); err != nil {
				t.Errorf("XCHG-20, of a token that the issuer doesn't know: %v", err)
			}
		})
	}
	t.Run("XCHG-22: of the other kind", func(t *testing.T) {
		for id, algorithm := range map[string]string{"web": "RS256", "signed": ""} {
			client := i.client(t, id, func(c *exchange.Config) { c.UserInfoAlgorithm = algorithm })
			begun := i.logIn(t, id)
			tokens, err := client.AuthorizationCode(t.Context(), exchange.AuthorizationCodeRequest{
				Code: begun.code, RedirectURI: callbackURL, CodeVerifier: begun.codeVerifier,
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.UserInfo(t.Context(), exchange.UserInfoRequest{AccessToken: tokens.AccessToken, Subject: "ada"}); err == nil {
				t.Errorf("%s: no error", id)
			}
		}
	})
}

// An application's token goes to API orders, which calls API stock for the user, which calls on.
func TestExchangeAtOIDCProvider(t *testing.T) {
	i := startTokenIssuer(t)
	begun := i.logIn(t, "web", apiRS256)
	first, err := i.client(t, "web", nil).AuthorizationCode(t.Context(), exchange.AuthorizationCodeRequest{
		Code: begun.code, RedirectURI: callbackURL, CodeVerifier: begun.codeVerifier,
	})
	if err != nil {
		t.Fatal(err)
	}
	token := first.AccessToken
	for _, hop := range []struct {
		client string
		chain  []string
	}{
		{"orders", []string{"orders"}},
		{"stock", []string{"stock", "orders"}},
	} {
		issued, err := i.client(t, hop.client, nil).OnBehalfOf(t.Context(), exchange.OnBehalfOfRequest{
			AccessToken: token, Audience: apiRS256, Scope: "read:orders",
		})
		if err != nil {
			t.Fatalf("%s: %v", hop.client, err)
		}
		verified, err := i.verifier.VerifyAccessToken(t.Context(), issued.AccessToken)
		if err != nil {
			t.Fatalf("%s: %v", hop.client, err)
		}
		chain, err := verified.DelegationChain()
		var subjects []string
		for _, actor := range chain {
			subjects = append(subjects, actor.Subject)
		}
		if err != nil || !slices.Equal(subjects, hop.chain) || verified.Subject != "ada" || verified.ClientID != hop.client {
			t.Errorf("%s: %+v with the chain %v, %v", hop.client, verified, chain, err)
		}
		if issued.IssuedTokenType != exchange.TypeAccessToken || issued.Scope != "read:orders" {
			t.Errorf("%s: %+v", hop.client, issued)
		}
		token = issued.AccessToken
	}

	orders := i.client(t, "orders", nil)
	for _, row := range []struct {
		name    string
		request exchange.ExchangeRequest
		code    verifier.Code
	}{
		{"a subject token with a changed signature", exchange.ExchangeRequest{
			SubjectToken: changeSignature(t, token), SubjectTokenType: exchange.TypeAccessToken, Audience: apiRS256,
		}, exchange.CodeInvalidRequest},
		{"a subject token type that the issuer does not know", exchange.ExchangeRequest{
			SubjectToken: token, SubjectTokenType: "urn:example:legacy", Audience: apiRS256,
		}, exchange.CodeInvalidRequest},
		{"no audience", exchange.ExchangeRequest{
			SubjectToken: token, SubjectTokenType: exchange.TypeAccessToken,
		}, exchange.CodeInvalidTarget},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := orders.Exchange(t.Context(), row.request); !errors.Is(err, row.code) {
				t.Errorf("error is %v, want %s", err, row.code)
			}
		})
	}
	t.Run("a client that may not exchange", func(t *testing.T) {
		_, err := i.client(t, "app", nil).OnBehalfOf(t.Context(), exchange.OnBehalfOfRequest{AccessToken: token, Audience: apiRS256})
		if !errors.Is(err, exchange.CodeInvalidRequest) { // where RFC 6749 section 5.2 has unauthorized_client
			t.Errorf("error is %v", err)
		}
	})
}
