package catalogue

import (
	"context"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

// keyFaultCases are about what keys are good for while an issuer, the clock or a part of the verifier fails. All of them
// look inside.
func keyFaultCases() []Case {
	return []Case{
		keyCase("CACHE-15.idle", badToken, "a key that was withdrawn while the verifier was idle for 23 h",
			step{send: known, want: accepted},
			step{do: all(publish(nextKey), advance(23*time.Hour)), send: known, want: badToken}),
		keyCase("CACHE-15.issuer-fails", accepted, "known keys past the soft TTL, of an issuer that fails",
			step{send: known, want: accepted},
			step{do: all(issuerTurns(Down), advance(softTTL)), send: known, want: accepted}),
		keyCase("CACHE-15.issuer-hangs", accepted, "known keys past the soft TTL, of an issuer that does not answer in time",
			step{do: warmUp, send: known, want: accepted},
			step{do: all(issuerTurns(Hanging), advance(softTTL)), send: known, want: accepted}).
			with(shortWait),

		keyCase("CACHE-16.refreshed", badToken, "a key that was withdrawn, after the clock was set back by 12 h",
			step{send: known, want: accepted},
			step{do: all(publish(nextKey), advance(-12*time.Hour)), send: known, want: badToken}),
		keyCase("CACHE-16.issuer-fails", undecidable, "known keys after the clock was set back, of an issuer that fails",
			step{send: known, want: accepted},
			step{do: all(issuerTurns(Down), advance(-12*time.Hour)), send: known, want: undecidable}).named(""),

		keyCase("CACHE-17.rotated", undecidable, "the first token of a key that the issuer rotated to, within the cooldown",
			step{send: known, want: accepted},
			step{do: all(unknownKeyIDs(1), publish(nextKey)), send: rotatedNow, want: undecidable}).named(""),
		keyCase("CACHE-17.after-the-cooldown", accepted, "and after it",
			step{send: known, want: accepted},
			step{do: all(unknownKeyIDs(1), publish(nextKey)), send: rotatedNow, want: undecidable},
			step{do: advance(cooldown), send: rotatedNow, want: accepted}).named(""),
		keyCase("CACHE-17.from-the-future", undecidable, "a made-up kid, and an iat that is far ahead, within the cooldown",
			step{send: known, want: accepted},
			step{do: unknownKeyIDs(1), send: func(s *scene) Request {
				return bearer(s.sign(token{header: fields{"kid": randomID()}, claims: fields{"iat": in(86400)}}))
			}, want: undecidable},
			step{do: fetched(2)}).named(""),

		keyCase("CACHE-18.waits", undecidable, "no keys, and an issuer that does not answer in time",
			step{send: known, want: undecidable}).while(Hanging).with(shortWait).named(""),

		keyCase("CACHE-19.one-fetch", undecidable, "100 requests for keys of an issuer that hangs, where one fetch may be under way",
			step{do: all(together(100, undecidable), awaitRequests(1)), send: known, want: undecidable},
			step{do: asked(1)}).
			while(Hanging).with(func(_ *World, c *verifier.Config) {
			shortWait(nil, c)
			c.Keys.MaxFetches = 1
		}).named(""),

		fetcherCase("CACHE-20.ignores", "ignores its context", func(ctx context.Context) {
			<-ctx.Done()
			time.Sleep(100 * time.Millisecond)
		}),
		fetcherCase("CACHE-20.panics", "panics", func(context.Context) { panic("a fetcher that panics") }),

		configCase("CACHE-21.no-secrets", refusedByNew, "a shared cache without secrets", sharedCache),
	}
}

// shortWait has no request wait for keys for long.
func shortWait(_ *World, c *verifier.Config) { c.Keys.WaitTimeout = 50 * time.Millisecond }

// warmUp has the keys fetched, however long that takes.
func warmUp(s *scene) {
	_, err := s.Target.Send(s.ctx, known(s))
	s.must(err)
	awaitFetches(1)(s)
}

// rotatedNow sends a token of the key that the issuer rotates to, which it has just issued.
func rotatedNow(s *scene) Request {
	return bearer(s.sign(token{key: nextKey, claims: fields{"iat": in(0)}}))
}

// fetcherCase has a fetcher that is broken.
func fetcherCase(id, what string, broken func(context.Context)) Case {
	return keyCase(id, undecidable, "a fetcher that "+what,
		step{send: known, want: undecidable},
	).with(func(_ *World, c *verifier.Config) {
		c.Keys.FetchTimeout = 50 * time.Millisecond
		c.Fetcher = ports.FetcherFunc(func(ctx context.Context, _ string) (ports.Document, error) {
			broken(ctx)
			return ports.Document{}, nil
		})
	}).named("")
}
