package simulation

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/verifier/internal/jitter"
)

var (
	duration  = flag.Duration("simulate.for", 0, "play histories for so long")
	histories = flag.Uint64("simulate.histories", 1000, "play so many histories, where no time is given")
	firstSeed = flag.Uint64("simulate.seed", 1, "the first seed; the others follow it")
	workers   = flag.Int("simulate.workers", 2, "play so many histories at once")
	failures  = flag.Int("simulate.failures", 1, "stop after so many histories that fail")
)

func TestMain(m *testing.M) {
	// In a bubble time is fake, so that this is the same in every run of a history.
	jitter.Int64N = func(n int64) int64 { return int64(mix(uint64(time.Now().UnixNano())) % uint64(n)) }
	os.Exit(m.Run())
}

// A result is the outcome of a history.
type result struct {
	history  *history
	breaches []breach
	log      string
	answers  map[string]int // how many requests got each
}

// watchdog ends a history that does not end by itself: fake time stands still while a goroutine spins.
const watchdog = 2 * time.Minute

// simulate plays a history in a bubble, and judges it.
func simulate(t *testing.T, h *history) (r result) {
	r = result{history: h, answers: make(map[string]int)}
	spinning := time.AfterFunc(watchdog, func() { panic(fmt.Sprintf("seed %d does not end:\n%s", h.seed, h)) })
	defer spinning.Stop()
	defer func() {
		// The bubble panics if goroutines remain, or all of them wait for one another.
		if left := recover(); left != nil {
			r.breaches = append(r.breaches, breach{"goroutines are left", fmt.Sprint(left)})
		}
	}()
	synctest.Test(t, func(*testing.T) {
		env := play(h)
		r.breaches, r.log = env.judge(), env.log()
		for _, q := range env.requests {
			r.answers[strings.TrimSpace(fmt.Sprint(q.status, " ", q.code))]++
		}
	})
	return r
}

// TestSimulation plays histories and holds each against the oracle.
func TestSimulation(t *testing.T) {
	s := &series{begun: time.Now(), next: *firstSeed, answers: make(map[string]int)}
	t.Run("histories", func(t *testing.T) {
		for n := range *workers {
			t.Run(fmt.Sprint("worker ", n), func(t *testing.T) {
				t.Parallel()
				for seed, more := s.seed(); more; seed, more = s.seed() {
					s.add(simulate(t, newHistory(seed)))
				}
			})
		}
	})
	const shown = 3
	for n, r := range s.failed {
		t.Errorf("seed %d: %s", r.history.seed, r.breaches[0])
		if n < shown {
			t.Logf("what of seed %d fails alike:\n%s", r.history.seed, shrink(t, r))
		}
	}
	if *histories == 1 && *duration == 0 {
		r := simulate(t, newHistory(*firstSeed))
		t.Logf("seed %d:\n%s\n%s", *firstSeed, r.history, r.log)
	}
	t.Log(s)
}

// A series is the histories that are played one after the other.
type series struct {
	begun time.Time

	mu       sync.Mutex // guards what follows
	next     uint64     // seed
	played   int
	reported time.Time
	answers  map[string]int
	failed   []result
}

// seed returns the next seed, unless all are played.
func (s *series) seed() (uint64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	more := s.next < *firstSeed+*histories
	if *duration > 0 {
		more = time.Since(s.begun) < *duration
	}
	if !more || len(s.failed) >= *failures {
		return 0, false
	}
	s.next++
	return s.next - 1, true
}

func (s *series) add(r result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.played++
	for answer, n := range r.answers {
		s.answers[answer] += n
	}
	if len(r.breaches) > 0 {
		s.failed = append(s.failed, r)
	}
	const interval = 10 * time.Second
	if now := time.Now(); now.Sub(s.begun) > interval && now.Sub(s.reported) > interval {
		s.reported = now
		fmt.Println(s)
	}
}

// String is a line about how many histories were played, and what the requests in them got.
func (s *series) String() string {
	var answers []string
	total := 0
	for _, answer := range slices.Sorted(maps.Keys(s.answers)) {
		answers = append(answers, fmt.Sprintf("%d times %s", s.answers[answer], answer))
		total += s.answers[answer]
	}
	return fmt.Sprintf("%d histories (seeds %d to %d) in %v, %d that failed; %d requests: %s", s.played, *firstSeed, s.next-1,
		time.Since(s.begun).Round(time.Second), len(s.failed), total, strings.Join(answers, ", "))
}

// shrink leaves out steps as long as the history breaks the same sentence without them.
func shrink(t *testing.T, r result) *history {
	h, sentence := r.history, r.breaches[0].sentence
	for again := true; again; {
		again = false
		for n := len(h.steps) - 1; n >= 0; n-- {
			less := &history{seed: h.seed, setup: h.setup, steps: slices.Delete(slices.Clone(h.steps), n, n+1)}
			if slices.ContainsFunc(simulate(t, less).breaches, func(b breach) bool { return b.sentence == sentence }) {
				h, again = less, true
			}
		}
	}
	return h
}

// TestReplay shows that a seed replays a run exactly. Left out are histories in which clients have small shares of the replay
// memory: which of several requests at one instant gets the last place, the scheduler decides.
func TestReplay(t *testing.T) {
	for seed := *firstSeed; seed < *firstSeed+*histories/10; seed++ {
		if newHistory(seed).setup.proofsPerKey > 0 {
			continue
		}
		first, second := simulate(t, newHistory(seed)), simulate(t, newHistory(seed))
		if first.log != second.log {
			t.Errorf("seed %d: two runs differ: %s", seed, difference(first.log, second.log))
		}
	}
}

// difference is the first line in which two logs differ.
func difference(one, other string) string {
	ones, others := strings.Split(one, "\n"), strings.Split(other, "\n")
	for n := range min(len(ones), len(others)) {
		if ones[n] != others[n] {
			return "\n" + ones[n] + "\n" + others[n]
		}
	}
	return fmt.Sprintf("%d and %d lines", len(ones), len(others))
}
