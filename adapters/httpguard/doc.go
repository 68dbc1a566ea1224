// Package httpguard puts a [verifier.Verifier] in front of a net/http handler: a request that may pass reaches the handler with its
// verified token in the context, any other is answered with the right status, challenge and a small JSON body.
//
//	guard, err := httpguard.New(v, httpguard.Config{})
//	http.Handle("/orders", guard.Handler(orders, "read:orders"))
//
// What a client is told is made of fixed texts. What happened is for the operator: set [Config.Logger].
package httpguard
