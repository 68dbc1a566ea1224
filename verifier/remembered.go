package verifier

import (
	"crypto/sha256"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/keyring"
)

// A signedToken is a token whose form and signature are good, and what it says. It does not change.
type signedToken struct {
	says  Verified
	bound confirmation
	named keyring.Selector // by which it names its key
	key   *jwk.Key         // the one that verified it
}

// size is about how many bytes it holds.
func (t *signedToken) size() int64 {
	const (
		itself    = 1024 // with the strings and slices that it was read into
		eachClaim = 64
	)
	return int64(itself + eachClaim*t.says.payload.Len() + 2*len(t.says.payload.Raw()))
}

// verified returns what the token says, for one caller to keep.
func (t *signedToken) verified() *Verified {
	says := t.says
	says.Audiences = slices.Clone(says.Audiences)
	says.Scopes = slices.Clone(says.Scopes)
	return &says
}

// A tokenMemory remembers tokens whose signature is good, so that a token that is sent again does not cost a signature
// again. They are found by the SHA-256 of the whole compact token: what is found is the very token that was verified.
// It does not judge; docs/decisions/0006-remembered-tokens.md says why that is safe.
//
// It is in shards, so that cores seldom wait for one another; its bounds hold for all of them together. A nil
// tokenMemory remembers nothing.
type tokenMemory struct {
	maxTokens, maxBytes int64
	tokens, bytes       atomic.Int64 // in all shards
	shards              [32]tokenShard
}

type tokenShard struct {
	mu     sync.Mutex // guards recent
	recent *simplelru.LRU[tokenDigest, *signedToken]
}

type tokenDigest [sha256.Size]byte

func newTokenMemory(maxTokens, maxBytes int) *tokenMemory {
	m := &tokenMemory{maxTokens: int64(maxTokens), maxBytes: int64(maxBytes)}
	forgotten := func(_ tokenDigest, token *signedToken) {
		m.tokens.Add(-1)
		m.bytes.Add(-token.size())
	}
	for i := range m.shards {
		// Its only error is a size that is not positive; the bounds here are those of all shards.
		m.shards[i].recent, _ = simplelru.NewLRU(math.MaxInt, forgotten)
	}
	return m
}

func (m *tokenMemory) digest(token string) tokenDigest {
	if m == nil {
		return tokenDigest{}
	}
	return sha256.Sum256([]byte(token))
}

// shard is the i-th after the one that has the digest's token. Nobody can make an issuer sign tokens whose digests are
// alike.
func (m *tokenMemory) shard(digest tokenDigest, i int) *tokenShard {
	return &m.shards[(int(digest[0])+i)%len(m.shards)]
}

// recall returns nil if it does not know the token.
func (m *tokenMemory) recall(digest tokenDigest) *signedToken {
	if m == nil {
		return nil
	}
	shard := m.shard(digest, 0)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	token, _ := shard.recent.Get(digest)
	return token
}

func (m *tokenMemory) remember(digest tokenDigest, token *signedToken) {
	if m == nil || token.size() > m.maxBytes {
		return
	}
	shard := m.shard(digest, 0)
	shard.mu.Lock()
	shard.recent.Remove(digest) // another key verified it before
	shard.recent.Add(digest, token)
	m.tokens.Add(1)
	m.bytes.Add(token.size())
	shard.mu.Unlock()
	m.makeRoom(digest)
}

// makeRoom forgets tokens other than the one just remembered until the bounds hold: those of its own shard first, the
// one used longest ago before others.
func (m *tokenMemory) makeRoom(remembered tokenDigest) {
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
func (s *tokenShard) forgetOldest(spare tokenDigest) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if oldest, _, found := s.recent.GetOldest(); !found || oldest == spare {
		return false
	}
	s.recent.RemoveOldest()
	return true
}

func (m *tokenMemory) forget(digest tokenDigest) {
	if m == nil {
		return
	}
	shard := m.shard(digest, 0)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	shard.recent.Remove(digest)
}
