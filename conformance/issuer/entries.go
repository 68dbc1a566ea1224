package issuer

import (
	"crypto/rand"
	"time"
)

// maxEntries bounds each kind of entry that clients and browsers can make the issuer keep.
const maxEntries = 10_000

// entries are what the issuer keeps for a while, each under a handle that can't be guessed.
type entries[T any] map[string]entry[T]

type entry[T any] struct {
	value T
	until time.Time
}

// add keeps value until that time and returns its handle. Where there are too many, some other entry goes: a test
// issuer does not live long enough for more care.
func (e entries[T]) add(value T, until time.Time) (handle string) {
	for full := range e {
		if len(e) < maxEntries {
			break
		}
		delete(e, full)
	}
	handle = rand.Text()
	e[handle] = entry[T]{value, until}
	return handle
}

// get returns what is kept under handle.
func (e entries[T]) get(handle string, now time.Time) (T, bool) {
	found, ok := e[handle]
	if !ok || !now.Before(found.until) {
		var none T
		return none, false
	}
	return found.value, true
}

// take is get for the last time.
func (e entries[T]) take(handle string, now time.Time) (T, bool) {
	value, ok := e.get(handle, now)
	delete(e, handle)
	return value, ok
}
