package verifier

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/holdfast-go/holdfast/ports"
)

// proofShares bounds how many proofs of one key the replay store must remember, so that one client with one good token
// can't fill it for all others. It is a token bucket for each key: a number of proofs at once, and as many again in the
// time that a proof is remembered, so that the store never holds more than twice that number of one key.
//
// Only the keys of good tokens with good proofs get here, and those used longest ago are forgotten first: a key that is
// forgotten starts with a full bucket. Nil shares bound nothing.
type proofShares struct {
	clock ports.Clock
	whole time.Duration // how long it takes an empty bucket to fill
	each  time.Duration // the part of it that one proof costs

	mu   sync.Mutex // guards full
	full *simplelru.LRU[string, time.Time]
}

// maxProofKeys bounds the keys whose buckets are known.
const maxProofKeys = 10_000

func newProofShares(clock ports.Clock, proofs int, window time.Duration) *proofShares {
	// Its only error is a size that is not positive.
	full, _ := simplelru.NewLRU[string, time.Time](maxProofKeys, nil)
	return &proofShares{clock: clock, whole: window, each: max(1, window/time.Duration(proofs)), full: full}
}

// take takes one proof out of a key's bucket, and reports false if it is empty.
func (s *proofShares) take(thumbprint string) bool {
	if s == nil {
		return true
	}
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	// The bucket is full again at this time. One further ahead than it can be is from before the clock was set back.
	full, _ := s.full.Get(thumbprint)
	if full.Before(now) || full.After(now.Add(s.whole)) {
		full = now
	}
	full = full.Add(s.each)
	if full.After(now.Add(s.whole)) {
		return false
	}
	s.full.Add(thumbprint, full)
	return true
}

// giveBack returns a proof that was not remembered.
func (s *proofShares) giveBack(thumbprint string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if full, known := s.full.Get(thumbprint); known {
		s.full.Add(thumbprint, full.Add(-s.each))
	}
}
