package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	goredis "github.com/redis/go-redis/v9"
)

// A ReplayStore is a [ports.ReplayStore] on Redis: one SET with NX and PX for each use. TTLs count in milliseconds.
//
// Each call of FirstUse writes a random value of its own. If a connection breaks before the reply, or the reply takes longer
// than the client's ReadTimeout, the call sends its SET again, up to twice and within its context. If the key is there
// then, the call reads it: its own value means that its first attempt arrived, and any other that somebody else was
// first. If the entry is gone again, or no attempt is answered in time, FirstUse returns an error; the same proof may then
// count as used, so its sender needs a new one.
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
//   - A master that was taken for dead and comes back. Behind Sentinels it takes uses until it is demoted, some ten seconds
//     later, from clients that have not heard of the take-over; in a Cluster until the first message of the other nodes.
//     With min-replicas-to-write 1 it refuses them, as it has lost its replica.
//   - A clock that is set forward, as TTLs count by the clock of the server.
//   - A FLUSHALL or a DEL by somebody else. Give the store its own user or server.
//
// Calls that come while four round trips are under way share the next one, each with a SET and an answer of its own. A
// *redis.ClusterClient sends each by itself, so that a node that hangs holds up only its own keys.
//
// Replicas are read only where a reply was lost and the client reads from replicas (ReadOnly, RouteByLatency): a replica
// that lags makes it an error. A *redis.Ring is refused: it moves the keys of a shard that is away to other shards,
// which know of no use.
//
// It is safe for concurrent use.
type ReplayStore struct {
	keyspace
	// process sends a command.
	process func(context.Context, goredis.Cmder) error
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
	s := &ReplayStore{keys, client.Process}
	if trips, shared := newTrips(client); shared {
		s.process = trips.process
	}
	return s, nil
}

// tries is how often one call may send its use.
const tries = 3

var errGone = errors.New("a reply was lost, and the entry is gone")

// FirstUse reports whether this is the first use of key, and remembers it for ttl, rounded up to milliseconds. A
// ttl of zero or less is an error.
//
// A use whose reply was lost is sent again, up to twice, while ctx allows. Each call writes a value of its own, by which
// it knows its own use from another's.
func (s *ReplayStore) FirstUse(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	if ttl <= 0 {
		return false, errors.New("holdfast/redis: first use: the ttl is not positive")
	}
	own := rand.Text()
	first, err := call(ctx, s.keyspace, func() (bool, error) { return s.claim(ctx, s.prefix+key, own, milliseconds(ttl)) })
	if err != nil {
		return false, fmt.Errorf("holdfast/redis: first use: %w", err)
	}
	return first, nil
}

// claim reports whether own is what the server has under key. If the first attempt was answered, its answer decides. After
// an attempt without an answer an entry may be this call's own.
func (s *ReplayStore) claim(ctx context.Context, key, own string, ms int64) (bool, error) {
	for try := 1; ; try++ {
		cmd := once{goredis.NewBoolCmd(ctx, "set", key, own, "px", ms, "nx")}
		err := s.process(ctx, cmd)
		switch {
		case err == nil && (cmd.Val() || try == 1):
			return cmd.Val(), nil
		case err == nil:
			return s.holds(ctx, key, own)
		case try == tries || ctx.Err() != nil || !unanswered(err):
			return false, err
		}
		s.topology.reload()
	}
}

// holds reports whether the value of key is own. It reads no more than that, whatever somebody else wrote.
func (s *ReplayStore) holds(ctx context.Context, key, own string) (bool, error) {
	value, err := s.client.GetRange(ctx, key, 0, int64(len(own))).Result()
	if err == nil && value == "" {
		err = errGone // evicted, or not replicated yet: it is unknown whose it was
	}
	return err == nil && value == own, err
}

// unanswered reports whether err leaves open what the server did: the command may have been sent, and has no reply.
func unanswered(err error) bool {
	var reply goredis.Error
	var dial *net.OpError
	switch {
	case errors.As(err, &reply), errors.Is(err, goredis.ErrPoolTimeout), errors.Is(err, goredis.ErrClosed):
		return false
	case errors.As(err, &dial) && dial.Op == "dial":
		return false
	}
	return true
}

// once is a command that go-redis doesn't send again, so that claim knows whether there was an attempt before.
type once struct{ *goredis.BoolCmd }

// NoRetry tells go-redis so.
func (once) NoRetry() bool { return true }
