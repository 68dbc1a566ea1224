package memory

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
)

// CacheConfig says how much a [Cache] holds.
type CacheConfig struct {
	// MaxEntries bounds the entries. Zero means 100; negative is an error.
	MaxEntries int `default:"100"`
	// Clock tells the time; nil means the system's.
	Clock ports.Clock
}

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
	check := settings.In("memory", config)
	most, source := check.Int("MaxEntries"), check.ClockOr(config.Clock, Clock{})
	if err := check.Err(); err != nil {
		return nil, err
	}
	entries, err := simplelru.NewLRU[string, cacheEntry](most, nil)
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
