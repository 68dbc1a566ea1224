package catalogue

import (
	"context"
	"errors"
	"time"

	. "github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

// replayCases are about using a proof more than once (RFC 9449 section 11.1).
func replayCases() []Case {
	return []Case{
		replayCase("DPOP-RPL-01.same-request", BadProof, "the same request a second time",
			Step{Send: remembered, Want: Accepted}, Step{Send: again, Want: BadProof}),
		replayCase("DPOP-RPL-01.third-time", BadProof, "and a third time",
			Step{Send: remembered, Want: Accepted}, Step{Send: again, Want: BadProof}, Step{Send: again, Want: BadProof}),
		replayCase("DPOP-RPL-01.other-query", BadProof, "the same proof with another query",
			Step{Send: remembered, Want: Accepted}, Step{Send: func(run *Run) Request { return again(run).At("/resource?page=2") }, Want: BadProof}),
		replayCase("DPOP-RPL-01.other-url", BadProof, "the same jti and key for another URL",
			Step{Send: sameID("/resource"), Want: Accepted}, Step{Send: sameID("/resource/2"), Want: BadProof}).As(Ours, "RFC 9449 11.1 remembers by URI"),
		replayCase("DPOP-RPL-01.other-jti", Accepted, "another proof for the same request",
			Step{Send: remembered, Want: Accepted}, Step{Send: freshProof, Want: Accepted}),

		replayCase("DPOP-RPL-02.other-key", Accepted, "the same jti under another key",
			Step{Send: sameID("/resource"), Want: Accepted},
			Step{Send: func(run *Run) Request {
				theirs := run.Sign(Token{Claims: Fields{"cnf": Fields{"jkt": run.Thumbprint(OtherClientKey)}}})
				return run.Proved(theirs, Proof{Key: OtherClientKey, Claims: Fields{"jti": run.Kept["jti"]}})
			}, Want: Accepted}),

		replayCase("DPOP-RPL-03.at-once", Accepted, "20 uses at once",
			Step{Send: remembered, Want: Accepted, Copies: 20}),

		replayCase("DPOP-RPL-03.two-processes", BadProof, "a second use at another process that shares the store",
			Step{Send: remembered, Want: Accepted}, Step{Send: atTheOther, Want: BadProof}).
			Configured(Store(StoreShared)).ReportedAs("DPOP-RPL-01"),
		replayCase("DPOP-RPL-03.at-once-at-both", Accepted, "20 uses at once, at two processes that share the store",
			Step{Send: remembered, Want: Accepted, Copies: 20, Spread: true}).Configured(Store(StoreShared)),
		replayCase("DPOP-RPL-03.another-proof", Accepted, "another proof at another process that shares the store",
			Step{Send: remembered, Want: Accepted},
			Step{Send: func(run *Run) Request {
				r := freshProof(run)
				r.Process = 1
				return r
			}, Want: Accepted}).Configured(Store(StoreShared)),
		replayCase("DPOP-RPL-05.killed", Undecidable, "another proof, when the shared store has ended",
			Step{Send: remembered, Want: Accepted},
			Step{Do: KillStore, Send: freshProof, Want: Undecidable}).Configured(Store(StoreShared)).Fresh(),
		replayCase("DPOP-RPL-05.killed-replay", Undecidable, "a second use at another process, when the shared store has ended",
			Step{Send: remembered, Want: Accepted},
			Step{Do: KillStore, Send: atTheOther, Want: Undecidable}).Configured(Store(StoreShared)).Fresh(),

		replayCase("DPOP-RPL-04.bad-first", Accepted, "a use that is bad otherwise does not count",
			Step{Send: func(run *Run) Request { return remembered(run).At("/resource/2") }, Want: BadProof},
			Step{Send: func(run *Run) Request { return again(run).At("/resource") }, Want: Accepted},
			Step{Send: again, Want: BadProof}).ReportedAs("DPOP-RPL-01"),
		replayCase("DPOP-RPL-04.to-the-end", BadProof, "a second use at the end of the proof's window",
			Step{Send: remembered, Want: Accepted},
			Step{Do: Advance(290 * time.Second), Send: again, Want: BadProof}).Needing(Clock).
			ReportedAs("DPOP-RPL-01"),

		RequestCase("DPOP-RPL-05.away", Undecidable, "a replay store that is away",
			remembered).In(Allowed, Required).Configured(Store(StoreAway)),
		RequestCase("DPOP-RPL-05.full", Undecidable, "a replay store that is full",
			remembered).In(Allowed, Required).Configured(fullStore),
		RequestCase("DPOP-RPL-05.by-choice", Accepted, "a replay store that is away, where that is accepted",
			remembered).In(Allowed, Required).
			Configured(func(e *Environment, c *verifier.Config) {
				Store(StoreAway)(e, c)
				c.DPoP.InsecureAcceptWithoutReplayStore = true
			}),
		RequestCase("DPOP-RPL-05.bearer-serves", Accepted, "a Bearer token, while the replay store is away",
			AsBearer(Token{Unbound: true})).In(Allowed).Configured(Store(StoreAway)),

		RequestCase("DPOP-RPL-06.hangs", Undecidable, "a replay store that does not answer",
			remembered).In(Allowed, Required).Configured(Store(StoreHangs)).ReportedAs("DPOP-RPL-05"),
		RequestCase("DPOP-RPL-06.panics", Undecidable, "a replay store that panics",
			remembered).In(Allowed, Required).Configured(replayStore(panickingStore{})).ReportedAs("DPOP-RPL-05"),

		NewCase("DPOP-RPL-07.hang-up", Holds, "a client that hangs up, where a store that is away is no reason to refuse",
			Step{Do: hangUp}).Needing(Inside).In(Allowed, Required).Configured(func(e *Environment, c *verifier.Config) {
			Store(StoreHangs)(e, c)
			c.DPoP.InsecureAcceptWithoutReplayStore = true
			c.DPoP.ReplayTimeout = time.Minute
		}),

		replayCase("DPOP-RPL-08.over", Undecidable, "a second proof of a key that may have one remembered",
			Step{Send: remembered, Want: Accepted},
			Step{Send: freshProof, Want: Undecidable}).
			Configured(oneProofPerKey).Fresh().As(Ours, "OURS bound; the sources have none"),
		replayCase("DPOP-RPL-08.another-client", Accepted, "another client's proof, after that",
			Step{Send: remembered, Want: Accepted},
			Step{Send: freshProof, Want: Undecidable},
			Step{Send: func(run *Run) Request {
				theirs := run.Sign(Token{Claims: Fields{"cnf": Fields{"jkt": run.Thumbprint(OtherClientKey)}}})
				return run.Proved(theirs, Proof{Key: OtherClientKey})
			}, Want: Accepted}).
			Configured(oneProofPerKey).Fresh().As(Ours, "OURS bound; the sources have none"),
	}
}

// hangUp ends the request's context while the store is asked.
func hangUp(run *Run) {
	r := remembered(run)
	ctx, leave := context.WithTimeout(run.Context(), 20*time.Millisecond)
	defer leave()
	_, err := run.Process.Verifier.VerifyRequest(ctx, verifier.Request{Method: r.Method, URL: run.TargetURI(r), Header: r.Header})
	if !errors.Is(err, verifier.CodeCanceled) {
		run.Errorf("the request got %v", err)
	}
}

// freshProof sends another proof with the same token.
func freshProof(run *Run) Request { return run.Proved(run.Kept["token"], Proof{}) }

func oneProofPerKey(_ *Environment, c *verifier.Config) { c.DPoP.MaxProofsPerKey = 1 }

// replayCase is about using a proof more than once.
func replayCase(id string, want Expectation, reason string, steps ...Step) Case {
	return NewCase(id, want, reason, steps...).In(Allowed, Required)
}

// remembered sends a good token with a good proof.
func remembered(run *Run) Request {
	return run.Proved(run.Keep("token", run.Sign(Token{Bound: true})), Proof{})
}

// again sends what was sent before.
func again(run *Run) Request { return run.Sent }

// atTheOther sends what was sent before to the other process.
func atTheOther(run *Run) Request {
	r := again(run)
	r.Process = 1
	return r
}

// sameID sends a proof of one jti for a path.
func sameID(path string) func(*Run) Request {
	return func(run *Run) Request {
		if run.Kept["jti"] == "" {
			run.Keep("jti", run.RandomID())
		}
		bound := run.Sign(Token{Bound: true})
		r := Get().At(path).With("Authorization", "DPoP "+bound)
		return r.With("DPoP", run.Prove(r, bound, Proof{Claims: Fields{"jti": run.Kept["jti"]}}))
	}
}

func replayStore(s ports.ReplayStore) Policy {
	return func(_ *Environment, c *verifier.Config) { c.DPoP.ReplayStore = s }
}

// panickingStore has a fault of its own.
type panickingStore struct{}

func (panickingStore) FirstUse(context.Context, string, time.Duration) (bool, error) {
	panic("a replay store that panics")
}

// fullStore has no room left.
func fullStore(_ *Environment, c *verifier.Config) {
	full, err := memory.NewReplayStore(memory.ReplayConfig{MaxEntries: 1})
	if err == nil {
		_, err = full.FirstUse(context.Background(), "taken", time.Hour)
	}
	if err == nil {
		c.DPoP.ReplayStore = full
	}
}
