package simulation

import (
	"slices"
	"time"
)

// What the oracle looks up in the record of a history.

// signedByPublished tells whether the key was published from when the token was issued until the answer.
func (env *environment) signedByPublished(r *request) bool {
	if r.token.key == stranger {
		return false
	}
	key := env.issuers[r.token.issuer].published[r.token.key]
	return key.open() || r.to < key.to
}

// clockHidesRotation: a process whose clock is ahead takes a token of a new key for one that was issued before it last
// asked, until it may ask again.
func (env *environment) clockHidesRotation(r *request) bool {
	return env.drift() > 0 && env.askedRecently(r)
}

// mayHaveBeenUsed tells whether another request with the proof came before the answer, or at the same instant.
func (env *environment) mayHaveBeenUsed(r *request) bool {
	return slices.ContainsFunc(env.requests, func(other *request) bool {
		return other != r && other.proof == r.proof && other.from <= r.to && (other.open() || other.status != 401)
	})
}

// storeFailed tells whether the replay store had a fault while the request was under way or just before, or had one since
// the process last heard from it and is being asked by another request: other requests are not let through meanwhile.
func (env *environment) storeFailed(r *request) bool {
	var heard time.Duration
	asked := false
	for _, u := range env.store.uses {
		if u.life != r.life {
			continue
		}
		if u.err == nil && !u.open() && u.to <= r.from {
			heard = max(heard, u.from)
		}
		asked = asked || u.from <= r.to && (u.open() || u.to >= r.from)
	}
	since := r.from - boundOfStore
	if asked {
		since = min(since, heard)
	}
	return slices.ContainsFunc(env.store.faultTimes, func(t period) bool {
		return t.from <= r.to && (t.open() || t.to >= since)
	})
}

// knownWithin tells whether a key set that the process may know was fetched so shortly before the request.
func (env *environment) knownWithin(r *request, d time.Duration) bool {
	return slices.ContainsFunc(env.attempts, func(a *attempt) bool {
		return a.good && a.issuer == r.token.issuer && (a.life == r.life || env.setup.cache != noCache) &&
			a.from <= r.to && r.from-a.to <= d+env.stretch(r, a.from)
	})
}

// lastGood is when the process last asked the issuer with success before the request, 0 if it never did.
func (env *environment) lastGood(r *request) (asked time.Duration) {
	for _, a := range env.attemptsOf(r) {
		if a.good && a.to <= r.from {
			asked = max(asked, a.from)
		}
	}
	return asked
}

// knowsWithdrawn tells whether the process has got a key set that the issuer wrote after it had withdrawn the key. It may
// forget that if it holds few issuers, and be told older sets by a process whose clock is ahead.
func (env *environment) knowsWithdrawn(r *request, withdrawn time.Duration) bool {
	if env.setup.maxIssuers != 0 || env.drift() != 0 {
		return false
	}
	return slices.ContainsFunc(env.attemptsOf(r), func(a *attempt) bool {
		return a.good && a.composed >= withdrawn && a.to < r.from
	})
}

// failedLately tells whether the process could not get the keys shortly before the request was answered, or waited for
// them while the request did.
func (env *environment) failedLately(r *request) bool {
	return slices.ContainsFunc(env.attemptsOf(r), func(a *attempt) bool {
		end := a.endBy(r.to)
		// The keyring counts from when it asks the cache.
		hung := end > r.from && end-a.from >= boundOfKeys-boundOfCache
		failed := end == a.to && !a.good
		return hung || failed && r.from-a.to <= maxBackoff+boundOfKeys+env.stretch(r, a.to)
	})
}

// askedRecently tells whether the process asked the issuer so shortly before that its cooldown may forbid to ask again.
func (env *environment) askedRecently(r *request) bool {
	return slices.ContainsFunc(env.attemptsOf(r), func(a *attempt) bool {
		return a.from < r.from && (a.open() || r.from-a.to <= env.setup.cooldown+env.stretch(r, a.to))
	})
}

// failedRecently tells whether the issuer had a fault that the process may still suffer from: a fetch that began in it,
// and the time after that in which the issuer is left alone. Where few fetches may run at once, they also wait for those
// of other issuers and for the cache.
func (env *environment) failedRecently(r *request) bool {
	rest := env.setup.fetchTimeout + max(maxBackoff, env.setup.cooldown)
	recently := func(t period) bool { return t.from < r.to && (t.open() || r.from-t.to <= rest+env.stretch(r, t.to)) }
	if env.setup.maxFetches == 0 {
		return slices.ContainsFunc(env.issuers[r.token.issuer].faultTimes, recently)
	}
	return slices.ContainsFunc(env.cache.faultTimes, recently) ||
		slices.ContainsFunc(env.issuers, func(i *issuer) bool { return slices.ContainsFunc(i.faultTimes, recently) })
}

// stretch is by how much wrong clocks may prolong what the request's process has measured since then: by as much as its
// clock was set back. The age of a cache's entry is measured by two clocks.
func (env *environment) stretch(r *request, since time.Duration) time.Duration {
	steps := r.life.process.clock.steps
	var stretched time.Duration
	for n := range steps[1:] {
		if at := steps[n+1].at; since <= at && at <= r.to {
			stretched += max(0, steps[n].offset-steps[n+1].offset)
		}
	}
	if env.setup.cache != noCache {
		stretched += env.drift()
	}
	return stretched
}

// shareUsedUp tells whether the request's client may have used up its share: by that many proofs in the time in which a
// share fills up twice, or by fewer if the clock was set back, since a share fills by it.
func (env *environment) shareUsedUp(r *request) bool {
	const fills = maxProofAge + 2*proofLeeway
	setBack := env.stretch(r, r.from-2*fills)
	uses := 0
	for _, other := range env.requests {
		if other != r && other.life == r.life && other.proof != nil && other.token.client == r.token.client &&
			other.from <= r.to && (other.open() || other.to >= r.from-2*fills-setBack) {
			uses++
		}
	}
	return env.setup.proofsPerKey > 0 && (uses >= env.setup.proofsPerKey || uses > 0 && setBack > 0)
}

// attemptsOf are the fetches that the request's process began before the answer.
func (env *environment) attemptsOf(r *request) []*attempt {
	var of []*attempt
	for _, a := range env.attempts {
		if a.life == r.life && a.issuer == r.token.issuer && a.from <= r.to {
			of = append(of, a)
		}
	}
	return of
}

// times are the earliest and the latest time that the process's clock showed while it decided.
func (r *request) times() (early, late time.Time) {
	low, high := r.offsets()
	start := r.life.environment.start
	return start.Add(r.from + low), start.Add(r.to + high)
}

// offsets are the least and the most by which the process's clock was ahead while it decided.
func (r *request) offsets() (low, high time.Duration) {
	steps := r.life.process.clock.steps
	low, high = steps[0].offset, steps[0].offset
	for _, s := range steps {
		switch {
		case s.at < r.from:
			low, high = s.offset, s.offset
		case s.at <= r.to: // while it decided, or at the very moment
			low, high = min(low, s.offset), max(high, s.offset)
		}
	}
	return low, high
}

// drift is how far any clock ever was from another.
func (env *environment) drift() time.Duration {
	var low, high time.Duration
	for _, p := range env.processes {
		for _, s := range p.clock.steps {
			low, high = min(low, s.offset), max(high, s.offset)
		}
	}
	return high - low
}
