// Package player makes cases of the conformance suite, and plays them on a verifier in the same process or over HTTP on
// any API.
//
// A case is one typed line: its ID, which begins with that of the rule, what is expected, why, and how the token, the
// proof or the request differs from a good one. A rejected case differs from an accepted one in one thing, and each
// boundary has a case on both sides:
//
//	player.TokenCase("CLAIM-EXP-02.in-a-second", player.Accepted, "exp is a second ahead",
//		player.Token{Claims: player.Fields{"exp": player.In(1)}}).Needing(player.Clock),
//	player.TokenCase("CLAIM-EXP-02.now", player.BadToken, "exp is now",
//		player.Token{Claims: player.Fields{"exp": player.In(0)}}).Needing(player.Clock),
//
// [TokenCase], [ProofCase] and [RequestCase] are of one request; [NewCase] takes steps. Cases of your own go to
// conformance.TestVerifier and to the command holdfast-conform, along with those of package catalogue.
//
// # How a case is sent
//
// Unless a case is about the scheme, it is played in each DPoP mode by the scheme that the mode is about: as Bearer
// where DPoP is allowed or disabled, and where it is required as DPoP, with a token that is bound to the client's key and
// a good proof.
//
// # How an answer is checked
//
// An [Expectation] is an exact answer: status, error code, the challenge of each scheme on offer. In process that is what
// must come, and the rule that the error names as well. Over HTTP an API keeps a rule about tokens if it lets the
// request pass or not as expected; how it says so is what the rules CHAL and CRED are about, whose cases are checked
// exactly. A deviation elsewhere is noted. [Setup.Strict] checks every case exactly.
//
// # What a case needs
//
// A case that needs a look inside is played in process only ([Case.Needs]), and so is one whose configuration can't be told
// to an API elsewhere. All others can be played over HTTP, on an API that has the powers which they take ([Case.Powers]): each
// power is a setting that the API reads from an environment variable ([Case.Settings]), or a path that it serves.
package player
