package memcached

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/holdfast-go/holdfast/ports"
)

// maxValue is the most bytes that a value may have, by the contract of [ports.Cache].
const maxValue = 2 << 20

var (
	errTooLarge = errors.New("the value is over 2 MiB")
	errOtherKey = errors.New("the answer is for another key")
)

// A Cache is a [ports.Cache] on memcached.
//
// TTLs count in whole seconds, rounded up, by a clock that ticks about once a second: an entry goes up to two seconds
// early, or more if the server was short of CPU.
//
// Memcached refuses items over 1 MiB, key and header included, unless started with a larger -I (say -I 3m): Set
// then returns an error, and what was stored under the key is gone.
//
// It is safe for concurrent use.
type Cache struct {
	keyspace
}

var _ ports.Cache = (*Cache)(nil)

// NewCache returns a cache that uses client. It asks the server nothing; its error says what is wrong with client
// or config.
func NewCache(client *memcache.Client, config Config) (*Cache, error) {
	keys, err := newKeyspace(client, config, "cache:")
	if err != nil {
		return nil, err
	}
	return &Cache{keys}, nil
}

// Get returns the value of key, or [ports.ErrMiss]. A value over 2 MiB is an error.
func (c *Cache) Get(ctx context.Context, key string) ([]byte, error) {
	item, err := await(ctx, func() (*memcache.Item, error) { return c.client.Get(c.prefix + key) })
	switch {
	case errors.Is(err, memcache.ErrCacheMiss):
		return nil, ports.ErrMiss
	case err != nil:
		return nil, fmt.Errorf("holdfast/memcached: get: %w", err)
	case item.Key != c.prefix+key:
		return nil, fmt.Errorf("holdfast/memcached: get: %w", errOtherKey)
	case len(item.Value) > maxValue:
		return nil, fmt.Errorf("holdfast/memcached: get: %w", errTooLarge)
	}
	return item.Value, nil
}

// Set stores value under key for ttl, rounded up to whole seconds. A value over 2 MiB, or over what the server
// takes, is an error.
func (c *Cache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if ttl <= 0 {
		return c.Delete(ctx, key)
	}
	if len(value) > maxValue {
		return fmt.Errorf("holdfast/memcached: set: %w", errTooLarge)
	}
	expiration, err := c.expiration(wholeSeconds(ttl))
	if err != nil {
		return fmt.Errorf("holdfast/memcached: set: %w", err)
	}
	// A copy of the value, since a call that was given up may still be reading it.
	item := &memcache.Item{Key: c.prefix + key, Value: bytes.Clone(value), Expiration: expiration}
	_, err = await(ctx, func() (struct{}, error) { return struct{}{}, c.client.Set(item) })
	if err != nil {
		return fmt.Errorf("holdfast/memcached: set: %w", err)
	}
	return nil
}

// Delete removes key.
func (c *Cache) Delete(ctx context.Context, key string) error {
	_, err := await(ctx, func() (struct{}, error) { return struct{}{}, c.client.Delete(c.prefix + key) })
	if err != nil && !errors.Is(err, memcache.ErrCacheMiss) {
		return fmt.Errorf("holdfast/memcached: delete: %w", err)
	}
	return nil
}
