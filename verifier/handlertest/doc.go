// Package handlertest makes verified tokens for the tests of handlers, which need no issuer, no guard and no request:
//
//	ctx := httpguard.NewContext(t.Context(), handlertest.Verified(verifiertest.Claims{"sub": "ada", "scope": "read:orders"}))
//
// It works in tests only: anywhere else it panics. What a verifier accepts and what it refuses is tested with package
// verifiertest.
package handlertest
