package catalogue

import (
	"context"
	"net/http"
	"time"

	"github.com/holdfast-go/holdfast/conformance/fault"
	. "github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

// keyFaultCases are about what keys are good for while an issuer, the clock or a part of the verifier fails. All of them
// need a clock.
func keyFaultCases() []Case {
	return []Case{
		keyCase("CACHE-15.idle", BadToken, "a key that was withdrawn while the verifier was idle for 23 h",
			Step{Send: Known, Want: Accepted},
			Step{Do: All(Publish(NextKey), Advance(23*time.Hour)), Send: Known, Want: BadToken}),
		keyCase("CACHE-15.issuer-fails", Accepted, "known keys past the soft TTL, of an issuer that fails",
			Step{Send: Known, Want: Accepted},
			Step{Do: All(IssuerTurns(fault.Outage), Advance(SoftTTL)), Send: Known, Want: Accepted}),
		keyCase("CACHE-15.issuer-hangs", Accepted, "known keys past the soft TTL, of an issuer that does not answer in time",
			Step{Do: warmUp, Send: Known, Want: Accepted},
			Step{Do: All(IssuerTurns(fault.Hang), Advance(SoftTTL)), Send: Known, Want: Accepted}).
			Configured(shortWait),

		keyCase("CACHE-16.refreshed", BadToken, "a key that was withdrawn, after the clock was set back by 12 h",
			Step{Send: Known, Want: Accepted},
			Step{Do: All(Publish(NextKey), Advance(-12*time.Hour)), Send: Known, Want: BadToken}),
		keyCase("CACHE-16.issuer-fails", Undecidable, "known keys after the clock was set back, of an issuer that fails",
			Step{Send: Known, Want: Accepted},
			Step{Do: All(IssuerTurns(fault.Outage), Advance(-12*time.Hour)), Send: Known, Want: Undecidable}).ReportedAs(""),

		keyCase("CACHE-17.rotated", Undecidable, "the first token of a key that the issuer rotated to, within the cooldown",
			Step{Send: Known, Want: Accepted},
			Step{Do: All(UnknownKeyIDs(1), Publish(NextKey)), Send: rotatedNow, Want: Undecidable}).ReportedAs(""),
		keyCase("CACHE-17.after-the-cooldown", Accepted, "and after it",
			Step{Send: Known, Want: Accepted},
			Step{Do: All(UnknownKeyIDs(1), Publish(NextKey)), Send: rotatedNow, Want: Undecidable},
			Step{Do: Advance(cooldown), Send: rotatedNow, Want: Accepted}).ReportedAs(""),
		keyCase("CACHE-17.from-the-future", Undecidable, "a made-up kid, and an iat that is far ahead, within the cooldown",
			Step{Send: Known, Want: Accepted},
			Step{Do: UnknownKeyIDs(1), Send: func(run *Run) Request {
				return Bearer(run.Sign(Token{Header: Fields{"kid": run.RandomID()}, Claims: Fields{"iat": In(86400)}}))
			}, Want: Undecidable},
			Step{Do: Fetched(2)}).ReportedAs(""),

		keyCase("CACHE-18.waits", Undecidable, "no keys, and an issuer that does not answer in time",
			Step{Send: Known, Want: Undecidable}).WithFault(fault.Hang).Configured(shortWait).ReportedAs(""),

		keyCase("CACHE-19.one-fetch", Undecidable, "100 requests for keys of an issuer that hangs, where one fetch may be under way",
			Step{Do: All(Together(100, Undecidable), AwaitRequests(1)), Send: Known, Want: Undecidable},
			Step{Do: Asked(1)}).
			WithFault(fault.Hang).Configured(func(_ *Environment, c *verifier.Config) {
			shortWait(nil, c)
			c.Keys.MaxFetches = 1
		}).ReportedAs(""),

		fetcherCase("CACHE-20.ignores", "ignores its context", func(ctx context.Context) {
			<-ctx.Done()
			time.Sleep(100 * time.Millisecond)
		}),
		fetcherCase("CACHE-20.panics", "panics", func(context.Context) { panic("a fetcher that panics") }),

		ConfigCase("CACHE-21.no-secrets", RefusedByNew, "a shared cache without secrets", SharedCache),
	}
}

// shortWait has no request wait for keys for long.
func shortWait(_ *Environment, c *verifier.Config) { c.Keys.WaitTimeout = 250 * time.Millisecond }

// warmUp has the keys fetched, however long that takes.
func warmUp(run *Run) {
	answer, err := run.Target.Send(run.Context(), Known(run))
	AwaitFetches(1)(run)
	// Of a target elsewhere it is not seen that a fetch has ended: it is asked until it has waited long enough.
	for i := 0; i < 100 && err == nil && run.Process == nil && answer.Status == http.StatusServiceUnavailable; i++ {
		answer, err = run.Target.Send(run.Context(), Known(run))
	}
	run.Must(err)
}

// rotatedNow sends a token of the key that the issuer rotates to, which it has just issued.
func rotatedNow(run *Run) Request {
	return Bearer(run.Sign(Token{Key: NextKey, Claims: Fields{"iat": In(0)}}))
}

// fetcherCase has a fetcher that is broken.
func fetcherCase(id, what string, broken func(context.Context)) Case {
	return keyCase(id, Undecidable, "a fetcher that "+what,
		Step{Send: Known, Want: Undecidable},
	).Configured(func(_ *Environment, c *verifier.Config) {
		c.Keys.FetchTimeout = 50 * time.Millisecond
		c.Fetcher = ports.FetcherFunc(func(ctx context.Context, _ string) (ports.Document, error) {
			broken(ctx)
			return ports.Document{}, nil
		})
	}).ReportedAs("")
}
