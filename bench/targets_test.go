package main

import (
	"os"
	"strings"
	"testing"
	"time"
)

// rowOf has a floor of 100,000 ns, Holdfast with so many ns and allocations, and perhaps a peer.
func rowOf(workload, variant string, holdfast time.Duration, allocs float64, peer ...time.Duration) row {
	r := row{workload: workload, variant: variant, floors: 1, cells: []cell{
		cellOf("bare cryptography", 9, 100_000), cellOf("Holdfast", allocs, holdfast),
	}}
	for _, p := range peer {
		r.cells = append(r.cells, cellOf("peer", 100, p))
	}
	return r
}

func garbageRows(holdfast time.Duration, peer ...time.Duration) []row {
	var rows []row
	for _, kind := range garbage() {
		rows = append(rows, rowOf(kind.name, oneCore, holdfast, 10, peer...))
	}
	return rows
}

func TestVerdicts(t *testing.T) {
	const mebibyte = 1 << 20
	for _, row := range []struct {
		name   string
		target string // how it begins
		r      results
		want   string
	}{
		{"unseen at the limit", bearerRS256Unseen + ", against", results{rows: []row{rowOf(bearerRS256Unseen, oneCore, 120_000, 30)}}, "ok"},
		{"unseen above it", bearerRS256Unseen + ", against", results{rows: []row{rowOf(bearerRS256Unseen, oneCore, 120_001, 30)}}, "short"},
		{"unseen, an allocation more", bearerRS256Unseen + ", against", results{rows: []row{rowOf(bearerRS256Unseen, oneCore, 120_000, 31)}}, "short"},
		{"unseen only on two cores", bearerRS256Unseen + ", against", results{rows: []row{rowOf(bearerRS256Unseen, twoCores, 120_000, 30)}}, "not measured"},
		{"seen at the limit", bearerRS256Seen, results{rows: []row{rowOf(bearerRS256Seen, oneCore, 8_000, 5)}}, "ok"},
		{"seen above it", bearerRS256Seen, results{rows: []row{rowOf(bearerRS256Seen, oneCore, 8_001, 5)}}, "short"},
		{"DPoP unseen at the limit", dpopUnseen + ", against", results{rows: []row{rowOf(dpopUnseen, oneCore, 120_000, 70)}}, "ok"},
		{"DPoP unseen, an allocation more", dpopUnseen + ", against", results{rows: []row{rowOf(dpopUnseen, oneCore, 120_000, 71)}}, "short"},
		{"DPoP seen at the limit", dpopSeen, results{rows: []row{rowOf(dpopSeen, oneCore, 115_000, 500)}}, "ok"},
		{"DPoP seen above it", dpopSeen, results{rows: []row{rowOf(dpopSeen, oneCore, 115_001, 5)}}, "short"},
		{"ahead", "ahead of the best peer, on every row of good", results{rows: []row{
			rowOf(bearerRS256Seen, oneCore, 99, 1, 100), rowOf(dpopRedis, oneCore, 500, 1),
		}}, "ok"},
		{"not ahead of one", "ahead of the best peer, on every row of good", results{rows: []row{
			rowOf(bearerRS256Seen, oneCore, 99, 1, 100), rowOf(dpopSeen, oneCore, 100, 1, 300, 100),
		}}, "short"},
		{"no peer to be ahead of", "ahead of the best peer, on every row of good", results{rows: []row{rowOf(dpopRedis, oneCore, 500, 1)}}, "not measured"},
		{"cores at the limit", bearerRS256Unseen + ", 2 cores", results{rows: []row{
			rowOf(bearerRS256Unseen, oneCore, 190, 1), rowOf(bearerRS256Unseen, twoCores, 100, 1),
		}}, "ok"},
		{"cores beneath it", bearerRS256Unseen + ", 2 cores", results{rows: []row{
			rowOf(bearerRS256Unseen, oneCore, 189, 1), rowOf(bearerRS256Unseen, twoCores, 100, 1),
		}}, "short"},
		{"only one core", bearerRS256Unseen + ", 2 cores", results{rows: []row{rowOf(bearerRS256Unseen, oneCore, 190, 1)}}, "not measured"},
		{"issuers at the limit", "10,000 issuers", results{rows: []row{
			rowOf(manyIssuers, issuers1, 100, 1), rowOf(manyIssuers, issuers10000, 110, 1),
		}}, "ok"},
		{"issuers above it", "10,000 issuers", results{rows: []row{
			rowOf(manyIssuers, issuers1, 100, 1), rowOf(manyIssuers, issuers10000, 111, 1),
		}}, "short"},
		{"garbage beneath the floor", "rejecting garbage", results{rows: garbageRows(99_999)}, "ok"},
		{"garbage at the floor", "rejecting garbage", results{rows: garbageRows(100_000)}, "short"},
		{"not all garbage", "rejecting garbage", results{rows: garbageRows(99_999)[1:]}, "not measured"},
		{"bytes at the limit", "replay memory, one million", results{replay: &replayMeasure{bytes: 96 * mebibyte}}, "ok"},
		{"bytes above it", "replay memory, one million", results{replay: &replayMeasure{bytes: 96*mebibyte + 1}}, "short"},
		{"a use beneath the limit", "replay memory, one use", results{replay: &replayMeasure{perUse: 999}}, "ok"},
		{"a use at the limit", "replay memory, one use", results{replay: &replayMeasure{perUse: 1000}}, "short"},
		{"a pause at the limit", "replay memory, longest pause", results{replay: &replayMeasure{worst: 1e6, worstExpired: 1e6}}, "ok"},
		{"a pause above it", "replay memory, longest pause", results{replay: &replayMeasure{worst: 1e6 + 1}}, "short"},
		{"a pause when all expire", "replay memory, longest pause", results{replay: &replayMeasure{worstExpired: 1e6 + 1}}, "short"},
		{"no replay memory", "replay memory, longest pause", results{}, "not measured"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var found int
			for _, v := range row.r.verdicts() {
				if !strings.HasPrefix(v.target, row.target) {
					continue
				}
				found++
				if v.word() != row.want {
					t.Errorf("%s: %s (limit %s, measured %s), want %s", v.target, v.word(), v.limit, v.measured, row.want)
				}
			}
			if found != 1 {
				t.Errorf("%d targets begin with %q", found, row.target)
			}
		})
	}
}

// The report's tables can be read as they are.
func Example() {
	r := &results{rows: []row{
		rowOf(bearerRS256Unseen, oneCore, 118_000, 28, 131_000),
		rowOf(bearerRS256Seen, oneCore, 6_500, 4, 130_000),
	}}
	table(os.Stdout, []string{"target", "limit", "measured", ""}, r.targetLines()[:3])
	table(os.Stdout, []string{"workload", "on", "ns/op", "allocs", "x floor", "x best peer", "best peer"}, r.holdfastLines())
	// Output:
	// | target                                                      | limit                  | measured               |              |
	// | ----------------------------------------------------------- | ---------------------- | ---------------------- | ------------ |
	// | Bearer RS256, never seen before, against bare cryptography  | 1.20 x, 30 allocations | 1.18 x, 28 allocations | ok           |
	// | Bearer RS256, seen before, against bare cryptography        | 0.08 x, 5 allocations  | 0.07 x, 4 allocations  | ok           |
	// | DPoP, token and proof never seen, against bare cryptography | 1.20 x, 70 allocations |                        | not measured |
	// | workload                        | on     |  ns/op | allocs | x floor | x best peer | best peer |
	// | ------------------------------- | ------ | -----: | -----: | ------: | ----------: | --------- |
	// | Bearer RS256, never seen before | 1 core | 118000 |     28 |    1.18 |        0.90 | peer      |
	// | Bearer RS256, seen before       | 1 core |   6500 |      4 |   0.065 |       0.050 | peer      |
}
