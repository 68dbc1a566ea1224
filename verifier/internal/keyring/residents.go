package keyring

import "sync"

// residents are the issuers that a ring holds: at most MaxIssuers. Requests find theirs in a map that is read without a
// lock; only who brings a new one takes the mutex, and looks at few of them.
type residents struct {
	// bySource maps Source to *issuer. A source is as wide as a pointer, so that looking one up allocates nothing.
	bySource sync.Map

	mu   sync.Mutex // guards what follows, and changes of the map
	list []*issuer  // shuffled
	hand int        // where the search for the next one to evict begins
}

// looks is how many residents are looked at to find the one to evict. So up to that many are evicted strictly by their last
// use. Of more the one evicted is among the 5 % used longest ago in 19 of 20 cases.
const looks = 64

// find returns nil for an issuer that is not held.
func (r *residents) find(source Source) *issuer {
	held, found := r.bySource.Load(source)
	if !found {
		return nil
	}
	return held.(*issuer)
}

// admit holds an issuer, in place of another one if there are as many as may be. It returns the one that is held, which
// may have been admitted meanwhile.
func (r *Ring) admit(source Source) *issuer {
	r.held.mu.Lock()
	defer r.held.mu.Unlock()
	if held := r.held.find(source); held != nil {
		return held
	}
	admitted := r.newIssuer(source)
	if len(r.held.list) < r.MaxIssuers {
		r.held.append(admitted)
	} else {
		evicted := &r.held.list[r.victim()]
		r.held.bySource.Delete((*evicted).source)
		*evicted = admitted
	}
	r.held.bySource.Store(source, admitted)
	return admitted
}

// append shuffles, since issuers that came together may be in use together: neighbors in the list have nothing in common.
func (r *residents) append(admitted *issuer) {
	r.list = append(r.list, admitted)
	const golden = 0x9e3779b97f4a7c15 // of Fibonacci hashing
	last := len(r.list) - 1
	other := uint64(len(r.list)) * golden >> 32 % uint64(len(r.list))
	r.list[last], r.list[other] = r.list[other], r.list[last]
}

// victim returns the place of the issuer that was used longest ago, of those that it looks at. The hand goes round past
// it, so that whoever takes the place is looked at last.
func (r *Ring) victim() int {
	var (
		now      = r.Clock.Now().Unix()
		size     = len(r.held.list)
		victim   int
		earliest use
	)
	for i := range min(looks, size) {
		place := (r.held.hand + i) % size
		if last := r.held.list[place].lastUse(now); i == 0 || last.before(earliest) {
			victim, earliest = place, last
		}
	}
	r.held.hand = (victim + 1) % size
	return victim
}

// A use is what counts of an issuer when one has to go.
type use struct {
	second int64
	state  int
}

// What an issuer has. Anybody can bring about the first two of them.
const (
	nothing = iota
	fetchUnderWay
	keysHeld
)

// lastUse is when the issuer was last used, or now while a fetch of its keys is under way. One that was used in the future
// was used before the clock was set back.
func (i *issuer) lastUse(now int64) use {
	last := use{second: i.lastUsed.Load()}
	if last.second > now {
		last.second = 0
	}
	if i.flight.Load() != nil {
		last = use{now, fetchUnderWay}
	}
	if i.snapshot.Load() != nil {
		last.state = keysHeld
	}
	return last
}

// before orders uses: of those in one second the one of least use.
func (u use) before(other use) bool {
	if u.second != other.second {
		return u.second < other.second
	}
	return u.state < other.state
}
