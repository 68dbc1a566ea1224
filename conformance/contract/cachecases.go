package contract

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/ports"
)

// The sentences that several cases prove, and where they are.
const (
	cacheType = "ports/cache.go, Cache"
	cacheGet  = "ports/cache.go, Cache.Get"
	cacheSet  = "ports/cache.go, Cache.Set"
	cacheDel  = "ports/cache.go, Cache.Delete"

	getCopies = "Get returns a copy of the value last set for key"
	getMisses = "It must return an error for which errors.Is(err, ErrMiss) holds when there is none, it expired or was " +
		"evicted, and must not return such an error when it cannot tell"
	getLastSet = "A Set may take effect after it has returned, or be forgotten: without it Get returns the value that was " +
		"there, or ErrMiss; it never goes back to an older one"
	setStores = "Set stores a copy of value for ttl, replacing what was there"
	setTTL    = "A ttl of zero or less stores nothing and removes what was there; one that is finer than the store's " +
		"resolution is rounded up"
	delRemoves = "Delete removes key"
	valueSize  = "Values have at most 2 MiB; a cache that cannot hold a value returns an error from Set"
)

func cacheContract() []contractCase[*cacheTrial] {
	return slices.Concat(cacheGetCases(), cacheSetCases(), cacheTTLCases(), cacheDeleteCases(), cacheTypeCases(), cacheGeneralCases())
}

func cacheGetCases() []contractCase[*cacheTrial] {
	return []contractCase[*cacheTrial]{
		{
			clause: clause{"Cache.Get/value", cacheGet, getCopies, "store and return values byte for byte"},
			try: func(t *cacheTrial) {
				c := t.open()
				for _, value := range oddValues {
					key := newKey()
					t.set(c, key, []byte(value), long)
					t.wantValue(c, key, []byte(value))
				}
			},
		},
		{
			clause: clause{"Cache.Get/copies", cacheGet, getCopies, "return a clone (bytes.Clone)"},
			try: func(t *cacheTrial) {
				c, key := t.open(), newKey()
				t.set(c, key, []byte("value"), long)
				got, err := c.Get(t.Context(), key)
				if err != nil || len(got) == 0 {
					t.fatal("Get returned %s, error %v", sketch(got), err)
				}
				got[0] = 'X' // the caller's by now
				t.wantValue(c, key, []byte("value"))
			},
		},
		{
			clause: clause{
				"Cache.Get/miss", cacheGet, getMisses,
				"return ports.ErrMiss, wrapped or not, for a key without a value",
			},
			try: func(t *cacheTrial) { t.wantMiss(t.open(), newKey()) },
		},
		{
			clause: clause{
				"Cache.Get/expired", cacheGet, getMisses,
				"compare with the time of expiry on each Get, or have the store expire entries",
			},
			try: func(t *cacheTrial) {
				c, key := t.open(), newKey()
				t.set(c, key, []byte("value"), t.short())
				if !t.comes(t.short(), func() bool { return t.isMiss(c, key) }) {
					t.fail("Get still returns a value that was set for %v", t.short())
				}
			},
		},
		{
			clause: clause{
				"Cache.Get/evicted", cacheGet, getMisses,
				"answer for an evicted entry as for one that never was",
			},
			skip: (*cacheTrial).isNeverFull,
			try:  tryEviction,
		},
		{
			clause: clause{
				"Cache.Get/away", cacheGet, getMisses,
				"return the client's error as it is, without ErrMiss, where the store can't be asked",
			},
			skip: (*cacheTrial).hasNoServer,
			try:  func(t *cacheTrial) { t.wantUnable("Get", closedAddress(t)) },
		},
		{
			clause: clause{
				"Cache.Get/babble", cacheGet, getMisses,
				"return an error without ErrMiss for an answer that is not of the store's protocol",
			},
			skip: (*cacheTrial).hasNoServer,
			try:  func(t *cacheTrial) { t.wantUnable("Get", babble(t, nonsense)) },
		},
	}
}

// oddValues are bytes that stores and encodings change, at the beginning and at the end.
var oddValues = []string{
	"\x00\xff\r\nEND\r\n", "value\x00\x00", "\x00\x00value", "\x00", " value ", "\t\n", "\xef\xbb\xbfvalue", "\x1f\x8b\x08\x00", `"value"`, "null", "%2500",
}

// tryEviction fills a small cache beyond what it holds.
func tryEviction(t *cacheTrial) {
	c, holds := t.small()
	var keys []string
	for range holds + 1 {
		key := newKey()
		if err := c.Set(t.Context(), key, []byte(key), long); err != nil {
			break // it is full and says so, which is as good
		}
		keys = append(keys, key)
	}
	evicted := 0
	for _, key := range keys {
		got, err := c.Get(t.Context(), key)
		switch {
		case errors.Is(err, ports.ErrMiss):
			evicted++
		case err != nil:
			t.fatal("Get of an entry that may have been evicted: error %v, want ErrMiss", err)
		case string(got) != key:
			t.fatal("Get of an entry that may have been evicted returned %s", sketch(got))
		}
	}
	if evicted == 0 && len(keys) > holds {
		t.Fatalf("CacheTraits.Small opened a cache that holds more than %d entries", holds)
	}
}

func cacheSetCases() []contractCase[*cacheTrial] {
	return []contractCase[*cacheTrial]{
		{
			clause: clause{"Cache.Set/copies", cacheSet, setStores, "keep a clone of value (bytes.Clone)"},
			try: func(t *cacheTrial) {
				c, key, value := t.open(), newKey(), []byte("value")
				t.set(c, key, value, long)
				if string(value) != "value" {
					t.fail("Set changed the caller's slice")
				}
				value[0] = 'X'
				t.wantValue(c, key, []byte("value"))
			},
		},
		{
			clause: clause{"Cache.Set/replaces", cacheSet, setStores, "overwrite what is stored under the key"},
			try: func(t *cacheTrial) {
				c, key := t.open(), newKey()
				t.set(c, key, []byte("the first and longer value"), long)
				t.set(c, key, []byte("second"), long)
				t.wantValue(c, key, []byte("second"))
			},
		},
		{
			clause: clause{
				"Cache.Set/replaces-by-longer", cacheSet, setStores,
				"replace the time of expiry with the value",
			},
			try: func(t *cacheTrial) {
				c, key, witness := t.open(), newKey(), newKey()
				t.set(c, key, []byte("first"), t.short())
				t.set(c, key, []byte("second"), long)
				t.set(c, witness, []byte("short-lived"), t.short())
				if t.comes(t.short(), func() bool { return t.isMiss(c, witness) }) {
					t.wantValue(c, key, []byte("second"))
				}
			},
		},
		{
			clause: clause{
				"Cache.Set/replaces-by-shorter", cacheSet, setStores,
				"replace the time of expiry with the value",
			},
			try: func(t *cacheTrial) {
				c, key := t.open(), newKey()
				t.set(c, key, []byte("first"), long)
				t.set(c, key, []byte("second"), t.short())
				if !t.comes(t.short(), func() bool { return t.isMiss(c, key) }) {
					t.fail("Get still returns a value that was set again for %v", t.short())
				}
			},
		},
		{
			clause: clause{
				"Cache.Set/zero", cacheSet, setTTL,
				"delete the key where ttl <= 0; to many stores zero means for ever",
			},
			try: func(t *cacheTrial) {
				c, key, fresh := t.open(), newKey(), newKey()
				t.set(c, key, []byte("value"), long)
				t.set(c, key, []byte("other"), 0)
				t.wantMiss(c, key)
				t.set(c, fresh, []byte("value"), 0)
				t.wantMiss(c, fresh)
			},
		},
		{
			clause: clause{"Cache.Set/negative", cacheSet, setTTL, "delete the key where ttl <= 0"},
			try: func(t *cacheTrial) {
				c, key, fresh := t.open(), newKey(), newKey()
				t.set(c, key, []byte("value"), long)
				t.set(c, key, []byte("other"), -1)
				t.wantMiss(c, key)
				t.set(c, fresh, []byte("value"), -long)
				t.wantMiss(c, fresh)
			},
		},
		{
			clause: clause{
				"Cache.Set/empty", cacheSet, "The value may be empty, which is not a miss",
				"tell an empty value from none, for example by a mark before each value",
			},
			try: func(t *cacheTrial) {
				c, key, other := t.open(), newKey(), newKey()
				t.set(c, key, []byte{}, long)
				t.wantValue(c, key, nil)
				t.set(c, other, nil, long)
				t.wantValue(c, other, nil)
			},
		},
		{
			clause: clause{
				"Cache.Set/away", cacheType, valueSize,
				"return the client's error where nothing was stored",
			},
			skip: (*cacheTrial).hasNoServer,
			try:  func(t *cacheTrial) { t.wantUnable("Set", closedAddress(t)) },
		},
	}
}

func cacheDeleteCases() []contractCase[*cacheTrial] {
	return []contractCase[*cacheTrial]{
		{
			clause: clause{"Cache.Delete/removes", cacheDel, delRemoves, "have Delete return when the entry is gone"},
			try: func(t *cacheTrial) {
				c, key, other := t.open(), newKey(), newKey()
				t.set(c, key, []byte("value"), long)
				t.set(c, other, []byte("other"), long)
				if err := c.Delete(t.Context(), key); err != nil {
					t.fatal("Delete: error %v", err)
				}
				t.wantMiss(c, key)
				t.wantValue(c, other, []byte("other"))
			},
		},
		{
			clause: clause{
				"Cache.Delete/none", cacheDel, "That there is none is not an error",
				"return nil where the store says that there was no such key",
			},
			try: func(t *cacheTrial) {
				if err := t.open().Delete(t.Context(), newKey()); err != nil {
					t.fail("Delete: error %v", err)
				}
			},
		},
		{
			clause: clause{
				"Cache.Delete/away", cacheDel, delRemoves,
				"return the client's error where nothing was removed",
			},
			skip: (*cacheTrial).hasNoServer,
			try:  func(t *cacheTrial) { t.wantUnable("Delete", closedAddress(t)) },
		},
	}
}

func cacheTypeCases() []contractCase[*cacheTrial] {
	const keys = "Keys have 1 to 128 characters of A-Z a-z 0-9 and . _ - : and need no further escaping"
	return []contractCase[*cacheTrial]{
		{
			clause: clause{
				"Cache/shared", cacheType,
				"The domain shares issuers' documents through it, so that a fleet asks an issuer once instead of once " +
					"a process",
				"let all handles on one store use the same keys, and keep nothing back in the process",
			},
			skip: (*cacheTrial).isAlone,
			try: func(t *cacheTrial) {
				one, other, key := t.open(), t.open(), newKey()
				t.set(one, key, []byte("first"), long)
				t.wantValue(other, key, []byte("first"))
				t.set(one, key, []byte("second"), long)
				t.wantValue(other, key, []byte("second"))
			},
		},
		{
			clause: clause{
				"Cache/key-alphabet", cacheType, keys,
				"take keys as they are, upper and lower case apart; hash or encode them where the store can't",
			},
			try: func(t *cacheTrial) { t.wantApart(oddKeys()) },
		},
		{
			clause: clause{
				"Cache/key-longest", cacheType, keys,
				"leave room for 128 characters besides a prefix of your own; hash keys where the store can't",
			},
			try: func(t *cacheTrial) { t.wantApart(longKeys()) },
		},
		{
			clause: clause{"Cache/key-shortest", cacheType, keys, "take keys as they are; a key is not a path"},
			try: func(t *cacheTrial) {
				c := t.open()
				for _, key := range shortKeys() {
					t.set(c, key, []byte(key), t.roundUp(grace)) // another run finds the same
				}
				for _, key := range shortKeys() {
					t.wantValue(c, key, []byte(key))
				}
			},
		},
		{
			clause: clause{
				"Cache/value-largest", cacheType, valueSize,
				"raise the store's limit to 2 MiB, or declare its own as CacheTraits.MaxValue",
			},
			try: func(t *cacheTrial) {
				c, key, value := t.open(), newKey(), bytes.Repeat([]byte("v"), t.MaxValue)
				t.set(c, key, value, long)
				t.wantValue(c, key, value)
			},
		},
		{
			clause: clause{
				"Cache/value-larger", cacheType, valueSize,
				"return an error from Set; a value that was cut is a broken document",
			},
			try: func(t *cacheTrial) {
				c, key, value := t.open(), newKey(), bytes.Repeat([]byte("v"), t.MaxValue+1)
				if err := t.store(c, key, value, long); err == nil {
					t.wantValue(c, key, value) // it held more than was declared
				}
			},
		},
	}
}

// wantApart wants each key to have a value of its own.
func (t *cacheTrial) wantApart(keys []string) {
	t.Helper()
	c := t.open()
	for _, key := range keys {
		t.set(c, key, []byte(key), long)
	}
	for _, key := range keys {
		t.wantValue(c, key, []byte(key))
	}
}

// wantUnable wants an error that is not a miss from a method of a cache whose server, at address, is of no use.
func (t *cacheTrial) wantUnable(method, address string) {
	t.Helper()
	c := t.connect(address)
	for _, call := range calls(c, newKey()) {
		if !strings.HasPrefix(call.name, method) {
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience/2)
		err := t.wantAnswer(call.name, func() error { return call.call(ctx) })
		cancel()
		if err == nil || errors.Is(err, ports.ErrMiss) {
			t.fail("%s of a store that gives no answer: error %v", call.name, err)
		}
	}
}

func cacheGeneralCases() []contractCase[*cacheTrial] {
	return []contractCase[*cacheTrial]{
		{
			clause: generalClause(
				"Cache/concurrency", safeForConcurrentUse,
				"guard what calls share with a mutex, and run the suite with -race",
			),
			try: func(t *cacheTrial) {
				c, common := t.open(), newKey()
				t.set(c, common, []byte(common), long)
				if !t.Asynchronous && t.isMiss(c, common) { // which is no matter of concurrency
					t.Fatalf("%s: Get missed what was set, without concurrent calls: see Cache.Get/value", t.clause.id)
				}
				atOnce(32, func(int) {
					own := newKey()
					for _, key := range []string{own, common} {
						value := []byte(key)
						if err := t.store(c, key, value, long); err != nil {
							t.fail("%v", err)
						}
						t.wantValue(c, key, value)
					}
					if err := c.Delete(t.Context(), own); err != nil {
						t.fail("Delete: error %v", err)
					}
				})
			},
		},
		{
			clause: generalClause(
				"Cache/context-ended", obeysContext,
				"return ctx.Err() before anything else, or set CacheTraits.NonBlocking",
			),
			skip: (*cacheTrial).blocksNever,
			try: func(t *cacheTrial) {
				c, key := t.open(), newKey()
				t.set(c, key, []byte("value"), long)
				for _, call := range calls(c, key) {
					t.wantContextError(call.name, call.call)
				}
			},
		},
		{
			clause: generalClause(
				"Cache/context-ends", obeysContext,
				"hand ctx to the client, or also wait for ctx.Done; wrap ctx.Err() with %w",
			),
			skip: (*cacheTrial).hasNoServer,
			try: func(t *cacheTrial) {
				each := calls(t.connect(silence(t)), newKey())
				for i := range each { // on a handle of its own
					each[i] = calls(t.connect(silence(t)), newKey())[i]
				}
				t.wantLeave(each...)
			},
		},
		{
			clause: panicClause("Cache/panics"),
			skip:   (*cacheTrial).hasNoServer,
			try: func(t *cacheTrial) {
				for _, call := range calls(t.connect(babble(t, halfway)), newKey()) {
					ctx, cancel := context.WithTimeout(t.Context(), patience/2)
					_ = t.wantAnswer(call.name, func() error { return call.call(ctx) })
					cancel()
				}
			},
		},
		{
			clause: generalClause(
				"Cache/credentials", noCredentials,
				"put no address with a password, and no configuration, into errors",
			),
			skip: (*cacheTrial).hasNoCredentials,
			try: func(t *cacheTrial) {
				c := t.connect(closedAddress(t))
				for _, call := range calls(c, newKey()) {
					ctx, cancel := context.WithTimeout(t.Context(), patience/2)
					t.wantSecret(call.name, t.wantAnswer(call.name, func() error { return call.call(ctx) }), t.Credentials)
					cancel()
				}
			},
		},
	}
}
