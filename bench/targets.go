package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// results is all that one run has measured.
type results struct {
	rows   []row
	replay *replayMeasure // nil if it was not measured
	turns  *turnsMeasure  // nil if it was not measured
}

// A verdict says whether a target is met.
type verdict struct {
	target, limit string
	measured      string
	met           bool
}

// word is ok or missed; or unknown, as the workload was left out.
func (v verdict) word() string {
	switch {
	case v.measured == "":
		return "not measured"
	case v.met:
		return "ok"
	}
	return "**missed**"
}

// verdicts judges a run. A limit is further from what is usual than runs are from one another.
func (r *results) verdicts() []verdict {
	return slices.Concat(
		[]verdict{
			r.toFloor(bearerRS256Unseen, 1.15, memoryLimit{allocs: 30}),
			r.toFloor(bearerRS256Seen, 0.05, memoryLimit{allocs: 3, bytes: 450}),
			r.toFloor(bearerRS256UnseenRead, 1.30, memoryLimit{}),
			r.toPeer(bearerRS256UnseenRead, golangJWTName, 0.85),
			r.toFloor(bearerRS256SeenRead, 0.12, memoryLimit{}),
			r.accelerated(bearerRS256Unseen, 0.97),
			r.accelerated(dpopSeen, 0.70),
			r.toFloor(dpopUnseen, 1.20, memoryLimit{allocs: 70}),
			r.toFloor(dpopSeen, 1.10, memoryLimit{}),
			r.ahead(),
			r.cores(bearerRS256Unseen, 1.8),
			r.cores(dpopUnseen, 1.8),
			r.found(0.95),
			r.redis(0.80),
			r.issuers(1.2),
			r.stranger(10_000, 10*time.Microsecond),
			r.stranger(50_000, 10*time.Microsecond),
			r.domains(100 * time.Microsecond),
			r.rejection(),
		},
		r.replayMemory(),
	)
}

// find returns the row of a workload's variant.
func (r *results) find(workload, variant string) (row, bool) {
	i := slices.IndexFunc(r.rows, func(r row) bool { return r.workload == workload && r.variant == variant })
	if i < 0 {
		return row{}, false
	}
	return r.rows[i], true
}

// both returns the rows of two variants.
func (r *results) both(workload, variant, other string) (a, b row, found bool) {
	a, foundA := r.find(workload, variant)
	b, foundB := r.find(workload, other)
	return a, b, foundA && foundB
}

// A memoryLimit bounds what one job takes of memory. Zero means any.
type memoryLimit struct{ allocs, bytes float64 }

// toFloor holds a workload against the floor.
func (r *results) toFloor(workload string, limit float64, memory memoryLimit) verdict {
	v := verdict{target: workload + ", against bare cryptography", limit: fmt.Sprintf("%.2f x", limit)}
	if memory.allocs > 0 {
		v.limit += fmt.Sprintf(", %.0f allocations", memory.allocs)
	}
	if memory.bytes > 0 {
		v.limit += fmt.Sprintf(", %.0f B", memory.bytes)
	}
	row, found := r.find(workload, oneCore)
	if !found {
		return v
	}
	ours := row.cells[holdfastCell]
	times, taken, size := row.toFloor(holdfastCell), ours.median(allocs), ours.median(bytesOf)
	v.measured = fmt.Sprintf("%s x, %.0f allocations, %.0f B", ratio(times), taken, size)
	v.met = times <= limit && within(taken, memory.allocs) && within(size, memory.bytes)
	return v
}

// accelerated holds Holdfast with prepared keys against the floor, which is the standard library.
func (r *results) accelerated(workload string, limit float64) verdict {
	v := verdict{target: "accelerated: " + workload + ", against bare cryptography", limit: fmt.Sprintf("%.2f x", limit)}
	row, found := r.find(workload, oneCore)
	if ours, measured := row.of(acceleratedName); found && measured {
		times := ours.ratio(row.cells[floorCell])
		v.measured, v.met = ratio(times)+" x", times <= limit
	}
	return v
}

// within allows for what the garbage collector allocates now and then.
func within(taken, limit float64) bool { return limit == 0 || math.Round(taken) <= limit }

// toPeer holds a workload against one peer.
func (r *results) toPeer(workload, peer string, limit float64) verdict {
	v := verdict{target: workload + ", against " + peer, limit: fmt.Sprintf("%.2f x", limit)}
	row, found := r.find(workload, oneCore)
	if theirs, measured := row.of(peer); found && measured {
		times := row.cells[holdfastCell].ratio(theirs)
		v.measured, v.met = ratio(times)+" x", times <= limit
	}
	return v
}

// ahead compares Holdfast with the best peer of each row of tokens that are verified. Garbage has a limit of its own.
func (r *results) ahead() verdict {
	v := verdict{target: "ahead of the best peer, on every row of good tokens", limit: "below 1.00 x"}
	var compared int
	var behind []string
	var worst float64
	for _, row := range r.rows {
		best, any := row.bestPeer()
		if !any || isGarbage(row.workload) {
			continue
		}
		compared++
		ratio := row.cells[holdfastCell].ratio(best)
		worst = max(worst, ratio)
		if ratio >= 1 {
			behind = append(behind, fmt.Sprintf("%s, %s: %.3f x", row.workload, row.variant, ratio))
		}
	}
	if compared == 0 {
		return v
	}
	v.met = len(behind) == 0
	v.measured = fmt.Sprintf("at most %.3f x on %d rows", worst, compared)
	if !v.met {
		v.measured = strings.Join(behind, "; ")
	}
	return v
}

func isGarbage(workload string) bool {
	return slices.ContainsFunc(garbage(), func(kind garbageKind) bool { return kind.name == workload })
}

// cores compares the throughput of two cores with that of one.
func (r *results) cores(workload string, limit float64) verdict {
	v := verdict{target: workload + ", 2 cores over 1", limit: fmt.Sprintf("at least %.2f x", limit)}
	if one, two, found := r.both(workload, oneCore, twoCores); found {
		gain := one.cells[holdfastCell].ratio(two.cells[holdfastCell])
		bare := one.cells[floorCell].ratio(two.cells[floorCell])
		v.measured = fmt.Sprintf("%.2f x (bare cryptography %.2f x)", gain, bare)
		v.met = gain >= limit
	}
	return v
}

// found judges how many of the live tokens are found from the third time on.
func (r *results) found(limit float64) verdict {
	v := verdict{
		target: plural(liveTokens, "live token") + " in turn, found in memory from the third time on",
		limit:  fmt.Sprintf("at least %.0f %%", 100*limit),
	}
	if r.turns != nil {
		least := slices.Min(r.turns[2:])
		v.measured, v.met = fmt.Sprintf("%.1f %%", 100*least), least >= limit
	}
	return v
}

// redis compares the throughput with Redis with that of the embedded store: requests that come together share round
// trips.
func (r *results) redis(limit float64) verdict {
	v := verdict{target: dpopRedis + ", " + fiftyAtOnce + ", requests by those with the embedded store", limit: fmt.Sprintf("at least %.2f x", limit)}
	row, found := r.find(dpopRedis, fiftyAtOnce)
	if embedded, measured := row.of(embeddedName); found && measured {
		ours := row.cells[holdfastCell]
		share := embedded.ratio(ours)
		v.measured = fmt.Sprintf("%.2f x, %.0f a second", share, 1e9/ours.median(nanoseconds))
		v.met = share >= limit
	}
	return v
}

// issuers compares very many issuers with one.
func (r *results) issuers(limit float64) verdict {
	many := fullScale.issuers[len(fullScale.issuers)-1]
	v := verdict{target: plural(many, "issuer") + " over 1 issuer", limit: fmt.Sprintf("%.2f x", limit)}
	if one, many, found := r.both(manyIssuers, plural(1, "issuer"), plural(many, "issuer")); found {
		times := many.cells[holdfastCell].ratio(one.cells[holdfastCell])
		bare := many.cells[floorCell].ratio(one.cells[floorCell])
		v.measured, v.met = fmt.Sprintf("%.2f x (bare cryptography %.2f x)", times, bare), times <= limit
	}
	return v
}

// stranger judges what a new issuer costs more where another one has to go.
func (r *results) stranger(held int, limit time.Duration) verdict {
	v := verdict{target: "a new issuer where " + plural(held, "issuer") + " are held, over one where there is room", limit: limit.String()}
	room, full, found := r.both(newIssuers, besideIssuers(0), besideIssuers(held))
	return v.surcharge(room, full, found, limit)
}

// domains judges what it costs that a resolver returns many domains.
func (r *results) domains(limit time.Duration) verdict {
	v := verdict{target: "a resolver that returns 1,000 domains, over one that returns 1", limit: limit.String()}
	one, many, found := r.both(manyDomains, plural(1, "domain"), plural(1000, "domain"))
	return v.surcharge(one, many, found, limit)
}

// surcharge judges how much longer the second row takes.
func (v verdict) surcharge(less, more row, found bool, limit time.Duration) verdict {
	if found {
		over := time.Duration(more.cells[holdfastCell].median(nanoseconds) - less.cells[holdfastCell].median(nanoseconds))
		v.measured, v.met = over.Round(100*time.Nanosecond).String(), over <= limit
	}
	return v
}

// rejection holds all kinds of garbage against one RSA signature for each 64 KiB of it.
func (r *results) rejection() verdict {
	v := verdict{target: "rejecting garbage, against one RSA signature, or one for each 64 KiB", limit: "below 1.00 x"}
	var worst float64
	for _, kind := range garbage() {
		row, found := r.find(kind.name, oneCore)
		if !found {
			return v
		}
		worst = max(worst, row.toFloor(holdfastCell))
	}
	v.measured = fmt.Sprintf("at most %.3f x", worst)
	v.met = worst < 1
	return v
}

// replayMemory judges the replay memory of a process.
func (r *results) replayMemory() []verdict {
	const mebibyte = 1 << 20
	list := []verdict{
		{target: "replay memory, one million live proofs", limit: "96 MiB"},
		{target: "replay memory, one use at that size", limit: "below 2 µs"},
		{target: "replay memory, longest pause while proofs expire", limit: "1 ms"},
	}
	if r.replay == nil {
		return list
	}
	list[0].measured = fmt.Sprintf("%.1f MiB", r.replay.bytes/mebibyte)
	list[0].met = r.replay.bytes <= 96*mebibyte
	list[1].measured = r.replay.perUse.String()
	list[1].met = r.replay.perUse < 2*time.Microsecond
	list[2].measured = fmt.Sprintf("%v, %v when all expire at once", r.replay.worst, r.replay.worstExpired)
	list[2].met = max(r.replay.worst, r.replay.worstExpired) <= time.Millisecond
	return list
}
