package catalogue

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/holdfast-go/holdfast/conformance/fault"
	. "github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

// The defaults of verifier.KeyPolicy.
const (
	minTTL   = time.Minute
	hardTTL  = 24 * time.Hour
	cooldown = 30 * time.Second
)

// cacheCases are about how long keys are used and how often an issuer is asked. All of them
// need a clock.
func cacheCases() []Case {
	return slices.Concat(freshnessCases(), refreshCases())
}

// freshnessCases are about when keys are asked for again.
func freshnessCases() []Case {
	return slices.Concat(
		freshFor("CACHE-01.within", "an issuer that says 2 minutes", "max-age=120", 2*time.Minute),
		freshFor("CACHE-01.floor", "an issuer that says 15 seconds, which is less than the floor of a minute", "max-age=15", minTTL),
		freshFor("CACHE-01.ceiling", "an issuer that says 10 days, which is more than 10 minutes", "max-age=864000", SoftTTL),
		freshFor("CACHE-01.no-floor", "an issuer that says 15 seconds, where there is no floor", "max-age=15", 15*time.Second,
			func(_ *Environment, c *verifier.Config) { c.Keys.MinTTL = -1 }),
		freshFor("CACHE-02.no-store", "an issuer that forbids to store, for which the floor of a minute is", "no-store", minTTL),
		freshFor("CACHE-02.unreadable", "an issuer whose freshness can't be read, for which 10 minutes are", `max-age="soon", private=x=y,,`, SoftTTL),
	)
}

// refreshCases are about what serves meanwhile, and how often an issuer is asked.
func refreshCases() []Case {
	return []Case{
		keyCase("CACHE-03.old-keys-serve", Accepted, "known keys, past their time, while the issuer is away",
			Step{Send: Known, Want: Accepted},
			Step{Do: All(IssuerTurns(fault.Outage), Advance(SoftTTL)), Send: Known, Want: Accepted},
			Step{Do: AwaitFetches(2), Send: Known, Want: Accepted}),
		keyCase("CACHE-03.one-refresh", Holds, "100 requests past the soft TTL start one refresh",
			Step{Send: Known, Want: Accepted},
			Step{Do: All(Advance(SoftTTL), Together(100, Accepted), AwaitFetches(2), Fetched(2))}),

		keyCase("CACHE-04.within", Accepted, "known keys of an issuer that has been away for just under 24 h",
			Step{Send: Known, Want: Accepted},
			Step{Do: All(IssuerTurns(fault.Outage), Advance(hardTTL-time.Second)), Send: Known, Want: Accepted}),
		keyCase("CACHE-04.over", Undecidable, "known keys of an issuer that has been away for 24 h",
			Step{Send: Known, Want: Accepted},
			Step{Do: All(IssuerTurns(fault.Outage), Advance(hardTTL)), Send: Known, Want: Undecidable}).ReportedAs(""),

		NewCase("CACHE-05.rotated", Accepted, "the first token of a key that the issuer has just rotated to",
			Step{Send: Carrying(Token{}), Want: Accepted},
			Step{Do: Publish(NextKey, SigningKey), Send: Carrying(Token{Key: NextKey}), Want: Accepted}).
			WithFault(Rotating).As(Should, "OpenID Connect Core 10.1.1"),
		keyCase("CACHE-05.one-forced", Holds, "100 tokens of unknown kids cause one refresh in the cooldown",
			Step{Send: Known, Want: Accepted},
			Step{Do: All(UnknownKeyIDs(100), Fetched(2))}),
		keyCase("CACHE-05.after-the-cooldown", Holds, "and another after it",
			Step{Send: Known, Want: Accepted},
			Step{Do: All(
				UnknownKeyIDs(3), Advance(cooldown-time.Second), UnknownKeyIDs(3), Fetched(2),
				Advance(time.Second), UnknownKeyIDs(3), Fetched(3),
			)}),
		keyCase("CACHE-05.right-after-start", Accepted, "a rotation right after the first fetch",
			Step{Send: Known, Want: Accepted},
			Step{Do: Publish(NextKey), Send: rotated, Want: Accepted}),
		keyCase("CACHE-05.within-the-cooldown", BadToken, "a token of an unknown kid, issued before the last refresh, within the cooldown",
			Step{Send: Known, Want: Accepted},
			Step{Do: All(UnknownKeyIDs(1), Publish(NextKey)), Send: rotated, Want: BadToken}),

		keyCase("CACHE-06.unknown", Undecidable, "a token of an unknown kid, while the issuer is away",
			Step{Send: Known, Want: Accepted},
			Step{Do: IssuerTurns(fault.Outage), Send: rotated, Want: Undecidable}).ReportedAs(""),
		keyCase("CACHE-06.known", Accepted, "a token of a known kid, while the issuer is away and another kid was asked for",
			Step{Send: Known, Want: Accepted},
			Step{Do: IssuerTurns(fault.Outage), Send: rotated, Want: Undecidable},
			Step{Send: Known, Want: Accepted}).ReportedAs(""),
		keyCase("CACHE-06.within-the-cooldown", Undecidable, "and another of an unknown kid, within the cooldown",
			Step{Send: Known, Want: Accepted},
			Step{Do: IssuerTurns(fault.Outage), Send: rotated, Want: Undecidable},
			Step{Send: AsBearer(Token{Header: Fields{"kid": "another"}}), Want: Undecidable}).ReportedAs(""),

		keyCase("CACHE-07.one-fetch", Holds, "100 requests at once, before there are keys, share a fetch",
			Step{Do: All(shareFetch, Fetched(1))}),
		keyCase("CACHE-07.caller-leaves", Holds, "the caller that started the fetch leaves, and another goes on waiting",
			Step{Do: callerLeaves}).Needing(Inside),
		keyCase("CACHE-07.own-context", Holds, "a waiter whose context ends leaves at once",
			Step{Do: waiterLeaves}).Needing(Inside),

		keyCase("CACHE-08.withdrawn", BadToken, "a token that was accepted, of a key that the issuer has withdrawn since",
			Step{Send: Known, Want: Accepted},
			Step{Send: Known, Want: Accepted},
			Step{Do: All(Publish(NextKey), Advance(SoftTTL)), Send: Known, Want: BadToken}).ReportedAs("CACHE-05"),
		keyCase("CACHE-08.replaced", BadToken, "a token that was accepted, of a key that another has replaced under its kid",
			Step{Send: Known, Want: Accepted},
			Step{Do: All(Publish(ForgerKey), Advance(SoftTTL)), Send: Known, Want: BadToken}).ReportedAs("JWS-16"),

		entryCase("CACHE-09.malformed", "garbage", func([]byte) []byte { return []byte("garbage") }),
		entryCase("CACHE-09.empty", "nothing", func([]byte) []byte { return []byte{} }),
		entryCase("CACHE-09.cut", "an entry without its end",
			func(entry []byte) []byte { return entry[:len(entry)/2] }),
		entryCase("CACHE-09.changed", "an entry with a bit changed", func(entry []byte) []byte {
			changed := bytes.Clone(entry)
			changed[len(changed)/2] ^= 1
			return changed
		}),
		entryCase("CACHE-09.version", "an entry of another version",
			func(entry []byte) []byte { return append([]byte{'9'}, entry[1:]...) }),
		entryCase("CACHE-09.large", "an entry of over 2 MiB",
			func(entry []byte) []byte { return append(bytes.Clone(entry), make([]byte, 3<<20)...) }),

		cacheFaultCase("CACHE-10.refused", "refuses",
			func(context.Context) error { return errors.New("connection refused") }),
		cacheFaultCase("CACHE-10.hangs", "hangs",
			func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }),
		cacheFaultCase("CACHE-10.misses", "has forgotten",
			func(context.Context) error { return ports.ErrMiss }),

		keyCase("CACHE-11.fresh-process", Holds, "a fresh process takes the keys from the shared cache",
			Step{Send: Known, Want: Accepted},
			Step{Do: All(AwaitWrites(1), Restart)},
			Step{Send: Known, Want: Accepted, Check: SparedBut(1)}).
			Configured(SharedCache),
		keyCase("CACHE-11.forced", Accepted, "a forced refresh goes past the shared cache",
			Step{Send: Known, Want: Accepted},
			Step{Do: All(AwaitWrites(1), Restart, Publish(NextKey, SigningKey)), Send: Known, Want: Accepted},
			Step{Send: rotated, Want: Accepted, Check: SparedBut(2)}).Configured(SharedCache),
		keyCase("CACHE-11.written", Holds, "and writes it",
			Step{Send: Known, Want: Accepted},
			Step{Do: All(AwaitWrites(1), Publish(NextKey, SigningKey)), Send: rotated, Want: Accepted},
			Step{Do: All(AwaitWrites(2), Restart)},
			Step{Send: rotated, Want: Accepted, Check: SparedBut(2)}).Configured(SharedCache),

		keyCase("CACHE-12.bounded", Holds, "the embedded cache forgets what was used longest ago",
			Step{Do: leastRecentlyUsed}).Needing(Inside),
		keyCase("CACHE-12.expired", Holds, "an expired entry of the embedded cache is a miss",
			Step{Do: expiredEntry}).Needing(Inside),

		keyCase("CACHE-13.zero", Holds, "a TTL of zero stores nothing", Step{Do: storesNothing(0)}).Needing(Inside),
		keyCase("CACHE-13.negative", Holds, "a negative TTL stores nothing",
			Step{Do: storesNothing(-time.Second)}).Needing(Inside),
		keyCase("CACHE-13.sub-second", Holds, "a TTL under a second is stored", Step{Do: storesBriefly}).Needing(Inside),
		keyCase("CACHE-13.copy", Holds, "a stored value is a copy", Step{Do: storesCopy}).Needing(Inside),

		keyCase("CACHE-14.backoff", Holds, "100 requests while the issuer is away ask it once within a second",
			Step{Do: All(IssuerTurns(fault.Outage), Together(1, Undecidable), ForgetRequests, Together(100, Undecidable), Asked(0))}).Needing(Inside),
		keyCase("CACHE-14.asked-again", Accepted, "an issuer that is back is asked again after the backoff",
			Step{Do: IssuerTurns(fault.Outage), Send: Known, Want: Undecidable},
			Step{Do: All(IssuerTurns(NoFault), Advance(30*time.Second)), Send: Known, Want: Accepted}).
			ReportedAs(""),
	}
}

// keyCase is played in one mode, with a clock that stands.
func keyCase(id string, want Expectation, reason string, steps ...Step) Case {
	return NewCase(id, want, reason, steps...).In(Allowed).Needing(Clock).ReportedAs("CACHE-05")
}

// rotated sends a token of the key that the issuer rotates to.
func rotated(run *Run) Request { return Bearer(run.Sign(Token{Key: NextKey})) }

func wasFetched(times int) func(*Run, Answer) {
	return func(run *Run, _ Answer) { Fetched(times)(run) }
}

// freshFor holds that keys are not asked for again before a tenth of ttl is left, and are after it.
func freshFor(id, reason, cacheControl string, ttl time.Duration, policy ...Policy) []Case {
	cases := []Case{
		keyCase(id, Holds, reason+", asked again after that time",
			Step{Send: Known, Want: Accepted},
			Step{Do: Advance(ttl), Send: Known, Want: Accepted},
			Step{Do: All(AwaitFetches(2), Fetched(2))}),
		keyCase(id+"-not-before", Holds, reason+", not asked again before a tenth of that time is left",
			Step{Send: Known, Want: Accepted},
			Step{Do: Advance(ttl*9/10 - time.Second), Send: Known, Want: Accepted},
			Step{Do: All(CloseVerifier, EndedFetches(1), Fetched(1))}),
	}
	for i := range cases {
		cases[i] = cases[i].WithFault(fault.Header("Cache-Control", cacheControl))
		for _, configure := range policy {
			cases[i] = cases[i].Configured(configure)
		}
	}
	return cases
}

// entryCase corrupts what the shared cache returns: it must count as a miss.
func entryCase(id, what string, corrupt func([]byte) []byte) Case {
	return keyCase(id, Accepted, "a shared cache that returns "+what,
		Step{Send: Known, Want: Accepted},
		Step{Do: All(AwaitWrites(1), Restart)},
		Step{Send: Known, Want: Accepted, Check: wasFetched(2)},
	).Configured(func(_ *Environment, c *verifier.Config) {
		SharedCache(nil, c)
		c.Cache = corrupting{c.Cache, corrupt}
	})
}

// cacheFaultCase has the shared cache fail: it costs a fetch.
func cacheFaultCase(id, what string, fault func(context.Context) error) Case {
	return keyCase(id, Accepted, "a shared cache that "+what,
		Step{Send: Known, Want: Accepted, Check: wasFetched(1)},
	).Configured(func(_ *Environment, c *verifier.Config) { c.Cache = failing(fault) })
}

// corrupting changes what comes out of a cache.
type corrupting struct {
	ports.Cache
	corrupt func([]byte) []byte
}

func (c corrupting) Get(ctx context.Context, key string) ([]byte, error) {
	value, err := c.Cache.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	return c.corrupt(value), nil
}

// failing is a cache that fails in the same way whatever it is asked.
type failing func(context.Context) error

func (f failing) Get(ctx context.Context, _ string) ([]byte, error)                  { return nil, f(ctx) }
func (f failing) Set(ctx context.Context, _ string, _ []byte, _ time.Duration) error { return f(ctx) }
func (f failing) Delete(ctx context.Context, _ string) error                         { return f(ctx) }

// shareFetch has 100 requests need the keys while the issuer is being asked for them.
func shareFetch(run *Run) {
	asked, answer := run.Environment.Issuer.Hold()
	go func() {
		select {
		case <-asked:
		case <-run.Context().Done():
		}
		answer()
	}()
	Together(100, Accepted)(run)
	answer()
}

// verifyBehind verifies a token with a context of its own, and returns where the answer will be.
func verifyBehind(ctx context.Context, v *verifier.Verifier, accessToken string) <-chan error {
	answer := make(chan error, 1)
	go func() {
		_, err := v.VerifyAccessToken(ctx, accessToken)
		answer <- err
	}()
	return answer
}

// callerLeaves starts the fetch with a context that ends while the issuer is being asked; another request waits for it.
func callerLeaves(run *Run) {
	asked, answer := run.Environment.Issuer.Hold()
	defer answer()
	good := run.Sign(Token{})
	ctx, leave := context.WithCancel(run.Context())
	defer leave()
	first := verifyBehind(ctx, run.Process.Verifier, good)
	select {
	case <-asked:
	case err := <-first:
		run.Errorf("the caller got %v before the issuer was asked", err)
		return
	}
	second := verifyBehind(run.Context(), run.Process.Verifier, good)
	leave()
	if err := <-first; !errors.Is(err, verifier.CodeCanceled) || !errors.Is(err, context.Canceled) {
		run.Errorf("the caller that left got %v", err)
	}
	answer()
	if err := <-second; err != nil {
		run.Errorf("the other got %v", err)
	}
	Fetched(1)(run)
}

// waiterLeaves waits for a fetch that does not end with a context that does.
func waiterLeaves(run *Run) {
	_, answer := run.Environment.Issuer.Hold()
	defer answer()
	good := run.Sign(Token{})
	ctx, leave := context.WithTimeout(run.Context(), 20*time.Millisecond)
	defer leave()
	_, err := run.Process.Verifier.VerifyAccessToken(ctx, good)
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, verifier.Undecidable) {
		run.Errorf("the waiter got %v", err)
	}
}
