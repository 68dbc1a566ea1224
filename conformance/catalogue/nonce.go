package catalogue

import (
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/verifier"
)

// nonceCases are about the server's nonces (RFC 9449 sections 8 and 9). But for the first, all of them need an API that
// is configured for them.
func nonceCases() []Case {
	given := proving(proof{claims: fields{"nonce": from(func(s *scene) any { return s.kept["nonce"] })}})
	changed := proving(proof{claims: fields{"nonce": from(func(s *scene) any { return flip(s.kept["nonce"], 3) })}})
	return []Case{
		nonceCase("NONCE-01.none", needsNonce, "no nonce, where one is required",
			step{send: proving(proof{}), want: needsNonce, check: keepNonce}),
		nonceCase("NONCE-01.made-up", needsNonce, "a nonce that is made up",
			step{send: proving(proof{claims: fields{"nonce": "made-up"}}), want: needsNonce, check: keepNonce}),
		nonceCase("NONCE-01.given", accepted, "the nonce of the answer",
			step{send: proving(proof{}), want: needsNonce, check: keepNonce},
			step{send: given, want: accepted}),
		nonceCase("NONCE-01.used-again", accepted, "the same nonce in another proof",
			step{send: proving(proof{}), want: needsNonce, check: keepNonce},
			step{send: given, want: accepted},
			step{send: given, want: accepted}),

		nonceCase("NONCE-02.changed", needsNonce, "a nonce with a bit changed",
			step{send: proving(proof{}), want: needsNonce, check: keepNonce},
			step{send: changed, want: needsNonce}).named("NONCE-01"),
		nonceCase("NONCE-02.at-its-end", needsNonce, "a nonce of 300 s",
			step{send: proving(proof{}), want: needsNonce, check: keepNonce},
			step{do: advance(300 * time.Second), send: given, want: needsNonce}).named("NONCE-01").needs(Clock),
		nonceCase("NONCE-02.before-its-end", accepted, "a nonce of 299 s",
			step{send: proving(proof{}), want: needsNonce, check: keepNonce},
			step{do: advance(299 * time.Second), send: given, want: accepted}).needs(Clock),
		nonceCase("NONCE-02.a-little-ahead", accepted, "a nonce of a process whose clock is 299 s ahead",
			step{send: proving(proof{}), want: needsNonce, check: keepNonce},
			step{do: advance(-299 * time.Second), send: given, want: accepted}).needs(Clock),
		nonceCase("NONCE-02.far-ahead", needsNonce, "a nonce of a process whose clock is 301 s ahead",
			step{send: proving(proof{}), want: needsNonce, check: keepNonce},
			step{do: advance(-301 * time.Second), send: given, want: needsNonce}).named("NONCE-01").needs(Clock),
		nonceCase("NONCE-02.of-the-fleet", accepted, "a nonce of another process with the same secrets",
			step{send: proving(proof{}), want: needsNonce, check: keepNonce},
			step{do: restart, send: given, want: accepted}).
			also(nonceSecrets("a")).needs(Inside),
		nonceCase("NONCE-02.of-another-fleet", needsNonce, "a nonce of another process, of secrets that no one shares",
			step{send: proving(proof{}), want: needsNonce, check: keepNonce},
			step{do: restart, send: given, want: needsNonce}).
			named("NONCE-01").needs(Inside),
		nonceCase("NONCE-02.unpredictable", holds, "two processes do not make the same nonce",
			step{send: proving(proof{}), want: needsNonce, check: keepNonce},
			step{do: restart, send: proving(proof{}), want: needsNonce, check: func(s *scene, a Answer) {
				if a.values("Dpop-Nonce")[0] == s.kept["nonce"] {
					s.errorf("the nonces are equal")
				}
			}}).needs(Clock, Inside).named("NONCE-01"),

		nonceCase("NONCE-03.not-yet", accepted, "no new nonce before half the life of the old one",
			step{send: proving(proof{}), want: needsNonce, check: keepNonce},
			step{do: advance(149 * time.Second), send: given, want: accepted, check: noNonce}).needs(Clock),
		nonceCase("NONCE-03.in-time", accepted, "a new nonce with a good answer, past half the life of the old one",
			step{send: proving(proof{}), want: needsNonce, check: keepNonce},
			step{do: advance(150 * time.Second), send: given, want: accepted, check: keepNonce}).needs(Clock),
		requestCase("NONCE-03.offered", accepted, "a nonce with a good answer, where they are offered",
			proving(proof{})).
			in(Allowed, Required).with(nonceMode(verifier.NonceOffered)).checked(keepNonce),

		proofCase("NONCE-04.ignored", accepted, "a nonce, while nonces are off",
			proof{claims: fields{"nonce": "made-up"}}),
		proofCase("NONCE-04.ignored-number", accepted, "a nonce that is a number, while nonces are off",
			proof{claims: fields{"nonce": 1}}).needs(Inside),
		nonceCase("NONCE-04.number", needsNonce, "a nonce that is a number, where one is required",
			step{send: proving(proof{claims: fields{"nonce": 1}}), want: needsNonce}).named("NONCE-01"),
		nonceCase("NONCE-04.null", needsNonce, "a nonce that is null, where one is required",
			step{send: proving(proof{claims: fields{"nonce": nil}}), want: needsNonce}).named("NONCE-01"),
		requestCase("NONCE-04.offered-bad", needsNonce, "a nonce that is made up, where they are offered",
			proving(proof{claims: fields{"nonce": "made-up"}})).
			in(Allowed, Required).with(nonceMode(verifier.NonceOffered)).named("NONCE-01"),

		nonceCase("NONCE-05.not-stored", needsNonce, "an answer with a nonce is not to be stored, and has one",
			step{
				send: proving(proof{}), want: needsNonce, check: func(s *scene, a Answer) {
					notStored(s, a)
					keepNonce(s, a)
				},
			}).named("NONCE-01"),
		requestCase("NONCE-05.good-answer", accepted, "neither is a good answer with a nonce",
			proving(proof{})).
			in(Allowed, Required).with(nonceMode(verifier.NonceOffered)).checked(notStored),
	}
}

// nonceCase is for a verifier that wants nonces.
func nonceCase(id string, want Outcome, reason string, steps ...step) Case {
	return newCase(id, want, reason, steps...).in(Allowed, Required).with(nonceMode(verifier.NonceRequired)).
		exactly()
}

func nonceMode(m verifier.NonceMode) func(*World, *verifier.Config) {
	return func(_ *World, c *verifier.Config) { c.DPoP.Nonce = m }
}

func nonceSecrets(letter string) func(*World, *verifier.Config) {
	return func(_ *World, c *verifier.Config) { c.DPoP.NonceSecrets = [][]byte{[]byte(strings.Repeat(letter, 32))} }
}

// proving sends a bound token with a proof.
func proving(p proof) func(*scene) Request {
	return func(s *scene) Request { return s.proved(s.sign(token{bound: true}), p) }
}

// checked adds to what must hold of the last answer.
func (c Case) checked(check func(*scene, Answer)) Case {
	c.steps[len(c.steps)-1].check = check
	return c
}

// keepNonce keeps the nonce of an answer, of which there is one, of NQCHAR characters (RFC 9449 section 8.1).
func keepNonce(s *scene, a Answer) {
	values := a.values("Dpop-Nonce")
	if len(values) != 1 || values[0] == "" {
		s.errorf("there are %d DPoP-Nonce fields", len(values))
		return
	}
	if strings.ContainsFunc(values[0], func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
		s.errorf("the nonce has other characters than NQCHAR")
	}
	s.keep("nonce", values[0])
}

func noNonce(s *scene, a Answer) {
	if len(a.values("Dpop-Nonce")) > 0 {
		s.errorf("there is a DPoP-Nonce field")
	}
}
