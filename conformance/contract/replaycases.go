package contract

import (
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

// The sentences that several cases prove, and where they are.
const (
	replayType = "ports/replay.go, ReplayStore"
	firstUse   = "ports/replay.go, ReplayStore.FirstUse"

	useReports = "FirstUse reports whether this is the first use of key within the last use's ttl, and remembers it for ttl"
	useAtomic  = "It must be one atomic step: of any number of concurrent calls with the same key, in any number of " +
		"processes that share the store, exactly one returns true until ttl has passed since that call"
	useZero    = "A ttl of zero or less is an error, as the caller's window has closed"
	useUnable  = "If it cannot tell (the store is out of reach, or full), it must return an error, never true"
	noForget   = "It must not forget an entry before its ttl has passed"
	replayKeys = "Keys are as those of Cache, and the domain gives them a fixed length"
)

func replayContract() []contractCase[*replayTrial] {
	return slices.Concat(replayUseCases(), replayTTLCases(), replayUnableCases(), replayKeyCases(), replayGeneralCases())
}

func replayUseCases() []contractCase[*replayTrial] {
	return []contractCase[*replayTrial]{
		{
			clause: clause{
				"ReplayStore.FirstUse/once", firstUse, useReports,
				"add the key if it is absent, and return whether it was",
			},
			try: func(t *replayTrial) {
				s, key := t.open(), newKey()
				t.wantUse(s, key, time.Minute, true)
				t.wantUse(s, newKey(), time.Minute, true)
				t.wantUse(s, key, time.Minute, false)
				t.wantUse(s, key, time.Minute, false)
			},
		},
		{
			clause: clause{
				"ReplayStore.FirstUse/again", firstUse, useReports,
				"let an entry expire when its ttl has passed",
			},
			try: func(t *replayTrial) {
				s := t.open()
				keys := make(chan string, 128) // a new one for each look, as looking must not matter
				for range cap(keys) {
					key := newKey()
					keys <- key
					t.wantUse(s, key, t.short(), true)
				}
				if !t.comes(t.short(), func() bool { return t.use(s, <-keys, long) }) {
					t.fail("FirstUse still returns false for a key that was used for %v", t.short())
				}
			},
		},
		{
			clause: clause{
				"ReplayStore.FirstUse/atomic", firstUse, useAtomic,
				"use the store's own add-if-absent; a look followed by a write is two steps",
			},
			try: func(t *replayTrial) { t.wantOne(50, t.open()) },
		},
		{
			clause: clause{
				"ReplayStore.FirstUse/atomic-shared", firstUse, useAtomic,
				"decide in the store, not in the process; let all handles use the same keys",
			},
			skip: (*replayTrial).isAlone,
			try: func(t *replayTrial) {
				t.wantOne(1, t.open(), t.open(), t.open(), t.open())
			},
		},
		{
			clause: clause{
				"ReplayStore.FirstUse/no-prolonging", firstUse, "A call that returns false must not prolong the memory",
				"leave the time of expiry as it is where the key is there",
			},
			try: func(t *replayTrial) {
				s, key := t.open(), newKey()
				t.wantUse(s, key, t.short(), true)
				if t.use(s, key, long) {
					t.fatal("FirstUse returned true at once again")
				}
				if !t.comes(t.short(), func() bool { return t.use(s, key, long) }) {
					t.fail("FirstUse still returns false for a key that was used for %v, and in vain for %v", t.short(), long)
				}
			},
		},
	}
}

// wantOne wants one true of several calls at once through each handle.
func (t *replayTrial) wantOne(calls int, handles ...ports.ReplayStore) {
	t.Helper()
	const rounds = 20
	for range rounds {
		var firsts atomic.Int32
		key := newKey()
		atOnce(calls*len(handles), func(i int) {
			if t.use(handles[i%len(handles)], key, long) {
				firsts.Add(1)
			}
		})
		if got := firsts.Load(); got != 1 {
			t.fatal("%d of %d concurrent calls returned true", got, calls*len(handles))
		}
	}
}

func replayTTLCases() []contractCase[*replayTrial] {
	return []contractCase[*replayTrial]{
		{
			clause: clause{
				"ReplayStore/remembers", replayType, noForget,
				"have the store keep entries a step longer than ttl if its clock ticks in steps",
			},
			try: tryMemory,
		},
		{
			clause: clause{
				"ReplayStore.FirstUse/longest", firstUse, useAtomic,
				"cap ttl, or return an error, where adding it to the time overflows",
			},
			try: func(t *replayTrial) {
				s, key := t.open(), newKey()
				first, err := s.FirstUse(t.Context(), key, math.MaxInt64)
				if err != nil {
					return // the store can't count so far, and says so
				}
				if !first {
					t.fatal("FirstUse of a new key returned false")
				}
				t.wantUse(s, key, long, false)
			},
		},
		{
			clause: clause{
				"ReplayStore.FirstUse/rounds-up", firstUse, "A ttl finer than the store's resolution is rounded up",
				"round ttl up to the store's unit: rounded down it is zero, which stores nothing or never ends",
			},
			try: func(t *replayTrial) {
				s, key := t.open(), newKey()
				called := time.Now()
				t.wantUse(s, key, 1, true)
				// By real time the rounded ttl may have passed already.
				if t.use(s, key, 1) && (t.Advance != nil || time.Since(called) < t.roundUp(1)) {
					t.fail("FirstUse for 1ns was forgotten before %v", t.roundUp(1))
				}
				if !t.comes(t.roundUp(1), func() bool { return t.use(s, key, 1) }) {
					t.fail("FirstUse still returns false for a key that was used for 1ns")
				}
			},
		},
		{
			clause: clause{
				"ReplayStore.FirstUse/zero", firstUse, useZero,
				"return an error where ttl <= 0; to many stores zero means for ever",
			},
			try: func(t *replayTrial) { t.wantUnable(t.Context(), t.open(), newKey(), 0) },
		},
		{
			clause: clause{"ReplayStore.FirstUse/negative", firstUse, useZero, "return an error where ttl <= 0"},
			try: func(t *replayTrial) {
				s := t.open()
				t.wantUnable(t.Context(), s, newKey(), -1)
				t.wantUnable(t.Context(), s, newKey(), -long)
			},
		},
	}
}

// tryMemory looks at uses until their ttl has passed: a new one for each look, as looking must not matter. By real time
// they are made at different moments between two ticks of the store's clock.
func tryMemory(t *replayTrial) {
	const looks = 40
	s := t.open()
	if t.Advance != nil {
		key, late := newKey(), newKey()
		t.wantUse(s, key, t.short(), true)
		t.wantUse(s, late, t.short(), true)
		t.pass(t.short() / 2)
		t.wantUse(s, key, t.short(), false)
		t.pass(t.short() - t.short()/2 - 1)
		t.wantUse(s, late, t.short(), false)
		return
	}
	var users sync.WaitGroup
	for i := range looks {
		users.Go(func() {
			time.Sleep(t.resolution * time.Duration(i) / looks)
			key, called := newKey(), time.Now()
			t.wantUse(s, key, t.short(), true)
			time.Sleep(time.Until(called.Add(t.short() * time.Duration(i+1) / (looks + 1))))
			if again := t.use(s, key, t.short()); again && time.Since(called) < t.short() {
				t.fail("FirstUse returned true %v after a use for %v", time.Since(called), t.short())
			}
		})
	}
	users.Wait()
}

func replayUnableCases() []contractCase[*replayTrial] {
	return []contractCase[*replayTrial]{
		{
			clause: clause{"ReplayStore.FirstUse/full", firstUse, useUnable, "refuse what can't be remembered"},
			skip:   (*replayTrial).isNeverFull,
			try: func(t *replayTrial) {
				s, holds := t.small()
				for range holds + 1 {
					first, err := s.FirstUse(t.Context(), newKey(), long)
					if err != nil && !first {
						return
					}
					if err != nil || !first {
						t.fatal("FirstUse of a new key returned %t, error %v", first, err)
					}
				}
				t.fail("FirstUse returned true for %d keys, where %d can be remembered", holds+1, holds)
			},
		},
		{
			clause: clause{
				"ReplayStore/remembers-when-full", replayType, noForget,
				"never evict; if the store must, set ReplayTraits.Evicts and have its documentation say so",
			},
			skip: (*replayTrial).isNeverFull,
			try: func(t *replayTrial) {
				s, holds := t.small()
				var used []string
				refused := 0
				for i := 0; i <= holds && refused < 100; i++ {
					key := newKey()
					if first, _ := s.FirstUse(t.Context(), key, long); first {
						used = append(used, key)
					} else {
						refused++
					}
				}
				for _, key := range used[:min(len(used), holds)] {
					if first, _ := s.FirstUse(t.Context(), key, long); first {
						t.fatal("FirstUse returned true for a key that was used before the store was full")
					}
				}
			},
		},
		{
			clause: clause{
				"ReplayStore.FirstUse/away", firstUse, useUnable,
				"return the client's error where the store can't be asked",
			},
			skip: (*replayTrial).hasNoServer,
			try: func(t *replayTrial) {
				ctx, cancel := context.WithTimeout(t.Context(), patience/2)
				defer cancel()
				t.wantUnable(ctx, t.connect(closedAddress(t)), newKey(), long)
			},
		},
		{
			clause: clause{
				"ReplayStore.FirstUse/babble", firstUse, useUnable,
				"return false with an error for an answer that is not of the store's protocol",
			},
			skip: (*replayTrial).hasNoServer,
			try: func(t *replayTrial) {
				ctx, cancel := context.WithTimeout(t.Context(), patience/2)
				defer cancel()
				t.wantUnable(ctx, t.connect(babble(t, nonsense)), newKey(), long)
			},
		},
		{
			clause: clause{
				"ReplayStore.FirstUse/silent", firstUse, useUnable,
				"return false with the error where no answer came",
			},
			skip: (*replayTrial).hasNoServer,
			try:  trySilence,
		},
	}
}

// trySilence looks at what a call returns that got no answer; that it returns is ReplayStore/context-ends.
func trySilence(t *replayTrial) {
	s := t.connect(silence(t))
	ctx, cancel := context.WithTimeout(t.Context(), stay)
	defer cancel()
	answer := make(chan bool, 1)
	go func() {
		first, err := s.FirstUse(ctx, newKey(), long)
		answer <- first || err == nil
	}()
	select {
	case told := <-answer:
		if told {
			t.fail("FirstUse returned true, or no error, where no answer came")
		}
	case <-time.After(patience):
	}
}

func replayKeyCases() []contractCase[*replayTrial] {
	return []contractCase[*replayTrial]{
		{
			clause: clause{
				"ReplayStore/key-alphabet", replayType, replayKeys,
				"take keys as they are, upper and lower case apart; hash or encode them where the store can't",
			},
			try: func(t *replayTrial) { t.wantApart(oddKeys()) },
		},
		{
			clause: clause{
				"ReplayStore/key-longest", replayType, replayKeys,
				"leave room for 128 characters besides a prefix of your own; hash keys where the store can't",
			},
			try: func(t *replayTrial) { t.wantApart(longKeys()) },
		},
		{
			clause: clause{
				"ReplayStore/key-shortest", replayType, replayKeys,
				"take keys as they are; a key is not a path",
			},
			try: func(t *replayTrial) {
				s := t.open()
				for _, key := range shortKeys() {
					t.use(s, key, t.roundUp(grace)) // another run may have used it before
					t.wantUse(s, key, t.roundUp(grace), false)
				}
			},
		},
	}
}

// wantApart wants each key to have a first use of its own.
func (t *replayTrial) wantApart(keys []string) {
	t.Helper()
	s := t.open()
	for _, want := range []bool{true, false} {
		for _, key := range keys {
			t.wantUse(s, key, long, want)
		}
	}
}

func replayGeneralCases() []contractCase[*replayTrial] {
	return []contractCase[*replayTrial]{
		{
			clause: generalClause(
				"ReplayStore/concurrency", safeForConcurrentUse,
				"guard what calls share with a mutex, and run the suite with -race",
			),
			try: func(t *replayTrial) {
				s := t.open()
				atOnce(32, func(int) {
					key := newKey()
					t.wantUse(s, key, long, true)
					t.wantUse(s, key, long, false)
				})
			},
		},
		{
			clause: generalClause(
				"ReplayStore/context-ended", obeysContext,
				"return ctx.Err() before anything else, or set ReplayTraits.NonBlocking",
			),
			skip: (*replayTrial).blocksNever,
			try: func(t *replayTrial) {
				s := t.open()
				t.wantContextError("FirstUse", func(ctx context.Context) error { return firstUseError(ctx, s) })
			},
		},
		{
			clause: generalClause(
				"ReplayStore/context-ends", obeysContext,
				"hand ctx to the client, or also wait for ctx.Done; wrap ctx.Err() with %w",
			),
			skip: (*replayTrial).hasNoServer,
			try: func(t *replayTrial) {
				s := t.connect(silence(t))
				t.wantLeave(namedCall{"FirstUse", func(ctx context.Context) error { return firstUseError(ctx, s) }})
			},
		},
		{
			clause: panicClause("ReplayStore/panics"),
			skip:   (*replayTrial).hasNoServer,
			try: func(t *replayTrial) {
				s := t.connect(babble(t, halfway))
				ctx, cancel := context.WithTimeout(t.Context(), patience/2)
				defer cancel()
				_ = t.wantAnswer("FirstUse", func() error { return firstUseError(ctx, s) })
			},
		},
		{
			clause: generalClause(
				"ReplayStore/credentials", noCredentials,
				"put no address with a password, and no configuration, into errors",
			),
			skip: (*replayTrial).hasNoCredentials,
			try: func(t *replayTrial) {
				s := t.connect(closedAddress(t))
				ctx, cancel := context.WithTimeout(t.Context(), patience/2)
				defer cancel()
				err := t.wantAnswer("FirstUse", func() error { return firstUseError(ctx, s) })
				t.wantSecret("FirstUse", err, t.Credentials)
			},
		},
	}
}

// firstUseError returns the error of a use.
func firstUseError(ctx context.Context, s ports.ReplayStore) error {
	_, err := s.FirstUse(ctx, newKey(), long)
	return err
}
