package simulation

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

// A sharedCache is what the fleet's processes see of one memory.Cache that fails, and that others write to.
type sharedCache struct {
	*memory.Cache
	trouble  trouble
	troubles []period            // when it had a fault
	written  map[string][][]byte // all that was ever written, by key
}

// A cachePort is the ports.Cache of one life of a process.
type cachePort struct {
	world *world
	life  *life
}

func (c cachePort) behave(ctx context.Context, what string) (fault, error) {
	w := c.world
	w.mu.Lock()
	trouble := w.cache.trouble
	w.mu.Unlock()
	usual := time.Duration(200_000 + draw(w.seed, c.life.name+what, w.now())%3_000_000)
	return trouble.fault, trouble.fault.behave(ctx, usual, trouble.slow)
}

func (c cachePort) Get(ctx context.Context, key string) ([]byte, error) {
	fault, err := c.behave(ctx, "get"+key)
	switch {
	case err != nil:
		return nil, err
	case fault == faultLoss:
		return nil, ports.ErrMiss
	}
	return c.world.cache.Cache.Get(ctx, key)
}

func (c cachePort) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	fault, err := c.behave(ctx, "set"+key)
	if err != nil || fault == faultLoss {
		return err
	}
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	c.world.cache.written[key] = append(c.world.cache.written[key], bytes.Clone(value))
	return c.world.cache.Cache.Set(ctx, key, value, ttl)
}

func (c cachePort) Delete(ctx context.Context, key string) error {
	if _, err := c.behave(ctx, "delete"+key); err != nil {
		return err
	}
	return c.world.cache.Cache.Delete(ctx, key)
}

var (
	publicKey     = regexp.MustCompile(`"x":"[^"]*"`)
	authenticator = regexp.MustCompile(` [^ \n]*\n`)
	fetchedAt     = regexp.MustCompile(`"fetched_at":"[^"]*"`)
	tooLarge      = bytes.Repeat([]byte("x"), 3<<20+1)
)

// poison replaces an entry as somebody does who may write to the cache and knows none of its secrets. One who is trusted,
// since there are no secrets, still writes garbage and old entries.
func (w *world) poison(which int) {
	keys := slices.Sorted(maps.Keys(w.cache.written))
	if len(keys) == 0 {
		return
	}
	key := keys[which%len(keys)]
	entries := w.cache.written[key]
	entry := entries[(which/7)%len(entries)]
	var value []byte
	switch kind := (which / 64) % 9; kind {
	case 0:
		value = []byte("garbage")
	case 1:
		value = entry[:len(entry)*(which/600)/110]
	case 2, 3:
		value = entry // an old one, which is authentic
	case 4:
		other := w.cache.written[keys[(which+1)%len(keys)]]
		value = other[len(other)-1]
	case 5:
		if which%8 == 0 {
			value = tooLarge
		}
	default:
		if w.setup.cache == trustedCache {
			return
		}
		value = publicKey.ReplaceAllLiteral(entry, publicKey.Find([]byte(strangerKey.jwk)))
		switch kind {
		case 6:
			value = authenticator.ReplaceAllLiteral(value, [][]byte{[]byte(" -\n"), []byte(" \n")}[which%2])
		case 8:
			clock := w.start.Add(w.now()).UTC().Format(time.RFC3339Nano)
			value = fetchedAt.ReplaceAllLiteral(value, fmt.Appendf(nil, `"fetched_at":%q`, clock))
		}
	}
	_ = w.cache.Cache.Set(context.Background(), key, value, w.setup.hard)
}

// A sharedStore is what the fleet's processes see of one memory.ReplayStore that fails.
type sharedStore struct {
	*memory.ReplayStore
	trouble  trouble
	troubles []period // when it was at fault
	uses     []*use
	served   map[string]int // calls of a group at an instant
}

// A use is one call of the replay store.
type use struct {
	life *life
	key  string
	ttl  time.Duration
	period
	first bool
	err   error
}

// A storePort is the ports.ReplayStore of one life of a process.
type storePort struct {
	world *world
	life  *life
}

func (s storePort) FirstUse(ctx context.Context, key string, ttl time.Duration) (first bool, err error) {
	w := s.world
	u := &use{life: s.life, key: key, ttl: ttl, period: period{from: w.now()}}
	w.mu.Lock()
	trouble := w.store.trouble
	w.store.uses = append(w.store.uses, u)
	group := fmt.Sprint(ctx.Value(groupNumber{}), " at ", u.from)
	if w.store.served == nil {
		w.store.served = make(map[string]int)
	}
	w.store.served[group]++
	turn := fmt.Sprint(group, ", turn ", w.store.served[group])
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		u.to, u.first, u.err = max(w.now(), u.from+1), first, err
	}()
	usual := time.Duration(100_000 + draw(w.seed, turn, u.from)%2_000_000)
	if err := trouble.fault.behave(ctx, usual, trouble.slow); err != nil {
		u.err = err
		return false, err
	}
	first, err = w.store.ReplayStore.FirstUse(ctx, key, ttl)
	if trouble.fault == faultLate {
		return false, errFault
	}
	return first, err
}
