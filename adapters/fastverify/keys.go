package fastverify

import (
	"math"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	// preparedAt is the use of a key at which it is prepared: to prepare one takes as long as about three verifications.
	preparedAt = 8
	// maxCounted bounds the keys whose uses are counted.
	maxCounted = 8192
	// entrySize is about what a key takes besides what was computed from it.
	entrySize = 512
)

// preparedKeys holds the keys that are used most, in bounded memory. A key is prepared at its eighth use. One that was
// prepared before gives way only if it was not used while the new one was used so often: so clients that are more than
// there is room for don't drive each other out in turn.
type preparedKeys struct {
	maxBytes int

	mu       sync.Mutex // guards all below
	now      uint64     // how many uses there were, of all keys
	bytes    int
	counted  *simplelru.LRU[keyID, uses]
	prepared *simplelru.LRU[keyID, *heldKey]
}

// uses are those of a key that is not prepared.
type uses struct {
	since uint64 // the first one
	times int
}

// A heldKey is a prepared key, and when it was used last.
type heldKey struct {
	key  preparedKey
	size int
	last uint64
}

func newPreparedKeys(maxBytes int) *preparedKeys {
	k := &preparedKeys{maxBytes: maxBytes}
	// Their only error is a size that is not positive. The bound of prepared keys is one of bytes.
	k.counted, _ = simplelru.NewLRU[keyID, uses](maxCounted, nil)
	k.prepared, _ = simplelru.NewLRU(math.MaxInt, func(_ keyID, held *heldKey) { k.bytes -= held.size })
	return k
}

// use counts a use of a key, and returns the prepared key, nil if there is none. The caller at whose use there is to be one
// prepares it; others don't wait for that.
func (k *preparedKeys) use(id keyID, size int, prepare func() (preparedKey, error)) preparedKey {
	key, counted := k.find(id, size)
	if key != nil || counted.times != preparedAt {
		return key
	}
	key, err := prepare()
	if err != nil {
		return nil // and it is not tried again while its uses are counted
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.prepared.Contains(id) && k.makeRoom(size, counted.since) {
		k.prepared.Add(id, &heldKey{key, size, k.now})
		k.bytes += size
	}
	k.counted.Remove(id)
	return key
}

func (k *preparedKeys) find(id keyID, size int) (preparedKey, uses) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.now++
	if held, found := k.prepared.Get(id); found {
		held.last = k.now
		return held.key, uses{}
	}
	counted, found := k.counted.Get(id)
	if !found {
		counted.since = k.now
	}
	counted.times++
	if counted.times == preparedAt && !k.hasRoom(size, counted.since) {
		k.counted.Remove(id)
		return nil, uses{}
	}
	k.counted.Add(id, counted)
	return nil, counted
}

// hasRoom reports whether a key fits, or one may give way to it that was not used since.
func (k *preparedKeys) hasRoom(size int, since uint64) bool {
	if k.bytes+size <= k.maxBytes {
		return true
	}
	_, oldest, found := k.prepared.GetOldest()
	return found && oldest.last < since
}

// makeRoom has keys that were not used since give way to a new one until it fits, and reports whether it does.
func (k *preparedKeys) makeRoom(size int, since uint64) bool {
	for k.bytes+size > k.maxBytes {
		if _, oldest, found := k.prepared.GetOldest(); !found || oldest.last >= since {
			return false
		}
		k.prepared.RemoveOldest()
	}
	return true
}
