package contract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

// CacheTraits say what [TestCache] can't know of a cache. The zero value is that of a cache that counts TTLs exactly
// and by real time, and holds every value that the contract allows; it skips what needs a server, a full store or two
// handles.
type CacheTraits struct {
	// Resolution is the step in which the cache counts TTLs, such as a second. Zero means that it counts exactly.
	Resolution time.Duration
	// Early is how much sooner than by its TTL an entry may be gone, as where the store's clock ticks. Zero means not at
	// all; negative is an error.
	Early time.Duration
	// Asynchronous says that Set may return before Get finds the value, and may drop it when much is set at once. The
	// suite then waits some seconds for each value, and sets it again meanwhile. Wrong and older values are faults as ever.
	Asynchronous bool
	// Advance moves the clock that all caches of the run go by. Nil means that they go by real time, which the suite
	// then waits for, some seconds in all.
	Advance func(time.Duration)
	// MaxValue is the largest value that the cache can hold, in bytes. Zero means 2 MiB, the largest that the contract
	// knows; more, or less than zero, is an error.
	MaxValue int
	// NonBlocking says that no call ever waits, so that none need look at its context.
	NonBlocking bool
	// Shared says that all that the constructor returns are handles on one store.
	Shared bool
	// Small opens a cache that shares no memory with others, and says how many entries it can hold at most. Nil says
	// that it can't be filled by a test.
	Small func(*testing.T) (cache ports.Cache, holds int)
	// Connect opens a cache whose server is at address, host and port. The suite plays a server that is gone, one
	// that is silent, for which the cache's client should wait longer than 15 seconds by itself, and one that answers
	// nonsense. Nil says that the cache needs no server.
	Connect func(t *testing.T, address string) ports.Cache
	// Credentials are what caches are opened with and no error may hold.
	Credentials []string
}

// maxValue is the most bytes that a value may have.
const maxValue = 2 << 20

// TestCache proves that the caches which open returns keep the contract of [ports.Cache]. It calls open at least once
// for each case, with the case's own t; the keys that it uses are new, except three that expire by themselves. The
// store must have room for about 150 entries, and for a few of the largest.
func TestCache(t *testing.T, open func(*testing.T) ports.Cache, traits CacheTraits) {
	t.Helper()
	if err := traits.faults(); err != nil {
		t.Fatal(err)
	}
	runContract(t, cacheContract(), traits.Advance == nil, func(t *testing.T, trial trial) *cacheTrial {
		return newCacheTrial(t, trial, open, traits)
	})
}

func (c CacheTraits) faults() error {
	err := c.pace().faults("CacheTraits")
	if c.MaxValue < 0 || c.MaxValue > maxValue {
		err = errors.Join(err,
			fmt.Errorf("contract: CacheTraits.MaxValue is %d, which is not one of 0 to 2 MiB", c.MaxValue))
	}
	if c.Early < 0 {
		err = errors.Join(err, errors.New("contract: CacheTraits.Early is negative"))
	}
	return err
}

func (c CacheTraits) pace() pace { return pace{c.Resolution, c.Advance} }

// A cacheTrial is a case of the cache's contract under way.
type cacheTrial struct {
	trial
	pace
	CacheTraits
	open    func() ports.Cache
	small   func() (ports.Cache, int)
	connect func(address string) ports.Cache
}

func newCacheTrial(t *testing.T, trial trial, open func(*testing.T) ports.Cache, traits CacheTraits) *cacheTrial {
	if traits.MaxValue == 0 {
		traits.MaxValue = maxValue
	}
	return &cacheTrial{
		trial: trial, pace: traits.pace(), CacheTraits: traits,
		open: func() ports.Cache { return rescuedCache{open(t), trial} },
		small: func() (ports.Cache, int) {
			c, holds := traits.Small(t)
			return rescuedCache{c, trial}, holds
		},
		connect: func(address string) ports.Cache { return rescuedCache{traits.Connect(t, address), trial} },
	}
}

// rescuedCache is a cache whose panics fail the case.
type rescuedCache struct {
	cache ports.Cache
	trial trial
}

func (r rescuedCache) Get(ctx context.Context, key string) (value []byte, err error) {
	defer r.trial.rescue("Get", &err)
	return r.cache.Get(ctx, key)
}

func (r rescuedCache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) (err error) {
	defer r.trial.rescue("Set", &err)
	return r.cache.Set(ctx, key, value, ttl)
}

func (r rescuedCache) Delete(ctx context.Context, key string) (err error) {
	defer r.trial.rescue("Delete", &err)
	return r.cache.Delete(ctx, key)
}

// The traits by which a case can't be tried.

func (t *cacheTrial) blocksNever() string {
	if t.NonBlocking {
		return "CacheTraits.NonBlocking is set"
	}
	return ""
}

func (t *cacheTrial) hasNoServer() string {
	if t.Connect == nil {
		return "CacheTraits.Connect is nil"
	}
	return ""
}

func (t *cacheTrial) isAlone() string {
	if !t.Shared {
		return "CacheTraits.Shared is not set"
	}
	return ""
}

func (t *cacheTrial) isNeverFull() string {
	if t.Small == nil {
		return "CacheTraits.Small is nil"
	}
	return ""
}

func (t *cacheTrial) hasNoCredentials() string {
	if len(t.Credentials) == 0 {
		return "CacheTraits.Credentials are none"
	}
	return t.hasNoServer()
}

// set stores a value, and ends the case where that fails.
func (t *cacheTrial) set(c ports.Cache, key string, value []byte, ttl time.Duration) {
	t.Helper()
	if err := t.store(c, key, value, ttl); err != nil {
		t.fatal("%v", err)
	}
}

// store stores a value. It waits until an asynchronous cache has it, unless the ttl is too short for that.
func (t *cacheTrial) store(c ports.Cache, key string, value []byte, ttl time.Duration) error {
	for deadline := time.Now().Add(grace); ; {
		if err := c.Set(t.Context(), key, value, ttl); err != nil {
			return fmt.Errorf("Set of %d bytes for %v: error %w", len(value), ttl, err)
		}
		if !t.Asynchronous || ttl < brief || t.appears(c, key, value) {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("Get did not return %s within %v, in which they were set again and again", sketch(value), grace)
		}
	}
}

// appears waits until an asynchronous cache has a value, and gives up before a brief ttl has passed.
func (t *cacheTrial) appears(c ports.Cache, key string, want []byte) bool {
	for deadline := time.Now().Add(brief / 2); time.Now().Before(deadline); time.Sleep(brief / 100) {
		if got, err := c.Get(t.Context(), key); err == nil && bytes.Equal(got, want) {
			return true
		}
	}
	return false
}

func (t *cacheTrial) wantValue(c ports.Cache, key string, want []byte) {
	t.Helper()
	got, err := c.Get(t.Context(), key)
	for deadline := time.Now().Add(grace); t.Asynchronous && errors.Is(err, ports.ErrMiss) && time.Now().Before(deadline); {
		time.Sleep(brief / 100)
		got, err = c.Get(t.Context(), key)
	}
	switch {
	case errors.Is(err, ports.ErrMiss) && !t.Asynchronous:
		t.fail("Get of %d bytes that were set: error %v (if Set returns before Get finds the value, set CacheTraits.Asynchronous)", len(want), err)
	case err != nil:
		t.fail("Get of %d bytes that were set: error %v", len(want), err)
	case !bytes.Equal(got, want):
		t.fail("Get returned %s, not the %s that were set", sketch(got), sketch(want))
	}
}

func (t *cacheTrial) wantMiss(c ports.Cache, key string) {
	t.Helper()
	if got, err := c.Get(t.Context(), key); err == nil {
		t.fail("Get returned %s", sketch(got))
	} else if !errors.Is(err, ports.ErrMiss) {
		t.fail("Get: error %v, want ErrMiss", err)
	}
}

// isMiss tells whether key is missing, and fails where that can't be told.
func (t *cacheTrial) isMiss(c ports.Cache, key string) bool {
	t.Helper()
	_, err := c.Get(t.Context(), key)
	if err != nil && !errors.Is(err, ports.ErrMiss) {
		t.fatal("Get: error %v, want ErrMiss", err)
	}
	return err != nil
}

// sketch tells of bytes how many they are and how they start.
func sketch(b []byte) string { return fmt.Sprintf("%d bytes (%.16q)", len(b), b[:min(len(b), 16)]) }

// calls returns a call of each method for a key.
func calls(c ports.Cache, key string) []namedCall {
	return []namedCall{
		{"Get", func(ctx context.Context) error { _, err := c.Get(ctx, key); return err }},
		{"Set", func(ctx context.Context) error {
			value := []byte("value")
			err := c.Set(ctx, key, value, long)
			value[0] = 'X' // the caller's again: with -race this shows who still reads it
			return err
		}},
		{"Set with a ttl of zero", func(ctx context.Context) error { return c.Set(ctx, key, nil, 0) }},
		{"Delete", func(ctx context.Context) error { return c.Delete(ctx, key) }},
	}
}
