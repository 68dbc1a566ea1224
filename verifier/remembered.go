package verifier

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"hash/maphash"
	"math"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// A tokenMemory remembers tokens whose signature is good, so that a token that is sent again does not cost a signature
// again. What is found has the seal of the whole compact token: it is the very token that was verified. It decides
// nothing; docs/decisions/0006-remembered-tokens.md says why that is safe.
//
// It is in shards, so that cores rarely wait for one another; its bounds hold for all of them together. A nil
// tokenMemory remembers nothing.
type tokenMemory struct {
	maxTokens, maxBytes int64
	tokens, bytes       atomic.Int64 // in all shards
	seed                maphash.Seed
	sealer              cipher.AEAD
	shards              [32]tokenShard
	once                onceTable
}

// A tokenShard has its tokens in two lists (a segmented LRU), each in the order of their last use: those on probation,
// which were not recalled since they were remembered, and those that were. Tokens that come twice or three times drive
// out one another, and none that comes often.
type tokenShard struct {
	mu                   sync.Mutex // guards both
	probation, protected *simplelru.LRU[place, *signedToken]
}

// A place is where a token may be: a hash that costs next to nothing, so that what was never seen, garbage of any size
// included, costs no more. Of two tokens with one place the later is remembered.
type place uint64

func newTokenMemory(maxTokens, maxBytes int) *tokenMemory {
	if maxTokens == 0 {
		return nil
	}
	m := &tokenMemory{
		maxTokens: int64(maxTokens), maxBytes: int64(maxBytes),
		seed: maphash.MakeSeed(), sealer: newSealer(), once: newOnceTable(maxTokens),
	}
	for i := range m.shards {
		// Their only error is a size that is not positive; the bounds here are those of all shards.
		m.shards[i].probation, _ = simplelru.NewLRU[place, *signedToken](math.MaxInt, nil)
		m.shards[i].protected, _ = simplelru.NewLRU[place, *signedToken](math.MaxInt, nil)
	}
	return m
}

// newSealer returns AES-GCM with nonces at random, which FIPS 140-3 mode has too.
func newSealer() cipher.AEAD {
	var key [16]byte
	rand.Read(key[:])
	block, _ := aes.NewCipher(key[:]) // its only error is a key of another size
	sealer, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // it takes every AES
	}
	return sealer
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
	token := m.shard(at, 0).recall(at)
	if token == nil {
		return nil
	}
	if _, err := m.sealer.Open(nil, nil, token.seal[:], bytesOf(compact)); err != nil {
		return nil
	}
	return token
}

// bytesOf are the token's own bytes, without a copy: they are read, and nothing is ever written to them.
func bytesOf(compact string) []byte { return unsafe.Slice(unsafe.StringData(compact), len(compact)) }

// remember keeps a token from the second time on that it is verified. Many come once only: they would cost more than
// they save, and drive out those that come again. One that is remembered already was verified by another key before. It
// keeps no part of compact.
func (m *tokenMemory) remember(at place, compact string, token *signedToken) {
	if m == nil || !m.once.again(at) && !m.shard(at, 0).has(at) {
		return
	}
	token.settle()
	m.sealer.Seal(token.seal[:0], nil, nil, bytesOf(compact))
	if token.bound.jkt != "" {
		digest := sha256.Sum256(bytesOf(compact)) // DPoP proofs name it
		token.digest = &digest
	}
	m.keep(at, token)
}

func (m *tokenMemory) keep(at place, token *signedToken) {
	if token.size() > m.maxBytes {
		return
	}
	shard := m.shard(at, 0)
	shard.mu.Lock()
	m.count(-1, shard.take(at))
	shard.probation.Add(at, token)
	m.count(1, token)
	shard.mu.Unlock()
	m.makeRoom(at)
}

// makeRoom forgets tokens other than the one just remembered until the bounds hold: those of its own shard first.
func (m *tokenMemory) makeRoom(remembered place) {
	for i := range m.shards {
		shard := m.shard(remembered, i)
		for m.tokens.Load() > m.maxTokens || m.bytes.Load() > m.maxBytes {
			shard.mu.Lock()
			forgotten := shard.takeOldest(remembered)
			m.count(-1, forgotten)
			shard.mu.Unlock()
			if forgotten == nil {
				break
			}
		}
	}
}

func (m *tokenMemory) forget(at place) {
	if m == nil {
		return
	}
	shard := m.shard(at, 0)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	m.count(-1, shard.take(at))
}

// count counts a token once more or less, unless it is nil.
func (m *tokenMemory) count(n int64, token *signedToken) {
	if token != nil {
		m.tokens.Add(n)
		m.bytes.Add(n * token.size())
	}
}

func (s *tokenShard) has(at place) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.probation.Contains(at) || s.protected.Contains(at)
}

// recall returns the token of a place, nil if there is none, and ends its probation.
func (s *tokenShard) recall(at place) *signedToken {
	s.mu.Lock()
	defer s.mu.Unlock()
	if token, found := s.protected.Get(at); found {
		return token
	}
	token := s.take(at)
	if token != nil {
		s.protected.Add(at, token)
	}
	return token
}

// take removes the token of a place and returns it, nil if there is none.
func (s *tokenShard) take(at place) *signedToken {
	for _, list := range [...]*simplelru.LRU[place, *signedToken]{s.probation, s.protected} {
		if token, found := list.Peek(at); found {
			list.Remove(at)
			return token
		}
	}
	return nil
}

// takeOldest removes the token that was used longest ago, of those on probation where they are over a quarter, and
// returns it. It returns nil if there is no other than the one to spare.
func (s *tokenShard) takeOldest(spare place) *signedToken {
	first, then := s.protected, s.probation
	if 3*s.probation.Len() > s.protected.Len() {
		first, then = then, first
	}
	for _, list := range [...]*simplelru.LRU[place, *signedToken]{first, then} {
		if oldest, token, found := list.GetOldest(); found && oldest != spare {
			list.RemoveOldest()
			return token
		}
	}
	return nil
}

// A onceTable has fingerprints of the tokens that were verified once, recently: four in each word, the newest in the
// lowest bits. There are eight for each token that may be remembered, so that few lose theirs before they come again.
type onceTable []atomic.Uint64

const fingerprint = 16 // bits

func newOnceTable(maxTokens int) onceTable { return make(onceTable, 2*maxTokens) }

// again reports whether a token was verified once before, as far as is known. If so its fingerprint goes, or else it is
// noted. It errs by 1 in 16,000, and then a token is remembered the first time.
func (t onceTable) again(at place) bool {
	set := &t[uint64(at)%uint64(len(t))]
	one := max(1, uint64(at)>>(64-fingerprint)) // zero is an empty place
	held := set.Load()
	for shift := 0; held>>shift != 0; shift += fingerprint {
		if held>>shift&(1<<fingerprint-1) == one {
			newer := held & (1<<shift - 1)
			set.Store(held>>shift>>fingerprint<<shift | newer)
			return true
		}
	}
	set.Store(held<<fingerprint | one) // of two at once one may be lost, and costs a signature more
	return false
}
