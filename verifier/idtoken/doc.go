// Package idtoken verifies ID tokens: who logged in at a client, as an OpenID Provider says it (OpenID Connect Core
// section 3.1.3.7). It works on the keyring of a [verifier.Verifier], so that an issuer's keys are held once, for
// access tokens and for ID tokens.
//
//	v, err := verifier.New(verifier.Config{Domain: "tenant.us.auth0.com", Audiences: audiences, Fetcher: fetcher})
//	ids, err := idtoken.New(v, idtoken.Config{ClientID: "the client's ID"})
//	verified, err := ids.Verify(ctx, token, idtoken.Expect{Nonce: nonce})
//
// [Config] is what holds for every login at one client, [Expect] what one login asked for. What a login asked for must
// be given: Verify can't know that there was a nonce or a maximum age, and checks only what it is told.
//
// Errors are of type [*verifier.Error] and of the three classes of package verifier: an issuer that is away makes no
// token bad. Their part for the client is that of an application that ends a login, and not of an API: the status is
// 400 for a token that is rejected, 503 with Retry-After where nothing can be decided, and there is no challenge.
//
// An ID token does not permit the use of an API, and package verifier refuses it: use access tokens for that.
package idtoken
