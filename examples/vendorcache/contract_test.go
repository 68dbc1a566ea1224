package vendorcache_test

import (
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/conformance/contract"
	"github.com/holdfast-go/holdfast/examples/vendorcache"
	"github.com/holdfast-go/holdfast/ports"
)

func TestContract(t *testing.T) {
	folder := t.TempDir()
	contract.TestCache(t, func(t *testing.T) ports.Cache {
		cache, err := vendorcache.Open(folder)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cache.Close() })
		return cache
	}, contract.CacheTraits{Resolution: time.Millisecond, Shared: true})
}
