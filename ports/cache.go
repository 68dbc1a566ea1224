package ports

import (
	"context"
	"time"
)

// A Cache holds opaque bytes for a while. The domain shares issuers' documents through it, so that a fleet asks
// an issuer once instead of once a process.
//
// A Cache may forget any entry at any time; forgetting costs a fetch. What it returns is untrusted input to the
// domain, which authenticates it if the application configured a secret.
//
// Keys have 1 to 128 characters of A-Z a-z 0-9 and . _ - : and need no further escaping. Values have at most
// 2 MiB; a cache that cannot hold a value returns an error from Set.
type Cache interface {
	// Get returns a copy of the value last set for key. It must return an error for which
	// errors.Is(err, [ErrMiss]) holds when there is none, it expired or was evicted, and must not
	// return such an error when it cannot tell. A Set may take effect after it has returned, or be forgotten:
	// without it Get returns the value that was there, or ErrMiss; it never goes back to an older one. Get must not
	// prolong a ttl.
	Get(ctx context.Context, key string) ([]byte, error)
	// Set stores a copy of value for ttl, replacing what was there. A ttl of zero or less stores nothing and
	// removes what was there; one that is finer than the store's resolution is rounded up. The value may be
	// empty, which is not a miss.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Delete removes key. That there is none is not an error.
	Delete(ctx context.Context, key string) error
}
