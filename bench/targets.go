package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// results is all that one run has measured.
type results struct {
	rows   []row
	replay *replayMeasure // nil if it was not measured
}

// A verdict says whether a target is met.
type verdict struct {
	target, limit string
	measured      string
	met           bool
}

// word is ok or short; or unknown, as the workload was left out.
func (v verdict) word() string {
	switch {
	case v.measured == "":
		return "not measured"
	case v.met:
		return "ok"
	}
	return "short"
}

// verdicts judges a run.
func (r *results) verdicts() []verdict {
	return slices.Concat(
		[]verdict{
			r.toFloor(bearerRS256Unseen, 1.20, 30),
			r.toFloor(bearerRS256Seen, 0.08, 5),
			r.toFloor(dpopUnseen, 1.20, 70),
			r.toFloor(dpopSeen, 1.15, 0),
			r.ahead(),
			r.cores(bearerRS256Unseen, 1.9),
			r.cores(dpopUnseen, 1.9),
			r.issuers(1.1),
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

// toFloor holds a workload against the floor, and its allocations against a number of them unless that is zero.
func (r *results) toFloor(workload string, limit float64, allocs int) verdict {
	v := verdict{target: workload + ", against bare cryptography", limit: fmt.Sprintf("%.2f x", limit)}
	if allocs > 0 {
		v.limit += fmt.Sprintf(", %d allocations", allocs)
	}
	row, found := r.find(workload, oneCore)
	if !found {
		return v
	}
	ratio, taken := row.toFloor(holdfastCell), row.cells[holdfastCell].allocs()
	v.measured = fmt.Sprintf("%.2f x, %.0f allocations", ratio, taken)
	v.met = ratio <= limit && (allocs == 0 || taken < float64(allocs)+0.5)
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
	one, found := r.find(workload, oneCore)
	two, foundTwo := r.find(workload, twoCores)
	if !found || !foundTwo {
		return v
	}
	gain := one.cells[holdfastCell].ratio(two.cells[holdfastCell])
	bare := one.cells[floorCell].ratio(two.cells[floorCell])
	v.measured = fmt.Sprintf("%.2f x (bare cryptography %.2f x)", gain, bare)
	v.met = gain >= limit
	return v
}

// issuers compares ten thousand issuers with one.
func (r *results) issuers(limit float64) verdict {
	v := verdict{target: "10,000 issuers over 1 issuer", limit: fmt.Sprintf("%.2f x", limit)}
	one, found := r.find(manyIssuers, issuers1)
	many, foundMany := r.find(manyIssuers, issuers10000)
	if !found || !foundMany {
		return v
	}
	ratio := many.cells[holdfastCell].ratio(one.cells[holdfastCell])
	v.measured = fmt.Sprintf("%.2f x (bare cryptography %.2f x)", ratio, many.cells[floorCell].ratio(one.cells[floorCell]))
	v.met = ratio <= limit
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
		{target: "replay memory, one use at that size", limit: "below 1 µs"},
		{target: "replay memory, longest pause while proofs expire", limit: "1 ms"},
	}
	if r.replay == nil {
		return list
	}
	list[0].measured = fmt.Sprintf("%.1f MiB", r.replay.bytes/mebibyte)
	list[0].met = r.replay.bytes <= 96*mebibyte
	list[1].measured = r.replay.perUse.String()
	list[1].met = r.replay.perUse < time.Microsecond
	list[2].measured = fmt.Sprintf("%v, %v when all expire at once", r.replay.worst, r.replay.worstExpired)
	list[2].met = max(r.replay.worst, r.replay.worstExpired) <= time.Millisecond
	return list
}
