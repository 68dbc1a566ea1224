package catalogue

import (
	"strings"
	"time"

	. "github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/verifier"
)

// nonceCases are about the server's nonces (RFC 9449 sections 8 and 9). But for the first, all of them need an API that
// is configured for them.
func nonceCases() []Case {
	given := proving(Proof{Claims: Fields{"nonce": From(func(run *Run) any { return run.Kept["nonce"] })}})
	changed := proving(Proof{Claims: Fields{"nonce": From(func(run *Run) any { return Flip(run.Kept["nonce"], 3) })}})
	return []Case{
		nonceCase("NONCE-01.none", NeedsNonce, "no nonce, where one is required",
			Step{Send: proving(Proof{}), Want: NeedsNonce, Check: keepNonce}),
		nonceCase("NONCE-01.made-up", NeedsNonce, "a nonce that is made up",
			Step{Send: proving(Proof{Claims: Fields{"nonce": "made-up"}}), Want: NeedsNonce, Check: keepNonce}),
		nonceCase("NONCE-01.given", Accepted, "the nonce of the answer",
			Step{Send: proving(Proof{}), Want: NeedsNonce, Check: keepNonce},
			Step{Send: given, Want: Accepted}),
		nonceCase("NONCE-01.used-again", Accepted, "the same nonce in another proof",
			Step{Send: proving(Proof{}), Want: NeedsNonce, Check: keepNonce},
			Step{Send: given, Want: Accepted},
			Step{Send: given, Want: Accepted}),

		nonceCase("NONCE-02.changed", NeedsNonce, "a nonce with a bit changed",
			Step{Send: proving(Proof{}), Want: NeedsNonce, Check: keepNonce},
			Step{Send: changed, Want: NeedsNonce}).ReportedAs("NONCE-01"),
		nonceCase("NONCE-02.at-its-end", NeedsNonce, "a nonce of 300 s",
			Step{Send: proving(Proof{}), Want: NeedsNonce, Check: keepNonce},
			Step{Do: Advance(300 * time.Second), Send: given, Want: NeedsNonce}).ReportedAs("NONCE-01").Needing(Clock),
		nonceCase("NONCE-02.before-its-end", Accepted, "a nonce of 299 s",
			Step{Send: proving(Proof{}), Want: NeedsNonce, Check: keepNonce},
			Step{Do: Advance(299 * time.Second), Send: given, Want: Accepted}).Needing(Clock),
		nonceCase("NONCE-02.a-little-ahead", Accepted, "a nonce of a process whose clock is 299 s ahead",
			Step{Send: proving(Proof{}), Want: NeedsNonce, Check: keepNonce},
			Step{Do: Advance(-299 * time.Second), Send: given, Want: Accepted}).Needing(Clock),
		nonceCase("NONCE-02.far-ahead", NeedsNonce, "a nonce of a process whose clock is 301 s ahead",
			Step{Send: proving(Proof{}), Want: NeedsNonce, Check: keepNonce},
			Step{Do: Advance(-301 * time.Second), Send: given, Want: NeedsNonce}).ReportedAs("NONCE-01").Needing(Clock),
		nonceCase("NONCE-02.of-the-fleet", Accepted, "a nonce of another process with the same secrets",
			Step{Send: proving(Proof{}), Want: NeedsNonce, Check: keepNonce},
			Step{Do: Restart, Send: given, Want: Accepted}).
			Configured(nonceSecrets("a")).Fresh(),
		nonceCase("NONCE-02.of-another-fleet", NeedsNonce, "a nonce of another process, of secrets that no one shares",
			Step{Send: proving(Proof{}), Want: NeedsNonce, Check: keepNonce},
			Step{Do: Restart, Send: given, Want: NeedsNonce}).
			ReportedAs("NONCE-01").Fresh(),
		nonceCase("NONCE-02.unpredictable", Holds, "two processes do not make the same nonce",
			Step{Send: proving(Proof{}), Want: NeedsNonce, Check: keepNonce},
			Step{Do: Restart, Send: proving(Proof{}), Want: NeedsNonce, Check: func(run *Run, a Answer) {
				if a.Values("Dpop-Nonce")[0] == run.Kept["nonce"] {
					run.Errorf("the nonces are equal")
				}
			}}).Needing(Clock).ReportedAs("NONCE-01"),

		nonceCase("NONCE-03.not-yet", Accepted, "no new nonce before half the life of the old one",
			Step{Send: proving(Proof{}), Want: NeedsNonce, Check: keepNonce},
			Step{Do: Advance(149 * time.Second), Send: given, Want: Accepted, Check: noNonce}).Needing(Clock),
		nonceCase("NONCE-03.in-time", Accepted, "a new nonce with a good answer, past half the life of the old one",
			Step{Send: proving(Proof{}), Want: NeedsNonce, Check: keepNonce},
			Step{Do: Advance(150 * time.Second), Send: given, Want: Accepted, Check: keepNonce}).Needing(Clock),
		RequestCase("NONCE-03.offered", Accepted, "a nonce with a good answer, where they are offered",
			proving(Proof{})).
			In(Allowed, Required).Configured(nonceMode(verifier.NonceOffered)).Checked(keepNonce),

		ProofCase("NONCE-04.ignored", Accepted, "a nonce, while nonces are off",
			Proof{Claims: Fields{"nonce": "made-up"}}),
		ProofCase("NONCE-04.ignored-number", Accepted, "a nonce that is a number, while nonces are off",
			Proof{Claims: Fields{"nonce": 1}}).Having("bounds"),
		nonceCase("NONCE-04.number", NeedsNonce, "a nonce that is a number, where one is required",
			Step{Send: proving(Proof{Claims: Fields{"nonce": 1}}), Want: NeedsNonce}).ReportedAs("NONCE-01"),
		nonceCase("NONCE-04.null", NeedsNonce, "a nonce that is null, where one is required",
			Step{Send: proving(Proof{Claims: Fields{"nonce": nil}}), Want: NeedsNonce}).ReportedAs("NONCE-01"),
		RequestCase("NONCE-04.offered-bad", NeedsNonce, "a nonce that is made up, where they are offered",
			proving(Proof{Claims: Fields{"nonce": "made-up"}})).
			In(Allowed, Required).Configured(nonceMode(verifier.NonceOffered)).ReportedAs("NONCE-01"),

		nonceCase("NONCE-05.not-stored", NeedsNonce, "an answer with a nonce is not to be stored, and has one",
			Step{
				Send: proving(Proof{}), Want: NeedsNonce, Check: func(run *Run, a Answer) {
					NotStored(run, a)
					keepNonce(run, a)
				},
			}).ReportedAs("NONCE-01"),
		RequestCase("NONCE-05.good-answer", Accepted, "neither is a good answer with a nonce",
			proving(Proof{})).
			In(Allowed, Required).Configured(nonceMode(verifier.NonceOffered)).Checked(NotStored),
	}
}

// nonceCase is for a verifier that wants nonces.
func nonceCase(id string, want Expectation, reason string, steps ...Step) Case {
	return NewCase(id, want, reason, steps...).In(Allowed, Required).Configured(nonceMode(verifier.NonceRequired)).
		Exactly()
}

func nonceMode(m verifier.NonceMode) Policy {
	return func(_ *Environment, c *verifier.Config) { c.DPoP.Nonce = m }
}

func nonceSecrets(letter string) Policy {
	return func(_ *Environment, c *verifier.Config) {
		c.DPoP.NonceSecrets = [][]byte{[]byte(strings.Repeat(letter, 32))}
	}
}

// proving sends a bound token with a proof.
func proving(p Proof) func(*Run) Request {
	return AsDPoP(Token{Bound: true}, p)
}

// keepNonce keeps the nonce of an answer, of which there is one, of NQCHAR characters (RFC 9449 section 8.1).
func keepNonce(run *Run, a Answer) {
	values := a.Values("Dpop-Nonce")
	if len(values) != 1 || values[0] == "" {
		run.Errorf("there are %d DPoP-Nonce fields", len(values))
		return
	}
	if strings.ContainsFunc(values[0], func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
		run.Errorf("the nonce has other characters than NQCHAR")
	}
	run.Keep("nonce", values[0])
}

func noNonce(run *Run, a Answer) {
	if len(a.Values("Dpop-Nonce")) > 0 {
		run.Errorf("there is a DPoP-Nonce field")
	}
}
