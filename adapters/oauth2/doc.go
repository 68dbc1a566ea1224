// Package oauth2 makes the tokens of package exchange fit for golang.org/x/oauth2, and with it for the official SDKs
// whose clients take a TokenSource, such as that of a management API.
//
//	source, err := exchange.NewSource(func(ctx context.Context) (*exchange.Token, error) {
//		return client.ClientCredentials(ctx, exchange.ClientCredentialsRequest{Audience: "https://tenant.us.auth0.com/api/v2/"})
//	}, exchange.SourceConfig{})
//	httpClient := xoauth2.NewClient(ctx, oauth2.NewTokenSource(source))
//
// Caching, renewal ahead of time and what errors mean are the source's: see [exchange.Source]. A token that is bound to
// a DPoP key is sent as DPoP, but golang.org/x/oauth2 makes no proofs: have the transport below it add them.
package oauth2
