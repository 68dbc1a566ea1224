package contract

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/memory"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// smallValue is the largest value of the caches that are broken here.
const smallValue = 4 << 10

// A brokenCache is a cache of which some methods are replaced.
type brokenCache struct {
	ports.Cache
	get func(ctx context.Context, key string) ([]byte, error)
	set func(ctx context.Context, key string, value []byte, ttl time.Duration) error
	del func(ctx context.Context, key string) error
}

func (b brokenCache) Get(ctx context.Context, key string) ([]byte, error) {
	if b.get == nil {
		return b.Cache.Get(ctx, key)
	}
	return b.get(ctx, key)
}

func (b brokenCache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if b.set == nil {
		return b.Cache.Set(ctx, key, value, ttl)
	}
	return b.set(ctx, key, value, ttl)
}

func (b brokenCache) Delete(ctx context.Context, key string) error {
	if b.del == nil {
		return b.Cache.Delete(ctx, key)
	}
	return b.del(ctx, key)
}

// An onGet, an onSet and an onDelete break a cache in one method.
type (
	onGet    func(c ports.Cache, ctx context.Context, key string) ([]byte, error)
	onSet    func(c ports.Cache, ctx context.Context, key string, value []byte, ttl time.Duration) error
	onDelete func(c ports.Cache, ctx context.Context, key string) error
)

func (get onGet) wrap(c ports.Cache) ports.Cache {
	return brokenCache{Cache: c, get: func(ctx context.Context, key string) ([]byte, error) { return get(c, ctx, key) }}
}

func (set onSet) wrap(c ports.Cache) ports.Cache {
	return brokenCache{Cache: c, set: func(ctx context.Context, key string, value []byte, ttl time.Duration) error {
		return set(c, ctx, key, value, ttl)
	}}
}

func (del onDelete) wrap(c ports.Cache) ports.Cache {
	return brokenCache{Cache: c, del: func(ctx context.Context, key string) error { return del(c, ctx, key) }}
}

// onCall breaks a cache in what surrounds every call.
func onCall(around func(ctx context.Context, call func(context.Context) error) error) func(ports.Cache) ports.Cache {
	return func(c ports.Cache) ports.Cache {
		return brokenCache{
			get: func(ctx context.Context, key string) (value []byte, err error) {
				err = around(ctx, func(ctx context.Context) error { value, err = c.Get(ctx, key); return err })
				return value, err
			},
			set: func(ctx context.Context, key string, value []byte, ttl time.Duration) error {
				return around(ctx, func(ctx context.Context) error { return c.Set(ctx, key, bytes.Clone(value), ttl) })
			},
			del: func(ctx context.Context, key string) error {
				return around(ctx, func(ctx context.Context) error { return c.Delete(ctx, key) })
			},
		}
	}
}

// withKeys breaks a cache in what it makes of keys.
func withKeys(change func(key string) string) func(ports.Cache) ports.Cache {
	return func(c ports.Cache) ports.Cache {
		return brokenCache{
			get: func(ctx context.Context, key string) ([]byte, error) { return c.Get(ctx, change(key)) },
			set: func(ctx context.Context, key string, value []byte, ttl time.Duration) error {
				return c.Set(ctx, change(key), value, ttl)
			},
			del: func(ctx context.Context, key string) error { return c.Delete(ctx, change(key)) },
		}
	}
}

var brokenCaches = []broken[ports.Cache]{
	{"Cache.Get/value", "trims line ends", onGet(func(c ports.Cache, ctx context.Context, key string) ([]byte, error) {
		value, err := c.Get(ctx, key)
		return bytes.TrimSuffix(value, []byte("\r\n")), err
	}).wrap},
	{"Cache.Get/value", "drops zero bytes at the end", onGet(func(c ports.Cache, ctx context.Context, key string) ([]byte, error) {
		value, err := c.Get(ctx, key)
		return bytes.TrimRight(value, "\x00"), err
	}).wrap},
	{"Cache.Get/last-set", "is one value late from the third on", func(c ports.Cache) ports.Cache {
		type history struct {
			previous []byte
			sets     int
		}
		var histories notebook[history]
		return brokenCache{Cache: c,
			get: func(ctx context.Context, key string) ([]byte, error) {
				value, err := c.Get(ctx, key)
				if of, _ := histories.read(key); err == nil && of.sets >= 3 {
					return bytes.Clone(of.previous), nil
				}
				return value, err
			},
			set: func(ctx context.Context, key string, value []byte, ttl time.Duration) error {
				of, _ := histories.read(key)
				of.sets++
				if old, err := c.Get(ctx, key); err == nil {
					of.previous = old
				}
				histories.write(key, of)
				return c.Set(ctx, key, value, ttl)
			},
		}
	}},
	{"Cache.Get/no-prolonging", "lets a ttl begin again with each Get", slide},
	{"Cache.Get/copies", "hands out one slice", func(c ports.Cache) ports.Cache {
		var slices notebook[[]byte]
		return onGet(func(c ports.Cache, ctx context.Context, key string) ([]byte, error) {
			value, err := c.Get(ctx, key)
			if err != nil {
				return nil, err
			}
			content := key + string(value)
			if _, found := slices.read(content); !found {
				slices.write(content, value)
			}
			value, _ = slices.read(content)
			return value, nil
		}).wrap(c)
	}},
	{"Cache.Get/miss", "has another error for keys that it never saw", func(c ports.Cache) ports.Cache {
		var seen notebook[bool]
		return brokenCache{Cache: c,
			get: func(ctx context.Context, key string) ([]byte, error) {
				value, err := c.Get(ctx, key)
				if _, known := seen.read(key); !known && errors.Is(err, ports.ErrMiss) {
					return nil, errOther
				}
				seen.write(key, true)
				return value, err
			},
			set: func(ctx context.Context, key string, value []byte, ttl time.Duration) error {
				seen.write(key, true)
				return c.Set(ctx, key, value, ttl)
			},
		}
	}},
	{"Cache.Get/expired", "never looks at the time of expiry", func(c ports.Cache) ports.Cache {
		var once, ever notebook[bool]
		return onSet(func(c ports.Cache, ctx context.Context, key string, value []byte, ttl time.Duration) error {
			_, again := ever.read(key)
			ever.write(key, true)
			if _, found := once.read(key); found || again || ttl != brief {
				once.erase(key)
				return c.Set(ctx, key, value, ttl)
			}
			once.write(key, true)
			return c.Set(ctx, key, value, 1000*long)
		}).wrap(c)
	}},
	{"Cache.Get/evicted", "has another error for what was evicted", func(c ports.Cache) ports.Cache {
		var lasting notebook[bool]
		return brokenCache{Cache: c,
			get: func(ctx context.Context, key string) ([]byte, error) {
				value, err := c.Get(ctx, key)
				if _, found := lasting.read(key); found && errors.Is(err, ports.ErrMiss) {
					return nil, errOther
				}
				return value, err
			},
			set: func(ctx context.Context, key string, value []byte, ttl time.Duration) error {
				lasting.erase(key)
				if ttl == long {
					lasting.write(key, true)
				}
				return c.Set(ctx, key, value, ttl)
			},
			del: func(ctx context.Context, key string) error {
				lasting.erase(key)
				return c.Delete(ctx, key)
			},
		}
	}},
	{"Cache.Get/babble", "takes for a miss what it does not understand", onGet(func(c ports.Cache, ctx context.Context, key string) ([]byte, error) {
		value, err := c.Get(ctx, key)
		if errors.Is(err, errBabble) {
			err = ports.ErrMiss
		}
		return value, err
	}).wrap},
	{"Cache.Get/away", "takes an outage for a miss", onGet(func(c ports.Cache, ctx context.Context, key string) ([]byte, error) {
		value, err := c.Get(ctx, key)
		if err != nil && !ofContext(err) && !errors.Is(err, errBabble) {
			return nil, ports.ErrMiss
		}
		return value, err
	}).wrap},

	{"Cache.Set/copies", "keeps the caller's slice", func(c ports.Cache) ports.Cache {
		var slices notebook[[]byte]
		return brokenCache{Cache: c,
			get: func(ctx context.Context, key string) ([]byte, error) {
				value, err := c.Get(ctx, key)
				if kept, found := slices.read(key); found && err == nil {
					return bytes.Clone(kept), nil
				}
				return value, err
			},
			set: func(ctx context.Context, key string, value []byte, ttl time.Duration) error {
				slices.write(key, value)
				return c.Set(ctx, key, value, ttl)
			},
		}
	}},
	{"Cache.Set/copies", "scribbles on the caller's slice", onSet(func(c ports.Cache, ctx context.Context, key string, value []byte, ttl time.Duration) error {
		err := c.Set(ctx, key, value, ttl)
		if string(value) == "value" { // which no other case looks at again
			value[0] = 'Y'
		}
		return err
	}).wrap},
	{"Cache.Set/replaces", "leaves the rest of a longer value", onSet(func(c ports.Cache, ctx context.Context, key string, value []byte, ttl time.Duration) error {
		if old, err := c.Get(ctx, key); ttl > 0 && err == nil && len(old) > len(value) {
			value = append(bytes.Clone(value), old[len(value):]...)
		}
		return c.Set(ctx, key, value, ttl)
	}).wrap},
	{"Cache.Set/replaces-by-longer", "keeps the shorter ttl", keepTTL(func(old, ttl time.Duration) time.Duration { return min(old, ttl) })},
	{"Cache.Set/replaces-by-shorter", "keeps the longer ttl", keepTTL(func(old, ttl time.Duration) time.Duration { return max(old, ttl) })},
	{"Cache.Set/zero", "takes zero for ever", withTTL(func(ttl time.Duration) time.Duration {
		if ttl == 0 {
			return 1000 * long
		}
		return ttl
	})},
	{"Cache.Set/negative", "takes less than zero for ever", withTTL(func(ttl time.Duration) time.Duration {
		if ttl < 0 {
			return 1000 * long
		}
		return ttl
	})},
	{"Cache.Set/rounds-up", "rounds down to nothing", withTTL(func(ttl time.Duration) time.Duration { return ttl.Truncate(time.Millisecond) })},
	{"Cache.Set/rounds-up", "rounds down to what never ends", withTTL(func(ttl time.Duration) time.Duration {
		if 0 < ttl && ttl < time.Millisecond {
			return 1000 * long
		}
		return ttl
	})},
	{"Cache.Set/whole-ttl", "rounds down to seconds", roundDown},
	{"Cache.Set/ends", "lives four times as long", withTTL(func(ttl time.Duration) time.Duration {
		if ttl == 2*long {
			return 4 * ttl
		}
		return ttl
	})},
	{"Cache.Set/empty", "takes an empty value for a miss", onGet(func(c ports.Cache, ctx context.Context, key string) ([]byte, error) {
		value, err := c.Get(ctx, key)
		if err == nil && len(value) == 0 {
			return nil, ports.ErrMiss
		}
		return value, err
	}).wrap},
	{"Cache.Set/away", "keeps an outage to itself", onSet(func(c ports.Cache, ctx context.Context, key string, value []byte, ttl time.Duration) error {
		if err := c.Set(ctx, key, value, ttl); ofContext(err) {
			return err
		}
		return nil
	}).wrap},

	{"Cache.Delete/removes", "does nothing", onDelete(func(c ports.Cache, ctx context.Context, key string) error {
		_, err := c.Get(ctx, key)
		if errors.Is(err, ports.ErrMiss) {
			return nil
		}
		return err
	}).wrap},
	{"Cache.Delete/removes", "removes the neighbour too", func(c ports.Cache) ports.Cache {
		var previous, last string
		return brokenCache{Cache: c,
			set: func(ctx context.Context, key string, value []byte, ttl time.Duration) error {
				if string(value) == "other" {
					previous, last = last, key
				}
				return c.Set(ctx, key, value, ttl)
			},
			del: func(ctx context.Context, key string) error {
				return errors.Join(c.Delete(ctx, key), c.Delete(ctx, last), c.Delete(ctx, previous))
			},
		}
	}},
	{"Cache.Delete/none", "has an error for a key that is not there", onDelete(func(c ports.Cache, ctx context.Context, key string) error {
		if _, err := c.Get(ctx, key); err != nil {
			return err
		}
		return c.Delete(ctx, key)
	}).wrap},
	{"Cache.Delete/away", "keeps an outage to itself", onDelete(func(c ports.Cache, ctx context.Context, key string) error {
		if err := c.Delete(ctx, key); ofContext(err) {
			return err
		}
		return nil
	}).wrap},

	{"Cache/shared", "has keys of its own in each handle", func(c ports.Cache) ports.Cache {
		own := rand.Text()
		return withKeys(func(key string) string { return own + key })(c)
	}},
	{"Cache/key-alphabet", "folds case", withKeys(strings.ToLower)},
	{"Cache/key-alphabet", "drops what comes before a colon", withKeys(func(key string) string { return key[strings.LastIndex(key, ":")+1:] })},
	{"Cache/key-longest", "cuts keys", withKeys(func(key string) string { return key[:min(len(key), maxKey-1)] })},
	{"Cache/key-shortest", "takes keys for paths", withKeys(func(key string) string { return path.Join("/", key) })},
	{"Cache/value-largest", "takes less", onSet(func(c ports.Cache, ctx context.Context, key string, value []byte, ttl time.Duration) error {
		if len(value) == smallValue {
			return errOther
		}
		return c.Set(ctx, key, value, ttl)
	}).wrap},
	{"Cache/value-larger", "cuts values", onSet(func(c ports.Cache, ctx context.Context, key string, value []byte, ttl time.Duration) error {
		return c.Set(ctx, key, value[:min(len(value), smallValue)], ttl)
	}).wrap},

	{"Cache/concurrency", "takes one call at a time", func(c ports.Cache) ports.Cache { return onCall(oneAtATime())(c) }},
	{"Cache/context-ended", "has another error", onCall(hideEndedContext)},
	{"Cache/context-ends", "waits on", onCall(forgetContext)},
	{"Cache/context-ends", "has another error", onCall(hideContext)},
	{"Cache/panics", "panics", onCall(panicHalfway)},
	{"Cache/credentials", "tells its address", onCall(tellPassword)},
}

// keepTTL breaks a cache in the ttl of a value that replaces another.
func keepTTL(choose func(old, ttl time.Duration) time.Duration) func(ports.Cache) ports.Cache {
	return func(c ports.Cache) ports.Cache {
		var ttls notebook[time.Duration]
		return onSet(func(c ports.Cache, ctx context.Context, key string, value []byte, ttl time.Duration) error {
			if old, found := ttls.read(key); found && ttl > 0 {
				ttl = choose(old, ttl)
			}
			ttls.write(key, ttl)
			return c.Set(ctx, key, value, ttl)
		}).wrap(c)
	}
}

// withTTL breaks a cache in what it makes of ttls.
func withTTL(change func(time.Duration) time.Duration) func(ports.Cache) ports.Cache {
	return onSet(func(c ports.Cache, ctx context.Context, key string, value []byte, ttl time.Duration) error {
		return c.Set(ctx, key, value, change(ttl))
	}).wrap
}

// slide has a ttl begin again whenever a value is read.
func slide(c ports.Cache) ports.Cache {
	var ttls notebook[time.Duration]
	return brokenCache{Cache: c,
		get: func(ctx context.Context, key string) ([]byte, error) {
			value, err := c.Get(ctx, key)
			if ttl, found := ttls.read(key); found && err == nil {
				err = c.Set(ctx, key, value, ttl)
			}
			return value, err
		},
		set: func(ctx context.Context, key string, value []byte, ttl time.Duration) error {
			ttls.write(key, ttl)
			return c.Set(ctx, key, value, ttl)
		},
	}
}

// roundDown counts whole seconds only, where there are some.
var roundDown = withTTL(func(ttl time.Duration) time.Duration {
	if ttl > time.Second {
		return ttl.Truncate(time.Second)
	}
	return ttl
})

func TestCacheCasesFail(t *testing.T) {
	runBroken(t, cacheContract(), brokenCaches, func(t *testing.T, trial trial, wrap func(ports.Cache) ports.Cache) *cacheTrial {
		clock := verifiertest.NewClock(noon)
		newCache := func(entries int) *memory.Cache {
			cache, err := memory.NewCache(memory.CacheConfig{MaxEntries: entries, Clock: clock})
			if err != nil {
				t.Fatal(err)
			}
			return cache
		}
		store := newCache(1000)
		return newCacheTrial(t, trial, func(*testing.T) ports.Cache { return wrap(store) }, CacheTraits{
			Advance:     clock.Advance,
			MaxValue:    smallValue,
			Shared:      true,
			Small:       func(*testing.T) (ports.Cache, int) { return wrap(newCache(10)), 10 },
			Connect:     func(_ *testing.T, address string) ports.Cache { return wrap(remote(address)) },
			Credentials: []string{password},
		})
	})
}

func TestCacheTraits(t *testing.T) {
	for _, test := range []struct {
		name   string
		traits CacheTraits
		want   string
	}{
		{"the zero value", CacheTraits{}, ""},
		{"the largest MaxValue", CacheTraits{MaxValue: maxValue}, ""},
		{"MaxValue over the contract's", CacheTraits{MaxValue: maxValue + 1}, "contract: CacheTraits.MaxValue is 2097153, which is not one of 0 to 2 MiB"},
		{"an entry that goes late", CacheTraits{Early: -1}, "contract: CacheTraits.Early is negative"},
		{"two faults", CacheTraits{MaxValue: -1, Resolution: -1}, "contract: CacheTraits.Resolution is negative\ncontract: CacheTraits.MaxValue is -1, which is not one of 0 to 2 MiB"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if err := test.traits.faults(); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("faults: %q, want %q", got, test.want)
			}
		})
	}
}
