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

// An environment is where one history is played, and what happened in it.
type environment struct {
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
	environment *environment
	process     *process
	name        string
	verifier    *verifier.Verifier
	period                    // from New to Close
	closing     time.Duration // when Close was called
}

// A clock is the fake time, and by how much the process's clock differs from it.
type clock struct {
	environment *environment
	mu          sync.Mutex
	steps       []clockStep
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
	c.steps = append(c.steps, clockStep{c.environment.now(), c.steps[len(c.steps)-1].offset + d})
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

func newEnvironment(h *history) *environment {
	env := &environment{seed: h.seed, setup: h.setup, start: time.Now().Add(h.setup.begin), kept: make(map[string]*token)}
	for n := range h.setup.issuers {
		fresh := []time.Duration{0, 0, 5 * time.Minute, 15 * time.Second, -1, time.Hour}
		i := &issuer{number: n, fresh: fresh[draw(h.seed, "fresh", time.Duration(n))%uint64(len(fresh))]}
		i.rotate(0, true)
		env.issuers = append(env.issuers, i)
	}
	cache, _ := memory.NewCache(memory.CacheConfig{})
	env.cache = &sharedCache{Cache: cache, written: make(map[string][][]byte)}
	store, _ := memory.NewReplayStore(memory.ReplayConfig{})
	env.store = &sharedStore{ReplayStore: store}
	return env
}

// now is how long the history has lasted.
func (env *environment) now() time.Duration { return time.Since(env.start) }

// play plays the history to its end, in a bubble.
func play(h *history) *environment {
	env := newEnvironment(h)
	time.Sleep(h.setup.begin)
	for n := range h.setup.processes {
		p := &process{number: n, clock: &clock{environment: env, steps: []clockStep{{0, h.setup.skew[n]}}}}
		env.processes = append(env.processes, p)
		env.launch(p)
	}
	for _, s := range h.steps {
		env.do(s)
		synctest.Wait()
	}
	env.end()
	return env
}

// launch starts a process.
func (env *environment) launch(p *process) {
	p.lives++
	l := &life{environment: env, process: p, name: fmt.Sprintf("process %d, life %d", p.number, p.lives), period: period{from: env.now()}}
	v, err := verifier.New(env.config(l))
	if err != nil {
		panic(err)
	}
	p.life, l.verifier = l, v
}

func (env *environment) config(l *life) verifier.Config {
	s := env.setup
	c := verifier.Config{
		Audiences:  []string{audience},
		Algorithms: []string{"EdDSA"},
		Fetcher:    fetcher{env, l},
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
		c.DPoP.ReplayStore = storePort{env, l}
	}
	switch s.cache {
	case authenticatedCache:
		c.Cache, c.CacheSecrets = cachePort{env, l}, [][]byte{[]byte("a secret of thirty-two bytes, say")}
	case trustedCache:
		c.Cache, c.InsecureTrustCache = cachePort{env, l}, true
	}
	return c
}

func (env *environment) do(s step) {
	env.mu.Lock()
	p, i, now := env.processes[s.process], env.issuers[s.issuer], env.now()
	env.mu.Unlock()
	switch s.op {
	case opWait:
		time.Sleep(s.wait)
	case opRequest:
		env.request(p.life, s)
	case opReplay:
		env.replay(p.life, s)
	case opRestart:
		old := p.life
		env.close(old)
		env.launch(p)
		if s.which%2 == 0 {
			env.request(old, step{n: 1})
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
		env.mu.Lock()
		defer env.mu.Unlock()
		env.change(s, i, now)
	}
}

// change changes what the processes depend on.
func (env *environment) change(s step, i *issuer, now time.Duration) {
	switch s.op {
	case opRotate:
		i.rotate(now, s.which%2 == 0)
	case opWithdraw:
		i.withdrawOldest(now)
	case opIssuer:
		i.failure = failure{s.fault, s.wait}
		i.faultTimes = began(i.faultTimes, now)
	case opCache:
		env.cache.failure = failure{s.fault, s.wait}
		env.cache.faultTimes = began(env.cache.faultTimes, now)
	case opStore:
		env.store.failure = failure{s.fault, s.wait}
		if s.fault != faultSlow || s.wait >= boundOfStore-100*time.Millisecond {
			env.store.faultTimes = began(env.store.faultTimes, now)
		} else {
			env.store.faultTimes = over(env.store.faultTimes, now)
		}
	case opPoison:
		env.poison(s.which)
	case opHeal:
		for _, i := range env.issuers {
			i.failure, i.faultTimes = failure{}, over(i.faultTimes, now)
		}
		env.cache.failure, env.cache.faultTimes = failure{}, over(env.cache.faultTimes, now)
		env.store.failure, env.store.faultTimes = failure{}, over(env.store.faultTimes, now)
	}
}

func began(faultTimes []period, now time.Duration) []period {
	return append(over(faultTimes, now), period{from: now})
}

func over(faultTimes []period, now time.Duration) []period {
	if n := len(faultTimes); n > 0 && faultTimes[n-1].open() {
		faultTimes[n-1].to = now + 1
	}
	return faultTimes
}

// request sends one request, or several at once with the same token and proof.
func (env *environment) request(l *life, s step) {
	t := env.token(s)
	var p *proof
	if t.client != unbound {
		env.proofs[t.client]++ // so that two clients have proofs of one jti
		p = prove(t, fmt.Sprintf("proof-%d", env.proofs[t.client]), time.Now())
	}
	env.send(l, t, p, s)
}

// replay sends the proof of an earlier request, with its token.
func (env *environment) replay(l *life, s step) {
	for n, back := len(env.requests)-1, s.which%4; n >= 0; n-- {
		if r := env.requests[n]; r.proof != nil {
			if back == 0 {
				env.send(l, r.token, r.proof, s)
				return
			}
			back--
		}
	}
}

// token returns the token that a step wants: the newest of its kind, or one just issued.
func (env *environment) token(s step) *token {
	kinds := [...]int{tokenCurrent, tokenCurrent, tokenCurrent, tokenOlder, tokenOlder, tokenMadeUp, tokenForged, tokenShort}
	i := env.issuers[s.issuer]
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
	if again := env.kept[name]; again != nil && (s.which/32)%3 != 0 {
		return again
	}
	env.kept[name] = mint(s.issuer, key, client, kid, time.Now(), lifetime)
	return env.kept[name]
}

// groupNumber is the key by which the replay store finds out whom it serves: requests that were sent at once. Groups that
// wake at one instant come there in an order that the seed decides; within a group the order makes no difference.
type groupNumber struct{}

func (env *environment) send(l *life, t *token, p *proof, s step) {
	sent := verifier.Request{Method: "GET", URL: target, Header: map[string][]string{"Authorization": {"Bearer " + t.compact}}}
	if p != nil {
		sent.Header = map[string][]string{"Authorization": {"DPoP " + t.compact}, "Dpop": {p.compact}}
	}
	group := context.WithValue(context.Background(), groupNumber{}, len(env.requests))
	for range s.n {
		ctx, cancel := context.WithCancel(group)
		r := &request{life: l, token: t, proof: p, period: period{from: env.now()}, patience: s.wait, cancel: cancel}
		if s.wait > 0 {
			time.AfterFunc(s.wait, cancel)
		}
		env.mu.Lock()
		env.requests = append(env.requests, r)
		env.mu.Unlock()
		go func() {
			_, err := l.verifier.VerifyRequest(ctx, sent)
			env.mu.Lock()
			defer env.mu.Unlock()
			r.answered(err)
			r.to = max(env.now(), r.from+1)
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
func (env *environment) close(l *life) {
	before := env.now()
	l.closing = before
	_ = l.verifier.Close()
	l.to = env.now() + 1
	if took := env.now() - before; took > boundOfClose {
		env.breach("Close took longer than its bound", "%s: %v", l.name, took)
	}
}

// end gives what is under way the time that it may take, and ends everything.
func (env *environment) end() {
	time.Sleep(env.waitBound(true) + time.Second)
	for _, r := range env.requests {
		env.mu.Lock()
		waiting := r.open()
		env.mu.Unlock()
		if waiting {
			env.breach("a request waited longer than its bound", "%v and on: %s", env.now()-r.from, r)
		}
		r.cancel()
	}
	synctest.Wait()
	for _, p := range env.processes {
		env.close(p.life)
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
		r.from, r.life.name, r.token.name, r.token.iat.Sub(r.life.environment.start), how, r.patience, outcome)
}

// inOrder returns the requests. Those that came to one process's own store at one instant with one proof, since they had
// waited for the same keys, were served in an order that the seed does not decide: they are told as if it were that in
// which they were sent.
func (env *environment) inOrder() []*request {
	if !env.setup.ownStore {
		return env.requests
	}
	type instant struct {
		life  *life
		proof *proof
		to    time.Duration
	}
	together := make(map[instant][]*request)
	told := make([]*request, len(env.requests))
	for n, r := range env.requests {
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
func (env *environment) log() string {
	var lines []string
	add := func(at time.Duration, format string, args ...any) {
		lines = append(lines, fmt.Sprintf("%20d ", at)+fmt.Sprintf(format, args...))
	}
	for _, r := range env.inOrder() {
		add(r.from, "%s", r)
	}
	for _, a := range env.attempts {
		add(a.from, "%s asks issuer %d for %v, good %t", a.life.name, a.issuer, a.to-a.from, a.good)
	}
	for _, u := range env.store.uses {
		add(u.from, "%s asks the replay store for %v about %s, first %t, error %v", u.life.name, u.to-u.from, u.key, u.first, u.err)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
