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

// named is a run of one row whose peer has a name.
func named(peer string, r row) results {
	r.cells[firstPeerCell].contender = peer
	return results{rows: []row{r}}
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
		{"unseen at the limit", bearerRS256Unseen + ", against", results{rows: []row{rowOf(bearerRS256Unseen, oneCore, 115_000, 30)}}, "ok"},
		{"unseen above it", bearerRS256Unseen + ", against", results{rows: []row{rowOf(bearerRS256Unseen, oneCore, 115_001, 30)}}, "**missed**"},
		{"unseen, an allocation more", bearerRS256Unseen + ", against", results{rows: []row{rowOf(bearerRS256Unseen, oneCore, 115_000, 31)}}, "**missed**"},
		{"unseen only on two cores", bearerRS256Unseen + ", against", results{rows: []row{rowOf(bearerRS256Unseen, twoCores, 120_000, 30)}}, "not measured"},
		{"seen at the limit", bearerRS256Seen, results{rows: []row{rowOf(bearerRS256Seen, oneCore, 5_000, 3)}}, "ok"},
		{"seen above it", bearerRS256Seen, results{rows: []row{rowOf(bearerRS256Seen, oneCore, 5_001, 3)}}, "**missed**"},
		{"seen, too many bytes", bearerRS256Seen, results{rows: []row{rowOf(bearerRS256Seen, oneCore, 5_000, 4.51)}}, "**missed**"},
		{"read at the limit", bearerRS256UnseenRead + ", against bare", results{rows: []row{rowOf(bearerRS256UnseenRead, oneCore, 130_000, 100)}}, "ok"},
		{"read above it", bearerRS256UnseenRead + ", against bare", results{rows: []row{rowOf(bearerRS256UnseenRead, oneCore, 130_001, 100)}}, "**missed**"},
		{"seen and read at the limit", bearerRS256SeenRead, results{rows: []row{rowOf(bearerRS256SeenRead, oneCore, 12_000, 100)}}, "ok"},
		{"seen and read above it", bearerRS256SeenRead, results{rows: []row{rowOf(bearerRS256SeenRead, oneCore, 12_001, 100)}}, "**missed**"},
		{"read, ahead of the peer", bearerRS256UnseenRead + ", against golang-jwt", named(golangJWTName, rowOf(bearerRS256UnseenRead, oneCore, 85, 1, 100)), "ok"},
		{"read, hardly ahead of it", bearerRS256UnseenRead + ", against golang-jwt", named(golangJWTName, rowOf(bearerRS256UnseenRead, oneCore, 86, 1, 100)), "**missed**"},
		{"read, ahead of another", bearerRS256UnseenRead + ", against golang-jwt", results{rows: []row{rowOf(bearerRS256UnseenRead, oneCore, 85, 1, 100)}}, "not measured"},
		{"DPoP unseen at the limit", dpopUnseen + ", against", results{rows: []row{rowOf(dpopUnseen, oneCore, 120_000, 70)}}, "ok"},
		{"DPoP unseen, an allocation more", dpopUnseen + ", against", results{rows: []row{rowOf(dpopUnseen, oneCore, 120_000, 71)}}, "**missed**"},
		{"DPoP seen at the limit", dpopSeen, results{rows: []row{rowOf(dpopSeen, oneCore, 110_000, 500)}}, "ok"},
		{"DPoP seen above it", dpopSeen, results{rows: []row{rowOf(dpopSeen, oneCore, 110_001, 5)}}, "**missed**"},
		{"accelerated at the limit", "accelerated: " + bearerRS256Unseen, named(acceleratedName, rowOf(bearerRS256Unseen, oneCore, 1, 1, 97_000)), "ok"},
		{"accelerated above it", "accelerated: " + dpopSeen, named(acceleratedName, rowOf(dpopSeen, oneCore, 1, 1, 70_001)), "**missed**"},
		{"not accelerated", "accelerated: " + dpopSeen, named("peer", rowOf(dpopSeen, oneCore, 1, 1, 1)), "not measured"},
		{"found at the limit", "1,000 live tokens", results{turns: &turnsMeasure{0, 0, 0.95, 1, 1, 1}}, "ok"},
		{"found beneath it", "1,000 live tokens", results{turns: &turnsMeasure{1, 1, 1, 1, 0.949, 1}}, "**missed**"},
		{"found was not measured", "1,000 live tokens", results{}, "not measured"},
		{"Redis at the limit", dpopRedis, named(embeddedName, rowOf(dpopRedis, fiftyAtOnce, 100, 1, 80)), "ok"},
		{"Redis beneath it", dpopRedis, named(embeddedName, rowOf(dpopRedis, fiftyAtOnce, 100, 1, 79)), "**missed**"},
		{"Redis one after the other", dpopRedis, named(embeddedName, rowOf(dpopRedis, oneAtOnce, 100, 1, 80)), "not measured"},
		{"a new issuer at the limit", "a new issuer where 10,000", results{rows: []row{
			rowOf(newIssuers, besideIssuers(0), 5_000, 1), rowOf(newIssuers, besideIssuers(10_000), 15_000, 1),
		}}, "ok"},
		{"a new issuer above it", "a new issuer where 50,000", results{rows: []row{
			rowOf(newIssuers, besideIssuers(0), 5_000, 1), rowOf(newIssuers, besideIssuers(50_000), 15_001, 1),
		}}, "**missed**"},
		{"a new issuer by itself", "a new issuer where 50,000", results{rows: []row{rowOf(newIssuers, besideIssuers(50_000), 100, 1)}}, "not measured"},
		{"domains at the limit", "a resolver", results{rows: []row{
			rowOf(manyDomains, "1 domain", 1_000, 1), rowOf(manyDomains, "1,000 domains", 101_000, 1),
		}}, "ok"},
		{"domains above it", "a resolver", results{rows: []row{
			rowOf(manyDomains, "1 domain", 1_000, 1), rowOf(manyDomains, "1,000 domains", 101_001, 1),
		}}, "**missed**"},
		{"ahead", "ahead of the best peer, on every row of good", results{rows: []row{
			rowOf(bearerRS256Seen, oneCore, 99, 1, 100), rowOf(dpopRedis, oneCore, 500, 1),
		}}, "ok"},
		{"not ahead of one", "ahead of the best peer, on every row of good", results{rows: []row{
			rowOf(bearerRS256Seen, oneCore, 99, 1, 100), rowOf(dpopSeen, oneCore, 100, 1, 300, 100),
		}}, "**missed**"},
		{"no peer to be ahead of", "ahead of the best peer, on every row of good", results{rows: []row{rowOf(dpopRedis, oneCore, 500, 1)}}, "not measured"},
		{"cores at the limit", bearerRS256Unseen + ", 2 cores", results{rows: []row{
			rowOf(bearerRS256Unseen, oneCore, 180, 1), rowOf(bearerRS256Unseen, twoCores, 100, 1),
		}}, "ok"},
		{"cores beneath it", bearerRS256Unseen + ", 2 cores", results{rows: []row{
			rowOf(bearerRS256Unseen, oneCore, 179, 1), rowOf(bearerRS256Unseen, twoCores, 100, 1),
		}}, "**missed**"},
		{"only one core", bearerRS256Unseen + ", 2 cores", results{rows: []row{rowOf(bearerRS256Unseen, oneCore, 190, 1)}}, "not measured"},
		{"issuers at the limit", "100,000 issuers", results{rows: []row{
			rowOf(manyIssuers, "1 issuer", 100, 1), rowOf(manyIssuers, "100,000 issuers", 120, 1),
		}}, "ok"},
		{"issuers above it", "100,000 issuers", results{rows: []row{
			rowOf(manyIssuers, "1 issuer", 100, 1), rowOf(manyIssuers, "100,000 issuers", 121, 1),
		}}, "**missed**"},
		{"garbage beneath the floor", "rejecting garbage", results{rows: garbageRows(99_999)}, "ok"},
		{"garbage at the floor", "rejecting garbage", results{rows: garbageRows(100_000)}, "**missed**"},
		{"not all garbage", "rejecting garbage", results{rows: garbageRows(99_999)[1:]}, "not measured"},
		{"bytes at the limit", "replay memory, one million", results{replay: &replayMeasure{bytes: 96 * mebibyte}}, "ok"},
		{"bytes above it", "replay memory, one million", results{replay: &replayMeasure{bytes: 96*mebibyte + 1}}, "**missed**"},
		{"a use beneath the limit", "replay memory, one use", results{replay: &replayMeasure{perUse: 1999}}, "ok"},
		{"a use at the limit", "replay memory, one use", results{replay: &replayMeasure{perUse: 2000}}, "**missed**"},
		{"a pause at the limit", "replay memory, longest pause", results{replay: &replayMeasure{worst: 1e6, worstExpired: 1e6}}, "ok"},
		{"a pause above it", "replay memory, longest pause", results{replay: &replayMeasure{worst: 1e6 + 1}}, "**missed**"},
		{"a pause when all expire", "replay memory, longest pause", results{replay: &replayMeasure{worstExpired: 1e6 + 1}}, "**missed**"},
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
		rowOf(bearerRS256Unseen, oneCore, 113_000, 28, 131_000),
		rowOf(bearerRS256Seen, oneCore, 4_500, 3, 130_000),
	}}
	table(os.Stdout, []string{"target", "limit", "measured", ""}, r.targetLines()[:3])
	table(os.Stdout, []string{"workload", "on", "ns/op", "", "B/op", "allocs", "x floor", "x best peer", "best peer"}, r.holdfastLines())
	// Output:
	// | target                                                           | limit                        | measured                       |              |
	// | ---------------------------------------------------------------- | ---------------------------- | ------------------------------ | ------------ |
	// | Bearer RS256, never seen before, against bare cryptography       | 1.15 x, 30 allocations       | 1.13 x, 28 allocations, 2800 B | ok           |
	// | Bearer RS256, seen before, against bare cryptography             | 0.05 x, 3 allocations, 450 B | 0.045 x, 3 allocations, 300 B  | ok           |
	// | Bearer RS256, never seen, claims read, against bare cryptography | 1.30 x                       |                                | not measured |
	// | workload                        | on     |  ns/op |     | B/op | allocs | x floor | x best peer | best peer |
	// | ------------------------------- | ------ | -----: | --- | ---: | -----: | ------: | ----------: | --------- |
	// | Bearer RS256, never seen before | 1 core | 113000 | ∞   | 2800 |     28 |    1.13 |        0.86 | peer      |
	// | Bearer RS256, seen before       | 1 core |   4500 | ∞   |  300 |      3 |   0.045 |       0.035 | peer      |
}
