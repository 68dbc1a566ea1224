package player

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/conformance/fault"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

// SoftTTL is how old keys may get by default before they are fetched again (verifier.KeyPolicy).
const SoftTTL = 10 * time.Minute

// Advance moves the clock.
func Advance(d time.Duration) func(*Run) {
	return func(run *Run) {
		if run.Process == nil {
			run.Must(run.Levers.Advance(d))
			return
		}
		run.Process.Advance(d)
	}
}

// Publish has the issuer publish the keys of these names, and sign with the first.
func Publish(names ...string) func(*Run) {
	return func(run *Run) {
		keys := slices.Clone(run.Environment.Issuer.Keys()[:0])
		for _, name := range names {
			keys = append(keys, run.Key(name))
		}
		run.Environment.Issuer.SetKeys(keys...)
	}
}

// OtherNotAsked holds that no request has reached an issuer that is not trusted.
func OtherNotAsked(run *Run, _ Answer) {
	if asked := run.Environment.Other.Requests(); asked > 0 {
		run.Errorf("%d requests went to an issuer that is not trusted", asked)
	}
}

// NotAsked holds that no request has reached the issuer.
func NotAsked(run *Run, _ Answer) {
	if asked := run.Environment.Issuer.Requests(); asked > 0 {
		run.Errorf("the issuer was asked %d times", asked)
	}
}

// All does one after another.
func All(does ...func(*Run)) func(*Run) {
	return func(run *Run) {
		for _, do := range does {
			do(run)
		}
	}
}

// IssuerTurns has the issuer show a fault from now on; requests go on being counted.
func IssuerTurns(f fault.Fault) func(*Run) {
	return func(run *Run) { run.Must(run.Environment.setFault(f)) }
}

// ForgetRequests begins to count again.
func ForgetRequests(run *Run) { run.Environment.Issuer.ForgetRequests() }

// Fetched holds that the issuer's documents were fetched so many times.
func Fetched(times int) func(*Run) { return Asked(times * fetchRequests) }

// Asked holds that the issuer had so many requests. A target elsewhere may have the last of them under way.
func Asked(times int) func(*Run) {
	return func(run *Run) {
		if run.Process == nil {
			AwaitRequests(times)(run)
		}
		if requests := run.Environment.Issuer.Requests(); requests != times {
			run.Errorf("the issuer had %d requests, want %d", requests, times)
		}
	}
}

// AwaitRequests waits until the issuer has been asked so many times.
func AwaitRequests(count int) func(*Run) {
	return func(run *Run) {
		run.await(fmt.Sprintf("request %d to the issuer", count), func() bool { return run.Environment.Issuer.Requests() >= count })
	}
}

// await asks again and again until something holds.
func (run *Run) await(what string, holds func() bool) {
	ctx, cancel := context.WithTimeout(run.Context(), cmp.Or(run.Patience, patience))
	defer cancel()
	for !holds() {
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			run.Errorf("waited for %s: %v", what, ctx.Err())
			return
		}
	}
}

// CloseVerifier ends the verifier. What was under way behind its requests has been told of then.
func CloseVerifier(run *Run) {
	if run.Process == nil {
		run.Must(run.Levers.Stop())
		return
	}
	run.Must(run.Process.Verifier.Close())
}

// Restart replaces the verifier by a new one of the same configuration.
func Restart(run *Run) {
	if run.Process == nil {
		run.Must(run.Levers.Restart())
		return
	}
	v, err := run.Process.Restart()
	run.Must(err)
	run.Process.Verifier = v
}

// Together verifies the known token so many times at once.
func Together(times int, want Expectation) func(*Run) {
	return func(run *Run) {
		r := Known(run)
		var requests sync.WaitGroup
		faults, errs := make(chan string, times), make(chan error, times)
		for range times {
			requests.Go(func() {
				answer, err := run.Target.Send(run.Context(), r)
				if err != nil {
					errs <- err
				} else if wrong := wrongDecision(want, answer); wrong != "" {
					faults <- wrong + ": " + answer.String()
				}
			})
		}
		requests.Wait()
		close(faults)
		close(errs)
		for err := range errs {
			run.Must(err)
		}
		for fault := range faults {
			run.Errorf("%s", fault)
			return
		}
	}
}

// UnknownKeyIDs sends tokens of made-up kids.
func UnknownKeyIDs(count int) func(*Run) {
	return func(run *Run) {
		for range count {
			answer, err := run.Target.Send(run.Context(), Bearer(run.Sign(Token{Header: Fields{"kid": run.RandomID()}})))
			run.Must(err)
			if fault := wrongDecision(BadToken, answer); fault != "" && err == nil {
				run.Errorf("%s", fault)
			}
		}
	}
}

// Known sends a token of the first key, always the same one, that is good for three days.
func Known(run *Run) Request {
	if run.Kept["token"] == "" {
		run.Keep("token", run.Sign(Token{Claims: Fields{"exp": In(3 * 86400)}}))
	}
	return Bearer(run.Kept["token"])
}

// SharedCache makes sure that there is a cache.
func SharedCache(_ *Environment, c *verifier.Config) {
	if c.Cache != nil {
		return
	}
	if cache, err := memory.NewCache(memory.CacheConfig{Clock: c.Clock}); err == nil {
		c.Cache = cache
	}
}

// A fetch of keys is a request for the metadata and one for the keys.
const fetchRequests = 2

// AwaitFetches waits until so many fetches of keys have ended since the case began, or have begun at a target elsewhere.
func AwaitFetches(count int) func(*Run) {
	return func(run *Run) {
		if run.Process == nil {
			AwaitRequests((count-1)*fetchRequests + 1)(run)
			return
		}
		b := run.Process.Background
		if err := b.await(run.Context(), fmt.Sprintf("fetch %d of the keys", count), func() bool { return b.fetches >= count }); err != nil {
			run.Errorf("%v", err)
		}
	}
}

// AwaitWrites waits until the shared cache was written so many times since the case began: that happens after the
// request that needed the keys was answered.
func AwaitWrites(count int) func(*Run) {
	return func(run *Run) {
		if run.Process == nil {
			run.await(fmt.Sprintf("write %d to the shared cache", count), func() bool { return run.Levers.Writes() >= count })
			return
		}
		b := run.Process.Background
		if err := b.await(run.Context(), fmt.Sprintf("write %d to the shared cache", count), func() bool { return b.writes >= count }); err != nil {
			run.Errorf("%v", err)
		}
	}
}

// EndedFetches holds that so many fetches have ended; of a target elsewhere only the requests are seen.
func EndedFetches(count int) func(*Run) {
	return func(run *Run) {
		if run.Process == nil {
			return
		}
		b := run.Process.Background
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.fetches != count {
			run.Errorf("%d fetches have ended, want %d", b.fetches, count)
		}
	}
}

// SparedBut holds that the issuer's documents were fetched so many times, and once more for each time that the shared
// cache failed, as a slow one does when its time is up.
func SparedBut(times int) func(*Run, Answer) {
	return func(run *Run, _ Answer) {
		faults := 0
		if run.Process != nil {
			b := run.Process.Background
			b.mu.Lock()
			faults = b.cacheFaults
			b.mu.Unlock()
		}
		least, most := times*fetchRequests, (times+faults)*fetchRequests
		if requests := run.Environment.Issuer.Requests(); requests < least || requests > most {
			run.Errorf("the issuer had %d requests, want %d to %d", requests, least, most)
		}
	}
}

// NotStored holds that no cache may store the answer.
func NotStored(run *Run, a Answer) {
	if !strings.Contains(strings.Join(a.Values("Cache-Control"), ","), "no-store") {
		run.Errorf("Cache-Control is not no-store")
	}
}
