package simulation

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A fault is how an issuer, the cache or the replay store fails.
type fault int

const (
	faultNone             fault = iota
	faultSlow                   // each answer takes so long
	faultHang                   // no answer until the caller gives up
	faultError                  // an error at once
	faultPanic                  //
	faultDeaf                   // each answer takes so long, whatever becomes of the context
	faultEmptySet               // {"keys":[]}
	faultUnusableKeys           // a set without a key that can be used
	faultGarbageKeys            // a document that is not a key set
	faultGarbageMetadata        // a document that is not metadata
	faultForeignMetadata        // metadata of another issuer
	faultUnusableMetadata       // metadata without a jwks_uri that may be asked
	issuerFaults                // faults before this one are those of issuers
	faultLoss                   // the cache forgets
	faultLate                   // the replay store remembers the proof, and says that it failed
)

var faultNames = [...]string{"none", "slow", "hang", "error", "panic", "deaf", "empty key set", "unusable keys", "garbage for keys",
	"garbage for metadata", "metadata of another issuer", "metadata without a usable jwks_uri", "", "loss", "late error"}

func (f fault) String() string { return faultNames[f] }

var errFault = errors.New("fault of the simulation")

// behave spends the time that one call takes and fails as the fault says. What else a fault does is left to the caller.
func (f fault) behave(ctx context.Context, usual, slow time.Duration) error {
	switch f {
	case faultSlow:
		return rest(ctx, slow+usual)
	case faultHang:
		<-ctx.Done()
		return ctx.Err()
	case faultDeaf:
		time.Sleep(slow + usual)
		return nil
	}
	if err := rest(ctx, usual); err != nil {
		return err
	}
	switch f {
	case faultPanic:
		panic(errFault)
	case faultError:
		return errFault
	}
	return nil
}

// rest sleeps unless ctx ends before.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("gave up waiting: %w", ctx.Err())
	}
}

// A failure is how something fails from now on.
type failure struct {
	fault fault
	slow  time.Duration // what faultSlow and faultDeaf add
}

// A span is a time, from and to since the history began. To is zero while it has not ended.
type period struct{ from, to time.Duration }

func (p period) open() bool { return p.to == 0 }

func (p period) holds(at time.Duration) bool { return p.from <= at && (p.open() || at < p.to) }

// endBy is when it ended, or t if it goes on then.
func (p period) endBy(t time.Duration) time.Duration {
	if p.open() {
		return t
	}
	return min(p.to, t)
}
