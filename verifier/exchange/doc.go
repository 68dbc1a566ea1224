// Package exchange asks an issuer's token endpoint for tokens: for the application itself (client credentials, RFC 6749
// section 4.4), in exchange for another token (RFC 8693), on behalf of the user who called, for an upstream provider's
// API (connection tokens), for a refresh token or an authorization code. It also revokes tokens (RFC 7009) and asks who
// logged in (UserInfo, OpenID Connect Core section 5.3).
//
//	v, err := verifier.New(verifier.Config{Domain: "tenant.us.auth0.com", Audiences: audiences, Fetcher: fetcher})
//	client, err := exchange.New(v, exchange.Config{Endpoint: fetcher, ClientID: clientID, ClientSecret: secret})
//	token, err := client.OnBehalfOf(ctx, exchange.OnBehalfOfRequest{AccessToken: token, Audience: "https://b.example"})
//
// The verifier says which issuer that is: the one of its Config.Domain, whose metadata name the token endpoint. Where
// there is none, name the endpoint in [Config.TokenEndpointURL].
//
// # How the client authenticates
//
// By its secret with HTTP Basic, unless [Config.ClientAuth] says otherwise: the secret in the body, an assertion signed
// with a private key (RFC 7523), or nothing for a public client. With [Config.DPoPKey] each request proves that the
// client holds that key, and the tokens are bound to it (RFC 9449 section 5).
//
// # What an error means
//
// Every error is an [*Error]. Its code is that of the issuer (RFC 6749 section 5.2: for example invalid_grant) or one of this
// package; its class says whether to try again:
//
//   - verifier.Rejected: the issuer refuses the request, or it was refused here before it was sent.
//   - verifier.Undecidable: the issuer is out of reach or answered nonsense. Try again later.
//   - verifier.Misconfigured: the client is not set up as the issuer wants it.
//
// Nothing is tried again here, except once where a DPoP nonce is wanted (RFC 9449 section 8). When to try
// again is in [Error.RetryAfter], if the issuer said so.
//
// # What is secret
//
// Tokens and credentials are in no error. A [Token] and a [Client] print, and are logged, without theirs; the fields of
// a Token hold them. What an issuer says of an error is cut short, and left out where it quotes what it was sent.
//
// # Tokens that last
//
// A [Source] keeps a token and renews it ahead of its end, once for all who wait. It leaves an issuer that fails alone
// for a while, longer each time, and as long as the issuer asks for. A [TokenCache] does so for the tokens of users. The module adapters/oauth2 makes it a
// TokenSource for golang.org/x/oauth2.
package exchange
