package memory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/clock"
)

// CacheConfig says how much a [Cache] holds.
type CacheConfig struct {
	// MaxEntries bounds the entries. Zero means 100; negative is an error.
	MaxEntries int
	// Clock tells the time; nil means the system's.
	Clock ports.Clock
}

const defaultCacheEntries = 100

// A Cache is a [ports.Cache] in the memory of one process. When it is full the entry that was used longest ago goes
// first. It is safe for concurrent use.
type Cache struct {
	clock ports.Clock

	mu      sync.Mutex // guards entries
	entries *simplelru.LRU[string, cacheEntry]
}

type cacheEntry struct {
	value   []byte
	expires time.Time
}

// NewCache returns an empty cache. Its error names the field that can't work.
func NewCache(config CacheConfig) (*Cache, error) {
	if config.MaxEntries < 0 {
		return nil, errors.New("memory: MaxEntries must not be negative")
	}
	if config.MaxEntries == 0 {
		config.MaxEntries = defaultCacheEntries
	}
	source, err := clock.Or(config.Clock, Clock{})
	if err != nil {
		return nil, fmt.Errorf("memory: %w", err)
	}
	entries, err := simplelru.NewLRU[string, cacheEntry](config.MaxEntries, nil)
	if err != nil {
		return nil, err
	}
	return &Cache{clock: source, entries: entries}, nil
}

// Get returns a copy of the value last set for key, or [ports.ErrMiss].
func (c *Cache) Get(ctx context.Context, key string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	entry, found := c.entries.Get(key)
	if !found {
		return nil, ports.ErrMiss
	}
	if !c.clock.Now().Before(entry.expires) {
		c.entries.Remove(key)
		return nil, ports.ErrMiss
	}
	return slices.Clone(entry.value), nil
}

// Set stores a copy of value for ttl; a ttl of zero or less removes what was there.
func (c *Cache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if ttl <= 0 {
		return c.Delete(ctx, key)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries.Add(key, cacheEntry{value: append([]byte{}, value...), expires: c.clock.Now().Add(ttl)})
	return nil
}

// Delete removes key.
func (c *Cache) Delete(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries.Remove(key)
	return nil
}
