package memory_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// A clock moves when it is told to. (verifiertest has one too, but imports this package.)
type clock struct{ nanoseconds atomic.Int64 }

func (c *clock) Now() time.Time          { return noon.Add(time.Duration(c.nanoseconds.Load())) }
func (c *clock) Advance(d time.Duration) { c.nanoseconds.Add(int64(d)) }

func newCache(t testing.TB, entries int) (*memory.Cache, *clock) {
	t.Helper()
	now := &clock{}
	cache, err := memory.NewCache(memory.CacheConfig{MaxEntries: entries, Clock: now})
	if err != nil {
		t.Fatal(err)
	}
	return cache, now
}

func newStore(t testing.TB, entries int) (*memory.ReplayStore, *clock) {
	t.Helper()
	now := &clock{}
	store, err := memory.NewReplayStore(memory.ReplayConfig{MaxEntries: entries, Clock: now})
	if err != nil {
		t.Fatal(err)
	}
	return store, now
}

func wantGet(t *testing.T, cache *memory.Cache, key, want string) {
	t.Helper()
	got, err := cache.Get(t.Context(), key)
	if want == "" {
		if !errors.Is(err, ports.ErrMiss) {
			t.Errorf("Get(%q) = %q, %v; want a miss", key, got, err)
		}
		return
	}
	if err != nil || string(got) != want {
		t.Errorf("Get(%q) = %q, %v; want %q", key, got, err, want)
	}
}

func set(t *testing.T, cache *memory.Cache, key, value string, ttl time.Duration) {
	t.Helper()
	if err := cache.Set(t.Context(), key, []byte(value), ttl); err != nil {
		t.Fatal(err)
	}
}

func TestCache(t *testing.T) {
	t.Run("CACHE-12 least recently used goes first", func(t *testing.T) {
		cache, _ := newCache(t, 2)
		set(t, cache, "a", "1", time.Minute)
		set(t, cache, "b", "2", time.Minute)
		wantGet(t, cache, "a", "1")
		set(t, cache, "c", "3", time.Minute)
		wantGet(t, cache, "b", "")
		wantGet(t, cache, "a", "1")
		wantGet(t, cache, "c", "3")
	})
	t.Run("CACHE-12 100 entries by default", func(t *testing.T) {
		cache, _ := newCache(t, 0)
		for n := range 101 {
			set(t, cache, fmt.Sprint(n), "x", time.Minute)
		}
		wantGet(t, cache, "0", "")
		wantGet(t, cache, "1", "x")
	})
	t.Run("CACHE-12 expired is a miss", func(t *testing.T) {
		cache, now := newCache(t, 2)
		set(t, cache, "a", "1", time.Minute)
		now.Advance(time.Minute - 1)
		wantGet(t, cache, "a", "1")
		now.Advance(1)
		wantGet(t, cache, "a", "")
	})
	t.Run("CACHE-13 a ttl of zero or less stores nothing", func(t *testing.T) {
		cache, _ := newCache(t, 2)
		for _, ttl := range []time.Duration{0, -1} {
			set(t, cache, "a", "1", time.Minute)
			set(t, cache, "a", "2", ttl)
			wantGet(t, cache, "a", "")
		}
	})
	t.Run("CACHE-13 values are copies", func(t *testing.T) {
		cache, _ := newCache(t, 2)
		value := []byte("1")
		if err := cache.Set(t.Context(), "a", value, time.Minute); err != nil {
			t.Fatal(err)
		}
		value[0] = 'x'
		got, err := cache.Get(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		got[0] = 'y'
		wantGet(t, cache, "a", "1")
	})
	t.Run("replaced and deleted", func(t *testing.T) {
		cache, _ := newCache(t, 2)
		set(t, cache, "a", "1", time.Minute)
		set(t, cache, "a", "2", time.Minute)
		wantGet(t, cache, "a", "2")
		if err := cache.Delete(t.Context(), "a"); err != nil {
			t.Error(err)
		}
		wantGet(t, cache, "a", "")
		if err := cache.Delete(t.Context(), "a"); err != nil {
			t.Error("deleting what is not there:", err)
		}
	})
	t.Run("ended context", func(t *testing.T) {
		cache, _ := newCache(t, 2)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := cache.Get(ended, "a")
		for _, err := range []error{err, cache.Set(ended, "a", nil, time.Minute), cache.Set(ended, "a", nil, 0), cache.Delete(ended, "a")} {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error is %v", err)
			}
		}
	})
	if _, err := memory.NewCache(memory.CacheConfig{MaxEntries: -1}); err == nil {
		t.Error("NewCache takes a negative bound")
	}
	if _, err := memory.NewCache(memory.CacheConfig{Clock: (*clock)(nil)}); err == nil {
		t.Error("NewCache takes a nil clock")
	}
}

func wantUse(t *testing.T, store *memory.ReplayStore, key string, ttl time.Duration, want bool) {
	t.Helper()
	if got, err := store.FirstUse(t.Context(), key, ttl); err != nil || got != want {
		t.Errorf("FirstUse(%q) = %v, %v; want %v", key, got, err, want)
	}
}

func TestReplayStore(t *testing.T) {
	t.Run("DPOP-RPL-01 once within its ttl", func(t *testing.T) {
		store, now := newStore(t, 10)
		wantUse(t, store, "a", time.Minute, true)
		wantUse(t, store, "b", time.Minute, true)
		now.Advance(30 * time.Second)
		wantUse(t, store, "a", time.Minute, false) // which prolongs nothing
		now.Advance(30*time.Second - 1)
		wantUse(t, store, "a", time.Minute, false)
		now.Advance(1)
		wantUse(t, store, "a", time.Minute, true)
		wantUse(t, store, "a", time.Minute, false)
	})
	t.Run("DPOP-RPL-01 ttls that differ", func(t *testing.T) {
		store, now := newStore(t, 1000)
		for n := range 100 {
			wantUse(t, store, fmt.Sprint(n), time.Duration(100-n)*time.Second, true)
		}
		for range 100 {
			now.Advance(time.Second - 1)
			for n := range 100 {
				live := now.Now().Before(noon.Add(time.Duration(100-n) * time.Second))
				if live {
					wantUse(t, store, fmt.Sprint(n), time.Hour, false)
				}
			}
			now.Advance(1)
		}
		for n := range 100 {
			wantUse(t, store, fmt.Sprint(n), time.Hour, true)
		}
	})
	t.Run("DPOP-RPL-01 until the end of its last second", func(t *testing.T) {
		store, now := newStore(t, 2000)
		wantUse(t, store, "a", 1500*time.Millisecond, true)
		now.Advance(1100 * time.Millisecond)
		for n := range 1000 { // in every shard, each of which forgets
			wantUse(t, store, fmt.Sprint(n), time.Minute, true)
		}
		wantUse(t, store, "a", time.Minute, false)
	})
	t.Run("DPOP-RPL-01 the clock steps back", func(t *testing.T) {
		store, now := newStore(t, 10)
		wantUse(t, store, "a", time.Minute, true)
		now.Advance(-time.Hour)
		wantUse(t, store, "a", time.Minute, false)
	})
	t.Run("DPOP-RPL-03 one of any number at once", func(t *testing.T) {
		store, _ := newStore(t, 0)
		var (
			accepted atomic.Int64
			all      sync.WaitGroup
		)
		for n := range 1000 {
			all.Go(func() {
				first, err := store.FirstUse(context.Background(), fmt.Sprint(n%10), time.Minute)
				if err != nil {
					t.Error(err)
				}
				if first {
					accepted.Add(1)
				}
			})
		}
		all.Wait()
		if accepted.Load() != 10 {
			t.Errorf("%d accepted, want 10", accepted.Load())
		}
	})
	t.Run("DPOP-RPL-05 full", func(t *testing.T) {
		store, now := newStore(t, 100)
		for n := range 100 {
			wantUse(t, store, fmt.Sprint(n), time.Minute, true)
		}
		if first, err := store.FirstUse(t.Context(), "one more", time.Minute); first || !errors.Is(err, memory.ErrFull) {
			t.Errorf("FirstUse = %v, %v of a full store", first, err)
		}
		wantUse(t, store, "7", time.Minute, false) // what it knows it still tells
		now.Advance(2 * time.Minute)
		for n := range 100 {
			wantUse(t, store, fmt.Sprint("new", n), time.Minute, true)
		}
	})
	t.Run("expired entries are forgotten", func(t *testing.T) {
		store, now := newStore(t, 100)
		for n := range 10_000 {
			wantUse(t, store, fmt.Sprint(n), time.Second, true)
			now.Advance(100 * time.Millisecond)
		}
	})
	t.Run("what can't work", func(t *testing.T) {
		store, _ := newStore(t, 10)
		for _, ttl := range []time.Duration{0, -1} {
			if first, err := store.FirstUse(t.Context(), "a", ttl); first || err == nil {
				t.Errorf("FirstUse = %v, %v for a ttl of %v", first, err, ttl)
			}
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if first, err := store.FirstUse(ended, "a", time.Minute); first || !errors.Is(err, context.Canceled) {
			t.Errorf("FirstUse = %v, %v in a context that has ended", first, err)
		}
		wantUse(t, store, "a", time.Minute, true)
		if _, err := memory.NewReplayStore(memory.ReplayConfig{MaxEntries: -1}); err == nil {
			t.Error("NewReplayStore takes a negative bound")
		}
		if _, err := memory.NewReplayStore(memory.ReplayConfig{Clock: (*clock)(nil)}); err == nil {
			t.Error("NewReplayStore takes a nil clock")
		}
	})
}

func TestDefaults(t *testing.T) {
	before := time.Now()
	if now := (memory.Clock{}).Now(); now.Before(before) || now.After(time.Now()) {
		t.Errorf("the system's clock says %v", now)
	}
	store, err := memory.NewReplayStore(memory.ReplayConfig{})
	if err != nil {
		t.Fatal(err)
	}
	wantUse(t, store, "a", time.Minute, true)
	wantUse(t, store, "a", time.Minute, false)
}

// BenchmarkFirstUse runs on a store with a million live entries, and reports what one of them takes.
func BenchmarkFirstUse(b *testing.B) {
	const live = 1 << 20
	now := &clock{}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	store, err := memory.NewReplayStore(memory.ReplayConfig{MaxEntries: 2 * live, Clock: now})
	if err != nil {
		b.Fatal(err)
	}
	const window = 330 * time.Second
	use := func(n int) {
		if first, err := store.FirstUse(context.Background(), fmt.Sprint("dpop:", n), window); !first || err != nil {
			b.Fatal(first, err)
		}
		now.Advance(window / live)
	}
	for n := range live {
		use(n)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	var longest time.Duration
	b.ReportAllocs()
	n := live
	for b.Loop() {
		start := time.Now()
		use(n)
		longest = max(longest, time.Since(start))
		n++
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/live, "bytes/entry")
	b.ReportMetric(float64(longest.Microseconds()), "longest-us")
}
