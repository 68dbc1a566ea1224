package verifier

import (
	"encoding/binary"
	"sync"
	"testing"
)

// nth is a digest that falls to the n-th shard.
func nth(n int) tokenDigest {
	var digest tokenDigest
	binary.BigEndian.PutUint64(digest[8:], uint64(n))
	digest[0] = byte(n)
	return digest
}

func TestTokenMemoryIsBounded(t *testing.T) {
	token := &signedToken{}
	for _, c := range []struct {
		name           string
		tokens, bytes  int
		remember, want int
	}{
		{name: "below the bounds", tokens: 10, bytes: 1 << 20, remember: 10, want: 10},
		{name: "by tokens", tokens: 10, bytes: 1 << 20, remember: 11, want: 10},
		{name: "by bytes", tokens: 100, bytes: 3 * int(token.size()), remember: 50, want: 3},
		{name: "one", tokens: 1, bytes: 1 << 20, remember: 50, want: 1},
		{name: "a token larger than all may be", tokens: 10, bytes: int(token.size()) - 1, remember: 1, want: 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newTokenMemory(c.tokens, c.bytes)
			for i := range c.remember {
				m.remember(nth(i), token)
				m.remember(nth(i), token) // again, by another key: held once
			}
			if got := int(m.tokens.Load()); got != c.want || int64(got)*token.size() != m.bytes.Load() {
				t.Errorf("%d tokens of %d bytes are remembered, want %d", got, m.bytes.Load(), c.want)
			}
			held := 0
			for i := range c.remember {
				if m.recall(nth(i)) != nil {
					held++
				}
			}
			if held != c.want {
				t.Errorf("%d are found, want %d", held, c.want)
			}
			if c.want > 0 && m.recall(nth(c.remember-1)) == nil {
				t.Error("the last one is not found")
			}
			for i := range c.remember {
				m.forget(nth(i))
			}
			if m.tokens.Load() != 0 || m.bytes.Load() != 0 {
				t.Errorf("%d tokens of %d bytes are left", m.tokens.Load(), m.bytes.Load())
			}
		})
	}
}

func TestTokenMemoryForgetsTheLeastUsed(t *testing.T) {
	m := newTokenMemory(3, 1<<20)
	shards := len(m.shards)
	token := &signedToken{}
	// All of one shard, so that their order is known.
	for _, n := range []int{0, shards, 2 * shards} {
		m.remember(nth(n), token)
	}
	m.recall(nth(0))
	m.remember(nth(3*shards), token)
	if m.recall(nth(0)) == nil || m.recall(nth(shards)) != nil {
		t.Error("the one used longest ago is still there, or the one used last is not")
	}
}

func TestTokenMemoryOff(t *testing.T) {
	var m *tokenMemory
	m.remember(m.digest("a"), &signedToken{})
	m.forget(m.digest("a"))
	if m.recall(m.digest("a")) != nil {
		t.Error("remembered all the same")
	}
}

func TestTokenMemoryConcurrently(t *testing.T) {
	m := newTokenMemory(8, 1<<20)
	token := &signedToken{}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 500 {
				n := nth(g*31 + i)
				m.remember(n, token)
				m.recall(n)
				if i%3 == 0 {
					m.forget(n)
				}
			}
		})
	}
	wg.Wait()
	held := 0
	for i := range m.shards {
		held += m.shards[i].recent.Len()
	}
	if held > 8 || int64(held) != m.tokens.Load() || m.bytes.Load() != int64(held)*token.size() {
		t.Errorf("%d are held, %d counted, of %d bytes", held, m.tokens.Load(), m.bytes.Load())
	}
}
