package catalogue

import (
	"errors"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/memory"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// What the cases of CACHE-12 and CACHE-13 do with a cache by itself.

// leastRecentlyUsed holds the order in which the embedded cache forgets.
func leastRecentlyUsed(s *scene) {
	cache, err := memory.NewCache(memory.CacheConfig{MaxEntries: 2, Clock: s.Clock})
	s.must(err)
	if err != nil {
		return
	}
	set := func(key string) { s.must(cache.Set(s.ctx, key, []byte(key), time.Hour)) }
	set("a")
	set("b")
	if _, err := cache.Get(s.ctx, "a"); err != nil {
		s.errorf("a: %v", err)
	}
	set("c")
	if _, err := cache.Get(s.ctx, "b"); !errors.Is(err, ports.ErrMiss) {
		s.errorf("b, used longest ago, is still there: %v", err)
	}
	if _, err := cache.Get(s.ctx, "a"); err != nil {
		s.errorf("a, used recently: %v", err)
	}
}

func expiredEntry(s *scene) {
	clock := verifiertest.NewClock(s.now())
	cache, err := memory.NewCache(memory.CacheConfig{Clock: clock})
	s.must(err)
	if err != nil {
		return
	}
	s.must(cache.Set(s.ctx, "key", []byte("value"), time.Minute))
	clock.Advance(time.Minute - 1)
	if _, err := cache.Get(s.ctx, "key"); err != nil {
		s.errorf("an instant before its end: %v", err)
	}
	clock.Advance(1)
	if _, err := cache.Get(s.ctx, "key"); !errors.Is(err, ports.ErrMiss) {
		s.errorf("at its end: %v", err)
	}
}

// withCache calls do with the cache of the stage, or the embedded one, and a key of its own.
func withCache(do func(s *scene, cache ports.Cache, key string)) func(*scene) {
	return func(s *scene) {
		config := verifier.Config{Cache: s.Process.Cache}
		sharedCache(nil, &config)
		do(s, config.Cache, "conformance:"+randomID())
	}
}

func storesNothing(ttl time.Duration) func(*scene) {
	return withCache(func(s *scene, cache ports.Cache, key string) {
		s.must(cache.Set(s.ctx, key, []byte("value"), ttl))
		if _, err := cache.Get(s.ctx, key); !errors.Is(err, ports.ErrMiss) {
			s.errorf("Get = %v after Set with a TTL of %v", err, ttl)
		}
	})
}

// storesBriefly looks several times, since a cache may forget an entry: one whose clock ticks in seconds does so at each
// tick.
func storesBriefly(s *scene) {
	withCache(func(s *scene, cache ports.Cache, key string) {
		const ttl, tries = 900 * time.Millisecond, 10
		var seen error
		for range tries {
			before := time.Now()
			s.must(cache.Set(s.ctx, key, []byte("value"), ttl))
			value, err := cache.Get(s.ctx, key)
			switch {
			case err == nil && string(value) == "value":
				return
			case err == nil:
				s.errorf("Get = %q after Set with a TTL of %v", value, ttl)
				return
			case time.Since(before) < ttl: // or it has had its time
				seen = err
			}
		}
		if seen != nil {
			s.errorf("Get = %v after Set with a TTL of %v, %d times", seen, ttl, tries)
		}
	})(s)
}

func storesCopy(s *scene) {
	withCache(func(s *scene, cache ports.Cache, key string) {
		value := []byte("value")
		s.must(cache.Set(s.ctx, key, value, time.Minute))
		value[0] = 'X'
		for range 2 {
			stored, err := cache.Get(s.ctx, key)
			if err != nil || string(stored) != "value" {
				s.errorf("Get = %q, %v after the caller changed its slice", stored, err)
				return
			}
			stored[0] = 'Y'
		}
	})(s)
}
