// Package dpop checks DPoP proofs (RFC 9449): one proof against one request. Package verifier uses it on the way of
// every request; use it by itself where something else verifies the access token.
//
//	checker, err := dpop.New(dpop.Config{})
//	proof, err := checker.Check(r.Header.Get("DPoP"), dpop.Request{Method: "GET", URL: "https://api.example/orders", AccessToken: token})
//
// A good proof says that its sender holds a private key. It is worth something only together with three things that
// this package leaves to its caller: the access token is bound to the proof's [Proof.Thumbprint], the request had one
// DPoP header field and no more, and [Proof.ReplayKey] is used for the first time.
//
// The package also makes and checks the nonces of RFC 9449 section 9: see [Nonces].
package dpop
