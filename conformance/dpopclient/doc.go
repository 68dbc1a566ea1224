// Package dpopclient is the sender's side of DPoP (RFC 9449) for tests: an [http.RoundTripper] that proves, with each
// request, that it holds the key which its access token is bound to, and that gives servers the nonces they ask for.
//
//	client := &http.Client{Transport: &dpopclient.Transport{Prover: prover, AccessToken: token}}
//
// Without an access token it is for token endpoints, which bind to the key what they issue (section 5).
package dpopclient
