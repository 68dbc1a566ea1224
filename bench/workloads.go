package main

import (
	"context"
	"slices"
)

// The workloads and variants that targets speak of.
const (
	bearerRS256Unseen = "Bearer RS256, never seen before"
	bearerRS256Seen   = "Bearer RS256, seen before"
	bearerES256Unseen = "Bearer ES256, never seen before"
	bearerES256Seen   = "Bearer ES256, seen before"
	dpopUnseen        = "DPoP, token and proof never seen"
	dpopSeen          = "DPoP, token seen, proof fresh"
	dpopRedis         = "DPoP, token seen, replay in Redis"
	manyIssuers       = "Bearer RS256, never seen, of many issuers"

	oneCore  = "1 core"
	twoCores = "2 cores"
)

// A preparation makes a workload: its tokens, and contenders that have each shown that they accept what is good and
// reject what was tampered with. What it starts, after says how to end.
type preparation struct {
	workload string
	prepare  func(ctx context.Context, after *cleanup) (*workload, error)
}

// preparations lists all workloads, in the order of the report.
func preparations(issuerTokens int) []preparation {
	list := []preparation{
		bearerWorkload(bearerRS256Unseen, "RS256", pool, 1, 2),
		bearerWorkload(bearerRS256Seen, "RS256", 1, 1, 2),
		bearerWorkload(bearerES256Unseen, "ES256", pool, 1),
		bearerWorkload(bearerES256Seen, "ES256", 1, 1),
		dpopWorkload(dpopUnseen, false),
		dpopWorkload(dpopSeen, true),
		redisWorkload(),
		issuersWorkload(issuerTokens),
	}
	for _, kind := range garbage() {
		list = append(list, garbageWorkload(kind))
	}
	return list
}

// A cleanup is what is to be done in the end, the last thing first.
type cleanup []func()

func (c *cleanup) add(f func()) { *c = append(*c, f) }

func (c *cleanup) run() {
	for _, f := range slices.Backward(*c) {
		f()
	}
}

// variants are the same contenders on several numbers of cores.
func variants(contenders []*contender, cores ...int) []variant {
	names := map[int]string{1: oneCore, 2: twoCores}
	list := make([]variant, len(cores))
	for i, n := range cores {
		list[i] = variant{names[n], n, contenders}
	}
	return list
}
