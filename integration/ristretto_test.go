package integration

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/dgraph-io/ristretto/v2"

	"github.com/holdfast-go/holdfast/conformance/contract"
	"github.com/holdfast-go/holdfast/ports"
)

// A ristrettoCache is a [ports.Cache] as a user of ristretto writes one: its Set returns before Get finds the value.
type ristrettoCache struct {
	*ristretto.Cache[string, []byte]
}

func (c ristrettoCache) Get(_ context.Context, key string) ([]byte, error) {
	value, found := c.Cache.Get(key)
	if !found {
		return nil, ports.ErrMiss
	}
	return bytes.Clone(value), nil
}

func (c ristrettoCache) Set(_ context.Context, key string, value []byte, ttl time.Duration) error {
	switch {
	case ttl <= 0:
		c.Del(key)
	case len(value) > maxValue:
		return errors.New("the value is over 2 MiB")
	case !c.SetWithTTL(key, append([]byte{}, value...), int64(len(value)), ttl):
		return errors.New("ristretto dropped the value")
	}
	return nil
}

func (c ristrettoCache) Delete(_ context.Context, key string) error {
	c.Del(key)
	return nil
}

// A cache that stores in the background keeps the contract.
func TestRistretto(t *testing.T) {
	contract.TestCache(t, func(t *testing.T) ports.Cache {
		cache, err := ristretto.NewCache(&ristretto.Config[string, []byte]{NumCounters: 10_000, MaxCost: 64 << 20, BufferItems: 64})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(cache.Close)
		return ristrettoCache{cache}
	}, contract.CacheTraits{NonBlocking: true, Asynchronous: true})
}
