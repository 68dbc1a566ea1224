package player

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

// Store has proofs be remembered in a store that does what the constant says.
func Store(does string) Policy {
	return func(e *Environment, c *verifier.Config) {
		under := c.DPoP.ReplayStore
		if under == nil {
			under, _ = memory.NewReplayStore(memory.ReplayConfig{Clock: c.Clock})
		}
		if does == StoreHangs {
			c.DPoP.ReplayTimeout = 20 * time.Millisecond
		}
		c.DPoP.ReplayStore = toldStore{under, e, does}
	}
}

// KillStore ends the store that two processes share.
func KillStore(run *Run) { run.Environment.storeKilled.Store(true) }

// StoreKilled reports whether a case has ended the store.
func (e *Environment) StoreKilled() bool { return e.storeKilled.Load() }

// A toldStore is one of which a target elsewhere can be told.
type toldStore struct {
	ports.ReplayStore
	environment *Environment
	does        string
}

func (s toldStore) FirstUse(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	switch {
	case s.does == StoreAway || s.environment.StoreKilled():
		return false, errors.New("connection refused")
	case s.does == StoreHangs:
		<-ctx.Done()
		return false, ctx.Err()
	}
	return s.ReplayStore.FirstUse(ctx, key, ttl)
}

// stores tells where proofs are remembered.
func (s Settings) stores(c *verifier.Config, base verifier.Config) {
	if store, told := c.DPoP.ReplayStore.(toldStore); told {
		s[ReplayStore] = store.does
		c.DPoP.ReplayStore, c.DPoP.ReplayTimeout = base.DPoP.ReplayStore, base.DPoP.ReplayTimeout
	}
}
