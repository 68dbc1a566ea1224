package verifier

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// keepNow remembers a token as if it had been verified once before.
func (m *tokenMemory) keepNow(compact string) {
	m.once.again(m.place(compact))
	m.remember(m.place(compact), compact, &signedToken{})
}

// known reports whether a token is remembered.
func (m *tokenMemory) known(compact string) bool { return m.recall(m.place(compact), compact) != nil }

// held is how many tokens the shards have.
func (m *tokenMemory) held() int {
	n := 0
	for i := range m.shards {
		n += m.shards[i].probation.Len() + m.shards[i].protected.Len()
	}
	return n
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
				m.keepNow(strconv.Itoa(i))
				m.keepNow(strconv.Itoa(i)) // again, by another key: held once
			}
			if got := int(m.tokens.Load()); got != c.want || got*size != int(m.bytes.Load()) || got != m.held() {
				t.Errorf("%d tokens of %d bytes are remembered, want %d", got, m.bytes.Load(), c.want)
			}
			found := 0
			for i := range c.remember {
				if m.known(strconv.Itoa(i)) {
					found++
				}
			}
			if found != c.want {
				t.Errorf("%d are found, want %d", found, c.want)
			}
			if c.want > 0 && !m.known(strconv.Itoa(c.remember-1)) {
				t.Error("the last one is not found")
			}
			for i := range c.remember {
				m.forget(m.place(strconv.Itoa(i)))
			}
			if m.tokens.Load() != 0 || m.bytes.Load() != 0 || m.held() != 0 {
				t.Errorf("%d tokens of %d bytes are left", m.tokens.Load(), m.bytes.Load())
			}
		})
	}
}

// TestTokenMemoryHoldsAllThatFit has tokens in turn, nearly as many as may be remembered: from the third time on they are
// found, and others that come once or twice drive out a quarter of them at most.
func TestTokenMemoryHoldsAllThatFit(t *testing.T) {
	const live = 1000
	m := newTokenMemory(1024, 8<<20)
	found := 0
	send := func(token string) {
		if m.known(token) {
			found++
		} else {
			m.remember(m.place(token), token, &signedToken{})
		}
	}
	all := func() int {
		found = 0
		for i := range live {
			send(strconv.Itoa(i))
		}
		return found
	}
	all()
	all()
	for turn := range 3 {
		if found := all(); found < live*98/100 {
			t.Errorf("turn %d: %d of %d are found", turn+3, found, live)
		}
	}
	for i := range 10 * live {
		for range 1 + i%2 {
			send(strconv.Itoa(live + i))
		}
	}
	if found := all(); found < live*75/100 {
		t.Errorf("after a scan %d of %d are found", found, live)
	}
}

// TestTokenMemoryAdmitsHalf has twice as many tokens in turn as may be remembered: some are found each time.
func TestTokenMemoryAdmitsHalf(t *testing.T) {
	const live, turns = 2048, 8
	m := newTokenMemory(live/2, 8<<20)
	found := 0
	for range turns {
		for i := range live {
			if token := strconv.Itoa(i); m.known(token) {
				found++
			} else {
				m.remember(m.place(token), token, &signedToken{})
			}
		}
	}
	if found < turns*live/10 {
		t.Errorf("%d of %d are found", found, turns*live)
	}
}

// TestTokenMemoryCountsWhatTokensHold has tokens of 16 KiB: nearly all text, escapes, scopes of a letter, and so on.
func TestTokenMemoryCountsWhatTokensHold(t *testing.T) {
	bare := (&signedToken{}).size()
	scopes := make([]string, 6<<10)
	for name, c := range map[string]struct {
		token *signedToken
		least int64
	}{
		"payload":   {&signedToken{claims: signedClaims{payload: strings.Repeat(" ", 16<<10)}}, 3 * 16 << 10}, // and what may be decoded
		"escapes":   {&signedToken{claims: signedClaims{payload: strings.Repeat(`\\`, 8<<10)}}, 4 * 16 << 10},
		"key ID":    {&signedToken{keyID: strings.Repeat("k", 512)}, 512},
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
	remembered := 0
	for i := range 100 {
		if m.remember(m.place(strconv.Itoa(i)), strconv.Itoa(i), &signedToken{}); m.known(strconv.Itoa(i)) {
			remembered++
		}
	}
	if remembered > 3 { // it may err once
		t.Fatalf("%d of 100 tokens are remembered, and came once", remembered)
	}
	for range 2 {
		m.remember(m.place("again"), "again", &signedToken{})
	}
	if !m.known("again") {
		t.Error("a token that came twice is not remembered")
	}
	newer := &signedToken{}
	if m.remember(m.place("again"), "again", newer); m.recall(m.place("again"), "again") != newer {
		t.Error("what was verified by a newer key waits for a second time")
	}
}

// TestOnceTable has tokens of one set: four of them are known, and each of them once.
func TestOnceTable(t *testing.T) {
	table := newOnceTable(1)
	at := func(i int) place { return place(i)<<(64-fingerprint) | 2 }
	for _, step := range []struct {
		token int
		want  bool
	}{
		{0, false}, {2, false}, {3, false}, {4, false}, {5, false}, // 0, which is noted as 1, is lost
		{0, false}, {3, true}, {3, false}, {5, true}, {4, true}, {3, true}, {0, true}, {0, false},
	} {
		if got := table.again(at(step.token)); got != step.want {
			t.Errorf("token %d: again is %v, want %v", step.token, got, step.want)
		}
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
	least := (&signedToken{}).size()
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
	tokens := inOneShard(m, 6) // so that their order is known
	holds := func(step string, want ...int) {
		t.Helper()
		for i, token := range tokens {
			if got := m.shard(m.place(token), 0).has(m.place(token)); got != slices.Contains(want, i) {
				t.Errorf("%s: token %d is held: %v", step, i, got)
			}
		}
	}
	for _, token := range tokens[:3] {
		m.keepNow(token)
	}
	m.known(tokens[0])
	m.keepNow(tokens[3])
	holds("0 was recalled", 0, 2, 3)
	m.known(tokens[2])
	m.keepNow(tokens[4])
	holds("so was 2", 0, 2, 4)
	m.known(tokens[4])
	m.keepNow(tokens[5])
	holds("and 4, so that one of them must go", 2, 4, 5)
}

// TestTokenMemoryLeavesSomeOnProbation has the oldest token go that was recalled, where few others were not.
func TestTokenMemoryLeavesSomeOnProbation(t *testing.T) {
	m := newTokenMemory(8, 1<<20)
	tokens := inOneShard(m, 9)
	for i, token := range tokens {
		if m.keepNow(token); i < 7 {
			m.known(token)
		}
	}
	if at := m.place(tokens[7]); !m.shard(at, 0).has(at) {
		t.Error("the one token on probation is gone")
	}
	if at := m.place(tokens[0]); m.shard(at, 0).has(at) {
		t.Error("the token that was recalled longest ago is still there")
	}
}

// TestTokenMemoryKnowsTokensByTheirSeal has a token be in the place of another.
func TestTokenMemoryKnowsTokensByTheirSeal(t *testing.T) {
	m := newTokenMemory(3, 1<<20)
	m.keepNow("good")
	at := m.place("good")
	for _, other := range []string{"gooc", "goo", "good ", "good\x00", ""} {
		if m.recall(at, other) != nil {
			t.Errorf("%q is found, though another token is remembered", other)
		}
	}
	token := m.recall(at, "good")
	if token == nil {
		t.Fatal("not found")
	}
	for i := range token.seal {
		token.seal[i] ^= 1
		if m.recall(at, "good") != nil {
			t.Errorf("found, though byte %d of the seal is another", i)
		}
		token.seal[i] ^= 1
	}
	if newTokenMemory(3, 1<<20).sealer == m.sealer {
		t.Error("two memories have one key")
	}
}

func TestTokenMemoryOff(t *testing.T) {
	var m *tokenMemory
	m.remember(m.place("a"), "a", &signedToken{})
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
				m.keepNow(token)
				m.known(token)
				if i%3 == 0 {
					m.forget(m.place(token))
				}
			}
		})
	}
	wg.Wait()
	held := m.held()
	if held > 8 || int64(held) != m.tokens.Load() || m.bytes.Load() != int64(held)*(&signedToken{}).size() {
		t.Errorf("%d are held, %d counted, of %d bytes", held, m.tokens.Load(), m.bytes.Load())
	}
}
