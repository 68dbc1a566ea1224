package verifier

import (
	"crypto/sha256"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// signed stands for a token that was verified.
func signed(compact string) *signedToken {
	return &signedToken{digest: sha256.Sum256([]byte(compact))}
}

// inOneShard returns n tokens that fall to the same shard.
func inOneShard(m *tokenMemory, n int) []string {
	var tokens []string
	for i := 0; len(tokens) < n; i++ {
		token := strconv.Itoa(i)
		if m.shard(m.place(token), 0) == &m.shards[0] {
			tokens = append(tokens, token)
		}
	}
	return tokens
}

func TestTokenMemoryIsBounded(t *testing.T) {
	size := int((&signedToken{}).size())
	for _, c := range []struct {
		name           string
		tokens, bytes  int
		remember, want int
	}{
		{name: "below the bounds", tokens: 10, bytes: 1 << 20, remember: 10, want: 10},
		{name: "by tokens", tokens: 10, bytes: 1 << 20, remember: 11, want: 10},
		{name: "a token as large as all may be", tokens: 10, bytes: size, remember: 1, want: 1},
		{name: "by bytes", tokens: 100, bytes: 3 * size, remember: 50, want: 3},
		{name: "one", tokens: 1, bytes: 1 << 20, remember: 50, want: 1},
		{name: "a token larger than all may be", tokens: 10, bytes: size - 1, remember: 1, want: 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newTokenMemory(c.tokens, c.bytes)
			for i := range c.remember {
				m.keep(m.place(strconv.Itoa(i)), signed(strconv.Itoa(i)))
				m.keep(m.place(strconv.Itoa(i)), signed(strconv.Itoa(i))) // again, by another key: held once
			}
			if got := int(m.tokens.Load()); got != c.want || got*size != int(m.bytes.Load()) {
				t.Errorf("%d tokens of %d bytes are remembered, want %d", got, m.bytes.Load(), c.want)
			}
			held := 0
			for i := range c.remember {
				if m.recall(m.place(strconv.Itoa(i)), strconv.Itoa(i)) != nil {
					held++
				}
			}
			if held != c.want {
				t.Errorf("%d are found, want %d", held, c.want)
			}
			if c.want > 0 && m.recall(m.place(strconv.Itoa(c.remember-1)), strconv.Itoa(c.remember-1)) == nil {
				t.Error("the last one is not found")
			}
			for i := range c.remember {
				m.forget(m.place(strconv.Itoa(i)))
			}
			if m.tokens.Load() != 0 || m.bytes.Load() != 0 {
				t.Errorf("%d tokens of %d bytes are left", m.tokens.Load(), m.bytes.Load())
			}
		})
	}
}

// TestTokenMemoryCountsWhatTokensHold has tokens of 16 KiB: nearly all header (x5c, say), scopes of a letter, and so
// on.
func TestTokenMemoryCountsWhatTokensHold(t *testing.T) {
	bare := (&signedToken{}).size()
	scopes := make([]string, 6<<10)
	for name, c := range map[string]struct {
		token *signedToken
		least int64
	}{
		"header":    {&signedToken{length: 16 << 10}, 16 << 10},
		"scopes":    {&signedToken{says: Verified{Scopes: scopes}}, 6 << 10 * 16},
		"audiences": {&signedToken{says: Verified{Audiences: scopes}}, 6 << 10 * 16},
	} {
		if size := c.token.size() - bare; size < c.least {
			t.Errorf("%s: counted as %d bytes, is at least %d", name, size, c.least)
		}
	}
}

func TestTokenMemoryKeepsWhatComesAgain(t *testing.T) {
	m := newTokenMemory(4, 1<<20)
	for i := range 100 {
		if m.remember(m.place(strconv.Itoa(i)), strconv.Itoa(i), &signedToken{}); m.recall(m.place(strconv.Itoa(i)), strconv.Itoa(i)) != nil {
			t.Fatalf("token %d is remembered, and came once", i)
		}
	}
	for range 2 {
		m.remember(m.place("again"), "again", &signedToken{})
	}
	if m.recall(m.place("again"), "again") == nil {
		t.Error("a token that came twice is not remembered")
	}
}

// TestNothingRejectedIsRemembered has tokens that are well signed, and no good.
func TestNothingRejectedIsRemembered(t *testing.T) {
	signer := verifiertest.MustKey(t, "ES256", "key-1")
	issuer := verifiertest.MustIssuer(t, "https://issuer.example/", signer)
	clock := verifiertest.NewClock(time.Now())
	v, err := New(Config{Domain: issuer.URL, Audiences: []string{"api"}, Algorithms: []string{"ES256"}, Fetcher: issuer, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	token := func(claims verifiertest.Claims) string {
		t.Helper()
		token := issuer.MustToken(t, claims)
		return token
	}
	for _, c := range []struct {
		claims verifiertest.Claims
		want   Code
	}{
		{verifiertest.Claims{"aud": "api", "exp": 1}, CodeExpired},
		{verifiertest.Claims{"aud": "another"}, CodeAudience},
		{verifiertest.Claims{"aud": "api", "nonce": "n"}, CodeTokenType},
		{verifiertest.Claims{"aud": "api", "cnf": "x"}, CodeConfirmation},
	} {
		rejected := token(c.claims)
		for range 3 {
			if _, err := v.VerifyAccessToken(t.Context(), rejected); !errors.Is(err, c.want) {
				t.Errorf("error is %v, want code %s", err, c.want)
			}
		}
		if held := v.remembered.tokens.Load(); held != 0 {
			t.Errorf("%d tokens are remembered after %s", held, c.want)
		}
	}

	good := token(verifiertest.Claims{"aud": "api", "exp": clock.Now().Add(time.Minute).Unix()})
	for range 2 {
		if _, err := v.VerifyAccessToken(t.Context(), good); err != nil {
			t.Fatal(err)
		}
	}
	least := (&signedToken{length: len(good)}).size()
	if held, bytes := v.remembered.tokens.Load(), v.remembered.bytes.Load(); held != 1 || bytes < least {
		t.Errorf("%d tokens of %d bytes are remembered, want one of at least %d", held, bytes, least)
	}
	clock.Advance(time.Minute)
	if _, err := v.VerifyAccessToken(t.Context(), good); !errors.Is(err, CodeExpired) {
		t.Errorf("error is %v", err)
	}
	if held := v.remembered.tokens.Load(); held != 0 {
		t.Errorf("%d tokens are remembered after the last one expired", held)
	}
}

func TestTokenMemoryForgetsTheLeastUsed(t *testing.T) {
	m := newTokenMemory(3, 1<<20)
	tokens := inOneShard(m, 4) // so that their order is known
	for _, token := range tokens[:3] {
		m.keep(m.place(token), signed(token))
	}
	m.recall(m.place(tokens[0]), tokens[0])
	m.keep(m.place(tokens[3]), signed(tokens[3]))
	if m.recall(m.place(tokens[0]), tokens[0]) == nil || m.recall(m.place(tokens[1]), tokens[1]) != nil {
		t.Error("the one used longest ago is still there, or the one used last is not")
	}
}

// TestTokenMemoryKnowsTokensByTheirDigest has a token be in the place of another.
func TestTokenMemoryKnowsTokensByTheirDigest(t *testing.T) {
	m := newTokenMemory(3, 1<<20)
	m.keep(m.place("good"), signed("good"))
	at := m.place("good")
	token, _ := m.shard(at, 0).recent.Get(at)
	token.digest[31] ^= 1 // as that of another token would be
	if m.recall(m.place("good"), "good") != nil {
		t.Error("found, though what is remembered is another token")
	}
}

func TestTokenMemoryOff(t *testing.T) {
	var m *tokenMemory
	m.remember(m.place("a"), "a", signed("a"))
	m.forget(m.place("a"))
	if m.recall(m.place("a"), "a") != nil {
		t.Error("remembered all the same")
	}
}

func TestTokenMemoryConcurrently(t *testing.T) {
	m := newTokenMemory(8, 1<<20)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 500 {
				token := strconv.Itoa(g*31 + i)
				m.keep(m.place(token), signed(token))
				m.recall(m.place(token), token)
				if i%3 == 0 {
					m.forget(m.place(token))
				}
			}
		})
	}
	wg.Wait()
	held := 0
	for i := range m.shards {
		held += m.shards[i].recent.Len()
	}
	if held > 8 || int64(held) != m.tokens.Load() || m.bytes.Load() != int64(held)*(&signedToken{}).size() {
		t.Errorf("%d are held, %d counted, of %d bytes", held, m.tokens.Load(), m.bytes.Load())
	}
}
