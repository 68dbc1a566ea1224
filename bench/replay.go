package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/holdfast-go/holdfast/verifier/memory"
)

const (
	// liveProofs is how many proofs the replay memory holds when it is measured.
	liveProofs = 1_000_000
	// proofWindow is how long each is remembered. New ones come at the rate at which old ones expire.
	proofWindow = 300 * time.Second
)

// A replayMeasure is what the replay memory of a process costs when it holds so many proofs.
type replayMeasure struct {
	bytes  float64       // of memory for all of them
	perUse time.Duration // while one proof expires for each that comes
	worst  time.Duration // of all uses one by one
	// worstExpired is the worst use after all that was held has expired at once.
	worstExpired time.Duration
}

// measureReplay returns the best of some rounds, with so many live proofs: what else the machine does is in none of the
// figures for long, and a pause that the memory makes is in each round.
func measureReplay(ctx context.Context, rounds, live int) (best replayMeasure, err error) {
	for i := range rounds {
		if err := ctx.Err(); err != nil {
			return best, err
		}
		m, err := measureReplayOnce(ctx, live)
		if err != nil {
			return best, err
		}
		if i == 0 {
			best = m
		}
		best = replayMeasure{
			bytes:        min(best.bytes, m.bytes),
			perUse:       min(best.perUse, m.perUse),
			worst:        min(best.worst, m.worst),
			worstExpired: min(best.worstExpired, m.worstExpired),
		}
	}
	return best, nil
}

// measureReplayOnce fills a new memory, uses it while it stays as full, and lets all of it expire.
func measureReplayOnce(ctx context.Context, live int) (m replayMeasure, err error) {
	clock := &steppedClock{start: time.Now()}
	empty := heap()
	store, err := memory.NewReplayStore(memory.ReplayConfig{Clock: clock})
	if err != nil {
		return m, err
	}
	proofs := &proofKeys{}
	user := replayUser{store, clock, proofWindow / time.Duration(live)}
	const parts = 5 // of what is live are made, and timed, at a time
	uses := live / parts
	for range parts {
		if err := user.useAll(ctx, proofs.make(uses)); err != nil {
			return m, err
		}
	}
	m.bytes = heap() - empty

	fresh := proofs.make(uses)
	runtime.GC()
	start := time.Now()
	if err := user.useAll(ctx, fresh); err != nil {
		return m, err
	}
	m.perUse = time.Since(start) / time.Duration(uses)

	if m.worst, err = user.worst(ctx, proofs.make(uses)); err != nil {
		return m, err
	}
	clock.advance(2 * proofWindow)
	m.worstExpired, err = user.worst(ctx, proofs.make(uses))
	return m, err
}

// heap is what is held of the heap, in bytes.
func heap() float64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}

// A replayUser uses a proof each interval.
type replayUser struct {
	store    *memory.ReplayStore
	clock    *steppedClock
	interval time.Duration
}

func (u replayUser) use(ctx context.Context, key string) error {
	u.clock.advance(u.interval)
	first, err := u.store.FirstUse(ctx, key, proofWindow)
	if err == nil && !first {
		err = errors.New("the replay memory takes a new proof for a used one")
	}
	return err
}

func (u replayUser) useAll(ctx context.Context, keys []string) error {
	for _, key := range keys {
		if err := u.use(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// worst uses keys one by one, and returns the longest that one took.
func (u replayUser) worst(ctx context.Context, keys []string) (time.Duration, error) {
	took := make([]time.Duration, len(keys))
	runtime.GC()
	for i, key := range keys {
		start := time.Now()
		if err := u.use(ctx, key); err != nil {
			return 0, err
		}
		took[i] = time.Since(start)
	}
	return slices.Max(took), nil
}

// proofKeys makes keys as the domain does, no two alike.
type proofKeys struct{ made uint64 }

func (p *proofKeys) make(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		p.made++
		sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, p.made))
		keys[i] = "dpop:" + base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return keys
}

// A steppedClock moves only when it is told to.
type steppedClock struct {
	start  time.Time
	passed atomic.Int64
}

func (c *steppedClock) Now() time.Time          { return c.start.Add(time.Duration(c.passed.Load())) }
func (c *steppedClock) advance(d time.Duration) { c.passed.Add(int64(d)) }
