package catalogue

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

// replayCases are about using a proof more than once (RFC 9449 section 11.1).
func replayCases() []Case {
	return []Case{
		replayCase("DPOP-RPL-01.same-request", badProof, "the same request a second time",
			step{send: remembered, want: accepted}, step{send: again, want: badProof}),
		replayCase("DPOP-RPL-01.third-time", badProof, "and a third time",
			step{send: remembered, want: accepted}, step{send: again, want: badProof}, step{send: again, want: badProof}),
		replayCase("DPOP-RPL-01.other-query", badProof, "the same proof with another query",
			step{send: remembered, want: accepted}, step{send: func(s *scene) Request { return again(s).at("/resource?page=2") }, want: badProof}),
		replayCase("DPOP-RPL-01.other-url", badProof, "the same jti and key for another URL",
			step{send: sameID("/resource"), want: accepted}, step{send: sameID("/resource/2"), want: badProof}).as(Ours, "RFC 9449 11.1 remembers by URI"),
		replayCase("DPOP-RPL-01.other-jti", accepted, "another proof for the same request",
			step{send: remembered, want: accepted}, step{send: freshProof, want: accepted}),

		replayCase("DPOP-RPL-02.other-key", accepted, "the same jti under another key",
			step{send: sameID("/resource"), want: accepted},
			step{send: func(s *scene) Request {
				theirs := s.sign(token{claims: fields{"cnf": fields{"jkt": s.thumbprint(thiefKey)}}})
				return s.proved(theirs, proof{key: thiefKey, claims: fields{"jti": s.kept["jti"]}})
			}, want: accepted}),

		replayCase("DPOP-RPL-03.at-once", accepted, "20 uses at once",
			step{send: remembered, want: accepted, copies: 20}),

		replayCase("DPOP-RPL-04.bad-first", accepted, "a use that is bad otherwise does not count",
			step{send: func(s *scene) Request { return remembered(s).at("/resource/2") }, want: badProof},
			step{send: func(s *scene) Request { return again(s).at("/resource") }, want: accepted},
			step{send: again, want: badProof}).named("DPOP-RPL-01"),
		replayCase("DPOP-RPL-04.to-the-end", badProof, "a second use at the end of the proof's window",
			step{send: remembered, want: accepted},
			step{do: advance(290 * time.Second), send: again, want: badProof}).needs(Clock, Inside).
			named("DPOP-RPL-01"),

		requestCase("DPOP-RPL-05.away", undecidable, "a replay store that is away",
			remembered).in(Allowed, Required).with(replayStore(awayStore{})),
		requestCase("DPOP-RPL-05.full", undecidable, "a replay store that is full",
			remembered).in(Allowed, Required).with(fullStore),
		requestCase("DPOP-RPL-05.by-choice", accepted, "a replay store that is away, where that is accepted",
			remembered).in(Allowed, Required).
			with(func(w *World, c *verifier.Config) {
				replayStore(awayStore{})(w, c)
				c.DPoP.InsecureAcceptWithoutReplayStore = true
			}),
		requestCase("DPOP-RPL-05.bearer-serves", accepted, "a Bearer token, while the replay store is away",
			func(s *scene) Request {
				return bearer(s.sign(token{unbound: true}))
			}).in(Allowed).with(replayStore(awayStore{})),

		requestCase("DPOP-RPL-06.hangs", undecidable, "a replay store that does not answer",
			remembered).in(Allowed, Required).with(hangingStore).named("DPOP-RPL-05"),
		requestCase("DPOP-RPL-06.panics", undecidable, "a replay store that panics",
			remembered).in(Allowed, Required).with(replayStore(panickingStore{})).named("DPOP-RPL-05"),

		newCase("DPOP-RPL-07.hang-up", holds, "a client that hangs up, where a store that is away is no reason to refuse",
			step{do: hangUp}).needs(Inside).in(Allowed, Required).with(func(w *World, c *verifier.Config) {
			hangingStore(w, c)
			c.DPoP.InsecureAcceptWithoutReplayStore = true
			c.DPoP.ReplayTimeout = time.Minute
		}),

		replayCase("DPOP-RPL-08.over", undecidable, "a second proof of a key that may have one remembered",
			step{send: remembered, want: accepted},
			step{send: freshProof, want: undecidable}).
			with(oneProofPerKey).as(Ours, "OURS bound; the sources know none"),
		replayCase("DPOP-RPL-08.another-client", accepted, "another client's proof, after that",
			step{send: remembered, want: accepted},
			step{send: freshProof, want: undecidable},
			step{send: func(s *scene) Request {
				theirs := s.sign(token{claims: fields{"cnf": fields{"jkt": s.thumbprint(thiefKey)}}})
				return s.proved(theirs, proof{key: thiefKey})
			}, want: accepted}).
			with(oneProofPerKey).as(Ours, "OURS bound; the sources know none"),
	}
}

// hangUp ends the request's context while the store is asked.
func hangUp(s *scene) {
	r := remembered(s)
	ctx, leave := context.WithTimeout(s.ctx, 20*time.Millisecond)
	defer leave()
	_, err := s.Process.Verifier.VerifyRequest(ctx, verifier.Request{Method: r.Method, URL: s.target(r), Header: r.Header})
	if !errors.Is(err, verifier.CodeCanceled) {
		s.errorf("the request got %v", err)
	}
}

// freshProof sends another proof with the same token.
func freshProof(s *scene) Request { return s.proved(s.kept["token"], proof{}) }

func oneProofPerKey(_ *World, c *verifier.Config) { c.DPoP.MaxProofsPerKey = 1 }

// replayCase is about using a proof more than once.
func replayCase(id string, want Outcome, reason string, steps ...step) Case {
	return newCase(id, want, reason, steps...).in(Allowed, Required).
		as(Must, "RFC 9449 11.1 permits it, safety demands it")
}

// remembered sends a good token with a good proof.
func remembered(s *scene) Request {
	return s.proved(s.keep("token", s.sign(token{bound: true})), proof{})
}

// again sends what was sent before.
func again(s *scene) Request { return s.sent }

// sameID sends a proof of one jti for a path.
func sameID(path string) func(*scene) Request {
	return func(s *scene) Request {
		if s.kept["jti"] == "" {
			s.keep("jti", randomID())
		}
		bound := s.sign(token{bound: true})
		r := get().at(path).with("Authorization", "DPoP "+bound)
		return r.with("DPoP", s.prove(r, bound, proof{claims: fields{"jti": s.kept["jti"]}}))
	}
}

func replayStore(s ports.ReplayStore) func(*World, *verifier.Config) {
	return func(_ *World, c *verifier.Config) { c.DPoP.ReplayStore = s }
}

// awayStore can't tell.
type awayStore struct{}

func (awayStore) FirstUse(context.Context, string, time.Duration) (bool, error) {
	return false, errors.New("connection refused")
}

// hangingStore does not answer within the timeout.
func hangingStore(w *World, c *verifier.Config) {
	c.DPoP.ReplayTimeout = 20 * time.Millisecond
	replayStore(hanging{})(w, c)
}

type hanging struct{}

func (hanging) FirstUse(ctx context.Context, _ string, _ time.Duration) (bool, error) {
	<-ctx.Done()
	return false, ctx.Err()
}

// panickingStore has a fault of its own.
type panickingStore struct{}

func (panickingStore) FirstUse(context.Context, string, time.Duration) (bool, error) {
	panic("a replay store that panics")
}

// fullStore has no room left.
func fullStore(_ *World, c *verifier.Config) {
	full, err := memory.NewReplayStore(memory.ReplayConfig{MaxEntries: 1})
	if err == nil {
		_, err = full.FirstUse(context.Background(), "taken", time.Hour)
	}
	if err == nil {
		c.DPoP.ReplayStore = full
	}
}
