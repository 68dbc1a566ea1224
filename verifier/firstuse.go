package verifier

import (
	"context"
	"errors"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/dpop"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

// firstUses makes sure that a proof is used once.
type firstUses struct {
	store              ports.ReplayStore
	port               *outbound.Port
	shares             *proofShares // nil if a key's proofs are not bounded
	acceptWithoutStore bool
}

func newFirstUses(c *checker, checker *dpop.Checker) *firstUses {
	u := &firstUses{store: c.DPoP.ReplayStore, acceptWithoutStore: c.DPoP.InsecureAcceptWithoutReplayStore}
	c.Port("DPoP.ReplayStore", u.store)
	if u.store == nil {
		store, err := memory.NewReplayStore(memory.ReplayConfig{Clock: c.Clock})
		if err != nil {
			c.Fault("DPoP.ReplayStore", err)
		}
		u.store = store
	}
	timeout := c.Duration("DPoP.ReplayTimeout")
	if _, embedded := u.store.(*memory.ReplayStore); embedded {
		timeout = 0 // it never waits
	}
	u.port = c.port("replay store", timeout)
	if perKey := c.Int("DPoP.MaxProofsPerKey"); perKey > 0 && checker != nil {
		u.shares = newProofShares(c.Clock, perKey, checker.MaxWindow())
	}
	return u
}

// take uses the proof as a part of its key's share of the replay store. A proof over the share can't be remembered,
// so it can't be told either whether it was used before; accepting it is never a choice, since its client would get any
// proof accepted twice by sending many.
func (u *firstUses) take(ctx context.Context, proof *dpop.Proof) (Replay, *Error) {
	if !u.shares.take(proof.Thumbprint) {
		return ReplayUnknown, proofShareUsedUp.fail("DPOP-RPL-08", "the proof's key has used up its share of the replay store; see DPoP.MaxProofsPerKey")
	}
	known, err := u.remember(ctx, proof)
	if known == Replayed {
		u.shares.giveBack(proof.Thumbprint)
	}
	return known, err
}

// remember remembers the proof, and tells whether it was used before (RFC 9449 section 11.1).
func (u *firstUses) remember(ctx context.Context, proof *dpop.Proof) (Replay, *Error) {
	first, err := outbound.Call(ctx, u.port, func(ctx context.Context) (bool, error) {
		return u.store.FirstUse(ctx, proof.ReplayKey(), proof.Window)
	})
	switch {
	case errors.Is(err, outbound.ErrCallerLeft):
		// It says nothing about the store, so it is never a reason to accept: clients choose when they hang up.
		return ReplayUnknown, canceled.because(err)
	case err != nil && u.acceptWithoutStore && !errors.Is(err, outbound.ErrStuck):
		return ReplayUnknown, nil
	case err != nil:
		return ReplayUnknown, replayStoreUnavailable.fail("DPOP-RPL-05", "").because(err)
	case !first:
		return Replayed, proofReplayed.fail("DPOP-RPL-01", "the proof was used before")
	}
	return FirstUse, nil
}
