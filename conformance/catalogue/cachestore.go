package catalogue

import (
	"errors"
	"time"

	. "github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/memory"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// What the cases of CACHE-12 and CACHE-13 do with a cache by itself.

// leastRecentlyUsed holds the order in which the embedded cache forgets.
func leastRecentlyUsed(run *Run) {
	cache, err := memory.NewCache(memory.CacheConfig{MaxEntries: 2, Clock: run.Clock})
	run.Must(err)
	if err != nil {
		return
	}
	set := func(key string) { run.Must(cache.Set(run.Context(), key, []byte(key), time.Hour)) }
	set("a")
	set("b")
	if _, err := cache.Get(run.Context(), "a"); err != nil {
		run.Errorf("a: %v", err)
	}
	set("c")
	if _, err := cache.Get(run.Context(), "b"); !errors.Is(err, ports.ErrMiss) {
		run.Errorf("b, used longest ago, is still there: %v", err)
	}
	if _, err := cache.Get(run.Context(), "a"); err != nil {
		run.Errorf("a, used recently: %v", err)
	}
}

func expiredEntry(run *Run) {
	clock := verifiertest.NewClock(run.Now())
	cache, err := memory.NewCache(memory.CacheConfig{Clock: clock})
	run.Must(err)
	if err != nil {
		return
	}
	run.Must(cache.Set(run.Context(), "key", []byte("value"), time.Minute))
	clock.Advance(time.Minute - 1)
	if _, err := cache.Get(run.Context(), "key"); err != nil {
		run.Errorf("an instant before its end: %v", err)
	}
	clock.Advance(1)
	if _, err := cache.Get(run.Context(), "key"); !errors.Is(err, ports.ErrMiss) {
		run.Errorf("at its end: %v", err)
	}
}

// withCache calls do with the cache of the stage, or the embedded one, and a key of its own.
func withCache(do func(run *Run, cache ports.Cache, key string)) func(*Run) {
	return func(run *Run) {
		config := verifier.Config{Cache: run.Process.Cache}
		SharedCache(nil, &config)
		do(run, config.Cache, "conformance:"+run.RandomID())
	}
}

func storesNothing(ttl time.Duration) func(*Run) {
	return withCache(func(run *Run, cache ports.Cache, key string) {
		run.Must(cache.Set(run.Context(), key, []byte("value"), ttl))
		if _, err := cache.Get(run.Context(), key); !errors.Is(err, ports.ErrMiss) {
			run.Errorf("Get = %v after Set with a TTL of %v", err, ttl)
		}
	})
}

// storesBriefly looks several times, since a cache may forget an entry: one whose clock ticks in seconds does so at each
// tick.
func storesBriefly(run *Run) {
	withCache(func(run *Run, cache ports.Cache, key string) {
		const ttl, tries = 900 * time.Millisecond, 10
		var seen error
		for range tries {
			before := time.Now()
			run.Must(cache.Set(run.Context(), key, []byte("value"), ttl))
			value, err := cache.Get(run.Context(), key)
			switch {
			case err == nil && string(value) == "value":
				return
			case err == nil:
				run.Errorf("Get = %q after Set with a TTL of %v", value, ttl)
				return
			case time.Since(before) < ttl: // or it has had its time
				seen = err
			}
		}
		if seen != nil {
			run.Errorf("Get = %v after Set with a TTL of %v, %d times", seen, ttl, tries)
		}
	})(run)
}

func storesCopy(run *Run) {
	withCache(func(run *Run, cache ports.Cache, key string) {
		value := []byte("value")
		run.Must(cache.Set(run.Context(), key, value, time.Minute))
		value[0] = 'X'
		for range 2 {
			stored, err := cache.Get(run.Context(), key)
			if err != nil || string(stored) != "value" {
				run.Errorf("Get = %q, %v after the caller changed its slice", stored, err)
				return
			}
			stored[0] = 'Y'
		}
	})(run)
}
