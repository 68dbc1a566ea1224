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
	failure    failure
	faultTimes []period            // when it had a fault
	written    map[string][][]byte // all that was ever written, by key
}

// A cachePort is the ports.Cache of one life of a process.
type cachePort struct {
	environment *environment
	life        *life
}

func (c cachePort) behave(ctx context.Context, what string) (fault, error) {
	env := c.environment
	env.mu.Lock()
	failure := env.cache.failure
	env.mu.Unlock()
	usual := time.Duration(200_000 + draw(env.seed, c.life.name+what, env.now())%3_000_000)
	return failure.fault, failure.fault.behave(ctx, usual, failure.slow)
}

func (c cachePort) Get(ctx context.Context, key string) ([]byte, error) {
	fault, err := c.behave(ctx, "get"+key)
	switch {
	case err != nil:
		return nil, err
	case fault == faultLoss:
		return nil, ports.ErrMiss
	}
	return c.environment.cache.Cache.Get(ctx, key)
}

func (c cachePort) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	fault, err := c.behave(ctx, "set"+key)
	if err != nil || fault == faultLoss {
		return err
	}
	c.environment.mu.Lock()
	defer c.environment.mu.Unlock()
	c.environment.cache.written[key] = append(c.environment.cache.written[key], bytes.Clone(value))
	return c.environment.cache.Cache.Set(ctx, key, value, ttl)
}

func (c cachePort) Delete(ctx context.Context, key string) error {
	if _, err := c.behave(ctx, "delete"+key); err != nil {
		return err
	}
	return c.environment.cache.Cache.Delete(ctx, key)
}

var (
	publicKey     = regexp.MustCompile(`"x":"[^"]*"`)
	authenticator = regexp.MustCompile(` [^ \n]*\n`)
	fetchedAt     = regexp.MustCompile(`"fetched_at":"[^"]*"`)
	tooLarge      = bytes.Repeat([]byte("x"), 3<<20+1)
)

// poison replaces an entry as somebody does who may write to the cache and knows none of its secrets. One who is trusted,
// since there are no secrets, still writes garbage and old entries.
func (env *environment) poison(which int) {
	keys := slices.Sorted(maps.Keys(env.cache.written))
	if len(keys) == 0 {
		return
	}
	key := keys[which%len(keys)]
	entries := env.cache.written[key]
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
		other := env.cache.written[keys[(which+1)%len(keys)]]
		value = other[len(other)-1]
	case 5:
		if which%8 == 0 {
			value = tooLarge
		}
	default:
		if env.setup.cache == trustedCache {
			return
		}
		value = publicKey.ReplaceAllLiteral(entry, publicKey.Find([]byte(strangerKey.jwk)))
		switch kind {
		case 6:
			value = authenticator.ReplaceAllLiteral(value, [][]byte{[]byte(" -\n"), []byte(" \n")}[which%2])
		case 8:
			clock := env.start.Add(env.now()).UTC().Format(time.RFC3339Nano)
			value = fetchedAt.ReplaceAllLiteral(value, fmt.Appendf(nil, `"fetched_at":%q`, clock))
		}
	}
	_ = env.cache.Cache.Set(context.Background(), key, value, env.setup.hard)
}

// A sharedStore is what the fleet's processes see of one memory.ReplayStore that fails.
type sharedStore struct {
	*memory.ReplayStore
	failure    failure
	faultTimes []period // when it was at fault
	uses       []*use
	served     map[string]int // calls of a group at an instant
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
	environment *environment
	life        *life
}

func (s storePort) FirstUse(ctx context.Context, key string, ttl time.Duration) (first bool, err error) {
	env := s.environment
	u := &use{life: s.life, key: key, ttl: ttl, period: period{from: env.now()}}
	env.mu.Lock()
	failure := env.store.failure
	env.store.uses = append(env.store.uses, u)
	group := fmt.Sprint(ctx.Value(groupNumber{}), " at ", u.from)
	if env.store.served == nil {
		env.store.served = make(map[string]int)
	}
	env.store.served[group]++
	turn := fmt.Sprint(group, ", turn ", env.store.served[group])
	env.mu.Unlock()
	defer func() {
		env.mu.Lock()
		defer env.mu.Unlock()
		u.to, u.first, u.err = max(env.now(), u.from+1), first, err
	}()
	usual := time.Duration(100_000 + draw(env.seed, turn, u.from)%2_000_000)
	if err := failure.fault.behave(ctx, usual, failure.slow); err != nil {
		u.err = err
		return false, err
	}
	first, err = env.store.ReplayStore.FirstUse(ctx, key, ttl)
	if failure.fault == faultLate {
		return false, errFault
	}
	return first, err
}
