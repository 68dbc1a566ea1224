package integration

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/integration/internal/servers"
	"github.com/holdfast-go/holdfast/ports"
)

// replayTimeout is the domain's limit for a call of a replay store, by default.
const replayTimeout = 500 * time.Millisecond

// A storm uses proofs on several handles of one replay store while the store's servers fail: each proof twice at once, and
// accepted ones again later. It fails the test if a proof is accepted twice, or a good one rejected.
type storm struct {
	t      *testing.T
	stores []ports.ReplayStore
	keys   atomic.Pointer[func() string] // makes a new key

	working sync.RWMutex // held for reading while a proof is on its way
	wg      sync.WaitGroup
	stopped atomic.Bool
	lossy   atomic.Bool // what is accepted now may be lost when a replica takes over, and is not tried again

	mu       sync.Mutex
	accepted []string
	proofs   int
	errors   int
}

// startStorm starts a storm that ends with the test.
func startStorm(t *testing.T, stores []ports.ReplayStore) *storm {
	s := &storm{t: t, stores: stores}
	s.useKeys(newKey)
	for range 4 {
		s.wg.Go(func() {
			for !s.stopped.Load() {
				s.step()
			}
		})
	}
	t.Cleanup(func() {
		s.stopped.Store(true)
		s.wg.Wait()
		t.Logf("%d proofs, %d calls without an answer", s.proofs, s.errors)
	})
	return s
}

func (s *storm) useKeys(keys func() string) { s.keys.Store(&keys) }

// step uses one proof, and an earlier one.
func (s *storm) step() {
	s.working.RLock()
	defer s.working.RUnlock()
	lossy := s.lossy.Load()
	key := (*s.keys.Load())()
	answers := make(chan error, 2)
	for i := range cap(answers) {
		go func() { answers <- s.use(s.stores[i%len(s.stores)], key) }()
	}
	first, used, unanswered := 0, 0, 0
	for range cap(answers) {
		switch err := <-answers; err {
		case nil:
			first++
		case errUsed:
			used++
		default:
			unanswered++
		}
	}
	if first > 1 || used == cap(answers) {
		s.t.Errorf("of two uses at once %d were the first and %d were not", first, used)
	}
	if unanswered > 0 {
		time.Sleep(5 * time.Millisecond) // an outage need not keep the machine busy
	}
	again := s.remember(key, first > 0 && !lossy, unanswered)
	if again != "" && s.use(s.stores[rand.IntN(len(s.stores))], again) == nil {
		s.t.Error("a proof was accepted a second time")
	}
}

var errUsed = errors.New("used")

// use returns nil for the first use, errUsed for another, and the error of a store that can't tell.
func (s *storm) use(store ports.ReplayStore, key string) error {
	ctx, cancel := context.WithTimeout(context.Background(), replayTimeout)
	defer cancel()
	switch first, err := store.FirstUse(ctx, key, 10*time.Minute); {
	case err != nil:
		return err
	case first:
		return nil
	}
	return errUsed
}

// remember counts, and returns an accepted key to be tried again, if there is one.
func (s *storm) remember(key string, accepted bool, unanswered int) (again string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.proofs++
	s.errors += unanswered
	if accepted {
		s.accepted = append(s.accepted, key)
	}
	if len(s.accepted) > 0 {
		again = s.accepted[rand.IntN(len(s.accepted))]
	}
	return again
}

// awaitProofs waits until so many more proofs were used.
func (s *storm) awaitProofs(more int) {
	s.t.Helper()
	count := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.proofs
	}
	want := count() + more
	eventually(s.t, "more proofs", func() bool { return count() >= want })
}

// strike lets a master fail by fault, while proofs are on their way, and returns when its replica has taken over. Redis
// replicates after it has answered, so what is accepted between the last moment at which the replica had everything and
// the take-over may be lost, and is not tried again.
func (s *storm) strike(master, replica *servers.Server, fault func()) {
	s.t.Helper()
	s.working.Lock()
	servers.AwaitReplicated(master, replica)
	s.lossy.Store(true)
	s.working.Unlock()
	s.awaitProofs(20)
	fault()
	replica.AwaitRole("master")
	s.working.Lock() // what was begun before the take-over has ended
	s.lossy.Store(false)
	s.working.Unlock()
}

// wantBack wants every store to serve new keys soon: far sooner than the minute after which go-redis looks for the
// servers of a cluster by itself.
func (s *storm) wantBack(newKey func() string) {
	s.t.Helper()
	const bound = 15 * time.Second // about 0.2 s where the machine has time to spare
	began := time.Now()
	for _, store := range s.stores {
		for err := s.use(store, newKey()); err != nil; err = s.use(store, newKey()) {
			if time.Since(began) > bound {
				s.t.Fatalf("not back after %v: %v", bound, err)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	s.t.Logf("back after %v", time.Since(began).Round(time.Millisecond))
}
