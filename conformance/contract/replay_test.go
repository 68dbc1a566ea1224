package contract

import (
	"context"
	"crypto/rand"
	"errors"
	"math"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/memory"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// An onUse breaks a replay store in its one method.
type onUse func(s ports.ReplayStore, ctx context.Context, key string, ttl time.Duration) (bool, error)

func (use onUse) wrap(s ports.ReplayStore) ports.ReplayStore { return brokenReplays{s, use} }

type brokenReplays struct {
	store ports.ReplayStore
	use   onUse
}

func (b brokenReplays) FirstUse(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	return b.use(b.store, ctx, key, ttl)
}

// onReplayCall breaks a replay store in what surrounds every call.
func onReplayCall(around func(ctx context.Context, call func(context.Context) error) error) func(ports.ReplayStore) ports.ReplayStore {
	return onUse(func(s ports.ReplayStore, ctx context.Context, key string, ttl time.Duration) (first bool, err error) {
		err = around(ctx, func(ctx context.Context) error { first, err = s.FirstUse(ctx, key, ttl); return err })
		return first && err == nil, err
	}).wrap
}

func withReplayKeys(change func(key string) string) func(ports.ReplayStore) ports.ReplayStore {
	return onUse(func(s ports.ReplayStore, ctx context.Context, key string, ttl time.Duration) (bool, error) {
		return s.FirstUse(ctx, change(key), ttl)
	}).wrap
}

func withReplayTTL(change func(time.Duration) time.Duration) func(ports.ReplayStore) ports.ReplayStore {
	return onUse(func(s ports.ReplayStore, ctx context.Context, key string, ttl time.Duration) (bool, error) {
		return s.FirstUse(ctx, key, change(ttl))
	}).wrap
}

// brokenReplayStores break one clause each. What they must keep for other cases they tell by its ttl.
var brokenReplayStores = []broken[ports.ReplayStore]{
	{"ReplayStore.FirstUse/once", "does not remember", onUse(func(s ports.ReplayStore, ctx context.Context, key string, ttl time.Duration) (bool, error) {
		first, err := s.FirstUse(ctx, key, ttl)
		return first || err == nil && ttl == time.Minute, err
	}).wrap},
	{"ReplayStore.FirstUse/once", "takes every key for used", onUse(func(s ports.ReplayStore, ctx context.Context, key string, ttl time.Duration) (bool, error) {
		first, err := s.FirstUse(ctx, key, ttl)
		return first && ttl != time.Minute, err
	}).wrap},
	{"ReplayStore.FirstUse/again", "never forgets", func(s ports.ReplayStore) ports.ReplayStore {
		var used notebook[bool]
		return onUse(func(s ports.ReplayStore, ctx context.Context, key string, ttl time.Duration) (bool, error) {
			_, again := used.read(key)
			first, err := s.FirstUse(ctx, key, ttl)
			if again {
				used.erase(key)
				return false, err
			}
			if ttl == brief {
				used.write(key, true)
			}
			return first, err
		}).wrap(s)
	}},
	{"ReplayStore.FirstUse/no-prolonging", "prolongs", func(s ports.ReplayStore) ports.ReplayStore {
		var prolonged notebook[bool]
		return onUse(func(s ports.ReplayStore, ctx context.Context, key string, ttl time.Duration) (bool, error) {
			_, found := prolonged.read(key)
			first, err := s.FirstUse(ctx, key, ttl)
			if found {
				return false, err
			}
			if !first && ttl == long {
				prolonged.write(key, true)
			}
			return first, err
		}).wrap(s)
	}},
	{"ReplayStore.FirstUse/atomic", "looks, then writes", func(s ports.ReplayStore) ports.ReplayStore {
		var used notebook[bool]
		return onUse(func(s ports.ReplayStore, ctx context.Context, key string, ttl time.Duration) (bool, error) {
			if _, found := used.read(key); found {
				return s.FirstUse(ctx, key, ttl)
			}
			time.Sleep(time.Millisecond)
			first, err := s.FirstUse(ctx, key, ttl)
			if first {
				used.write(key, true)
			}
			_, meanwhile := used.read(key)
			return meanwhile, err
		}).wrap(s)
	}},
	{"ReplayStore.FirstUse/atomic-shared", "has keys of its own in each handle", func(s ports.ReplayStore) ports.ReplayStore {
		own := rand.Text()
		return withReplayKeys(func(key string) string { return own + key })(s)
	}},

	{"ReplayStore/remembers", "forgets half-way", withReplayTTL(func(ttl time.Duration) time.Duration {
		if ttl == brief {
			return brief / 2
		}
		return ttl
	})},
	{"ReplayStore/remembers", "forgets a moment too early", withReplayTTL(func(ttl time.Duration) time.Duration {
		if ttl == brief {
			return brief - 1
		}
		return ttl
	})},
	{"ReplayStore.FirstUse/longest", "overflows", onUse(func(s ports.ReplayStore, ctx context.Context, key string, ttl time.Duration) (bool, error) {
		if ttl == math.MaxInt64 {
			return true, nil
		}
		return s.FirstUse(ctx, key, ttl)
	}).wrap},
	{"ReplayStore.FirstUse/rounds-up", "rounds down to an error", withReplayTTL(func(ttl time.Duration) time.Duration {
		return ttl.Truncate(time.Millisecond)
	})},
	{"ReplayStore.FirstUse/zero", "remembers for ever", withReplayTTL(func(ttl time.Duration) time.Duration {
		if ttl == 0 {
			return 1000 * long
		}
		return ttl
	})},
	{"ReplayStore.FirstUse/negative", "remembers for ever", withReplayTTL(func(ttl time.Duration) time.Duration {
		if ttl < 0 {
			return 1000 * long
		}
		return ttl
	})},

	{"ReplayStore.FirstUse/full", "lets pass what it can't remember", onUse(func(s ports.ReplayStore, ctx context.Context, key string, ttl time.Duration) (bool, error) {
		first, err := s.FirstUse(ctx, key, ttl)
		if errors.Is(err, memory.ErrFull) {
			return true, nil
		}
		return first, err
	}).wrap},
	{"ReplayStore/remembers-when-full", "evicts the oldest", func(s ports.ReplayStore) ports.ReplayStore {
		var oldest, evicted string
		var mu sync.Mutex
		return onUse(func(s ports.ReplayStore, ctx context.Context, key string, ttl time.Duration) (bool, error) {
			first, err := s.FirstUse(ctx, key, ttl)
			mu.Lock()
			defer mu.Unlock()
			if oldest == "" {
				oldest = key
			}
			if errors.Is(err, memory.ErrFull) {
				evicted = oldest
			}
			return first || key == evicted, err
		}).wrap(s)
	}},
	{"ReplayStore.FirstUse/away", "lets pass what it can't tell", onUse(func(s ports.ReplayStore, ctx context.Context, key string, ttl time.Duration) (bool, error) {
		first, err := s.FirstUse(ctx, key, ttl)
		if _, away := errors.AsType[*net.OpError](err); away && !ofContext(err) {
			return true, nil
		}
		return first, err
	}).wrap},
	{"ReplayStore.FirstUse/babble", "lets pass what it does not understand", onUse(func(s ports.ReplayStore, ctx context.Context, key string, ttl time.Duration) (bool, error) {
		first, err := s.FirstUse(ctx, key, ttl)
		return first || errors.Is(err, errBabble), err
	}).wrap},
	{"ReplayStore.FirstUse/silent", "lets pass what it can't tell", onUse(func(s ports.ReplayStore, ctx context.Context, key string, ttl time.Duration) (bool, error) {
		first, err := s.FirstUse(ctx, key, ttl)
		return first || ofContext(err), err
	}).wrap},

	{"ReplayStore/key-alphabet", "folds case", withReplayKeys(strings.ToLower)},
	{"ReplayStore/key-longest", "cuts keys", withReplayKeys(func(key string) string { return key[:min(len(key), maxKey-1)] })},
	{"ReplayStore/key-shortest", "refuses them", onUse(func(s ports.ReplayStore, ctx context.Context, key string, ttl time.Duration) (bool, error) {
		if len(key) == 1 {
			return false, errOther
		}
		return s.FirstUse(ctx, key, ttl)
	}).wrap},

	{"ReplayStore/concurrency", "takes one key at a time", func(s ports.ReplayStore) ports.ReplayStore {
		var underWay notebook[bool]
		return onUse(func(s ports.ReplayStore, ctx context.Context, key string, ttl time.Duration) (bool, error) {
			underWay.write(key, true)
			defer underWay.erase(key)
			time.Sleep(time.Millisecond)
			only := true
			underWay.notes.Range(func(other, _ any) bool {
				only = only && other == key
				return only
			})
			if !only {
				return false, errOther
			}
			return s.FirstUse(ctx, key, ttl)
		}).wrap(s)
	}},
	{"ReplayStore/context-ended", "has another error", onReplayCall(hideEndedContext)},
	{"ReplayStore/context-ends", "waits on", onReplayCall(forgetContext)},
	{"ReplayStore/context-ends", "has another error", onReplayCall(hideContext)},
	{"ReplayStore/panics", "panics", onReplayCall(panicHalfway)},
	{"ReplayStore/credentials", "tells its address", onReplayCall(tellPassword)},
}

func TestReplayStoreCasesFail(t *testing.T) {
	runBroken(t, replayContract(), brokenReplayStores, func(t *testing.T, trial trial, wrap func(ports.ReplayStore) ports.ReplayStore) *replayTrial {
		clock := verifiertest.NewClock(noon)
		newStore := func(entries int) *memory.ReplayStore {
			store, err := memory.NewReplayStore(memory.ReplayConfig{MaxEntries: entries, Clock: clock})
			if err != nil {
				t.Fatal(err)
			}
			return store
		}
		store := newStore(10_000)
		return newReplayTrial(t, trial, func(*testing.T) ports.ReplayStore { return wrap(store) }, ReplayTraits{
			Advance:     clock.Advance,
			Shared:      true,
			Small:       func(*testing.T) (ports.ReplayStore, int) { return wrap(newStore(100)), 100 },
			Connect:     func(_ *testing.T, address string) ports.ReplayStore { return wrap(remote(address)) },
			Credentials: []string{password},
		})
	})
}
