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
func (env *environment) judge() []breach {
	env.mu.Lock()
	defer env.mu.Unlock()
	for _, r := range env.requests {
		if r.open() {
			continue // told already
		}
		env.checkWait(r)
		switch r.status {
		case 200:
			env.checkAccepted(r)
		case 401:
			env.checkRejected(r)
		case 503:
			env.checkUndecided(r)
		default:
			env.wrong(r, "has an answer that no request here should get")
		}
	}
	env.checkUses()
	env.checkFetches()
	env.checkFetchesAtOnce()
	return env.breaches
}

// A breach is a sentence of the oracle that does not hold, and where.
type breach struct{ sentence, where string }

func (b breach) String() string { return b.sentence + ": " + b.where }

func (env *environment) breach(sentence, format string, args ...any) {
	env.breaches = append(env.breaches, breach{sentence, fmt.Sprintf(format, args...)})
}

func (env *environment) wrong(r *request, sentence string) { env.breach(sentence, "%s", r) }

// No request waits longer than its bound, or after its client has left.
func (env *environment) checkWait(r *request) {
	bound := env.waitBound(r.proof != nil)
	if r.patience > 0 {
		bound = min(bound, r.patience)
	}
	if took := r.to - r.from; took > bound {
		env.breach("a request waited longer than its bound", "%v: %s", bound, r)
	}
}

func (env *environment) waitBound(withProof bool) time.Duration {
	if withProof {
		return boundOfKeys + boundOfStore
	}
	return boundOfKeys
}

// Never a token that the issuer did not sign, that has expired, or whose key was withdrawn longer ago than its bound.
func (env *environment) checkAccepted(r *request) {
	t := r.token
	if t.key == stranger {
		env.wrong(r, "accepted a token that its issuer did not sign")
		return
	}
	if early, late := r.times(); !early.Before(t.exp) || late.Add(maxFutureIAT).Before(t.iat) {
		env.wrong(r, "accepted a token outside its time")
	} else if p := r.proof; p != nil && (early.After(p.iat.Add(maxProofAge+time.Second)) || late.Add(proofLeeway).Before(p.iat)) {
		env.wrong(r, "accepted a proof outside its time")
	}
	if !env.knownWithin(r, env.setup.hard) {
		env.wrong(r, "accepted by keys that are older than the hard TTL")
	}
	key := env.issuers[t.issuer].published[t.key]
	if key.open() || r.from <= key.to {
		return
	}
	withdrawn := r.from - key.to
	stretched := env.stretch(r, env.lastGood(r))
	switch soft, hard := env.setup.soft+stretched, env.setup.hard+stretched; {
	case env.knowsWithdrawn(r, key.to):
		env.wrong(r, "accepted a key that the process knows to be withdrawn")
	case withdrawn > hard:
		env.breach("accepted a key that was withdrawn longer ago than the hard TTL", "%v: %s", withdrawn, r)
	case withdrawn > soft && !env.failedLately(r):
		env.breach("accepted a key that was withdrawn longer ago than the soft TTL, and no fetch has failed", "%v: %s", withdrawn, r)
	}
}

// Never 401 for a good request, whatever has failed.
func (env *environment) checkRejected(r *request) {
	t := r.token
	early, late := r.times()
	switch r.code {
	case verifier.CodeExpired:
		if late.Before(t.exp) {
			env.wrong(r, "a token that has not expired is told to have")
		}
	case verifier.CodeIssuedInFuture:
		if !early.Add(maxFutureIAT).Before(t.iat) {
			env.wrong(r, "a token's iat is told to be ahead")
		}
	case verifier.CodeProof:
		if !late.After(r.proof.iat.Add(maxProofAge)) && !early.Add(proofLeeway).Before(r.proof.iat) {
			env.wrong(r, "a proof is told to be bad that is good")
		}
	case verifier.CodeProofReplayed:
		if !env.mayHaveBeenUsed(r) {
			env.wrong(r, "a proof is told to have been used that was not")
		}
	case verifier.CodeKeyUnknown, verifier.CodeSignature:
		if env.signedByPublished(r) && !env.clockHidesRotation(r) {
			env.wrong(r, "rejected a good token")
		}
	default:
		env.wrong(r, "rejected for a reason that no request here gives")
	}
}

// Never undecided without a cause: 503 stands for an outage, and "canceled" for a client that left.
func (env *environment) checkUndecided(r *request) {
	switch r.code {
	case verifier.CodeCanceled:
		if r.patience == 0 || r.to < r.from+r.patience {
			env.wrong(r, "told to be canceled while the client waits")
		}
	case verifier.CodeReplayStore:
		if r.proof == nil || !env.storeFailed(r) {
			env.wrong(r, "told that the replay store is away")
		}
	case verifier.CodeIssuerUnavailable:
		if env.signedByPublished(r) && r.to < r.life.closing && !env.failedRecently(r) && !env.askedRecently(r) {
			env.wrong(r, "undecided though nothing has failed")
		}
	case verifier.CodeProofShare:
		if !env.shareUsedUp(r) {
			env.wrong(r, "told that a client has used up its share")
		}
	default:
		env.wrong(r, "undecided for a reason that no request here gives")
	}
	if most := max(maxBackoff, env.setup.cooldown); r.retryAfter < time.Second || r.retryAfter > most {
		env.breach("told to come again too late or too soon", "%v: %s", r.retryAfter, r)
	}
}

// Never a second use of a proof, but by the option that says so while the store fails, after a restart of a process that
// remembers by itself, or where clocks differ by more than the leeway.
func (env *environment) checkUses() {
	accepted := make(map[*proof][]*request)
	for _, r := range env.requests {
		if r.proof == nil || r.status != 200 {
			continue
		}
		for _, before := range accepted[r.proof] {
			_, ahead := before.offsets()
			behind, _ := r.offsets()
			excused := env.setup.failOpen && !env.setup.ownStore && (env.storeFailed(r) || env.storeFailed(before)) ||
				env.setup.ownStore && r.life != before.life ||
				ahead > behind+proofLeeway
			if !excused {
				env.breach("a proof was accepted twice", "first at %v: %s", before.from, r)
			}
		}
		accepted[r.proof] = append(accepted[r.proof], r)
	}
}

// Fetches stay within their bound: one at a time for each issuer, one for each cooldown and backoff, none after Close.
func (env *environment) checkFetches() {
	const window = 30 * time.Second
	bound := 1 + fetchesFailed + int(window/env.setup.cooldown)
	if len(env.attempts) > mostAttempts {
		env.breach("fetches over their bound", "over %d", mostAttempts)
		return
	}
	for n, a := range env.attempts {
		if !a.life.open() && a.from >= a.life.to {
			env.breach("a closed verifier fetched", "%s at %v", a.life.name, a.from)
		}
		if env.setup.maxIssuers != 0 {
			continue // an issuer that is forgotten is asked again
		}
		in, steps := 0, 0
		for _, b := range env.attempts[:n+1] {
			if b.life != a.life || b.issuer != a.issuer {
				continue
			}
			if a.from-b.from <= window {
				in++
			}
			if b != a && b.holds(a.from) && !b.deaf {
				env.breach("two fetches of one issuer at once", "%s of issuer %d at %v and %v", a.life.name, a.issuer, b.from, a.from)
			}
		}
		for _, set := range a.life.process.clock.steps[1:] {
			if set.at >= a.from-window && set.at <= a.from {
				steps++
			}
		}
		if in > bound+3*steps {
			env.breach("fetches over their bound", "%s asked issuer %d %d times in the %v before %v", a.life.name, a.issuer, in, window, a.from)
		}
	}
}

// No more fetches at once than are allowed. One that does not heed its context is given up, and no longer counts. An issuer
// that was evicted may be asked twice at once; its requests can't be told apart, so it counts once.
func (env *environment) checkFetchesAtOnce() {
	most := env.setup.maxFetches
	if most == 0 {
		return
	}
	for _, a := range env.attempts {
		issuers := make(map[int]bool)
		for _, b := range env.attempts {
			if b.life == a.life && b.holds(a.from) && !b.deaf {
				issuers[b.issuer] = true
			}
		}
		if len(issuers) > most {
			env.breach("too many fetches at once", "%d of %s at %v", len(issuers), a.life.name, a.from)
		}
	}
}
