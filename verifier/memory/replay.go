package memory

import (
	"container/heap"
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
)

// ErrFull says that a [ReplayStore] holds as many live entries as it may, so that it can't remember one more.
var ErrFull = errors.New("memory: the replay store is full")

// ReplayConfig says how much a [ReplayStore] holds.
type ReplayConfig struct {
	// MaxEntries bounds the entries that are remembered at a time. Zero means 1,048,576, which take about 70 MiB;
	// negative is an error.
	MaxEntries int `default:"1048576"`
	// Clock tells the time; nil means the system's.
	Clock ports.Clock
}

// A ReplayStore is a [ports.ReplayStore] in the memory of one process. It forgets all when the process ends, and no
// other process knows what it remembers: a fleet must share a store, or a proof can be used once in each process.
//
// When it is full of entries that are still live, FirstUse returns [ErrFull], and the request is undecidable:
// forgetting an entry to make room would let an attacker who sends many proofs use one of them twice.
//
// It is safe for concurrent use, and runs nothing in the background: each call forgets a few entries that have expired.
type ReplayStore struct {
	clock  ports.Clock
	max    int64
	held   atomic.Int64
	shards [64]replayShard
}

// A digest stands for a key, whatever its length. 128 bits of SHA-256 are beyond finding a second key for; if one were
// found, it would be taken for used.
type digest [16]byte

// A replayShard holds the digests that begin alike, so that cores rarely wait for one another.
type replayShard struct {
	mu      sync.Mutex         // guards what follows
	expires map[digest]int64   // in Unix nanoseconds
	due     map[int64][]digest // by the second after which they have expired
	seconds secondHeap         // the keys of due, soonest first
}

// NewReplayStore returns an empty store. Its error names the field that can't work.
func NewReplayStore(config ReplayConfig) (*ReplayStore, error) {
	check := settings.In("memory", config)
	s := &ReplayStore{clock: check.ClockOr(config.Clock, Clock{}), max: int64(check.Int("MaxEntries"))}
	if err := check.Err(); err != nil {
		return nil, err
	}
	for i := range s.shards {
		s.shards[i].expires = make(map[digest]int64)
		s.shards[i].due = make(map[int64][]digest)
	}
	return s, nil
}

// sweepLimit bounds how many expired entries one call forgets, so that no call pays for all.
const sweepLimit = 4

// maxTTL keeps expiries within what Unix nanoseconds can tell, which ends in 2262.
const maxTTL = 100 * 365 * 24 * time.Hour

// FirstUse reports whether this is the first use of key within its ttl. See [ports.ReplayStore].
func (s *ReplayStore) FirstUse(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if ttl <= 0 {
		return false, errors.New("memory: a replay entry needs a positive ttl")
	}
	sum := sha256.Sum256([]byte(key))
	used := digest(sum[:])
	shard := &s.shards[used[0]%byte(len(s.shards))]
	now := s.clock.Now()

	if s.held.Load() >= s.max {
		s.makeRoom(now)
	}
	shard.mu.Lock()
	defer shard.mu.Unlock()
	expires, found := shard.expires[used]
	if found && now.UnixNano() < expires {
		return false, nil
	}
	s.held.Add(-int64(shard.sweep(now, sweepLimit)))
	if s.held.Add(1) > s.max {
		s.held.Add(-1)
		return false, ErrFull
	}
	if _, found := shard.expires[used]; found {
		s.held.Add(-1) // it has expired, and is held once
	}
	shard.remember(used, now.Add(min(ttl, maxTTL)))
	return true, nil
}

// makeRoom has every shard forget some of what has expired.
func (s *ReplayStore) makeRoom(now time.Time) {
	for i := range s.shards {
		shard := &s.shards[i]
		shard.mu.Lock()
		s.held.Add(-int64(shard.sweep(now, sweepLimit)))
		shard.mu.Unlock()
	}
}

func (shard *replayShard) remember(used digest, expires time.Time) {
	shard.expires[used] = expires.UnixNano()
	second := expires.Unix()
	if _, found := shard.due[second]; !found {
		heap.Push(&shard.seconds, second)
	}
	shard.due[second] = append(shard.due[second], used)
}

// sweep forgets up to limit entries that have expired, and returns how many it forgot.
func (shard *replayShard) sweep(now time.Time, limit int) (forgotten int) {
	for looked := 0; looked < limit && len(shard.seconds) > 0; {
		second := shard.seconds[0]
		if second >= now.Unix() {
			return forgotten
		}
		list := shard.due[second]
		for ; len(list) > 0 && looked < limit; looked++ {
			last := list[len(list)-1]
			list = list[:len(list)-1]
			// One that was used again after it had expired is due later.
			if shard.expires[last]/int64(time.Second) == second {
				delete(shard.expires, last)
				forgotten++
			}
		}
		if len(list) > 0 {
			shard.due[second] = list
			return forgotten
		}
		delete(shard.due, second)
		heap.Pop(&shard.seconds)
	}
	return forgotten
}

// A secondHeap is a heap of points in time, soonest first.
type secondHeap []int64

func (h secondHeap) Len() int           { return len(h) }
func (h secondHeap) Less(i, j int) bool { return h[i] < h[j] }
func (h secondHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *secondHeap) Push(second any)   { *h = append(*h, second.(int64)) }
func (h *secondHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
