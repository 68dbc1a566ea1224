package contract

import (
	"context"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

// ReplayTraits say what [TestReplayStore] can't know of a replay store. The zero value is that of a store that counts
// TTLs exactly and by real time; it skips what needs a server, a full store or two handles.
type ReplayTraits struct {
	// Resolution is the step in which the store counts TTLs, such as a second. Zero means that it counts exactly.
	Resolution time.Duration
	// Advance moves the clock that all stores of the run go by. Nil means that they go by real time, which the suite
	// then waits for, some seconds in all.
	Advance func(time.Duration)
	// NonBlocking says that no call ever waits, so that none need look at its context.
	NonBlocking bool
	// Shared says that all that the constructor returns are handles on one store.
	Shared bool
	// Evicts says that the store forgets uses to make room, which opens a replay window: its documentation must say so.
	Evicts bool
	// Small opens a store that shares no memory with others, and says how many uses it can remember at most. Nil says
	// that it can't be filled by a test.
	Small func(*testing.T) (store ports.ReplayStore, holds int)
	// Connect opens a store whose server is at address, host and port. The suite plays a server that is gone, one
	// that is silent, for which the store's client should wait longer than 15 seconds by itself, and one that answers
	// nonsense. Nil says that the store needs no server.
	Connect func(t *testing.T, address string) ports.ReplayStore
	// Credentials are what stores are opened with and no error may hold.
	Credentials []string
}

// TestReplayStore proves that the stores which open returns keep the contract of [ports.ReplayStore]. It calls open at
// least once for each case, with the case's own t; the keys that it uses are new, except three that expire by
// themselves. The store must have room for about 200 uses.
func TestReplayStore(t *testing.T, open func(*testing.T) ports.ReplayStore, traits ReplayTraits) {
	t.Helper()
	if err := traits.pace().faults("ReplayTraits"); err != nil {
		t.Fatal(err)
	}
	runContract(t, replayContract(), traits.Advance == nil, func(t *testing.T, trial trial) *replayTrial {
		return newReplayTrial(t, trial, open, traits)
	})
}

func (r ReplayTraits) pace() pace { return pace{r.Resolution, r.Advance} }

// A replayTrial is a case of the replay store's contract under way.
type replayTrial struct {
	trial
	pace
	ReplayTraits
	open    func() ports.ReplayStore
	small   func() (ports.ReplayStore, int)
	connect func(address string) ports.ReplayStore
}

func newReplayTrial(
	t *testing.T, trial trial, open func(*testing.T) ports.ReplayStore, traits ReplayTraits,
) *replayTrial {
	return &replayTrial{
		trial: trial, pace: traits.pace(), ReplayTraits: traits,
		open: func() ports.ReplayStore { return rescuedReplays{open(t), trial} },
		small: func() (ports.ReplayStore, int) {
			s, holds := traits.Small(t)
			return rescuedReplays{s, trial}, holds
		},
		connect: func(address string) ports.ReplayStore { return rescuedReplays{traits.Connect(t, address), trial} },
	}
}

// rescuedReplays is a store whose panics fail the case.
type rescuedReplays struct {
	store ports.ReplayStore
	trial trial
}

func (r rescuedReplays) FirstUse(ctx context.Context, key string, ttl time.Duration) (first bool, err error) {
	defer r.trial.rescue("FirstUse", &err)
	return r.store.FirstUse(ctx, key, ttl)
}

// The traits by which a case can't be tried.

func (t *replayTrial) blocksNever() string {
	if t.NonBlocking {
		return "ReplayTraits.NonBlocking is set"
	}
	return ""
}

func (t *replayTrial) hasNoServer() string {
	if t.Connect == nil {
		return "ReplayTraits.Connect is nil"
	}
	return ""
}

func (t *replayTrial) isAlone() string {
	if !t.Shared {
		return "ReplayTraits.Shared is not set"
	}
	return ""
}

func (t *replayTrial) isNeverFull() string {
	switch {
	case t.Evicts:
		return "ReplayTraits.Evicts is set"
	case t.Small == nil:
		return "ReplayTraits.Small is nil"
	}
	return ""
}

func (t *replayTrial) hasNoCredentials() string {
	if len(t.Credentials) == 0 {
		return "ReplayTraits.Credentials are none"
	}
	return t.hasNoServer()
}

// use returns the answer of a store, and fails where it is an error.
func (t *replayTrial) use(s ports.ReplayStore, key string, ttl time.Duration) bool {
	t.Helper()
	first, err := s.FirstUse(t.Context(), key, ttl)
	if err != nil {
		t.fail("FirstUse for %v: error %v", ttl, err)
	}
	return first
}

func (t *replayTrial) wantUse(s ports.ReplayStore, key string, ttl time.Duration, want bool) {
	t.Helper()
	first, err := s.FirstUse(t.Context(), key, ttl)
	if err != nil {
		t.fail("FirstUse for %v: error %v", ttl, err)
	} else if first != want {
		t.fail("FirstUse for %v returned %t", ttl, first)
	}
}

// wantUnable wants an error, and never true.
func (t *replayTrial) wantUnable(ctx context.Context, s ports.ReplayStore, key string, ttl time.Duration) {
	t.Helper()
	var first bool
	err := t.wantAnswer("FirstUse", func() (err error) {
		first, err = s.FirstUse(ctx, key, ttl)
		return err
	})
	if err == nil || first {
		t.fail("FirstUse for %v returned %t, error %v", ttl, first, err)
	}
}
