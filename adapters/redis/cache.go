package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	goredis "github.com/redis/go-redis/v9"
)

// maxValue is the most bytes that a value may have, by the contract of [ports.Cache].
const maxValue = 2 << 20

// mark is the first byte of every stored value. With it an empty value differs from none in the answer to
// GETRANGE, which is how a read is bounded before it is begun: whoever else can write to the server can't make
// every process of a fleet read 512 MiB.
const mark = '1'

var (
	errTooLarge = errors.New("the value is over 2 MiB")
	errForeign  = errors.New("the entry was not written by this package")
)

// A Cache is a [ports.Cache] on Redis. Any maxmemory-policy suits it, since it may forget.
//
// TTLs count in milliseconds. A client that reads from replicas (ReadOnly, RouteByLatency, RouteRandomly) may
// get a value that has just been replaced or deleted.
//
// It is safe for concurrent use.
type Cache struct {
	keyspace
}

var _ ports.Cache = (*Cache)(nil)

// NewCache returns a cache that uses client. It asks the server nothing; its error says what is wrong with client
// or config.
func NewCache(client goredis.UniversalClient, config Config) (*Cache, error) {
	keys, err := newKeyspace(client, config, "cache:")
	if err != nil {
		return nil, err
	}
	return &Cache{keys}, nil
}

// Get returns the value of key, or [ports.ErrMiss]. An entry over 2 MiB, or one that this package did not write,
// is an error.
func (c *Cache) Get(ctx context.Context, key string) ([]byte, error) {
	const lastByte = maxValue + 1 // behind the mark and a whole value: it is there if the value is too large
	entry, err := call(ctx, c.keyspace, func() (string, error) {
		return c.client.GetRange(ctx, c.prefix+key, 0, lastByte).Result()
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("holdfast/redis: get: %w", err)
	case entry == "":
		return nil, ports.ErrMiss
	case entry[0] != mark:
		return nil, fmt.Errorf("holdfast/redis: get: %w", errForeign)
	case len(entry) > lastByte:
		return nil, fmt.Errorf("holdfast/redis: get: %w", errTooLarge)
	}
	return []byte(entry[1:]), nil
}

// Set stores value under key for ttl, rounded up to milliseconds. A value over 2 MiB is an error.
func (c *Cache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if ttl <= 0 {
		return c.Delete(ctx, key)
	}
	if len(value) > maxValue {
		return fmt.Errorf("holdfast/redis: set: %w", errTooLarge)
	}
	// A copy also because a call that was given up may still be reading it.
	entry := append([]byte{mark}, value...)
	_, err := call(ctx, c.keyspace, func() (string, error) {
		cmd := goredis.NewStatusCmd(ctx, "set", c.prefix+key, entry, "px", milliseconds(ttl))
		err := c.client.Process(ctx, cmd)
		return cmd.Val(), err
	})
	if err != nil {
		return fmt.Errorf("holdfast/redis: set: %w", err)
	}
	return nil
}

// Delete removes key.
func (c *Cache) Delete(ctx context.Context, key string) error {
	_, err := call(ctx, c.keyspace, func() (int64, error) { return c.client.Del(ctx, c.prefix+key).Result() })
	if err != nil {
		return fmt.Errorf("holdfast/redis: delete: %w", err)
	}
	return nil
}

// milliseconds rounds ttl up. go-redis would round it down.
func milliseconds(ttl time.Duration) int64 {
	ms := ttl.Milliseconds()
	if ttl%time.Millisecond > 0 {
		ms++
	}
	return ms
}
