package contract

import (
	"bytes"
	"errors"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

// cacheTTLCases are about when a value is there, and how long. By real time each looks only at what holds on a slow machine
// too: that a value is there before its time is judged where Get has returned by then, that it is gone with a margin.
func cacheTTLCases() []contractCase[*cacheTrial] {
	return []contractCase[*cacheTrial]{
		{
			clause: clause{
				"Cache.Get/last-set", cacheGet, getLastSet,
				"let Sets of one key take effect in their order, and before Set returns unless CacheTraits.Asynchronous is set",
			},
			try: tryLastSet,
		},
		{
			clause: clause{
				"Cache.Set/rounds-up", cacheSet, setTTL,
				"round ttl up to the store's unit: rounded down it is zero, which stores nothing or never ends",
			},
			try: func(t *cacheTrial) {
				c, key := t.open(), newKey()
				t.set(c, key, []byte("value"), 1)
				if t.Advance != nil { // real time may have passed already
					t.wantValue(c, key, []byte("value"))
				}
				if !t.comes(t.roundUp(1), func() bool { return t.isMiss(c, key) }) {
					t.fail("Get still returns a value that was set for 1ns")
				}
			},
		},
		{
			clause: clause{
				"Cache.Set/whole-ttl", cacheSet, setTTL,
				"round ttl up to the store's unit; where a clock's ticks let entries go sooner, declare CacheTraits.Early",
			},
			try: tryWholeTTL,
		},
		{
			clause: clause{
				"Cache.Set/ends", cacheSet, setStores,
				"hand ttl to the store in the store's unit",
			},
			try: tryEnd,
		},
		{
			clause: clause{
				"Cache.Get/no-prolonging", cacheGet, "Get must not prolong a ttl",
				"turn off what extends an entry's life when it is read (sliding or idle expiry, touch on Get)",
			},
			try: tryReading,
		},
	}
}

// tryLastSet sets one key again and again, and wants each look at it to find the newest value or, in an asynchronous
// cache, none or one that is not older than what was found before.
func tryLastSet(t *cacheTrial) {
	const last = 9
	c, key, seen := t.open(), newKey(), 0
	version := func(n int) []byte { return bytes.Repeat([]byte("v"), n) }
	look := func(set int) {
		t.Helper()
		value, err := c.Get(t.Context(), key)
		if t.Asynchronous && errors.Is(err, ports.ErrMiss) {
			return
		}
		switch found := len(value); {
		case err != nil || !bytes.Equal(value, version(min(found, set))) || found == 0:
			t.fatal("Get returned %s, error %v, after %d values were set", sketch(value), err, set)
		case found < seen:
			t.fatal("Get returned value %d after value %d", found, seen)
		case found < set && !t.Asynchronous:
			t.fatal("Get returned value %d after value %d was set", found, set)
		default:
			seen = found
		}
	}
	for set := 1; set <= last; set++ {
		if err := c.Set(t.Context(), key, version(set), long); err != nil {
			t.fatal("Set: error %v", err)
		}
		look(set)
	}
	t.set(c, key, version(last), long) // which waits until an asynchronous cache has it
	for range last {
		look(last)
	}
}

// tryWholeTTL looks at values until their ttl has passed, less what the cache may be early: a new one for each look. The
// ttl is one that loses much when it is rounded down, to seconds or to the cache's unit.
func tryWholeTTL(t *cacheTrial) {
	const looks = 20
	unit := max(t.Resolution, time.Second)
	kept := 2*unit - unit/10
	ttl := t.Early + kept
	c := t.open()
	if t.Advance != nil {
		half, end := newKey(), newKey()
		t.set(c, half, []byte(half), ttl)
		t.set(c, end, []byte(end), ttl)
		t.pass(kept / 2)
		t.wantValue(c, half, []byte(half))
		t.pass(kept - kept/2 - 1)
		t.wantValue(c, end, []byte(end))
		return
	}
	var users sync.WaitGroup
	for i := range time.Duration(looks) {
		users.Go(func() {
			time.Sleep(t.Resolution * i / looks) // at different moments between two ticks of the store's clock
			key, called := newKey(), time.Now()
			if err := t.store(c, key, []byte(key), ttl); err != nil {
				t.fail("%v", err)
				return
			}
			time.Sleep(time.Until(called.Add(kept * (i + 1) / (looks + 1))))
			_, err := c.Get(t.Context(), key)
			if passed := time.Since(called); err != nil && (passed < kept || !errors.Is(err, ports.ErrMiss)) {
				t.fail("Get %v after a Set for %v: error %v", passed, ttl, err)
			}
		})
	}
	users.Wait()
}

// tryEnd wants a value gone when its ttl has passed; by real time, when three times the ttl has, which leaves a slow
// server some seconds and is still less than a ttl in a wrong unit.
func tryEnd(t *cacheTrial) {
	c, key := t.open(), newKey()
	if t.Advance != nil {
		const ttl = 2 * long
		t.set(c, key, []byte("value"), ttl)
		t.pass(ttl)
		if !t.isMiss(c, key) {
			t.fail("Get still returns a value that was set for %v", ttl)
		}
		return
	}
	ttl := t.roundUp(grace / 2)
	t.set(c, key, []byte("value"), ttl)
	set := time.Now()
	for t.pass(ttl); ; t.pass(grace / 100) {
		asked := time.Since(set)
		if t.isMiss(c, key) {
			return
		}
		if asked > 3*ttl {
			t.fail("Get returns a value %v after it was set for %v", asked, ttl)
			return
		}
	}
}

// tryReading reads a value again and again until it is gone. By real time a pause of the machine lets a broken cache pass,
// and never fails a good one.
func tryReading(t *cacheTrial) {
	c, key := t.open(), newKey()
	if t.Advance != nil {
		const ttl = long / 2
		t.set(c, key, []byte("value"), ttl)
		t.pass(ttl / 2)
		t.wantValue(c, key, []byte("value"))
		t.pass(ttl - ttl/2)
		if !t.isMiss(c, key) {
			t.fail("Get still returns a value that was set for %v and read once meanwhile", ttl)
		}
		return
	}
	ttl := t.short()
	t.set(c, key, []byte("value"), ttl)
	for deadline := time.Now().Add(ttl + grace); !t.isMiss(c, key); t.pass(ttl / 10) {
		if time.Now().After(deadline) {
			t.fail("Get still returns a value that was set for %v, and read all the while, after %v more", ttl, grace)
			return
		}
	}
}
