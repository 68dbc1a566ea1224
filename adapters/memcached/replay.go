package memcached

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/holdfast-go/holdfast/ports"
)

// A ReplayStore is a [ports.ReplayStore] on memcached: one add for each use.
//
// Each call of FirstUse writes a random value of its own. If a connection breaks before the reply, or the reply takes longer
// than the client's Timeout, the call sends its add again, up to twice and within its context. If the key is there
// then, the call reads it: its own value means that its first attempt arrived, and any other that somebody else was
// first. If the entry is gone again, or no attempt is answered in time, FirstUse returns an error; the same proof may then
// count as used, so its sender needs a new one.
//
// A proof that memcached forgets before its time can be used once more. What makes it forget, and what to do:
//
//   - Eviction. Memcached drops live entries when it is full, without a word. Start it with -M, and it refuses new
//     ones instead: FirstUse returns an error, and the request is answered 503. Give it memory for the most proofs
//     that can come within a window, and nothing else to hold.
//   - A restart. Everything is forgotten, and nothing is replicated.
//   - A change of the client's server list, or processes whose lists differ, be it in their order: keys move to
//     servers that know of no use. Change the list while no requests are served, or accept the window.
//   - A server that stands still, such as a machine that is suspended or short of CPU: an entry that it stores before
//     its clock has caught up goes early by as much, less the two seconds below.
//   - A flush_all or a delete by somebody else.
//
// TTLs count in whole seconds, rounded up, and two are added to each: memcached's clock ticks once a second, so that
// an entry goes up to a second early, and each tick comes a little late, so that now and then a second is passed over.
//
// It is safe for concurrent use.
type ReplayStore struct {
	keyspace
}

var _ ports.ReplayStore = (*ReplayStore)(nil)

// margin is how many seconds are added to a ttl so that memcached does not forget before it. An entry's time is that
// of the last tick: one second. Ticks are some milliseconds more than a second apart and take whole seconds from
// the system's clock, so every few minutes one counts two: another. (With memcached 1.6.18 an entry of 2 s, stored
// at the end of such a tick, lived for 10 ms.)
const margin = 2

// NewReplayStore returns a replay store that uses client. It asks the server nothing, so it can't tell whether the
// server evicts; its error says what is wrong with client or config.
func NewReplayStore(client *memcache.Client, config Config) (*ReplayStore, error) {
	keys, err := newKeyspace(client, config, "replay:")
	if err != nil {
		return nil, err
	}
	return &ReplayStore{keys}, nil
}

// tries is how often one call may send its use.
const tries = 3

var errGone = errors.New("a reply was lost, and the entry is gone")

// FirstUse reports whether this is the first use of key, and remembers it for ttl and up to three seconds more. A
// ttl of zero or less is an error, as is one that ends after 2038-01-19.
//
// A use whose reply was lost is sent again, up to twice, while ctx allows. Each call writes a value of its own, by which
// it knows its own use from another's.
func (s *ReplayStore) FirstUse(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	if ttl <= 0 {
		return false, errors.New("holdfast/memcached: first use: the ttl is not positive")
	}
	expiration, err := s.expiration(wholeSeconds(ttl) + margin)
	if err != nil {
		return false, fmt.Errorf("holdfast/memcached: first use: %w", err)
	}
	own := &memcache.Item{Key: s.prefix + key, Value: []byte(rand.Text()), Expiration: expiration}
	first, err := await(ctx, func() (bool, error) { return s.claim(ctx, own) })
	if err != nil {
		return false, fmt.Errorf("holdfast/memcached: first use: %w", err)
	}
	return first, nil
}

// claim reports whether own is what the server has under its key. If the first attempt was answered, its answer decides.
// After an attempt without an answer an entry may be this call's own.
func (s *ReplayStore) claim(ctx context.Context, own *memcache.Item) (bool, error) {
	for try := 1; ; try++ {
		err := s.client.Add(own)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, memcache.ErrNotStored) && try == 1:
			return false, nil
		case errors.Is(err, memcache.ErrNotStored):
			return s.holds(own)
		case try == tries || ctx.Err() != nil || !unanswered(err):
			return false, err
		}
	}
}

// holds reports whether the server has own.
func (s *ReplayStore) holds(own *memcache.Item) (bool, error) {
	item, err := s.client.Get(own.Key)
	switch {
	case errors.Is(err, memcache.ErrCacheMiss):
		return false, errGone // evicted: it is unknown whose it was
	case err != nil:
		return false, err
	case item.Key != own.Key:
		return false, errOtherKey
	}
	return bytes.Equal(item.Value, own.Value), nil
}

// unanswered reports whether err leaves open what the server did: the command may have been sent, and has no reply.
func unanswered(err error) bool {
	var network net.Error
	var dial *net.OpError
	var connect *memcache.ConnectTimeoutError
	switch {
	case errors.As(err, &connect), errors.As(err, &dial) && dial.Op == "dial":
		return false
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &network)
}
