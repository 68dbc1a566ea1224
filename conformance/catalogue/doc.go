// Package catalogue is the rules that a verifier of access tokens keeps, as cases that can be played: by
// conformance.TestVerifier on a verifier in the same process, and by the command holdfast-conform over HTTP on any API
// in any language.
//
// It is meant to be read. There is one file a topic (claim.go, dpop.go, ...), and a case is a line of it: its ID, which
// begins with that of the rule, what is expected, why, and how the token, the proof or the request differs from a good
// one. A rejected case differs from an accepted one in one thing, and each boundary has a case on both sides.
//
//	tokenCase("CLAIM-EXP-02.in-a-second", accepted, "exp is a second ahead",
//		token{claims: fields{"exp": in(1)}}).needs(Clock),
//	tokenCase("CLAIM-EXP-02.now", badToken, "exp is now",
//		token{claims: fields{"exp": in(0)}}).needs(Clock),
//
// # How a case is sent
//
// Unless a case is about the scheme, it is played in each DPoP mode by the scheme that the mode is about: as Bearer
// where DPoP is allowed or disabled, and where it is required as DPoP, with a token that is bound to the client's key and
// a proof that is good.
//
// # How an answer is judged
//
// An [Outcome] is an exact answer: status, error code, the challenge of each scheme on offer. In process that is what
// must come, and the rule that the error names as well. Over HTTP an API keeps a rule about tokens if it lets the
// request pass or not as expected, and how it says so is the business of the rules CHAL and CRED, whose cases are
// judged exactly; a deviation elsewhere is noted. [Stage.Strict] judges every case exactly.
//
// # What a case needs
//
// A case that needs a clock that can be set, a configuration of its own, or a look inside is played in process only
// ([Case.Needs]); so are those that compare instants. The others need of an API what the command's documentation says.
package catalogue
