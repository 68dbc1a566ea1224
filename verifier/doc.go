// Package verifier decides whether an API request may pass. It verifies OAuth 2.0 access tokens that are JWTs, of one
// issuer or of many: as Bearer tokens (RFC 6750), bound to a client's key by DPoP (RFC 9449), or to its certificate
// (RFC 8705).
//
//	v, err := verifier.New(verifier.Config{
//		Domain:    "tenant.us.auth0.com",
//		Audiences: []string{"https://api.example.com"},
//		Fetcher:   fetcher, // an httpfetch.Fetcher, say
//	})
//	verified, err := v.VerifyRequest(ctx, verifier.Request{Method: method, URL: url, Header: header})
//
// Behind net/http, package httpguard does that call and answers what may not pass.
//
// A request goes one way, and the first fault ends it: its credentials are found; the token's form is checked; its
// issuer is compared with those allowed, before anything leaves the process; the issuer's keys are found; the signature
// is verified; then the claims; then what the token is bound to; and last, of a DPoP proof, that it was not used
// before.
//
// There are three outcomes besides success, and every error is one of them, an [*Error] that holds the answer to send:
// [Rejected] (400, 401, 403) with challenges; [Undecidable] (503), so that the outage of an issuer or a store logs
// no one out; and [Misconfigured] (500), of which New finds what it can.
//
// A [Verifier] is made once and shared. It holds the keys of its issuers in memory, refreshes them in the background,
// and fetches again when it meets a key ID that it does not know; see [KeyPolicy]. The package reads no clock but
// [Config.Clock], imports no net/http, and logs nothing unless it is given a logger.
package verifier
