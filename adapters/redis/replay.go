package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	goredis "github.com/redis/go-redis/v9"
)

// A ReplayStore is a [ports.ReplayStore] on Redis: one SET with NX and PX for each use. TTLs count in milliseconds.
//
// A proof that Redis forgets before its time can be used once more. What makes it forget, and what to do:
//
//   - Eviction. Set maxmemory-policy to noeviction (Redis's own default, but not every provider's). Each entry has
//     a TTL, so the volatile policies evict it as the allkeys ones do. With noeviction a server that is full
//     refuses the write, FirstUse returns an error, and the request is answered 503.
//   - A restart. Without appendonly yes everything is forgotten; with appendfsync everysec the last second may be.
//   - A failover. Redis replicates after it has answered (Sentinel and Cluster alike), so a replica that takes over
//     may lack the last uses, and no setting makes that impossible: WAIT and min-replicas-to-write narrow it. Such a
//     proof can be replayed until its own window closes; keep that window short.
//   - A clock that is set forward, as TTLs count by the clock of the server.
//   - A FLUSHALL or a DEL by somebody else. Give the store its own user or server.
//
// Replicas are never read. A *redis.Ring is refused: it moves the keys of a shard that is away to other shards,
// which know of no use.
//
// It is safe for concurrent use.
type ReplayStore struct {
	keyspace
}

var _ ports.ReplayStore = (*ReplayStore)(nil)

// NewReplayStore returns a replay store that uses client. It asks the server nothing, so it can't tell whether the
// server evicts; its error says what is wrong with client or config.
func NewReplayStore(client goredis.UniversalClient, config Config) (*ReplayStore, error) {
	keys, err := newKeyspace(client, config, "replay:")
	if _, moves := client.(*goredis.Ring); moves {
		err = errors.Join(err, errors.New("holdfast/redis: client is a *redis.Ring, which forgets uses when a shard is away"))
	}
	if err != nil {
		return nil, err
	}
	return &ReplayStore{keys}, nil
}

// FirstUse reports whether this is the first use of key, and remembers it for ttl, rounded up to milliseconds. A
// ttl of zero or less is an error. It is sent once, whatever the client's MaxRetries.
func (s *ReplayStore) FirstUse(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	if ttl <= 0 {
		return false, errors.New("holdfast/redis: first use: the ttl is not positive")
	}
	first, err := await(ctx, func() (bool, error) {
		cmd := once{goredis.NewBoolCmd(ctx, "set", s.prefix+key, 1, "px", milliseconds(ttl), "nx")}
		err := s.client.Process(ctx, cmd)
		return cmd.Val(), err
	})
	if err != nil {
		return false, fmt.Errorf("holdfast/redis: first use: %w", err)
	}
	return first, nil
}

// once is a command that go-redis doesn't send again. If the reply to a SET NX was lost, a second one would find
// the first one's entry and call a good proof a replay, where the truth is that nobody can tell.
type once struct{ *goredis.BoolCmd }

// NoRetry tells go-redis so.
func (once) NoRetry() bool { return true }
