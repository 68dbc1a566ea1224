package exchange_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/exchange"
	"github.com/holdfast-go/holdfast/verifier/memory"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// tokenEndpoint stands in for an issuer's. In production it is an httpfetch.Fetcher.
var tokenEndpoint = ports.TokenEndpointFunc(func(_ context.Context, r ports.TokenRequest) (ports.TokenResponse, error) {
	switch {
	case strings.HasSuffix(r.URL, "/userinfo"):
		return ports.TokenResponse{Status: 200, Body: []byte(`{"sub":"auth0|5f7c","name":"Ada"}`)}, nil
	case strings.HasSuffix(r.URL, "/revoke"):
		return ports.TokenResponse{Status: 200}, nil
	case r.Form["grant_type"][0] == "refresh_token":
		return ports.TokenResponse{Status: 403, Body: []byte(`{"error":"invalid_grant","error_description":"Unknown or invalid refresh token."}`)}, nil
	}
	return ports.TokenResponse{Status: 200, Body: []byte(`{"access_token":"abc","token_type":"Bearer","scope":"read:orders",
		"issued_token_type":"urn:ietf:params:oauth:token-type:access_token"}`)}, nil
})

// exampleClient returns a client of the issuer whose tokens a verifier accepts.
func exampleClient() *exchange.Client {
	v := must(verifier.New(verifier.Config{
		Domain:    "tenant.us.auth0.com",
		Audiences: []string{"https://api.example.com"},
		Fetcher:   must(verifiertest.NewIssuer("https://tenant.us.auth0.com/")),
	}))
	return must(exchange.New(v, exchange.Config{Endpoint: tokenEndpoint, ClientID: "my-client", ClientSecret: "my-secret"}))
}

// A token of the application's own, for another API.
func Example() {
	client := exampleClient()
	token := must(client.ClientCredentials(context.Background(), exchange.ClientCredentialsRequest{
		Audience: "https://orders.example.com",
	}))
	fmt.Println(token.TokenType, token.Scope)
	// Output: Bearer read:orders
}

// An API calls the next one as the user who called it. The token that it sends on was verified before.
func ExampleClient_OnBehalfOf() {
	client := exampleClient()
	token := must(client.OnBehalfOf(context.Background(), exchange.OnBehalfOfRequest{
		AccessToken: "the-verified-access-token",
		Audience:    "https://orders.example.com",
		Scope:       "read:orders",
	}))
	fmt.Println(token.TokenType, token.Scope)
	// Output: Bearer read:orders
}

// A token of another party's is exchanged by a token exchange profile of Auth0.
func ExampleClient_Exchange() {
	client := exampleClient()
	token := must(client.Exchange(context.Background(), exchange.ExchangeRequest{
		SubjectToken:     "a-partners-token",
		SubjectTokenType: "urn:partner0:external-token",
		Audience:         "https://api.example.com",
		Extra:            map[string][]string{"device_id": {"d-1"}},
	}))
	fmt.Println(token.TokenType, token.Has("refresh_token"))
	// Output: Bearer false
}

// The access token of an upstream provider, for the user of an access token.
func ExampleClient_ConnectionToken() {
	client := exampleClient()
	token := must(client.ConnectionToken(context.Background(), exchange.ConnectionTokenRequest{
		Connection:  "google-oauth2",
		AccessToken: "the-users-access-token",
	}))
	fmt.Println(token.Scope)
	// Output: read:orders
}

// What the issuer knows of the user whose ID token was verified, where the ID token does not have it.
func ExampleClient_UserInfo() {
	v := must(verifier.New(verifier.Config{
		Domain:         "tenant.us.auth0.com",
		NoAccessTokens: true,
		Fetcher:        must(verifiertest.NewIssuer("https://tenant.us.auth0.com/")),
	}))
	client := must(exchange.New(v, exchange.Config{
		Endpoint: tokenEndpoint, ClientID: "my-client", ClientSecret: "my-secret",
		UserInfoEndpointURL: "https://tenant.us.auth0.com/userinfo", // only where the issuer's metadata don't name it
	}))
	info := must(client.UserInfo(context.Background(), exchange.UserInfoRequest{
		AccessToken: "the-access-token-of-the-login",
		Subject:     "auth0|5f7c", // of the verified ID token
	}))
	var profile struct {
		Name string `json:"name"`
	}
	if err := info.Decode(&profile); err != nil {
		panic(err)
	}
	fmt.Println(info.Subject, profile.Name)
	// Output: auth0|5f7c Ada
}

// At logout, the refresh token ends.
func ExampleClient_Revoke() {
	client := must(exchange.New(nil, exchange.Config{
		Endpoint: tokenEndpoint, ClientID: "my-client", ClientSecret: "my-secret",
		TokenEndpointURL:      "https://tenant.us.auth0.com/oauth/token",
		RevocationEndpointURL: "https://tenant.us.auth0.com/oauth/revoke",
	}))
	err := client.Revoke(context.Background(), exchange.RevokeRequest{Token: "the-refresh-token", TokenTypeHint: exchange.HintRefreshToken})
	fmt.Println(err)
	// Output: <nil>
}

// What an error means: a user whose refresh token is refused has to log in; an issuer that is down comes back.
func ExampleError() {
	client := exampleClient()
	_, err := client.Refresh(context.Background(), exchange.RefreshRequest{RefreshToken: "an-old-one"})
	switch {
	case errors.Is(err, exchange.CodeInvalidGrant):
		fmt.Println("log in again:", err)
	case errors.Is(err, verifier.Undecidable):
		fmt.Println("try again later:", err)
	}
	// Output: log in again: holdfast: invalid_grant (XCHG-10): Unknown or invalid refresh token.
}

// A token that lasts: one request, until shortly before its end.
func ExampleSource() {
	client := exampleClient()
	source := must(exchange.NewSource(func(ctx context.Context) (*exchange.Token, error) {
		fmt.Println("asks the issuer")
		return client.ClientCredentials(ctx, exchange.ClientCredentialsRequest{Audience: "https://orders.example.com"})
	}, exchange.SourceConfig{}))
	for range 2 {
		token := must(source.Token(context.Background()))
		fmt.Println(token.TokenType)
	}
	// Output:
	// asks the issuer
	// Bearer
	// Bearer
}

// An API that calls the next one for its users asks the issuer once for each user, and not on each request.
func ExampleTokenCache() {
	asked := 0
	endpoint := ports.TokenEndpointFunc(func(ctx context.Context, r ports.TokenRequest) (ports.TokenResponse, error) {
		asked++
		return tokenEndpoint(ctx, r)
	})
	client := must(exchange.New(nil, exchange.Config{
		Endpoint: endpoint, TokenEndpointURL: "https://tenant.us.auth0.com/oauth/token", ClientID: "my-client", ClientSecret: "my-secret",
	}))
	tokens := must(exchange.NewTokenCache(client, exchange.TokenCacheConfig{
		Shared:  must(memory.NewCache(memory.CacheConfig{})), // in a fleet: redis.NewCache
		Secrets: [][]byte{[]byte("32 random bytes, the same in all")},
	}))
	for range 2 {
		token := must(tokens.OnBehalfOf(context.Background(), exchange.OnBehalfOfRequest{
			AccessToken: "the-verified-access-token",
			Audience:    "https://orders.example.com",
		}))
		fmt.Println(token.TokenType, asked)
	}
	// Output:
	// Bearer 1
	// Bearer 1
}

// must ends an example that fails. An application handles the error.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
