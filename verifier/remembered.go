package verifier

import (
	"crypto/sha256"
	"hash/maphash"
	"math"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// A tokenMemory remembers tokens whose signature is good, so that a token that is sent again does not cost a signature
// again. What is found has the SHA-256 of the whole compact token: it is the very token that was verified. It decides
// nothing; docs/decisions/0006-remembered-tokens.md says why that is safe.
//
// It is in shards, so that cores rarely wait for one another; its bounds hold for all of them together. A nil
// tokenMemory remembers nothing.
type tokenMemory struct {
	maxTokens, maxBytes int64
	tokens, bytes       atomic.Int64 // in all shards
	seed                maphash.Seed
	shards              [32]tokenShard
	// once has the places of tokens that were verified once, recently.
	once []atomic.Uint64
}

type tokenShard struct {
	mu     sync.Mutex // guards recent
	recent *simplelru.LRU[place, *signedToken]
}

// A place is where a token may be: a hash that costs next to nothing, so that what was never seen, garbage of any size
// included, is not worth a SHA-256. Of two tokens with one place the later is remembered.
type place uint64

func newTokenMemory(maxTokens, maxBytes int) *tokenMemory {
	if maxTokens == 0 {
		return nil
	}
	const manyOnce = 1 << 16
	m := &tokenMemory{
		maxTokens: int64(maxTokens), maxBytes: int64(maxBytes),
		seed: maphash.MakeSeed(),
		once: make([]atomic.Uint64, min(maxTokens, manyOnce)),
	}
	forgotten := func(_ place, token *signedToken) {
		m.tokens.Add(-1)
		m.bytes.Add(-token.size())
	}
	for i := range m.shards {
		// Its only error is a size that is not positive; the bounds here are those of all shards.
		m.shards[i].recent, _ = simplelru.NewLRU(math.MaxInt, forgotten)
	}
	return m
}

func (m *tokenMemory) place(compact string) place {
	if m == nil {
		return 0
	}
	return place(maphash.String(m.seed, compact))
}

// shard is the i-th after the one that has the place.
func (m *tokenMemory) shard(at place, i int) *tokenShard {
	return &m.shards[(int(at%place(len(m.shards)))+i)%len(m.shards)]
}

// recall returns nil if it does not know the token.
func (m *tokenMemory) recall(at place, compact string) *signedToken {
	if m == nil {
		return nil
	}
	shard := m.shard(at, 0)
	shard.mu.Lock()
	token, found := shard.recent.Get(at)
	shard.mu.Unlock()
	if !found || token.digest != sha256.Sum256([]byte(compact)) {
		return nil
	}
	return token
}

// remember keeps a token from the second time on that it is verified. Many come once only: they would cost more than
// they save, and drive out those that come again.
func (m *tokenMemory) remember(at place, compact string, token *signedToken) {
	if m == nil {
		return
	}
	if before := m.once[at%place(len(m.once))].Swap(uint64(at)); place(before) != at {
		return
	}
	token.digest = sha256.Sum256([]byte(compact))
	m.keep(at, token)
}

func (m *tokenMemory) keep(at place, token *signedToken) {
	if token.size() > m.maxBytes {
		return
	}
	shard := m.shard(at, 0)
	shard.mu.Lock()
	shard.recent.Remove(at) // it was verified by another key before
	shard.recent.Add(at, token)
	m.tokens.Add(1)
	m.bytes.Add(token.size())
	shard.mu.Unlock()
	m.makeRoom(at)
}

// makeRoom forgets tokens other than the one just remembered until the bounds hold: those of its own shard first, the
// one used longest ago before others.
func (m *tokenMemory) makeRoom(remembered place) {
	for i := range m.shards {
		shard := m.shard(remembered, i)
		for m.tokens.Load() > m.maxTokens || m.bytes.Load() > m.maxBytes {
			if !shard.forgetOldest(remembered) {
				break
			}
		}
	}
}

// forgetOldest reports false if there is nothing else to forget than the token to spare.
func (s *tokenShard) forgetOldest(spare place) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if oldest, _, found := s.recent.GetOldest(); !found || oldest == spare {
		return false
	}
	s.recent.RemoveOldest()
	return true
}

func (m *tokenMemory) forget(at place) {
	if m == nil {
		return
	}
	shard := m.shard(at, 0)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	shard.recent.Remove(at)
}
