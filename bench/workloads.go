package main

import (
	"context"
	"slices"
)

// The workloads and variants that targets speak of.
const (
	bearerRS256Unseen     = "Bearer RS256, never seen before"
	bearerRS256Seen       = "Bearer RS256, seen before"
	bearerRS256UnseenRead = "Bearer RS256, never seen, claims read"
	bearerRS256SeenRead   = "Bearer RS256, seen, claims read"
	bearerES256Unseen     = "Bearer ES256, never seen before"
	bearerZipf            = "Bearer RS256, some more often (Zipf)"
	dpopUnseen            = "DPoP, token and proof never seen"
	dpopSeen              = "DPoP, token seen, proof fresh"
	dpopRedis             = "DPoP, token seen, replay in Redis"
	manyIssuers           = "Bearer EdDSA, never seen, of many issuers"
	newIssuers            = "Bearer, of an issuer that is down and not held"
	manyDomains           = "Bearer RS256, seen, by a resolver"

	oneCore  = "1 core"
	twoCores = "2 cores"
)

// A preparation makes a workload: its tokens, and contenders that have each shown that they accept what is good and
// reject what was tampered with. What it starts, after says how to end.
type preparation struct {
	workload string
	prepare  func(ctx context.Context, after *cleanup) (*workload, error)
}

// A scale is how many of everything there are: the most of issuers, held issuers and tokens last.
type scale struct {
	working      []int // tokens that are in use at once
	issuers      []int // with a token each in turn
	issuerTokens int   // that come in turn, of as many issuers
	held         []int // issuers, when a new one comes
}

var (
	fullScale  = scale{[]int{1, 1000, 50_000}, []int{1, 10_000, 100_000}, 20_000, []int{10_000, 50_000}}
	shortScale = scale{[]int{1, 1000, pool}, []int{1, 1000}, pool / 2, []int{1000}}
)

// preparations lists all workloads, in the order of the report.
func preparations(scale scale) []preparation {
	list := []preparation{
		bearerWorkload(bearerRS256Unseen, bearerJob{"RS256", pool, false}, 1, 2),
		bearerWorkload(bearerRS256Seen, bearerJob{"RS256", 1, false}, 1, 2),
		bearerWorkload(bearerRS256UnseenRead, bearerJob{"RS256", pool, true}, 1),
		bearerWorkload(bearerRS256SeenRead, bearerJob{"RS256", 1, true}, 1),
		bearerWorkload(bearerES256Unseen, bearerJob{"ES256", pool, false}, 1),
		zipfWorkload(scale.working),
		dpopWorkload(dpopUnseen, false),
		dpopWorkload(dpopSeen, true),
		redisWorkload(),
		issuersWorkload(scale.issuers, scale.issuerTokens),
		newIssuersWorkload(scale.held),
		domainsWorkload(),
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
		list[i] = variant{name: names[n], cores: n, contenders: contenders}
	}
	return list
}
