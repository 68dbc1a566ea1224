package keyring

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// Why a fetch did not begin, or ended before its time. None of the first two is the issuer's fault.
var (
	errClosed   = errors.New("the verifier is closed")
	errBusy     = errors.New("too many fetches wait for their turn")
	errMadeRoom = errors.New("no answer within Keys.WaitTimeout, and other fetches wait for their turn")
)

// maxWaiting bounds the flights of each class that wait for their turn.
const maxWaiting = 1024

// A class says who can bring a flight about.
type class int

const (
	// refreshing: of an issuer whose keys are held. Time brings these about, and unknown key IDs once a cooldown.
	refreshing class = iota
	// starting: of an issuer without keys. Anybody can bring these about, by a token that need not be signed. They get
	// at most half of the slots.
	starting
	classes
	noClass
)

// slots bound the flights under way at once over all issuers, so that those of one kind can't take all of them, and
// those that are late make room for those that wait. A flight that waits for its turn has no goroutine.
type slots struct {
	size, share int             // in all, and for those of class starting
	open        context.Context // of all flights, until close
	shut        context.CancelCauseFunc

	mu       sync.Mutex // guards what follows
	closed   bool
	under    [classes]int       // flights under way
	waiting  [classes][]*flight // in the order in which they came
	late     []*flight          // under way for WaitTimeout and longer
	promised [classes]int       // flights that end to make room for one that waits
	launched sync.WaitGroup     // of flights under way
}

func newSlots(size int) *slots {
	s := &slots{size: size, share: max(1, size/2)}
	s.open, s.shut = context.WithCancelCause(context.Background())
	return s
}

// launch has the flight begin, at once or when it is its turn.
func (s *slots) launch(f *flight) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return errClosed
	case s.free(f.class):
		s.begin(f)
	case len(s.waiting[f.class]) >= maxWaiting:
		return errBusy
	default:
		s.waiting[f.class] = append(s.waiting[f.class], f)
		s.makeRoom()
	}
	return nil
}

// free reports whether a flight of class c may begin.
func (s *slots) free(c class) bool {
	return s.under[refreshing]+s.under[starting] < s.size && (c == refreshing || s.under[starting] < s.share)
}

// makeRoom ends late flights for those that wait, one for each. The caller holds mu.
func (s *slots) makeRoom() {
	for c := range classes {
		// The end of a flight helps its own class, and refreshing; it helps starting if that has less than its share.
		helps := func(late *flight) bool {
			return late.class == starting || c == refreshing || s.under[starting] < s.share
		}
		for len(s.waiting[c]) > s.promised[c] {
			i := slices.IndexFunc(s.late, helps)
			if i < 0 {
				break
			}
			s.promised[c]++
			s.late[i].roomFor = c
			s.late[i].end(errMadeRoom)
			s.late = slices.Delete(s.late, i, i+1)
		}
	}
}

// begin starts a flight. The caller holds mu, and a slot is free.
func (s *slots) begin(f *flight) {
	s.under[f.class]++
	// The context belongs to no request: a flight outlives the caller that started it.
	f.ctx, f.end = context.WithCancelCause(s.open)
	f.begun.Store(true)
	s.launched.Go(func() {
		defer s.ended(f)
		f.run()
	})
}

// ended gives the slot of a flight to those whose turn it is.
func (s *slots) ended(f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.under[f.class]--
	if f.roomFor != noClass {
		s.promised[f.roomFor]--
	}
	f.over = true
	s.late = slices.DeleteFunc(s.late, func(late *flight) bool { return late == f })
	for c := range classes {
		for len(s.waiting[c]) > 0 && s.free(c) {
			s.begin(s.waiting[c][0])
			s.waiting[c] = s.waiting[c][1:]
		}
	}
}

// isLate makes a flight, which has been under way for WaitTimeout, one of those that make room for others.
func (s *slots) isLate(f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !f.over {
		s.late = append(s.late, f)
		s.makeRoom()
	}
}

// close ends the flights under way, lets none begin, and waits until all have landed.
func (s *slots) close() {
	s.mu.Lock()
	s.closed = true
	s.shut(errClosed)
	waiting := slices.Concat(s.waiting[:]...)
	clear(s.waiting[:])
	s.mu.Unlock()
	for _, f := range waiting {
		f.issuer.land(f, result{err: errClosed, at: f.asked})
	}
	s.launched.Wait()
}
