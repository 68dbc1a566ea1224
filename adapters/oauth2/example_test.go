package oauth2_test

import (
	"context"
	"fmt"

	"github.com/holdfast-go/holdfast/adapters/oauth2"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/exchange"
	xoauth2 "golang.org/x/oauth2"
)

// An HTTP client whose requests carry a token of the application's own. SDKs take the client, or its TokenSource.
func ExampleNewTokenSource() {
	endpoint := ports.TokenEndpointFunc(func(context.Context, ports.TokenRequest) (ports.TokenResponse, error) {
		// In production the Endpoint is an httpfetch.Fetcher.
		return ports.TokenResponse{Status: 200, Body: []byte(`{"access_token":"abc","token_type":"Bearer","expires_in":3600}`)}, nil
	})
	client := must(exchange.New(nil, exchange.Config{
		Endpoint:         endpoint,
		TokenEndpointURL: "https://tenant.us.auth0.com/oauth/token",
		ClientID:         "my-client",
		ClientSecret:     "my-secret",
	}))
	source := must(exchange.NewSource(func(ctx context.Context) (*exchange.Token, error) {
		return client.ClientCredentials(ctx, exchange.ClientCredentialsRequest{Audience: "https://tenant.us.auth0.com/api/v2/"})
	}, exchange.SourceConfig{}))

	tokens := oauth2.NewTokenSource(source)
	httpClient := xoauth2.NewClient(context.Background(), tokens)
	_ = httpClient // for requests to https://tenant.us.auth0.com/api/v2/

	token := must(tokens.Token())
	fmt.Println(token.Type(), token.Valid())
	// Output: Bearer true
}

// must ends an example that fails. An application handles the error.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
