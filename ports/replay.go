package ports

import (
	"context"
	"time"
)

// A ReplayStore remembers what may be used once only: the proofs of RFC 9449 section 11.1.
//
// It must not forget an entry before its ttl has passed. A store that evicts under pressure, or loses its
// memory on a restart, opens a replay window; its documentation must say so.
//
// Keys are as those of [Cache], and the domain gives them a fixed length.
type ReplayStore interface {
	// FirstUse reports whether this is the first use of key within the last use's ttl, and remembers it for ttl.
	//
	// It must be one atomic step: of any number of concurrent calls with the same key, in any number of
	// processes that share the store, exactly one returns true until ttl has passed since that call. A call
	// that returns false must not prolong the memory. A ttl finer than the store's resolution is rounded up.
	// A ttl of zero or less is an error, as the caller's window has closed.
	//
	// If it cannot tell (the store is out of reach, or full), it must return an error, never true. After an
	// error the key may or may not be remembered.
	FirstUse(ctx context.Context, key string, ttl time.Duration) (bool, error)
}
