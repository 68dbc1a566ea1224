package catalogue

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

// The defaults of verifier.KeyPolicy.
const (
	softTTL  = 10 * time.Minute
	minTTL   = time.Minute
	hardTTL  = 24 * time.Hour
	cooldown = 30 * time.Second
)

// A fetch of keys is a request for the metadata and one for the keys.
const fetchRequests = 2

// cacheCases are about how long keys are used and how often an issuer is asked. All of them look inside.
func cacheCases() []Case {
	return slices.Concat(freshnessCases(), refreshCases())
}

// freshnessCases are about when keys are asked for again.
func freshnessCases() []Case {
	return slices.Concat(
		freshFor("CACHE-01.within", "an issuer that says 2 minutes", FreshForTwo, 2*time.Minute),
		freshFor("CACHE-01.floor", "an issuer that says 15 seconds, which is less than the floor of a minute", FreshForSeconds, minTTL),
		freshFor("CACHE-01.ceiling", "an issuer that says 10 days, which is more than 10 minutes", FreshForDays, softTTL),
		freshFor("CACHE-01.no-floor", "an issuer that says 15 seconds, where there is no floor", FreshForSeconds, 15*time.Second,
			func(_ *World, c *verifier.Config) { c.Keys.MinTTL = -1 }),
		freshFor("CACHE-02.no-store", "an issuer that forbids to store, for which the floor of a minute is", FreshNever, minTTL),
		freshFor("CACHE-02.unreadable", "an issuer whose freshness can't be read, for which 10 minutes are", FreshUnreadable, softTTL),
	)
}

// refreshCases are about what serves meanwhile, and how often an issuer is asked.
func refreshCases() []Case {
	return []Case{
		keyCase("CACHE-03.old-keys-serve", accepted, "known keys, past their time, while the issuer is away",
			step{send: known, want: accepted},
			step{do: all(issuerTurns(Down), advance(softTTL)), send: known, want: accepted},
			step{do: awaitFetches(2), send: known, want: accepted}),
		keyCase("CACHE-03.one-refresh", holds, "100 requests past the soft TTL start one refresh",
			step{send: known, want: accepted},
			step{do: all(advance(softTTL), together(100, accepted), awaitFetches(2), fetched(2))}),

		keyCase("CACHE-04.within", accepted, "known keys of an issuer that has been away for just under 24 h",
			step{send: known, want: accepted},
			step{do: all(issuerTurns(Down), advance(hardTTL-time.Second)), send: known, want: accepted}),
		keyCase("CACHE-04.over", undecidable, "known keys of an issuer that has been away for 24 h",
			step{send: known, want: accepted},
			step{do: all(issuerTurns(Down), advance(hardTTL)), send: known, want: undecidable}).named(""),

		newCase("CACHE-05.rotated", accepted, "the first token of a key that the issuer has just rotated to",
			step{send: func(s *scene) Request { return s.carry(token{}) }, want: accepted},
			step{do: publish(nextKey, signingKey), send: func(s *scene) Request { return s.carry(token{key: nextKey}) }, want: accepted}).
			while(Rotating).as(Should, "OpenID Connect Core 10.1.1"),
		keyCase("CACHE-05.one-forced", holds, "100 tokens of unknown kids cause one refresh in the cooldown",
			step{send: known, want: accepted},
			step{do: all(unknownKeyIDs(100), fetched(2))}),
		keyCase("CACHE-05.after-the-cooldown", holds, "and another after it",
			step{send: known, want: accepted},
			step{do: all(
				unknownKeyIDs(3), advance(cooldown-time.Second), unknownKeyIDs(3), fetched(2),
				advance(time.Second), unknownKeyIDs(3), fetched(3),
			)}),
		keyCase("CACHE-05.right-after-start", accepted, "a rotation right after the first fetch",
			step{send: known, want: accepted},
			step{do: publish(nextKey), send: rotated, want: accepted}),
		keyCase("CACHE-05.within-the-cooldown", badToken, "a token of an unknown kid, issued before the last refresh, within the cooldown",
			step{send: known, want: accepted},
			step{do: all(unknownKeyIDs(1), publish(nextKey)), send: rotated, want: badToken}),

		keyCase("CACHE-06.unknown", undecidable, "a token of an unknown kid, while the issuer is away",
			step{send: known, want: accepted},
			step{do: issuerTurns(Down), send: rotated, want: undecidable}).named(""),
		keyCase("CACHE-06.known", accepted, "a token of a known kid, while the issuer is away and another kid was asked for",
			step{send: known, want: accepted},
			step{do: issuerTurns(Down), send: rotated, want: undecidable},
			step{send: known, want: accepted}).named(""),
		keyCase("CACHE-06.within-the-cooldown", undecidable, "and another of an unknown kid, within the cooldown",
			step{send: known, want: accepted},
			step{do: issuerTurns(Down), send: rotated, want: undecidable},
			step{send: func(s *scene) Request { return bearer(s.sign(token{header: fields{"kid": "another"}})) }, want: undecidable}).named(""),

		keyCase("CACHE-07.one-fetch", holds, "100 requests at once, before there are keys, share a fetch",
			step{do: all(shareFetch, fetched(1))}),
		keyCase("CACHE-07.caller-leaves", holds, "the caller that started the fetch leaves, and another goes on waiting",
			step{do: callerLeaves}),
		keyCase("CACHE-07.own-context", holds, "a waiter whose context ends leaves at once",
			step{do: waiterLeaves}),

		keyCase("CACHE-08.withdrawn", badToken, "a token that was accepted, of a key that the issuer has withdrawn since",
			step{send: known, want: accepted},
			step{send: known, want: accepted},
			step{do: all(publish(nextKey), advance(softTTL)), send: known, want: badToken}).named("CACHE-05"),
		keyCase("CACHE-08.replaced", badToken, "a token that was accepted, of a key that another has replaced under its kid",
			step{send: known, want: accepted},
			step{do: all(publish(forgerKey), advance(softTTL)), send: known, want: badToken}).named("JWS-16"),

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

		keyCase("CACHE-11.fresh-process", holds, "a fresh process takes the keys from the shared cache",
			step{send: known, want: accepted},
			step{do: all(awaitWrites(1), restart)},
			step{send: known, want: accepted, check: sparedBut(1)}).
			with(sharedCache),
		keyCase("CACHE-11.forced", accepted, "a forced refresh goes past the shared cache",
			step{send: known, want: accepted},
			step{do: all(awaitWrites(1), restart, publish(nextKey, signingKey)), send: known, want: accepted},
			step{send: rotated, want: accepted, check: sparedBut(2)}).with(sharedCache),
		keyCase("CACHE-11.written", holds, "and writes it",
			step{send: known, want: accepted},
			step{do: all(awaitWrites(1), publish(nextKey, signingKey)), send: rotated, want: accepted},
			step{do: all(awaitWrites(2), restart)},
			step{send: rotated, want: accepted, check: sparedBut(2)}).with(sharedCache),

		keyCase("CACHE-12.bounded", holds, "the embedded cache forgets what was used longest ago",
			step{do: leastRecentlyUsed}),
		keyCase("CACHE-12.expired", holds, "an expired entry of the embedded cache is a miss",
			step{do: expiredEntry}),

		keyCase("CACHE-13.zero", holds, "a TTL of zero stores nothing", step{do: storesNothing(0)}),
		keyCase("CACHE-13.negative", holds, "a negative TTL stores nothing",
			step{do: storesNothing(-time.Second)}),
		keyCase("CACHE-13.sub-second", holds, "a TTL under a second is stored", step{do: storesBriefly}),
		keyCase("CACHE-13.copy", holds, "a stored value is a copy", step{do: storesCopy}),

		keyCase("CACHE-14.backoff", holds, "100 requests while the issuer is away ask it once within a second",
			step{do: all(issuerTurns(Down), together(1, undecidable), forgetRequests, together(100, undecidable), asked(0))}),
		keyCase("CACHE-14.asked-again", accepted, "an issuer that is back is asked again after the backoff",
			step{do: issuerTurns(Down), send: known, want: undecidable},
			step{do: all(issuerTurns(Usual), advance(30*time.Second)), send: known, want: accepted}).
			named(""),
	}
}

// keyCase is played in process, in one mode, with a clock that stands.
func keyCase(id string, want Outcome, reason string, steps ...step) Case {
	return insideCase(id, want, reason, steps...).needs(Clock).named("CACHE-05")
}

// known sends a token of the first key, always the same one, that is good for three days.
func known(s *scene) Request {
	if s.kept["token"] == "" {
		s.keep("token", s.sign(token{claims: fields{"exp": in(3 * 86400)}}))
	}
	return bearer(s.kept["token"])
}

// rotated sends a token of the key that the issuer rotates to.
func rotated(s *scene) Request { return bearer(s.sign(token{key: nextKey})) }

func all(does ...func(*scene)) func(*scene) {
	return func(s *scene) {
		for _, do := range does {
			do(s)
		}
	}
}

// issuerTurns has the issuer do something else from now on; requests go on being counted.
func issuerTurns(setting Setting) func(*scene) {
	return func(s *scene) { s.World.issuer.turn(setting) }
}

func forgetRequests(s *scene) { s.World.issuer.forget() }

// fetched holds that the issuer's documents were fetched so many times.
func fetched(times int) func(*scene) { return asked(times * fetchRequests) }

func wasFetched(times int) func(*scene, Answer) {
	return func(s *scene, _ Answer) { fetched(times)(s) }
}

func asked(times int) func(*scene) {
	return func(s *scene) {
		if requests := s.World.issuer.requests(); requests != times {
			s.errorf("the issuer had %d requests, want %d", requests, times)
		}
	}
}

// awaitRequests waits until the issuer has been asked so many times.
func awaitRequests(count int) func(*scene) {
	return func(s *scene) {
		ctx, cancel := context.WithTimeout(s.ctx, patience)
		defer cancel()
		for s.World.issuer.requests() < count {
			select {
			case <-time.After(time.Millisecond):
			case <-ctx.Done():
				s.errorf("the issuer had %d requests, want %d", s.World.issuer.requests(), count)
				return
			}
		}
	}
}

// closeVerifier ends the verifier. What was under way behind its requests has been told of then.
func closeVerifier(s *scene) { s.must(s.Process.Verifier.Close()) }

func restart(s *scene) {
	v, err := s.Process.Restart()
	s.must(err)
	s.Process.Verifier = v
}

// together verifies the known token so many times at once.
func together(times int, want Outcome) func(*scene) {
	return func(s *scene) {
		r := known(s)
		var requests sync.WaitGroup
		faults := make(chan string, times)
		for range times {
			requests.Go(func() {
				answer, err := s.Target.Send(s.ctx, r)
				if err != nil {
					faults <- err.Error()
				} else if fault := decisionFault(want, answer); fault != "" {
					faults <- fault + ": " + answer.String()
				}
			})
		}
		requests.Wait()
		close(faults)
		for fault := range faults {
			s.errorf("%s", fault)
			return
		}
	}
}

// unknownKeyIDs sends tokens of kids that nobody has.
func unknownKeyIDs(count int) func(*scene) {
	return func(s *scene) {
		for range count {
			answer, err := s.Target.Send(s.ctx, bearer(s.sign(token{header: fields{"kid": randomID()}})))
			s.must(err)
			if fault := decisionFault(badToken, answer); fault != "" && err == nil {
				s.errorf("%s", fault)
			}
		}
	}
}

// freshFor holds that keys are not asked for again before a tenth of ttl is left, and are after it.
func freshFor(id, reason string, setting Setting, ttl time.Duration, policy ...func(*World, *verifier.Config)) []Case {
	cases := []Case{
		keyCase(id, holds, reason+", asked again after that time",
			step{send: known, want: accepted},
			step{do: advance(ttl), send: known, want: accepted},
			step{do: all(awaitFetches(2), fetched(2))}),
		keyCase(id+"-not-before", holds, reason+", not asked again before a tenth of that time is left",
			step{send: known, want: accepted},
			step{do: advance(ttl*9/10 - time.Second), send: known, want: accepted},
			step{do: all(closeVerifier, endedFetches(1), fetched(1))}),
	}
	for i := range cases {
		cases[i] = cases[i].while(setting)
		for _, configure := range policy {
			cases[i] = cases[i].with(configure)
		}
	}
	return cases
}

// entryCase corrupts what the shared cache returns: it must count as a miss.
func entryCase(id, what string, corrupt func([]byte) []byte) Case {
	return keyCase(id, accepted, "a shared cache that returns "+what,
		step{send: known, want: accepted},
		step{do: all(awaitWrites(1), restart)},
		step{send: known, want: accepted, check: wasFetched(2)},
	).with(func(_ *World, c *verifier.Config) {
		sharedCache(nil, c)
		c.Cache = corrupting{c.Cache, corrupt}
	})
}

// cacheFaultCase has the shared cache fail: it costs a fetch.
func cacheFaultCase(id, what string, fault func(context.Context) error) Case {
	return keyCase(id, accepted, "a shared cache that "+what,
		step{send: known, want: accepted, check: wasFetched(1)},
	).with(func(_ *World, c *verifier.Config) { c.Cache = failing(fault) })
}

// sharedCache makes sure that there is a cache.
func sharedCache(_ *World, c *verifier.Config) {
	if c.Cache != nil {
		return
	}
	if cache, err := memory.NewCache(memory.CacheConfig{Clock: c.Clock}); err == nil {
		c.Cache = cache
	}
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
func shareFetch(s *scene) {
	asked, answer := s.World.issuer.hold()
	go func() {
		select {
		case <-asked:
		case <-s.ctx.Done():
		}
		answer()
	}()
	together(100, accepted)(s)
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
func callerLeaves(s *scene) {
	asked, answer := s.World.issuer.hold()
	defer answer()
	good := s.sign(token{})
	ctx, leave := context.WithCancel(s.ctx)
	defer leave()
	first := verifyBehind(ctx, s.Process.Verifier, good)
	select {
	case <-asked:
	case err := <-first:
		s.errorf("the caller got %v before the issuer was asked", err)
		return
	}
	second := verifyBehind(s.ctx, s.Process.Verifier, good)
	leave()
	if err := <-first; !errors.Is(err, verifier.CodeCanceled) || !errors.Is(err, context.Canceled) {
		s.errorf("the caller that left got %v", err)
	}
	answer()
	if err := <-second; err != nil {
		s.errorf("the other got %v", err)
	}
	fetched(1)(s)
}

// waiterLeaves waits for a fetch that does not end with a context that does.
func waiterLeaves(s *scene) {
	_, answer := s.World.issuer.hold()
	defer answer()
	good := s.sign(token{})
	ctx, leave := context.WithTimeout(s.ctx, 20*time.Millisecond)
	defer leave()
	_, err := s.Process.Verifier.VerifyAccessToken(ctx, good)
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, verifier.Undecidable) {
		s.errorf("the waiter got %v", err)
	}
}
