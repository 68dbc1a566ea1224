package player

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

// A Background sees what verifiers do behind the backs of their requests, so that a case can wait for it: they ask an
// issuer again, and write to the cache that they share. It is safe for concurrent use.
type Background struct {
	mu      sync.Mutex    // guards what follows
	changed chan struct{} // closed when something happens

	fetches     int // that have ended, well or not
	writes      int // to the shared cache that have ended, well or not
	cacheFaults int // calls of the shared cache that failed; a miss is none
}

// Watch adds a Background to a configuration that is otherwise complete. Each verifier of the configuration reports to
// it; an Observer that is there already is told after it.
func Watch(config *verifier.Config) *Background {
	b := &Background{changed: make(chan struct{})}
	told := config.Observer
	config.Observer = func(e ports.KeyEvent) {
		b.observe(e)
		if told != nil {
			told(e)
		}
	}
	if config.Cache != nil {
		config.Cache = watchedCache{config.Cache, b}
	}
	return b
}

func (b *Background) observe(e ports.KeyEvent) {
	switch e.Kind {
	case ports.KeysFetched, ports.KeysRefused:
		b.happen(func() { b.fetches++ })
	}
}

// happen makes a change, and wakes those who wait for one.
func (b *Background) happen(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
	close(b.changed)
	b.changed = make(chan struct{})
}

// patience is how long a case waits for what must happen. Only a case that fails waits so long.
const patience = time.Minute

// await returns when condition holds.
func (b *Background) await(ctx context.Context, what string, condition func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		b.mu.Lock()
		happened, changed := condition(), b.changed
		b.mu.Unlock()
		if happened {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waited for %s: %w", what, ctx.Err())
		}
	}
}

// A watchedCache reports to a Background.
type watchedCache struct {
	ports.Cache
	background *Background
}

func (c watchedCache) Get(ctx context.Context, key string) ([]byte, error) {
	value, err := c.Cache.Get(ctx, key)
	if err != nil && !errors.Is(err, ports.ErrMiss) {
		c.background.happen(func() { c.background.cacheFaults++ })
	}
	return value, err
}

func (c watchedCache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	err := c.Cache.Set(ctx, key, value, ttl)
	c.background.happen(func() {
		c.background.writes++
		if err != nil {
			c.background.cacheFaults++
		}
	})
	return err
}
