package simulation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

// A world is where one history is played, and what happened in it.
type world struct {
	seed  uint64
	setup setup
	start time.Time

	mu        sync.Mutex // guards what follows while requests run
	issuers   []*issuer
	cache     *sharedCache
	store     *sharedStore
	processes []*process
	attempts  []*attempt
	requests  []*request
	kept      map[string]*token // the newest of each kind
	proofs    [clients]int      // that each client has made
	breaches  []breach
}

// A process is a member of the fleet. Its clock goes on when it is started again.
type process struct {
	number int
	clock  *clock
	lives  int
	life   *life // the latest
}

// A life is what a process is from one start to the next.
type life struct {
	world    *world
	process  *process
	name     string
	verifier *verifier.Verifier
	period                 // from New to Close
	closing  time.Duration // when Close was called
}

// A clock is the fake time, and by how much the process's clock differs from it.
type clock struct {
	world *world
	mu    sync.Mutex
	steps []clockStep
}

type clockStep struct{ at, offset time.Duration }

// Now returns a time that has no monotonic part, so that it can step back.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Round(0).Add(c.steps[len(c.steps)-1].offset)
}

func (c *clock) step(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.steps = append(c.steps, clockStep{c.world.now(), c.steps[len(c.steps)-1].offset + d})
}

// A request is one request and its answer.
type request struct {
	life  *life
	token *token
	proof *proof // nil for a Bearer token
	period
	patience   time.Duration // after which the client leaves; 0 for never
	status     int           // 200 for accepted
	code       verifier.Code
	retryAfter time.Duration
	cancel     context.CancelFunc
}

func newWorld(h *history) *world {
	w := &world{seed: h.seed, setup: h.setup, start: time.Now().Add(h.setup.begin), kept: make(map[string]*token)}
	for n := range h.setup.issuers {
		fresh := []time.Duration{0, 0, 5 * time.Minute, 15 * time.Second, -1, time.Hour}
		i := &issuer{number: n, fresh: fresh[draw(h.seed, "fresh", time.Duration(n))%uint64(len(fresh))]}
		i.rotate(0, true)
		w.issuers = append(w.issuers, i)
	}
	cache, _ := memory.NewCache(memory.CacheConfig{})
	w.cache = &sharedCache{Cache: cache, written: make(map[string][][]byte)}
	store, _ := memory.NewReplayStore(memory.ReplayConfig{})
	w.store = &sharedStore{ReplayStore: store}
	return w
}

// now is how long the history has lasted.
func (w *world) now() time.Duration { return time.Since(w.start) }

// play plays the history to its end, in a bubble.
func play(h *history) *world {
	w := newWorld(h)
	time.Sleep(h.setup.begin)
	for n := range h.setup.processes {
		p := &process{number: n, clock: &clock{world: w, steps: []clockStep{{0, h.setup.skew[n]}}}}
		w.processes = append(w.processes, p)
		w.launch(p)
	}
	for _, s := range h.steps {
		w.do(s)
		synctest.Wait()
	}
	w.end()
	return w
}

// launch starts a process.
func (w *world) launch(p *process) {
	p.lives++
	l := &life{world: w, process: p, name: fmt.Sprintf("process %d, life %d", p.number, p.lives), period: period{from: w.now()}}
	v, err := verifier.New(w.config(l))
	if err != nil {
		panic(err)
	}
	p.life, l.verifier = l, v
}

func (w *world) config(l *life) verifier.Config {
	s := w.setup
	c := verifier.Config{
		Audiences:  []string{audience},
		Algorithms: []string{"EdDSA"},
		Fetcher:    fetcher{w, l},
		Clock:      l.process.clock,
		Keys: verifier.KeyPolicy{
			SoftTTL: s.soft, MinTTL: s.floor, HardTTL: s.hard, Cooldown: s.cooldown,
			FetchTimeout: s.fetchTimeout, MaxIssuers: s.maxIssuers, MaxFetches: s.maxFetches,
		},
		MaxRememberedTokens: s.remembered,
		DPoP: verifier.DPoP{
			Algorithms:                       []string{"EdDSA"},
			InsecureAcceptWithoutReplayStore: s.failOpen,
			MaxProofsPerKey:                  s.proofsPerKey,
		},
	}
	for n := range s.issuers {
		c.Domains = append(c.Domains, ports.Domain{Issuer: issuerURL(n)})
	}
	if !s.ownStore {
		c.DPoP.ReplayStore = storePort{w, l}
	}
	switch s.cache {
	case authenticatedCache:
		c.Cache, c.CacheSecrets = cachePort{w, l}, [][]byte{[]byte("a secret of thirty-two bytes, say")}
	case trustedCache:
		c.Cache, c.InsecureTrustCache = cachePort{w, l}, true
	}
	return c
}

func (w *world) do(s step) {
	w.mu.Lock()
	p, i, now := w.processes[s.process], w.issuers[s.issuer], w.now()
	w.mu.Unlock()
	switch s.op {
	case opWait:
		time.Sleep(s.wait)
	case opRequest:
		w.request(p.life, s)
	case opReplay:
		w.replay(p.life, s)
	case opRestart:
		old := p.life
		w.close(old)
		w.launch(p)
		if s.which%2 == 0 {
			w.request(old, step{n: 1})
		}
	case opWarm:
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(time.Minute, cancel)
		go func() {
			defer cancel()
			_ = p.life.verifier.Warm(ctx)
		}()
	case opClock:
		p.clock.step(s.wait)
	default:
		w.mu.Lock()
		defer w.mu.Unlock()
		w.change(s, i, now)
	}
}

// change changes what the processes depend on.
func (w *world) change(s step, i *issuer, now time.Duration) {
	switch s.op {
	case opRotate:
		i.rotate(now, s.which%2 == 0)
	case opWithdraw:
		i.withdrawOldest(now)
	case opIssuer:
		i.trouble = trouble{s.fault, s.wait}
		i.troubles = began(i.troubles, now)
	case opCache:
		w.cache.trouble = trouble{s.fault, s.wait}
		w.cache.troubles = began(w.cache.troubles, now)
	case opStore:
		w.store.trouble = trouble{s.fault, s.wait}
		if s.fault != faultSlow || s.wait >= boundOfStore-100*time.Millisecond {
			w.store.troubles = began(w.store.troubles, now)
		} else {
			w.store.troubles = over(w.store.troubles, now)
		}
	case opPoison:
		w.poison(s.which)
	case opHeal:
		for _, i := range w.issuers {
			i.trouble, i.troubles = trouble{}, over(i.troubles, now)
		}
		w.cache.trouble, w.cache.troubles = trouble{}, over(w.cache.troubles, now)
		w.store.trouble, w.store.troubles = trouble{}, over(w.store.troubles, now)
	}
}

func began(troubles []period, now time.Duration) []period {
	return append(over(troubles, now), period{from: now})
}

func over(troubles []period, now time.Duration) []period {
	if n := len(troubles); n > 0 && troubles[n-1].open() {
		troubles[n-1].to = now + 1
	}
	return troubles
}

// request sends one request, or several at once with the same token and proof.
func (w *world) request(l *life, s step) {
	t := w.token(s)
	var p *proof
	if t.client != unbound {
		w.proofs[t.client]++ // so that two clients have proofs of one jti
		p = prove(t, fmt.Sprintf("proof-%d", w.proofs[t.client]), time.Now())
	}
	w.send(l, t, p, s)
}

// replay sends the proof of an earlier request, with its token.
func (w *world) replay(l *life, s step) {
	for n, back := len(w.requests)-1, s.which%4; n >= 0; n-- {
		if r := w.requests[n]; r.proof != nil {
			if back == 0 {
				w.send(l, r.token, r.proof, s)
				return
			}
			back--
		}
	}
}

// token returns the token that a step wants: the newest of its kind, or one just issued.
func (w *world) token(s step) *token {
	kinds := [...]int{tokenCurrent, tokenCurrent, tokenCurrent, tokenOlder, tokenOlder, tokenMadeUp, tokenForged, tokenShort}
	i := w.issuers[s.issuer]
	kind := kinds[s.which%8]
	client := (s.which/8)%(clients+1) - 1
	key, kid, lifetime := i.signing(), "", 60*24*time.Hour
	switch kind {
	case tokenOlder:
		key = (s.which / 64) % len(i.published)
	case tokenMadeUp:
		key, kid = stranger, fmt.Sprintf("made-up-%d", (s.which/64)%3)
	case tokenForged:
		key, kid = stranger, issuerKeys[s.issuer][(s.which/64)%len(i.published)].ID
	case tokenShort:
		lifetime = time.Minute
	}
	name := fmt.Sprint(s.issuer, key, kid, client, lifetime)
	if again := w.kept[name]; again != nil && (s.which/32)%3 != 0 {
		return again
	}
	w.kept[name] = mint(s.issuer, key, client, kid, time.Now(), lifetime)
	return w.kept[name]
}

// groupNumber is the key by which the replay store finds out whom it serves: requests that were sent at once. Groups that
// wake at one instant come there in an order that the seed decides; within a group the order makes no difference.
type groupNumber struct{}

func (w *world) send(l *life, t *token, p *proof, s step) {
	sent := verifier.Request{Method: "GET", URL: target, Header: map[string][]string{"Authorization": {"Bearer " + t.compact}}}
	if p != nil {
		sent.Header = map[string][]string{"Authorization": {"DPoP " + t.compact}, "Dpop": {p.compact}}
	}
	group := context.WithValue(context.Background(), groupNumber{}, len(w.requests))
	for range s.n {
		ctx, cancel := context.WithCancel(group)
		r := &request{life: l, token: t, proof: p, period: period{from: w.now()}, patience: s.wait, cancel: cancel}
		if s.wait > 0 {
			time.AfterFunc(s.wait, cancel)
		}
		w.mu.Lock()
		w.requests = append(w.requests, r)
		w.mu.Unlock()
		go func() {
			_, err := l.verifier.VerifyRequest(ctx, sent)
			w.mu.Lock()
			defer w.mu.Unlock()
			r.answered(err)
			r.to = max(w.now(), r.from+1)
			cancel()
		}()
		synctest.Wait()
	}
}

func (r *request) answered(err error) {
	var e *verifier.Error
	switch {
	case err == nil:
		r.status = 200
	case errors.As(err, &e):
		r.status, r.code = e.Status, e.Code
		if after := e.Header["Retry-After"]; len(after) == 1 {
			seconds, _ := strconv.Atoi(after[0])
			r.retryAfter = time.Duration(seconds) * time.Second
		}
	}
}

// close closes a verifier, which must not take long.
func (w *world) close(l *life) {
	before := w.now()
	l.closing = before
	_ = l.verifier.Close()
	l.to = w.now() + 1
	if took := w.now() - before; took > boundOfClose {
		w.breach("Close took longer than its bound", "%s: %v", l.name, took)
	}
}

// end gives what is under way the time that it may take, and ends everything.
func (w *world) end() {
	time.Sleep(w.waitBound(true) + time.Second)
	for _, r := range w.requests {
		w.mu.Lock()
		waiting := r.open()
		w.mu.Unlock()
		if waiting {
			w.breach("a request waited longer than its bound", "%v and on: %s", w.now()-r.from, r)
		}
		r.cancel()
	}
	synctest.Wait()
	for _, p := range w.processes {
		w.close(p.life)
	}
	// What an issuer that does not heed contexts holds up ends by itself.
	time.Sleep(2 * time.Minute)
}

func (r *request) String() string {
	how := "Bearer"
	if r.proof != nil {
		how = fmt.Sprintf("DPoP %s of client %d", r.proof.id, r.token.client)
	}
	outcome := "no answer"
	if !r.open() {
		outcome = fmt.Sprintf("%d %s after %v", r.status, r.code, r.to-r.from)
	}
	return fmt.Sprintf("request at %v to %s, %s issued at %v, %s, patience %v: %s",
		r.from, r.life.name, r.token.name, r.token.iat.Sub(r.life.world.start), how, r.patience, outcome)
}

// inOrder returns the requests. Those that came to one process's own store at one instant with one proof, since they had
// waited for the same keys, were served in an order that the seed does not decide: they are told as if it were that in
// which they were sent.
func (w *world) inOrder() []*request {
	if !w.setup.ownStore {
		return w.requests
	}
	type instant struct {
		life  *life
		proof *proof
		to    time.Duration
	}
	together := make(map[instant][]*request)
	told := make([]*request, len(w.requests))
	for n, r := range w.requests {
		r := *r
		told[n] = &r
		if r.proof != nil {
			together[instant{r.life, r.proof, r.to}] = append(together[instant{r.life, r.proof, r.to}], told[n])
		}
	}
	for _, requests := range together {
		statuses := make([]request, len(requests))
		for n, r := range requests {
			statuses[n] = *r
		}
		slices.SortStableFunc(statuses, func(a, b request) int { return a.status - b.status })
		for n, r := range requests {
			r.status, r.code, r.retryAfter = statuses[n].status, statuses[n].code, statuses[n].retryAfter
		}
	}
	return told
}

// log is what happened, in an order that does not depend on which of two goroutines was first at one instant.
func (w *world) log() string {
	var lines []string
	add := func(at time.Duration, format string, args ...any) {
		lines = append(lines, fmt.Sprintf("%20d ", at)+fmt.Sprintf(format, args...))
	}
	for _, r := range w.inOrder() {
		add(r.from, "%s", r)
	}
	for _, a := range w.attempts {
		add(a.from, "%s asks issuer %d for %v, good %t", a.life.name, a.issuer, a.to-a.from, a.good)
	}
	for _, u := range w.store.uses {
		add(u.from, "%s asks the replay store for %v about %s, first %t, error %v", u.life.name, u.to-u.from, u.key, u.first, u.err)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
