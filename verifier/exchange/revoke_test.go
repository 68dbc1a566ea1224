package exchange_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/exchange"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

const revocationURL = "https://issuer.example/revoke"

func revoking(c *exchange.Config) { c.RevocationEndpointURL = revocationURL }

func TestXCHG20Revoke(t *testing.T) {
	for name, c := range map[string]struct {
		edit    func(*exchange.Config)
		request exchange.RevokeRequest
		want    map[string][]string // the form
		basic   bool
	}{
		"a refresh token": {
			request: exchange.RevokeRequest{Token: userToken, TokenTypeHint: exchange.HintRefreshToken},
			want:    map[string][]string{"token": {userToken}, "token_type_hint": {"refresh_token"}}, basic: true,
		},
		"without hint": {
			request: exchange.RevokeRequest{Token: userToken},
			want:    map[string][]string{"token": {userToken}}, basic: true,
		},
		"of a public client": {
			edit:    func(c *exchange.Config) { c.ClientAuth, c.ClientSecret = exchange.PublicClient, "" },
			request: exchange.RevokeRequest{Token: userToken},
			want:    map[string][]string{"token": {userToken}, "client_id": {"client:1"}},
		},
		"without a proof": {
			edit:    func(c *exchange.Config) { c.DPoPKey = exchange.SigningKey{Signer: rsaKey()} },
			request: exchange.RevokeRequest{Token: userToken},
			want:    map[string][]string{"token": {userToken}}, basic: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, e := newClient(t, func(config *exchange.Config) {
				revoking(config)
				if c.edit != nil {
					c.edit(config)
				}
			}, ok("not JSON, and of no interest"))
			if err := client.Revoke(t.Context(), c.request); err != nil {
				t.Fatal(err)
			}
			sent := e.requests()
			if len(sent) != 1 || sent[0].URL != revocationURL || sent[0].Header["Dpop"] != nil || (sent[0].Header["Authorization"] != nil) != c.basic {
				t.Errorf("sent %v", sent)
			}
			if diff := cmp.Diff(c.want, map[string][]string(sent[0].Form)); diff != "" {
				t.Errorf("the form differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestXCHG20RevocationFails(t *testing.T) {
	refusal := func(status int, body string) ports.TokenResponse {
		return ports.TokenResponse{Status: status, Body: []byte(body), Header: map[string][]string{"Retry-After": {"30"}}}
	}
	for name, c := range map[string]struct {
		answer ports.TokenResponse
		want   exchange.Error
	}{
		"unsupported_token_type": {refusal(400, `{"error":"unsupported_token_type"}`), exchange.Error{
			Class: verifier.Rejected, Code: exchange.CodeUnsupportedTokenType, Rule: "XCHG-10", Status: 400}},
		"invalid_client": {refusal(401, `{"error":"invalid_client"}`), exchange.Error{
			Class: verifier.Misconfigured, Code: exchange.CodeInvalidClient, Rule: "XCHG-10", Status: 401}},
		"503": {refusal(503, "<html>"), exchange.Error{
			Class: verifier.Undecidable, Code: exchange.CodeRevocationEndpoint, Rule: "XCHG-10", Status: 503,
			Description: "the revocation endpoint answered with status 503"}},
		"a redirect": {refusal(302, ""), exchange.Error{
			Class: verifier.Undecidable, Code: exchange.CodeUnexpected, Rule: "XCHG-16", Status: 502, Description: "the revocation endpoint redirects"}},
		"204": {refusal(204, ""), exchange.Error{
			Class: verifier.Undecidable, Code: exchange.CodeUnexpected, Rule: "XCHG-10", Status: 502}},
		"what quotes the token": {refusal(400, `{"error":"invalid_request","error_description":"`+userToken+`?"}`), exchange.Error{
			Class: verifier.Rejected, Code: exchange.CodeInvalidRequest, Rule: "XCHG-10", Status: 400,
			Description: "the revocation endpoint answered with status 400"}},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := newClient(t, revoking, c.answer)
			checkError(t, client.Revoke(t.Context(), exchange.RevokeRequest{Token: userToken}), c.want)
		})
	}
	for name, request := range map[string]exchange.RevokeRequest{"no token": {}, "Bearer": {Token: "Bearer " + userToken}} {
		client, e := newClient(t, revoking)
		checkError(t, client.Revoke(t.Context(), request), exchange.Error{
			Class: verifier.Rejected, Code: exchange.CodeArgument, Rule: "XCHG-03", Status: 400})
		if len(e.requests()) != 0 {
			t.Errorf("%s: a request was sent", name)
		}
	}
}

// XCHG-07: each endpoint is the configured one, or that of the metadata, or an error that says what to set.
func TestOtherEndpoints(t *testing.T) {
	revoke := func(c *exchange.Client) error {
		return c.Revoke(t.Context(), exchange.RevokeRequest{Token: userToken})
	}
	userInfo := func(c *exchange.Client) error {
		_, err := c.UserInfo(t.Context(), exchange.UserInfoRequest{AccessToken: userToken, Subject: "user-1"})
		return err
	}
	published := members(t, map[string]any{"revocation_endpoint": revocationURL, "userinfo_endpoint": userInfoURL})
	for name, c := range map[string]struct {
		call     func(*exchange.Client) error
		fetcher  ports.Fetcher // nil for no verifier
		want     string        // the URL, or
		wantCode verifier.Code
		says     string
	}{
		"Revoke, of the metadata":   {call: revoke, fetcher: published, want: revocationURL},
		"UserInfo, of the metadata": {call: userInfo, fetcher: published, want: userInfoURL},
		"Revoke, not in the metadata": {call: revoke, fetcher: document(t), wantCode: exchange.CodeNoRevocationEndpoint,
			says: `"https://issuer.example/.well-known/openid-configuration" names no revocation_endpoint that is usable`},
		"UserInfo, not in the metadata": {call: userInfo, fetcher: document(t), wantCode: exchange.CodeNoUserInfoEndpoint,
			says: `"https://issuer.example/.well-known/openid-configuration" names no userinfo_endpoint that is usable`},
		"UserInfo, at a URL that is not https": {call: userInfo, fetcher: members(t, map[string]any{"userinfo_endpoint": "http://issuer.example/userinfo"}),
			wantCode: exchange.CodeNoUserInfoEndpoint},
		"Revoke, without a verifier": {call: revoke, wantCode: exchange.CodeNoRevocationEndpoint,
			says: "RevocationEndpointURL is required without a verifier that has a Domain"},
	} {
		t.Run(name, func(t *testing.T) {
			e := &endpoint{answers: []ports.TokenResponse{ok(`{"sub":"user-1"}`)}}
			config := exchange.Config{Endpoint: e, TokenEndpointURL: tokenURL, ClientID: "client-1", ClientSecret: secret}
			var v *verifier.Verifier
			if c.fetcher != nil {
				v = newVerifier(t, c.fetcher)
			}
			client, err := exchange.New(v, config)
			if err != nil {
				t.Fatal(err)
			}
			err = c.call(client)
			if c.wantCode != "" {
				checkError(t, err, exchange.Error{Class: verifier.Misconfigured, Code: c.wantCode, Rule: "XCHG-07", Status: 500, Description: c.says})
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if sent := e.requests(); len(sent) != 1 || sent[0].URL != c.want {
				t.Errorf("sent %v, want one to %s", sent, c.want)
			}
		})
	}
	_, err := exchange.New(nil, exchange.Config{
		Endpoint: &endpoint{}, TokenEndpointURL: tokenURL, ClientID: "client-1", ClientSecret: secret,
		RevocationEndpointURL: "http://issuer.example/", UserInfoEndpointURL: "issuer.example", UserInfoAlgorithm: "RS256",
	})
	for _, want := range []string{"RevocationEndpointURL must be https", "UserInfoEndpointURL is not an absolute URL", "UserInfoAlgorithm is set, and there is no verifier"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New says %v, want %s", err, want)
		}
	}
}

// The metadata of an issuer that is not a URL are where they are configured, and errors name that address.
func TestMetadataOfAnOpaqueIssuer(t *testing.T) {
	const issuer, address = "x", "https://issuer.example/metadata"
	fetcher := ports.FetcherFunc(func(ctx context.Context, url string) (ports.Document, error) {
		if url == address {
			return ports.Document{Body: []byte(`{"issuer":"x","jwks_uri":"https://issuer.example/jwks"}`)}, nil
		}
		return verifiertest.MustIssuer(t, issuerURL).Fetch(ctx, url)
	})
	v, err := verifier.New(verifier.Config{
		Domain: issuer, ExactDomain: true, Audiences: []string{"https://api.example"}, Fetcher: fetcher, Discovery: verifier.AuthorizationServerMetadata,
		Domains: []ports.Domain{{Issuer: issuer, Exact: true, Keys: ports.KeySource{MetadataURL: address}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	client, err := exchange.New(v, exchange.Config{Endpoint: &endpoint{}, ClientID: "client-1", ClientSecret: secret})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Exchange(t.Context(), profile)
	checkError(t, err, exchange.Error{Class: verifier.Misconfigured, Code: exchange.CodeNoTokenEndpoint, Rule: "XCHG-07", Status: 500,
		Description: `"` + address + `" names no token_endpoint that is usable`})
}
