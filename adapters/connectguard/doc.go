// Package connectguard has an [httpguard.Guard] answer in the protocol of the client where the handlers behind it are
// those of connectrpc.com/connect: Connect, gRPC or gRPC-Web.
//
//	guard, err := httpguard.New(v, httpguard.Config{PublicURL: "https://api.example", Refuse: connectguard.Refuse})
//	http.Handle("/orders.v1.Orders/", guard.Handler(orders, "read:orders"))
//	token, ok := httpguard.From(ctx) // in the method
//
// The guard does the rest, as for any handler of net/http: proxies, client certificates, DPoP. A proof is for the URL that
// was called, https://api.example/orders.v1.Orders/List, and for POST, or GET where Connect calls a method without side
// effects by GET. A stream has one proof, for its beginning.
//
//	class          code                                            details
//	rejected       unauthenticated; permission_denied for a scope  ErrorInfo
//	undecidable    unavailable                                     ErrorInfo, RetryInfo
//	misconfigured  internal                                        ErrorInfo
//
// Challenges (WWW-Authenticate) and DPoP nonces are in the header of the answer in all three protocols. The reason of
// ErrorInfo is the OAuth error code in upper case, such as INVALID_TOKEN, and its domain is [ErrorDomain]. There is none
// where no credentials were sent.
package connectguard
