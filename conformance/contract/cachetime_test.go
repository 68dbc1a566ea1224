package contract

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

// recordByTime runs a case on a cache in memory that goes by the time of a bubble, wrapped by wrap.
func recordByTime(t *testing.T, id string, wrap func(ports.Cache) ports.Cache, traits CacheTraits) (c contractCase[*cacheTrial], failures []string) {
	t.Helper()
	cases := cacheContract()
	c = cases[slices.IndexFunc(cases, func(c contractCase[*cacheTrial]) bool { return c.id == id })]
	synctest.Test(t, func(t *testing.T) {
		store, err := memory.NewCache(memory.CacheConfig{MaxEntries: 1000})
		if err != nil {
			t.Fatal(err)
		}
		failures = record(t, c, func(trial trial) *cacheTrial {
			return newCacheTrial(t, trial, func(*testing.T) ports.Cache { return wrap(store) }, traits)
		})
	})
	return c, failures
}

// The cases that wait for real time hold for a cache that keeps the contract, one that is as early as declared included,
// and find what is broken in others.
func TestCacheCasesByRealTime(t *testing.T) {
	shorten := func(by time.Duration) func(ports.Cache) ports.Cache {
		return withTTL(func(ttl time.Duration) time.Duration {
			if ttl > by {
				return ttl - by
			}
			return ttl
		})
	}
	for _, test := range []struct {
		id, how string
		wrap    func(ports.Cache) ports.Cache
		traits  CacheTraits
		fails   bool
	}{
		{"Cache.Get/no-prolonging", "nothing is broken", shorten(0), CacheTraits{}, false},
		{"Cache.Get/no-prolonging", "lets a ttl begin again with each Get", slide, CacheTraits{}, true},
		{"Cache.Get/no-prolonging", "lets a ttl of seconds begin again with each Get", slide, CacheTraits{Resolution: time.Second}, true},
		{"Cache.Set/whole-ttl", "nothing is broken", shorten(0), CacheTraits{}, false},
		{"Cache.Set/whole-ttl", "rounds down to seconds", roundDown, CacheTraits{}, true},
		{"Cache.Set/whole-ttl", "rounds down to its unit", roundDown, CacheTraits{Resolution: time.Second}, true},
		{"Cache.Set/whole-ttl", "is early", shorten(500 * time.Millisecond), CacheTraits{}, true},
		{"Cache.Set/whole-ttl", "is as early as declared", shorten(500 * time.Millisecond), CacheTraits{Early: 500 * time.Millisecond}, false},
		{"Cache.Set/ends", "nothing is broken", shorten(0), CacheTraits{}, false},
		{"Cache.Set/ends", "is seconds late", shorten(-grace / 2), CacheTraits{}, false},
		{"Cache.Set/ends", "lives four times as long", withTTL(func(ttl time.Duration) time.Duration { return 4 * ttl }), CacheTraits{}, true},
	} {
		t.Run(test.id+" "+test.how, func(t *testing.T) {
			c, failures := recordByTime(t, test.id, test.wrap, test.traits)
			checkFailures(t, c.clause, failures, test.fails)
		})
	}
}

// delayed lets Sets take effect a while after they have returned, in their order.
func delayed(by time.Duration) func(ports.Cache) ports.Cache {
	return func(c ports.Cache) ports.Cache {
		waiting := make(chan func(), 1000)
		return onSet(func(c ports.Cache, ctx context.Context, key string, value []byte, ttl time.Duration) error {
			if ttl <= 0 {
				return c.Set(ctx, key, value, ttl)
			}
			ctx, value = context.WithoutCancel(ctx), slices.Clone(value)
			waiting <- func() { _ = c.Set(ctx, key, value, ttl) }
			time.AfterFunc(by, func() { (<-waiting)() })
			return nil
		}).wrap(c)
	}
}

// Every case that needs no server holds for a cache that stores a moment later, if it says so. If it does not, cases fail,
// and the failure names the trait and no mutex.
func TestCacheCasesAsynchronous(t *testing.T) {
	late := delayed(30 * time.Millisecond)
	told := 0
	for _, c := range cacheContract() {
		traits := CacheTraits{NonBlocking: true, MaxValue: smallValue}
		if slices.Contains([]string{"Cache/shared", "Cache/value-larger", "Cache.Get/evicted"}, c.id) ||
			c.skip != nil && c.skip(newCacheTrial(t, trial{t, c.clause}, nil, traits)) != "" {
			continue
		}
		t.Run(c.id, func(t *testing.T) {
			_, failures := recordByTime(t, c.id, late, traits)
			for _, failure := range failures {
				if strings.Contains(failure, "mutex") {
					t.Errorf("not declared: %s", failure)
				}
				if strings.Contains(failure, "CacheTraits.Asynchronous") {
					told++
				}
			}
			traits.Asynchronous = true
			_, failures = recordByTime(t, c.id, late, traits)
			for _, failure := range failures {
				t.Errorf("declared: %s", failure)
			}
		})
	}
	if told < 10 {
		t.Errorf("%d failures name the trait, where the cache is asynchronous and does not say so", told)
	}
}

// What no cache may do, an asynchronous one may not either.
func TestAsynchronousCasesFail(t *testing.T) {
	for _, test := range []struct {
		id, how string
		wrap    func(ports.Cache) ports.Cache
	}{
		{"Cache.Get/value", "stores nothing", onSet(func(ports.Cache, context.Context, string, []byte, time.Duration) error { return nil }).wrap},
		{"Cache.Get/last-set", "goes back to an older value", func(c ports.Cache) ports.Cache {
			var first notebook[[]byte]
			looks := 0
			return brokenCache{Cache: c,
				get: func(ctx context.Context, key string) ([]byte, error) {
					looks++
					value, err := c.Get(ctx, key)
					if old, found := first.read(key); found && looks%4 == 0 {
						return slices.Clone(old), nil
					}
					return value, err
				},
				set: func(ctx context.Context, key string, value []byte, ttl time.Duration) error {
					if _, found := first.read(key); !found {
						first.write(key, slices.Clone(value))
					}
					return c.Set(ctx, key, value, ttl)
				},
			}
		}},
		{"Cache.Get/last-set", "keeps the first value", onSet(func(c ports.Cache, ctx context.Context, key string, value []byte, ttl time.Duration) error {
			if _, err := c.Get(ctx, key); err == nil {
				return nil
			}
			return c.Set(ctx, key, value, ttl)
		}).wrap},
		{"Cache.Get/last-set", "has another error", onGet(func(ports.Cache, context.Context, string) ([]byte, error) {
			return nil, errors.New("not yet")
		}).wrap},
	} {
		t.Run(test.id+" "+test.how, func(t *testing.T) {
			c, failures := recordByTime(t, test.id, test.wrap, CacheTraits{NonBlocking: true, Asynchronous: true})
			checkFailures(t, c.clause, failures, true)
		})
	}
}
