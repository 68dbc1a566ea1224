// Package catalogue is the cases that show whether a verifier of access tokens keeps the rules of package rules. Package
// player plays them: conformance.TestVerifier on a verifier in the same process, and the command holdfast-conform over
// HTTP on any API in any language.
//
// It is meant to be read. There is one file a topic (claim.go, dpop.go, ...), and a case is a line of it. The files import
// package player without its name, so that a case reads as a sentence:
//
//	TokenCase("CLAIM-EXP-02.now", BadToken, "exp is now", Token{Claims: Fields{"exp": In(0)}}).Needing(Clock),
package catalogue
