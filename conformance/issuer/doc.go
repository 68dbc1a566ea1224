// Package issuer is an OAuth 2.0 and OpenID Connect issuer for tests. It publishes metadata and keys over TLS on a loopback
// address, lets browsers log in, answers the grants of its token endpoint as the standards say, rotates its keys, and
// fails when told to.
//
// THIS IS ONLY FOR TESTS. Anyone who can reach it logs in as whoever they say, without a password; every scope and
// audience that is asked for is granted; everything is lost with the process.
//
// To test an API, two lines are enough:
//
//	tenant := issuer.StartTest(t)
//	api := newAPI(tenant.Verifier(t, verifier.Config{Audiences: audiences})) // yours, with httpguard, say
//
// [verifiertest.Issuer.MustToken] makes its tokens, good ones and bad ones, without a request:
//
//	token := tenant.MustToken(t, verifiertest.Claims{"aud": "https://api.example", "exp": 0})
//
// A client that asks the endpoints is registered by [Server.Register]. The endpoints are
//
//   - authorization (RFC 6749 section 4.1 with PKCE by S256, OpenID Connect Core section 3.1.2), with a plain login
//     page; organization, invitation and audience as Auth0 has them;
//   - token: authorization_code, client_credentials, refresh_token, and the token exchange of RFC 8693, all of them
//     DPoP-bound on request (RFC 9449 section 5); clients authenticate by client_secret_basic, client_secret_post,
//     private_key_jwt, or not at all;
//   - end of session (OpenID Connect RP-Initiated Logout 1.0).
//
// [Server.Fail] makes it fail in the ways that package fault lists: see what your API answers while the issuer is down,
// slow or hostile.
package issuer
