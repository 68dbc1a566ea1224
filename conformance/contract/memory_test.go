package contract_test

import (
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/conformance/contract"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/memory"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// The embedded defaults keep the contracts: by a clock that is set, and by real time.

func openCache(t *testing.T, config memory.CacheConfig) ports.Cache {
	t.Helper()
	cache, err := memory.NewCache(config)
	if err != nil {
		t.Fatal(err)
	}
	return cache
}

func TestMemoryCache(t *testing.T) {
	t.Run("a clock that is set", func(t *testing.T) {
		clock := verifiertest.NewClock(time.Now())
		contract.TestCache(t, func(t *testing.T) ports.Cache {
			return openCache(t, memory.CacheConfig{Clock: clock})
		}, contract.CacheTraits{
			Advance: clock.Advance,
			Small: func(t *testing.T) (ports.Cache, int) {
				return openCache(t, memory.CacheConfig{MaxEntries: 3, Clock: clock}), 3
			},
		})
	})
	t.Run("real time", func(t *testing.T) {
		shared := openCache(t, memory.CacheConfig{MaxEntries: 1000})
		contract.TestCache(t, func(*testing.T) ports.Cache { return shared }, contract.CacheTraits{Shared: true})
	})
}

func openReplayStore(t *testing.T, config memory.ReplayConfig) ports.ReplayStore {
	t.Helper()
	store, err := memory.NewReplayStore(config)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestMemoryReplayStore(t *testing.T) {
	t.Run("a clock that is set", func(t *testing.T) {
		clock := verifiertest.NewClock(time.Now())
		contract.TestReplayStore(t, func(t *testing.T) ports.ReplayStore {
			return openReplayStore(t, memory.ReplayConfig{Clock: clock})
		}, contract.ReplayTraits{
			Advance: clock.Advance,
			Small: func(t *testing.T) (ports.ReplayStore, int) {
				return openReplayStore(t, memory.ReplayConfig{MaxEntries: 1000, Clock: clock}), 1000
			},
		})
	})
	t.Run("real time", func(t *testing.T) {
		shared := openReplayStore(t, memory.ReplayConfig{})
		contract.TestReplayStore(t, func(*testing.T) ports.ReplayStore { return shared }, contract.ReplayTraits{Shared: true})
	})
}

func TestMemoryClock(t *testing.T) {
	contract.TestClock(t, func(*testing.T) ports.Clock { return memory.Clock{} }, contract.ClockTraits{})
}

func TestVerifiertestClock(t *testing.T) {
	contract.TestClock(t, func(*testing.T) ports.Clock { return verifiertest.NewClock(time.Now()) }, contract.ClockTraits{
		Advance: func(clock ports.Clock, d time.Duration) { clock.(*verifiertest.Clock).Advance(d) },
	})
}
