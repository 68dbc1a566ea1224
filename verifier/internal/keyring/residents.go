package keyring

import "sync"

// residents are those that a ring holds, by source: at most so many. They are found in a map that is read without a lock;
// only who brings a new one takes the mutex, and looks at few of them.
type residents[R resident] struct {
	// bySource maps Source to R. A source is as wide as a pointer, so that looking one up allocates nothing.
	bySource sync.Map

	mu   sync.Mutex // guards what follows, and changes of the map
	list []tenancy[R]
	hand int // where the search for the next one to evict begins
}

// A resident says when it was last used.
type resident interface {
	lastUse(now int64) use
}

type tenancy[R resident] struct {
	source   Source
	resident R
}

// A use is what counts of a resident when one has to go.
type use struct {
	second int64 // of the Unix epoch
	state
}

// A state is what an issuer has. Anybody can bring about the first two of them.
type state int

const (
	nothing state = iota
	fetchUnderWay
	keysHeld
)

// before orders uses: of those in one second the one of least use.
func (u use) before(other use) bool {
	if u.second != other.second {
		return u.second < other.second
	}
	return u.state < other.state
}

// looks is how many residents are looked at to find the one to evict. So up to that many are evicted strictly by their last
// use. Of more the one evicted is among the 5 % used longest ago in 19 of 20 cases.
const looks = 64

// find reports false for one that is not held.
func (r *residents[R]) find(source Source) (R, bool) {
	held, found := r.bySource.Load(source)
	if !found {
		var none R
		return none, false
	}
	return held.(R), true
}

// admit holds what is made, in place of another one if there are as many as may be. It returns the one that is held, which
// may have been admitted meanwhile.
func (r *residents[R]) admit(source Source, most int, now int64, newOne func() R) R {
	r.mu.Lock()
	defer r.mu.Unlock()
	if held, found := r.find(source); found {
		return held
	}
	admitted := tenancy[R]{source, newOne()}
	if len(r.list) < most {
		r.append(admitted)
	} else {
		evicted := &r.list[r.victim(now)]
		r.bySource.Delete(evicted.source)
		*evicted = admitted
	}
	r.bySource.Store(source, admitted.resident)
	return admitted.resident
}

// append shuffles, since those that came together may be in use together: neighbors in the list have nothing in common.
func (r *residents[R]) append(admitted tenancy[R]) {
	r.list = append(r.list, admitted)
	const golden = 0x9e3779b97f4a7c15 // of Fibonacci hashing
	last := len(r.list) - 1
	other := uint64(len(r.list)) * golden >> 32 % uint64(len(r.list))
	r.list[last], r.list[other] = r.list[other], r.list[last]
}

// victim returns the place of the one that was used longest ago, of those that it looks at. The hand goes round past it, so
// that whoever takes the place is looked at last.
func (r *residents[R]) victim(now int64) int {
	var (
		size     = len(r.list)
		victim   int
		earliest use
	)
	for i := range min(looks, size) {
		place := (r.hand + i) % size
		if last := r.list[place].resident.lastUse(now); i == 0 || last.before(earliest) {
			victim, earliest = place, last
		}
	}
	r.hand = (victim + 1) % size
	return victim
}
