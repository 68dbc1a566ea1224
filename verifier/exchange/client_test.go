package exchange_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/dpop"
	"github.com/holdfast-go/holdfast/verifier/exchange"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

func TestNew(t *testing.T) {
	key := exchange.SigningKey{Signer: ecKey(elliptic.P256())}
	assertion := func(k exchange.SigningKey) func(*exchange.Config) {
		return func(c *exchange.Config) {
			c.ClientSecret, c.ClientAuth, c.AssertionKey = "", exchange.PrivateKeyJWT, k
		}
	}
	algorithm := func(signer crypto.Signer, alg string) func(*exchange.Config) {
		return assertion(exchange.SigningKey{Signer: signer, Algorithm: alg})
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		edit func(*exchange.Config)
		want string // empty where there is a client
	}{
		{name: "XCHG-06 client ID and secret"},
		{name: "XCHG-06 no client ID", edit: func(c *exchange.Config) { c.ClientID = "" }, want: "ClientID is required"},
		{name: "XCHG-06 blank client ID", edit: func(c *exchange.Config) { c.ClientID = " " }, want: "ClientID is required"},
		{name: "XCHG-06 no client secret", edit: func(c *exchange.Config) { c.ClientSecret = "" }, want: "ClientSecret is required"},
		{
			name: "XCHG-06 no client secret to post", edit: func(c *exchange.Config) { c.ClientSecret, c.ClientAuth = "", exchange.ClientSecretPost },
			want: "ClientSecret is required",
		},
		{name: "XCHG-06 public client", edit: func(c *exchange.Config) { c.ClientSecret, c.ClientAuth = "", exchange.PublicClient }},
		{
			name: "public client with a secret", edit: func(c *exchange.Config) { c.ClientAuth = exchange.PublicClient },
			want: "ClientSecret does not go with this ClientAuth",
		},
		{name: "unknown ClientAuth", edit: func(c *exchange.Config) { c.ClientSecret, c.ClientAuth = "", 4 }, want: "ClientAuth is 4, not one of ClientSecretBasic, ClientSecretPost, PrivateKeyJWT, PublicClient"},
		{name: "XCHG-02 assertion key", edit: assertion(key)},
		{name: "XCHG-02 no assertion key", edit: assertion(exchange.SigningKey{}), want: "AssertionKey has no Signer"},
		{name: "XCHG-02 RSA", edit: algorithm(rsaKey(), "")},
		{name: "XCHG-02 PS512", edit: algorithm(rsaKey(), "PS512")},
		{name: "XCHG-02 P-384", edit: algorithm(ecKey(elliptic.P384()), "")},
		{name: "XCHG-02 P-521", edit: algorithm(ecKey(elliptic.P521()), "ES512")},
		{name: "XCHG-02 Ed25519", edit: algorithm(edKey(), "")},
		{name: "XCHG-02 algorithm of another key", edit: algorithm(rsaKey(), "ES256"), want: "AssertionKey does not fit its Algorithm"},
		{name: "XCHG-02 algorithm of another curve", edit: algorithm(ecKey(elliptic.P384()), "ES256"), want: "AssertionKey does not fit its Algorithm"},
		{name: "XCHG-02 HMAC", edit: algorithm(rsaKey(), "HS256"), want: "AssertionKey does not fit its Algorithm"},
		{name: "XCHG-02 none", edit: algorithm(rsaKey(), "none"), want: "AssertionKey does not fit its Algorithm"},
		{name: "XCHG-02 RSA of 1024 bits", edit: algorithm(small, ""), want: "AssertionKey is not of a kind and size that is supported"},
		{name: "XCHG-02 P-224", edit: algorithm(ecKey(elliptic.P224()), ""), want: "AssertionKey is not of a kind and size that is supported"},
		{
			name: "assertion key with a secret", edit: func(c *exchange.Config) { c.AssertionKey = key },
			want: "AssertionKey does not go with this ClientAuth",
		},
		{
			name: "assertion audience with a secret", edit: func(c *exchange.Config) { c.AssertionAudience = issuerURL },
			want: "AssertionAudience does not go with this ClientAuth",
		},
		{name: "DPoP key", edit: func(c *exchange.Config) { c.DPoPKey = key }},
		{name: "DPoP key without signer", edit: func(c *exchange.Config) { c.DPoPKey.Algorithm = "ES256" }, want: "DPoPKey has no Signer"},
		{
			name: "DPoP key of 1024 bits", edit: func(c *exchange.Config) { c.DPoPKey.Signer = small },
			want: "DPoPKey is not of a kind and size that is supported",
		},
		{name: "no endpoint", edit: func(c *exchange.Config) { c.Endpoint = nil }, want: "Endpoint is required"},
		{name: "endpoint that is a nil pointer", edit: func(c *exchange.Config) { c.Endpoint = (*endpoint)(nil) }, want: "Endpoint is required"},
		{name: "endpoint that is a nil function", edit: func(c *exchange.Config) { c.Endpoint = ports.TokenEndpointFunc(nil) }, want: "Endpoint is required"},
		{name: "clock that is a nil pointer", edit: func(c *exchange.Config) { c.Clock = (*verifiertest.Clock)(nil) }, want: "Clock holds a nil pointer"},
		{name: "assertion key that is a nil pointer", edit: algorithm((*rsa.PrivateKey)(nil), ""), want: "AssertionKey has no Signer"},
		{name: "assertion key without numbers", edit: algorithm(&rsa.PrivateKey{}, ""), want: "AssertionKey is not of a kind and size that is supported"},
		{
			name: "assertion key of no bytes", edit: algorithm(ed25519.PrivateKey(nil), ""),
			want: "AssertionKey is not of a kind and size that is supported",
		},
		{
			name: "DPoP key that is a nil pointer", edit: func(c *exchange.Config) { c.DPoPKey.Signer = (*ecdsa.PrivateKey)(nil) },
			want: "DPoPKey has no Signer",
		},
		{name: "negative timeout", edit: func(c *exchange.Config) { c.Timeout = -1 }, want: "Timeout must not be negative"},
		{
			name: "XCHG-07 neither verifier nor URL", edit: func(c *exchange.Config) { c.TokenEndpointURL = "" },
			want: "TokenEndpointURL is required without a verifier that has a Domain",
		},
		{name: "URL with a query", edit: func(c *exchange.Config) { c.TokenEndpointURL += "?tenant=1" }},
		{name: "URL with a fragment", edit: func(c *exchange.Config) { c.TokenEndpointURL += "#a" }, want: "TokenEndpointURL must not have a fragment"},
		{name: "URL with credentials", edit: func(c *exchange.Config) { c.TokenEndpointURL = "https://a:b@issuer.example/" }, want: "TokenEndpointURL must not have credentials"},
		{name: "http URL", edit: func(c *exchange.Config) { c.TokenEndpointURL = "http://issuer.example/token" }, want: "TokenEndpointURL must be https"},
		{name: "http URL on loopback", edit: func(c *exchange.Config) { c.TokenEndpointURL = "http://127.0.0.1:8080/token" }, want: "TokenEndpointURL must be https"},
		{name: "http URL on loopback, allowed", edit: func(c *exchange.Config) {
			c.TokenEndpointURL, c.InsecureAllowLoopbackHTTP = "http://127.0.0.1:8080/token", true
		}},
		{
			name: "XCHG-06 all faults at once", edit: func(c *exchange.Config) { *c = exchange.Config{Timeout: -1} },
			want: "Endpoint is required\nTimeout must not be negative\n" +
				"TokenEndpointURL is required without a verifier that has a Domain\nClientID is required\nClientSecret is required",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			config := exchange.Config{Endpoint: &endpoint{}, TokenEndpointURL: tokenURL, ClientID: "client-1", ClientSecret: secret}
			if tt.edit != nil {
				tt.edit(&config)
			}
			client, err := exchange.New(nil, config)
			if tt.want == "" {
				if err != nil || client == nil {
					t.Errorf("got %v, %v, want a client", client, err)
				}
				return
			}
			checkError(t, err, exchange.Error{Class: verifier.Misconfigured, Code: exchange.CodeConfig, Status: 500})
			if want := "holdfast: config_invalid: " + tt.want; err.Error() != want {
				t.Errorf("the error is %q, want %q", err, want)
			}
			if field, ok := errors.AsType[*verifier.FieldError](err); !ok || !strings.HasPrefix(tt.want, field.Field+" ") {
				t.Errorf("the first *verifier.FieldError is %v", field)
			}
		})
	}
}

// authenticated asks for a token and returns what was sent.
func authenticated(t *testing.T, edit func(*exchange.Config)) ports.TokenRequest {
	t.Helper()
	client, endpoint := newClient(t, edit)
	if _, err := client.ClientCredentials(t.Context(), exchange.ClientCredentialsRequest{}); err != nil {
		t.Fatal(err)
	}
	return endpoint.requests()[0]
}

func TestClientAuth(t *testing.T) {
	// RFC 6749 section 2.3.1: each is form-encoded, then they are joined by a colon.
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("client%3A1:s3cr3t%3A%2B%25"))
	tests := []struct {
		name   string
		auth   exchange.ClientAuth
		secret string
		form   url.Values
		header map[string][]string
	}{
		{
			name: "XCHG-01 basic by default", secret: secret,
			form:   url.Values{"grant_type": {"client_credentials"}},
			header: map[string][]string{"Authorization": {basic}},
		},
		{
			name: "XCHG-01 post", auth: exchange.ClientSecretPost, secret: secret,
			form:   url.Values{"grant_type": {"client_credentials"}, "client_id": {"client:1"}, "client_secret": {secret}},
			header: map[string][]string{},
		},
		{
			name: "XCHG-01 none", auth: exchange.PublicClient,
			form:   url.Values{"grant_type": {"client_credentials"}, "client_id": {"client:1"}},
			header: map[string][]string{},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sent := authenticated(t, func(c *exchange.Config) { c.ClientAuth, c.ClientSecret = tt.auth, tt.secret })
			if diff := cmp.Diff(tt.form, url.Values(sent.Form)); diff != "" {
				t.Errorf("form (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.header, sent.Header); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
		})
	}
}

// The claims of an assertion.
type assertion struct {
	Issuer    string `json:"iss"`
	Subject   string `json:"sub"`
	Audience  string `json:"aud"`
	ID        string `json:"jti"`
	IssuedAt  int64  `json:"iat"`
	ExpiresAt int64  `json:"exp"`
}

func TestAssertion(t *testing.T) {
	keys := []struct {
		algorithm string
		key       exchange.SigningKey
	}{
		{"RS256", exchange.SigningKey{Signer: rsaKey()}},
		{"RS384", exchange.SigningKey{Signer: rsaKey(), Algorithm: "RS384"}},
		{"RS512", exchange.SigningKey{Signer: rsaKey(), Algorithm: "RS512"}},
		{"PS256", exchange.SigningKey{Signer: rsaKey(), Algorithm: "PS256", KeyID: "key-1"}},
		{"PS384", exchange.SigningKey{Signer: rsaKey(), Algorithm: "PS384"}},
		{"PS512", exchange.SigningKey{Signer: rsaKey(), Algorithm: "PS512"}},
		{"ES256", exchange.SigningKey{Signer: ecKey(elliptic.P256()), KeyID: "key-1"}},
		{"ES384", exchange.SigningKey{Signer: ecKey(elliptic.P384())}},
		{"ES512", exchange.SigningKey{Signer: ecKey(elliptic.P521())}},
		{"EdDSA", exchange.SigningKey{Signer: edKey()}},
		{"Ed25519", exchange.SigningKey{Signer: edKey(), Algorithm: "Ed25519"}},
	}
	for _, tt := range keys {
		t.Run("XCHG-02 "+tt.algorithm, func(t *testing.T) {
			sent := authenticated(t, func(c *exchange.Config) {
				c.ClientSecret, c.ClientAuth, c.AssertionKey = "", exchange.PrivateKeyJWT, tt.key
			})
			if len(sent.Header) != 0 {
				t.Errorf("the header is %v", sent.Header)
			}
			compact := sent.Form["client_assertion"][0]
			delete(sent.Form, "client_assertion")
			want := url.Values{
				"grant_type": {"client_credentials"}, "client_id": {"client:1"},
				"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
			}
			if diff := cmp.Diff(want, url.Values(sent.Form)); diff != "" {
				t.Errorf("form (-want +got):\n%s", diff)
			}
			header, claims := open(t, compact, tt.key.Signer.Public())
			if header.Algorithm != tt.algorithm || header.KeyID != tt.key.KeyID || header.JSONWebKey != nil {
				t.Errorf("the header is %+v", header)
			}
			var got assertion
			if err := json.Unmarshal(claims, &got); err != nil {
				t.Fatal(err)
			}
			if len(got.ID) < 20 {
				t.Errorf("jti is %q, which may not be unique", got.ID)
			}
			got.ID = ""
			if diff := cmp.Diff(assertion{"client:1", "client:1", tokenURL, "", noon.Unix(), noon.Unix() + 60}, got); diff != "" {
				t.Errorf("claims (-want +got):\n%s", diff)
			}
		})
	}
}

// open verifies a compact JWS and returns its header and payload.
func open(t *testing.T, compact string, public crypto.PublicKey) (jose.Header, []byte) {
	t.Helper()
	var every []jose.SignatureAlgorithm
	for _, name := range verifier.Algorithms() {
		every = append(every, jose.SignatureAlgorithm(name))
	}
	message, err := jose.ParseSignedCompact(compact, every)
	if err != nil {
		t.Fatal(err)
	}
	verify := message.Verify
	if message.Signatures[0].Protected.Algorithm == "Ed25519" { // which go-jose does not know
		verify = func(public any) ([]byte, error) {
			key, err := verifiertest.NewPublicKey(public)
			if err != nil {
				return nil, err
			}
			return key.Open(compact)
		}
	}
	payload, err := verify(public)
	if err != nil {
		t.Fatal(err)
	}
	return message.Signatures[0].Protected, payload
}

func TestAssertionAudience(t *testing.T) {
	issuer := verifiertest.MustIssuer(t, issuerURL)
	key := ecKey(elliptic.P256())
	for _, tt := range []struct {
		name     string
		verifier *verifier.Verifier
		url      string
		audience string
		want     string
	}{
		{name: "issuer", verifier: newVerifier(t, issuer), want: issuerURL},
		{name: "issuer, with a URL besides", verifier: newVerifier(t, issuer), url: tokenURL, want: issuerURL},
		{name: "token endpoint", url: tokenURL, want: tokenURL},
		{name: "configured", verifier: newVerifier(t, issuer), audience: "https://other.example/", want: "https://other.example/"},
	} {
		t.Run("XCHG-02 "+tt.name, func(t *testing.T) {
			e := &endpoint{answers: []ports.TokenResponse{good}}
			client, err := exchange.New(tt.verifier, exchange.Config{
				Endpoint: e, TokenEndpointURL: tt.url, ClientID: "client:1", ClientAuth: exchange.PrivateKeyJWT,
				AssertionKey: exchange.SigningKey{Signer: key}, AssertionAudience: tt.audience,
			})
			if err != nil {
				t.Fatal(err)
			}
			ids := make(map[string]bool)
			for range 2 {
				if _, err := client.ClientCredentials(t.Context(), exchange.ClientCredentialsRequest{}); err != nil {
					t.Fatal(err)
				}
			}
			for _, sent := range e.requests() {
				_, claims := open(t, sent.Form["client_assertion"][0], key.Public())
				var got assertion
				if err := json.Unmarshal(claims, &got); err != nil {
					t.Fatal(err)
				}
				if got.Audience != tt.want {
					t.Errorf("aud is %q, want %q", got.Audience, tt.want)
				}
				ids[got.ID] = true
			}
			if len(ids) != 2 {
				t.Errorf("two assertions have the jti %v", ids)
			}
		})
	}
}

// A signer that fails, as a key management system may.
type failingSigner struct {
	crypto.Signer
	err error
}

func (f failingSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, f.err }

func TestSigningFails(t *testing.T) {
	broken := errors.New("the key is out of reach")
	key := exchange.SigningKey{Signer: failingSigner{ecKey(elliptic.P256()), broken}}
	for name, edit := range map[string]func(*exchange.Config){
		"XCHG-02 assertion": func(c *exchange.Config) {
			c.ClientSecret, c.ClientAuth, c.AssertionKey = "", exchange.PrivateKeyJWT, key
		},
		"DPoP proof": func(c *exchange.Config) { c.DPoPKey = key },
	} {
		t.Run(name, func(t *testing.T) {
			client, endpoint := newClient(t, edit)
			_, err := client.ClientCredentials(t.Context(), exchange.ClientCredentialsRequest{})
			checkError(t, err, exchange.Error{Class: verifier.Undecidable, Code: exchange.CodeSigning, Status: 503})
			if !errors.Is(err, broken) {
				t.Errorf("the error %v does not wrap the signer's", err)
			}
			if sent := len(endpoint.requests()); sent != 0 {
				t.Errorf("%d requests were sent, want none", sent)
			}
		})
	}
}

// document publishes metadata, without the members that are named.
func document(t *testing.T, without ...string) ports.Fetcher {
	t.Helper()
	issuer := verifiertest.MustIssuer(t, issuerURL)
	return ports.FetcherFunc(func(ctx context.Context, url string) (ports.Document, error) {
		published, err := issuer.Fetch(ctx, url)
		if err != nil || !strings.HasSuffix(url, "openid-configuration") {
			return published, err
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(published.Body, &members); err != nil {
			return ports.Document{}, err
		}
		for _, name := range without {
			delete(members, name)
		}
		published.Body, err = json.Marshal(members)
		return published, err
	})
}

func TestTokenEndpointOfMetadata(t *testing.T) {
	broken := errors.New("no route to host")
	tests := []struct {
		name    string
		fetcher ports.Fetcher
		want    exchange.Error // zero where a request is sent
	}{
		{name: "XCHG-07 token_endpoint", fetcher: document(t)},
		{
			name: "XCHG-07 no token_endpoint", fetcher: document(t, "token_endpoint"),
			want: exchange.Error{
				Class: verifier.Misconfigured, Code: exchange.CodeNoTokenEndpoint, Rule: "XCHG-07", Status: 500,
				Description: `"https://issuer.example/.well-known/openid-configuration" names no token_endpoint that is usable`,
			},
		},
		{
			name:    "XCHG-07 the issuer is out of reach",
			fetcher: ports.FetcherFunc(func(context.Context, string) (ports.Document, error) { return ports.Document{}, broken }),
			want:    exchange.Error{Class: verifier.Undecidable, Code: verifier.CodeIssuerUnavailable, Status: 503},
		},
		{
			name: "XCHG-11 the issuer hangs",
			fetcher: ports.FetcherFunc(func(ctx context.Context, _ string) (ports.Document, error) {
				<-ctx.Done()
				return ports.Document{}, ctx.Err()
			}),
			want: exchange.Error{Class: verifier.Undecidable, Code: exchange.CodeTimeout, Rule: "XCHG-11", Status: 504},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &endpoint{answers: []ports.TokenResponse{good}}
				client, err := exchange.New(newVerifier(t, tt.fetcher), exchange.Config{
					Endpoint: e, ClientID: "client-1", ClientSecret: secret, Timeout: 50 * time.Millisecond,
				})
				if err != nil {
					t.Fatal(err)
				}
				token, err := client.Exchange(t.Context(), profile)
				if tt.want.Code != "" {
					checkError(t, err, tt.want)
					if sent := len(e.requests()); sent != 0 {
						t.Errorf("%d requests were sent, want none", sent)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if sent := e.requests()[0].URL; sent != tokenURL {
					t.Errorf("the request went to %s, want %s", sent, tokenURL)
				}
				if want := noon.Add(5 * time.Minute); !token.ExpiresAt.Equal(want) {
					t.Errorf("XCHG-09 the token ends at %s, want %s, by the verifier's clock", token.ExpiresAt, want)
				}
			})
		})
	}
}

// A verifier for tests permits what it permits of its issuer.
func TestLoopbackOfVerifier(t *testing.T) {
	for _, allowed := range []bool{false, true} {
		config := verifier.Config{
			Domain: issuerURL, Audiences: []string{"https://api.example"}, Fetcher: document(t), InsecureAllowLoopbackHTTP: allowed,
		}
		v, err := verifier.New(config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { v.Close() })
		_, err = exchange.New(v, exchange.Config{
			Endpoint: &endpoint{}, TokenEndpointURL: "http://127.0.0.1:8080/token", ClientID: "client-1", ClientSecret: secret,
		})
		if (err == nil) != allowed {
			t.Errorf("with InsecureAllowLoopbackHTTP %t the error is %v", allowed, err)
		}
	}
}

// Verification by a list of domains, tokens by the one domain.
func TestHybrid(t *testing.T) {
	issuer := verifiertest.MustIssuer(t, issuerURL)
	config := verifier.Config{
		Domain: issuerURL, Domains: []ports.Domain{{Issuer: "https://another.example/"}, {Issuer: issuerURL}},
		Audiences: []string{"https://api.example"}, Fetcher: issuer,
	}
	for name, tt := range map[string]struct{ domain, want string }{
		"with Domain":    {issuerURL, ""},
		"without Domain": {"", "holdfast: config_invalid: TokenEndpointURL is required without a verifier that has a Domain"},
	} {
		t.Run("XCHG-07 "+name, func(t *testing.T) {
			config.Domain = tt.domain
			v, err := verifier.New(config)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { v.Close() })
			e := &endpoint{answers: []ports.TokenResponse{good}}
			client, err := exchange.New(v, exchange.Config{Endpoint: e, ClientID: "client-1", ClientSecret: secret})
			if tt.want != "" {
				if err == nil || err.Error() != tt.want {
					t.Errorf("the error is %v, want %s", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.Exchange(t.Context(), profile); err != nil {
				t.Fatal(err)
			}
			if sent := e.requests()[0].URL; sent != tokenURL {
				t.Errorf("the request went to %s, want %s", sent, tokenURL)
			}
		})
	}
}

// bound is an answer with a token that is bound to a DPoP key.
var bound = ok(`{"access_token":"the-issued-token","token_type":"dpop","expires_in":300}`)

// withNonce is an answer that brings a nonce.
func withNonce(answer ports.TokenResponse, nonces ...string) ports.TokenResponse {
	answer.Header = map[string][]string{"Dpop-Nonce": nonces}
	return answer
}

func TestDPoP(t *testing.T) {
	wantsNonce := ports.TokenResponse{Status: 400, Body: []byte(`{"error":"use_dpop_nonce"}`)}
	refused := ports.TokenResponse{Status: 400, Body: []byte(`{"error":"invalid_grant"}`)}
	tests := []struct {
		name    string
		answers []ports.TokenResponse
		nonces  []string // of the proofs of two calls
		errs    [2]verifier.Code
	}{
		{name: "no nonce", answers: []ports.TokenResponse{bound}, nonces: []string{"", ""}},
		{name: "a nonce is wanted, and kept", answers: []ports.TokenResponse{withNonce(wantsNonce, "n1"), bound}, nonces: []string{"", "n1", "n1"}},
		{name: "a nonce for the next time", answers: []ports.TokenResponse{withNonce(bound, "n1"), bound}, nonces: []string{"", "n1"}},
		{name: "a new nonce is wanted", answers: []ports.TokenResponse{withNonce(bound, "n1"), withNonce(wantsNonce, "n2"), bound}, nonces: []string{"", "n1", "n2"}},
		{
			name: "a nonce is wanted again and again", answers: []ports.TokenResponse{
				withNonce(wantsNonce, "n1"), withNonce(wantsNonce, "n2"), withNonce(wantsNonce, "n3"), withNonce(wantsNonce, "n4"),
			},
			nonces: []string{"", "n1", "n2", "n3"}, errs: [2]verifier.Code{exchange.CodeUseDPoPNonce, exchange.CodeUseDPoPNonce},
		},
		{
			name: "a nonce is wanted, and none given", answers: []ports.TokenResponse{wantsNonce}, nonces: []string{"", ""},
			errs: [2]verifier.Code{exchange.CodeUseDPoPNonce, exchange.CodeUseDPoPNonce},
		},
		{
			name: "the nonce that is wanted is the one that was sent", answers: []ports.TokenResponse{withNonce(bound, "n1"), withNonce(wantsNonce, "n1")},
			nonces: []string{"", "n1"}, errs: [2]verifier.Code{"", exchange.CodeUseDPoPNonce},
		},
		{
			name: "another refusal brings a nonce", answers: []ports.TokenResponse{withNonce(refused, "n1"), bound}, nonces: []string{"", "n1"},
			errs: [2]verifier.Code{exchange.CodeInvalidGrant, ""},
		},
		{name: "two nonces", answers: []ports.TokenResponse{withNonce(bound, "n1", "n2"), bound}, nonces: []string{"", ""}},
		{name: "an empty nonce", answers: []ports.TokenResponse{withNonce(bound, ""), bound}, nonces: []string{"", ""}},
		{name: "a nonce with a quotation mark", answers: []ports.TokenResponse{withNonce(bound, `a"b`), bound}, nonces: []string{"", ""}},
		{
			name: "a nonce at the bound", answers: []ports.TokenResponse{withNonce(bound, strings.Repeat("n", 512)), bound},
			nonces: []string{"", strings.Repeat("n", 512)},
		},
		{name: "a nonce over the bound", answers: []ports.TokenResponse{withNonce(bound, strings.Repeat("n", 513)), bound}, nonces: []string{"", ""}},
	}
	key := exchange.SigningKey{Signer: ecKey(elliptic.P256())}
	checker, err := dpop.New(dpop.Config{Clock: verifiertest.NewClock(noon)})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client, endpoint := newClient(t, func(c *exchange.Config) {
				c.DPoPKey, c.TokenEndpointURL = key, tokenURL+"?tenant=1"
			}, tt.answers...)
			for _, want := range tt.errs {
				_, err := client.ClientCredentials(t.Context(), exchange.ClientCredentialsRequest{Scope: "a"})
				if failed, _ := errors.AsType[*exchange.Error](err); err != nil && failed.Code != want || err == nil && want != "" {
					t.Errorf("the error is %v, want %q", err, want)
				}
			}
			sent := endpoint.requests()
			if len(sent) != len(tt.nonces) {
				t.Fatalf("%d requests were sent, want %d", len(sent), len(tt.nonces))
			}
			used := make(map[string]bool)
			for i, r := range sent {
				proof, err := checker.Check(r.Header["Dpop"][0], dpop.Request{Method: "POST", URL: tokenURL})
				if err != nil {
					t.Fatal(err)
				}
				if proof.Nonce != tt.nonces[i] || proof.HasNonce != (tt.nonces[i] != "") {
					t.Errorf("proof %d has the nonce %q, want %q", i, proof.Nonce, tt.nonces[i])
				}
				if used[proof.ID] {
					t.Error("two proofs have the same jti")
				}
				used[proof.ID] = true
				var claims struct{ HTU string }
				if _, payload := open(t, r.Header["Dpop"][0], key.Signer.Public()); json.Unmarshal(payload, &claims) != nil || claims.HTU != tokenURL {
					t.Errorf("htu is %q, want %q, without a query", claims.HTU, tokenURL)
				}
				if diff := cmp.Diff(sent[0].Form, r.Form); diff != "" {
					t.Errorf("request %d has another form: %s", i, diff)
				}
			}
		})
	}
}

// An assertion is good for one request, and the repetition for a nonce is another.
func TestAssertionOfRepetition(t *testing.T) {
	wantsNonce := ports.TokenResponse{Status: 400, Body: []byte(`{"error":"use_dpop_nonce"}`)}
	key := exchange.SigningKey{Signer: ecKey(elliptic.P256())}
	client, endpoint := newClient(t, func(c *exchange.Config) {
		c.ClientSecret, c.ClientAuth, c.AssertionKey, c.DPoPKey = "", exchange.PrivateKeyJWT, key, key
	}, withNonce(wantsNonce, "n1"), bound)
	if _, err := client.ClientCredentials(t.Context(), exchange.ClientCredentialsRequest{}); err != nil {
		t.Fatal(err)
	}
	sent := endpoint.requests()
	if len(sent) != 2 || sent[0].Form["client_assertion"][0] == sent[1].Form["client_assertion"][0] {
		t.Errorf("XCHG-02 of %d requests the assertions are the same", len(sent))
	}
}

func TestTokenIsBound(t *testing.T) {
	connection := connectionToken(exchange.ConnectionTokenRequest{Connection: "google-oauth2", AccessToken: userToken})
	for _, tt := range []struct {
		name, answer string
		call         call
		refused      bool
	}{
		{name: "DPoP", answer: `{"access_token":"t","token_type":"DPoP"}`, call: tokenExchange(profile)},
		{name: "no access token", answer: `{"access_token":"t","token_type":"N_A"}`, call: tokenExchange(profile)},
		{name: "Bearer", answer: `{"access_token":"t","token_type":"Bearer"}`, call: tokenExchange(profile), refused: true},
		{name: "no type", answer: `{"access_token":"t"}`, call: tokenExchange(profile), refused: true},
		{name: "Bearer, of an upstream provider", answer: `{"access_token":"t","token_type":"Bearer"}`, call: connection},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client, _ := newClient(t, func(c *exchange.Config) { c.DPoPKey.Signer = edKey() }, ok(tt.answer))
			_, err := tt.call(t.Context(), client)
			if !tt.refused && err != nil {
				t.Fatal(err)
			}
			if tt.refused {
				checkError(t, err, exchange.Error{Class: verifier.Undecidable, Code: exchange.CodeInvalidResponse, Status: 502})
			}
		})
	}
}

func TestConcurrentUse(t *testing.T) {
	client, endpoint := newClient(t, func(c *exchange.Config) { c.DPoPKey.Signer = ecKey(elliptic.P256()) }, withNonce(bound, "n"))
	var calls sync.WaitGroup
	for range 20 {
		calls.Go(func() {
			if _, err := client.Exchange(t.Context(), profile); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	if sent := len(endpoint.requests()); sent != 20 {
		t.Errorf("%d requests were sent, want 20", sent)
	}
}
