// Package httpguard puts a [verifier.Verifier] in front of a net/http handler: a request that may pass reaches the
// handler with its verified token in the context, any other is answered with the right status, challenge and a small
// JSON body.
//
//	guard, err := httpguard.New(v, httpguard.Config{})
//	http.Handle("/orders", guard.Handler(orders, "read:orders"))
//	token, ok := httpguard.From(r.Context()) // in the handler
//
// DPoP proofs are for the URL that the client sees: its path is the one that was received, whatever a router has made of
// it, and its host must be one that the API serves. Set [Config.PublicURL] or [Config.Hosts]; behind proxies that end
// TLS, say in [Config.Proxies] which there are and which forwarded fields they write.
//
// A browser's script reads the nonces of DPoP, and challenges, only if the answer lets it: have what answers CORS send
// Access-Control-Expose-Headers: DPoP-Nonce, WWW-Authenticate.
//
// A client that was sent away finds out where to get a token by the API's metadata (RFC 9728), which
// [Guard.ResourceMetadata] serves. Several resources of a process have a guard each, of [verifier.Verifier.For].
//
// What a client is told is made of fixed texts. What happened is for the operator: set [Config.Logger].
package httpguard
