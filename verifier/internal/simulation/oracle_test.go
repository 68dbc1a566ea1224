package simulation

import (
	"fmt"
	"time"

	"github.com/holdfast-go/holdfast/verifier"
)

// What docs/operations.md and the documentation of verifier.Config say, and no history changes.
const (
	boundOfKeys   = 2 * time.Second        // that a request waits for keys
	boundOfStore  = 500 * time.Millisecond // that it waits for the replay store
	boundOfCache  = time.Second            // that a fetch waits for the cache
	boundOfClose  = time.Second
	maxBackoff    = 30 * time.Second
	maxFutureIAT  = time.Minute
	maxProofAge   = 5 * time.Minute
	proofLeeway   = 30 * time.Second
	fetchesFailed = 6 // in 30 s: after 0, 1, 2, 4, 8 and 16 s
)

// judge tells what is wrong with what happened in a history that has ended.
func (w *world) judge() []breach {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.requests {
		if r.open() {
			continue // told already
		}
		w.checkWait(r)
		switch r.status {
		case 200:
			w.checkAccepted(r)
		case 401:
			w.checkRejected(r)
		case 503:
			w.checkUndecided(r)
		default:
			w.wrong(r, "has an answer that no request here should get")
		}
	}
	w.checkUses()
	w.checkFetches()
	w.checkFetchesAtOnce()
	return w.breaches
}

// A breach is a sentence of the oracle that does not hold, and where.
type breach struct{ sentence, where string }

func (b breach) String() string { return b.sentence + ": " + b.where }

func (w *world) breach(sentence, format string, args ...any) {
	w.breaches = append(w.breaches, breach{sentence, fmt.Sprintf(format, args...)})
}

func (w *world) wrong(r *request, sentence string) { w.breach(sentence, "%s", r) }

// No request waits longer than its bound, or after its client has left.
func (w *world) checkWait(r *request) {
	bound := w.waitBound(r.proof != nil)
	if r.patience > 0 {
		bound = min(bound, r.patience)
	}
	if took := r.to - r.from; took > bound {
		w.breach("a request waited longer than its bound", "%v: %s", bound, r)
	}
}

func (w *world) waitBound(withProof bool) time.Duration {
	if withProof {
		return boundOfKeys + boundOfStore
	}
	return boundOfKeys
}

// Never a token that the issuer did not sign, that has expired, or whose key was withdrawn longer ago than its bound.
func (w *world) checkAccepted(r *request) {
	t := r.token
	if t.key == stranger {
		w.wrong(r, "accepted a token that its issuer did not sign")
		return
	}
	if early, late := r.times(); !early.Before(t.exp) || late.Add(maxFutureIAT).Before(t.iat) {
		w.wrong(r, "accepted a token outside its time")
	} else if p := r.proof; p != nil && (early.After(p.iat.Add(maxProofAge+time.Second)) || late.Add(proofLeeway).Before(p.iat)) {
		w.wrong(r, "accepted a proof outside its time")
	}
	if !w.knownWithin(r, w.setup.hard) {
		w.wrong(r, "accepted by keys that are older than the hard TTL")
	}
	key := w.issuers[t.issuer].published[t.key]
	if key.open() || r.from <= key.to {
		return
	}
	withdrawn := r.from - key.to
	stretched := w.stretch(r, w.lastGood(r))
	switch soft, hard := w.setup.soft+stretched, w.setup.hard+stretched; {
	case w.knowsWithdrawn(r, key.to):
		w.wrong(r, "accepted a key that the process knows to be withdrawn")
	case withdrawn > hard:
		w.breach("accepted a key that was withdrawn longer ago than the hard TTL", "%v: %s", withdrawn, r)
	case withdrawn > soft && !w.failedLately(r):
		w.breach("accepted a key that was withdrawn longer ago than the soft TTL, and no fetch has failed", "%v: %s", withdrawn, r)
	}
}

// Never 401 for a good request, whatever has failed.
func (w *world) checkRejected(r *request) {
	t := r.token
	early, late := r.times()
	switch r.code {
	case verifier.CodeExpired:
		if late.Before(t.exp) {
			w.wrong(r, "a token that has not expired is told to have")
		}
	case verifier.CodeIssuedInFuture:
		if !early.Add(maxFutureIAT).Before(t.iat) {
			w.wrong(r, "a token's iat is told to be ahead")
		}
	case verifier.CodeProof:
		if !late.After(r.proof.iat.Add(maxProofAge)) && !early.Add(proofLeeway).Before(r.proof.iat) {
			w.wrong(r, "a proof is told to be bad that is good")
		}
	case verifier.CodeProofReplayed:
		if !w.mayHaveBeenUsed(r) {
			w.wrong(r, "a proof is told to have been used that was not")
		}
	case verifier.CodeKeyUnknown, verifier.CodeSignature:
		if w.signedByPublished(r) && !w.clockHidesRotation(r) {
			w.wrong(r, "rejected a good token")
		}
	default:
		w.wrong(r, "rejected for a reason that no request here gives")
	}
}

// Never undecided without a cause: 503 stands for an outage, and "canceled" for a client that left.
func (w *world) checkUndecided(r *request) {
	switch r.code {
	case verifier.CodeCanceled:
		if r.patience == 0 || r.to < r.from+r.patience {
			w.wrong(r, "told to be canceled while the client waits")
		}
	case verifier.CodeReplayStore:
		if r.proof == nil || !w.storeFailed(r) {
			w.wrong(r, "told that the replay store is away")
		}
	case verifier.CodeIssuerUnavailable:
		if w.signedByPublished(r) && r.to < r.life.closing && !w.troubledLately(r) && !w.askedLately(r) {
			w.wrong(r, "undecided though nothing has failed")
		}
	case verifier.CodeProofShare:
		if !w.shareUsedUp(r) {
			w.wrong(r, "told that a client has used up its share")
		}
	default:
		w.wrong(r, "undecided for a reason that no request here gives")
	}
	if most := max(maxBackoff, w.setup.cooldown); r.retryAfter < time.Second || r.retryAfter > most {
		w.breach("told to come again too late or too soon", "%v: %s", r.retryAfter, r)
	}
}

// Never a second use of a proof, but by the option that says so while the store fails, after a restart of a process that
// remembers by itself, or where clocks differ by more than the leeway.
func (w *world) checkUses() {
	accepted := make(map[*proof][]*request)
	for _, r := range w.requests {
		if r.proof == nil || r.status != 200 {
			continue
		}
		for _, before := range accepted[r.proof] {
			_, ahead := before.offsets()
			behind, _ := r.offsets()
			excused := w.setup.failOpen && !w.setup.ownStore && (w.storeFailed(r) || w.storeFailed(before)) ||
				w.setup.ownStore && r.life != before.life ||
				ahead > behind+proofLeeway
			if !excused {
				w.breach("a proof was accepted twice", "first at %v: %s", before.from, r)
			}
		}
		accepted[r.proof] = append(accepted[r.proof], r)
	}
}

// Fetches stay within their bound: one at a time for each issuer, one for each cooldown and backoff, none after Close.
func (w *world) checkFetches() {
	const window = 30 * time.Second
	bound := 1 + fetchesFailed + int(window/w.setup.cooldown)
	if len(w.attempts) > mostAttempts {
		w.breach("fetches over their bound", "over %d", mostAttempts)
		return
	}
	for n, a := range w.attempts {
		if !a.life.open() && a.from >= a.life.to {
			w.breach("a closed verifier fetched", "%s at %v", a.life.name, a.from)
		}
		if w.setup.maxIssuers != 0 {
			continue // an issuer that is forgotten is asked again
		}
		in, steps := 0, 0
		for _, b := range w.attempts[:n+1] {
			if b.life != a.life || b.issuer != a.issuer {
				continue
			}
			if a.from-b.from <= window {
				in++
			}
			if b != a && b.holds(a.from) && !b.deaf {
				w.breach("two fetches of one issuer at once", "%s of issuer %d at %v and %v", a.life.name, a.issuer, b.from, a.from)
			}
		}
		for _, set := range a.life.process.clock.steps[1:] {
			if set.at >= a.from-window && set.at <= a.from {
				steps++
			}
		}
		if in > bound+3*steps {
			w.breach("fetches over their bound", "%s asked issuer %d %d times in the %v before %v", a.life.name, a.issuer, in, window, a.from)
		}
	}
}

// No more fetches at once than are allowed. One that does not heed its context is given up, and no longer counts. An issuer
// that was evicted may be asked twice at once; its requests can't be told apart, so it counts once.
func (w *world) checkFetchesAtOnce() {
	most := w.setup.maxFetches
	if most == 0 {
		return
	}
	for _, a := range w.attempts {
		issuers := make(map[int]bool)
		for _, b := range w.attempts {
			if b.life == a.life && b.holds(a.from) && !b.deaf {
				issuers[b.issuer] = true
			}
		}
		if len(issuers) > most {
			w.breach("too many fetches at once", "%d of %s at %v", len(issuers), a.life.name, a.from)
		}
	}
}
