package ports

import "errors"

// ErrMiss says that a [Cache] has no value for a key. Compare with errors.Is.
var ErrMiss = errors.New("holdfast: cache miss")

// ErrUnavailable says that something a port depends on is out of reach for now, so that asking again later may
// help. Wrap it in an error of a [DomainResolver] to have the request answered 503 instead of 500.
var ErrUnavailable = errors.New("holdfast: unavailable")
