package simulation

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// A history is all that a seed decides beforehand.
type history struct {
	seed  uint64
	setup setup
	steps []step
}

// A setup is how the fleet is configured.
type setup struct {
	issuers, processes int

	soft, floor, hard, cooldown, fetchTimeout time.Duration

	cache        cacheUse
	ownStore     bool // each process remembers proofs by itself; only where there is one process
	failOpen     bool // DPoP.InsecureAcceptWithoutReplayStore
	remembered   int  // Config.MaxRememberedTokens
	maxIssuers   int  // Keys.MaxIssuers
	maxFetches   int  // Keys.MaxFetches
	proofsPerKey int  // DPoP.MaxProofsPerKey

	skew  [maxProcesses]time.Duration // by which clocks are wrong from the start
	begin time.Duration               // of fake time, so that the same jitter is not met by all histories
}

type cacheUse int

const (
	noCache cacheUse = iota
	authenticatedCache
	trustedCache
)

// A step is one thing that happens. What it does not use is zero.
type step struct {
	op      op
	process int
	issuer  int
	which   int
	n       int
	fault   fault
	wait    time.Duration
}

type op int

const (
	opWait     op = iota
	opRequest     // wait is the client's patience, 0 for endless
	opReplay      // of an earlier proof
	opRotate      // which: the old keys stay published, or are withdrawn at once
	opWithdraw    // the oldest key that is published
	opIssuer      // fault of an issuer from now on
	opCache       // fault of the cache from now on
	opStore       // fault of the replay store from now on
	opHeal        // no fault any more
	opPoison      // somebody writes to the cache
	opClock       // a process's clock is set forward or back by wait
	opRestart
	opWarm
)

var opNames = [...]string{"wait", "request", "replay", "rotate", "withdraw", "issuer fault", "cache fault", "store fault",
	"heal", "poison", "clock", "restart", "warm"}

// weights say how often an operation is drawn.
var weights = [...]int{26, 30, 7, 5, 4, 6, 3, 4, 10, 3, 4, 3, 1}

// The tokens that a request is sent with, by which.
const (
	tokenCurrent = iota
	tokenOlder
	tokenMadeUp
	tokenForged
	tokenShort
	tokenKinds
)

func newHistory(seed uint64) *history {
	r := rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))
	h := &history{seed: seed, setup: newSetup(r)}
	enabled := weights
	for o := range enabled {
		// Some kinds of events are left out of some histories, so that others come together more often.
		if op(o) > opRequest && r.IntN(3) == 0 {
			enabled[o] = 0
		}
	}
	if h.setup.cache == noCache {
		enabled[opCache], enabled[opPoison] = 0, 0
	}
	if h.setup.ownStore {
		enabled[opStore] = 0
	}
	if h.setup.issuers > 1 {
		enabled[opWarm] = 0 // Warm asks them in any order, which no seed replays
	}
	total := 0
	for _, weight := range enabled {
		total += weight
	}
	for range 8 + r.IntN(35) {
		drawn := r.IntN(total)
		o := opWait
		for drawn >= enabled[o] {
			drawn -= enabled[o]
			o++
		}
		if o == opReplay && r.IntN(4) == 0 { // where the store may forget what a process may still take
			h.steps = append(h.steps, step{op: opWait, wait: within(r, maxProofAge-proofLeeway, maxProofAge+proofLeeway)})
		}
		h.steps = append(h.steps, newStep(r, o, h.setup))
		switch {
		case r.IntN(2) == 0:
		case o == opRequest: // others overlap
			h.steps = append(h.steps, step{op: opWait, wait: within(r, time.Millisecond, 100*time.Millisecond)})
		case o == opRotate, o == opRestart, o == opClock:
			h.steps = append(h.steps, newStep(r, opRequest, h.setup))
		}
	}
	return h
}

func newSetup(r *rand.Rand) setup {
	s := setup{
		issuers: 1 + r.IntN(2)*r.IntN(maxIssuers), processes: 1 + r.IntN(maxProcesses),
		soft: pick(r, 10*time.Minute, 10*time.Minute, time.Minute), hard: pick(r, 24*time.Hour, 2*time.Hour),
		cooldown: pick(r, 30*time.Second, 30*time.Second, time.Second), fetchTimeout: pick(r, 10*time.Second, 3*time.Second),
		cache: pick(r, noCache, authenticatedCache, authenticatedCache, trustedCache), failOpen: r.IntN(4) == 0,
		remembered: pick(r, 0, 0, -1, 1), maxIssuers: pick(r, 0, 0, 0, 1),
		maxFetches: pick(r, 0, 0, 0, 1, 2), proofsPerKey: pick(r, 0, 0, 0, 0, 4),
		begin: time.Duration(r.Int64N(int64(time.Hour))),
	}
	s.floor = min(s.soft, pick(r, time.Minute, 10*time.Second))
	s.ownStore = s.processes == 1 && r.IntN(2) == 0
	if r.IntN(4) == 0 {
		for p := range s.skew {
			s.skew[p] = time.Duration(r.Int64N(int64(50*time.Second))) - 25*time.Second
		}
	}
	return s
}

func newStep(r *rand.Rand, o op, s setup) step {
	st := step{op: o, process: r.IntN(s.processes), issuer: r.IntN(s.issuers), which: r.IntN(1 << 16)}
	switch o {
	case opWait:
		st.wait = span(r, s)
	case opRequest, opReplay:
		st.n = pick(r, 1, 1, 1, 1, 3, 6)
		if r.IntN(5) == 0 {
			st.wait = within(r, 100*time.Microsecond, pick(r, 20*time.Millisecond, time.Second, 4*time.Second))
		}
	case opIssuer:
		st.fault = fault(1 + r.IntN(int(issuerFaults)-1))
		st.wait = within(r, 50*time.Millisecond, pick(r, time.Second, 3*time.Second, 20*time.Second))
	case opCache:
		st.fault = pick(r, faultSlow, faultHang, faultError, faultLoss)
		st.wait = within(r, 50*time.Millisecond, pick(r, 500*time.Millisecond, 3*time.Second))
	case opStore:
		st.fault = pick(r, faultSlow, faultHang, faultError, faultLate, faultPanic)
		st.wait = within(r, 5*time.Millisecond, pick(r, 300*time.Millisecond, 3*time.Second))
	case opClock:
		st.wait = within(r, time.Second, pick(r, 20*time.Second, 5*time.Minute, 6*time.Hour, 30*time.Hour))
		if r.IntN(2) == 0 {
			st.wait = -st.wait
		}
	}
	return st
}

// span is how long nothing happens: from a moment to beyond what keys live.
func span(r *rand.Rand, s setup) time.Duration {
	switch r.IntN(10) {
	case 0, 1, 2:
		return within(r, time.Millisecond, 200*time.Millisecond)
	case 3, 4:
		return within(r, 200*time.Millisecond, 5*time.Second)
	case 5, 6:
		return within(r, 5*time.Second, 70*time.Second)
	case 7, 8:
		return within(r, s.soft/2, 2*s.soft)
	}
	return within(r, s.soft, s.hard+s.hard/4)
}

func within(r *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(r.Int64N(int64(to-from)+1))
}

func pick[T any](r *rand.Rand, choices ...T) T { return choices[r.IntN(len(choices))] }

// draw is a number that depends on the seed, on what it is drawn for and on the fake time, and not on the order in which
// goroutines run.
func draw(seed uint64, what string, at time.Duration) uint64 {
	x := seed ^ 0xcbf29ce484222325
	for i := range len(what) {
		x = (x ^ uint64(what[i])) * 0x100000001b3
	}
	return mix(x ^ mix(uint64(at)))
}

// mix is the finalizer of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// String lists the steps, for the report of a failure.
func (h *history) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "setup %+v\n", h.setup)
	for i, s := range h.steps {
		fmt.Fprintf(&b, "%3d %s\n", i, s)
	}
	return b.String()
}

func (s step) String() string {
	text := opNames[s.op]
	switch s.op {
	case opWait:
		return fmt.Sprintf("%s %v", text, s.wait)
	case opRequest, opReplay:
		return fmt.Sprintf("%s at process %d, issuer %d, which %d, %d at once, patience %v", text, s.process, s.issuer, s.which, s.n, s.wait)
	case opRotate, opWithdraw, opPoison:
		return fmt.Sprintf("%s issuer %d, which %d", text, s.issuer, s.which)
	case opIssuer:
		return fmt.Sprintf("%s %d: %v %v", text, s.issuer, s.fault, s.wait)
	case opCache, opStore:
		return fmt.Sprintf("%s: %v %v", text, s.fault, s.wait)
	case opClock:
		return fmt.Sprintf("%s of process %d by %v", text, s.process, s.wait)
	case opRestart, opWarm:
		return fmt.Sprintf("%s process %d", text, s.process)
	}
	return text
}
