// Package conformance is for those who write a verifier, an adapter or an API and want proof that it keeps Holdfast's
// rules.
//
//   - An adapter implements an interface of package ports: package contract proves it, sentence by sentence.
//   - A verifier that is wired with your adapters: [TestVerifier] plays the cases of package catalogue on it.
//   - An API in any language: the command holdfast-conform plays the same cases over HTTP.
//   - Rules of your own: a case is one line of package player, and both of them take yours.
//   - Your own tests need an issuer: package issuer; what it does wrong: package fault; and a DPoP client: package dpopclient.
//
// The verifier of an application keeps every rule with the application's own adapters:
//
//	func TestRules(t *testing.T) {
//		conformance.TestVerifier(t, conformance.Wiring{
//			ReplayStore: func(*testing.T) ports.ReplayStore { return replays },
//		})
//	}
package conformance
