package redis

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// A wire is a client in the hands of a test, which sees each round trip and answers it.
type wire struct {
	client *goredis.Client
	store  *ReplayStore
	trips  chan *roundTrip
}

// A roundTrip is one that is under way.
type roundTrip struct {
	keys   []string // sorted
	answer chan func(goredis.Cmder)
}

// newWire is for use in a bubble.
func newWire(t *testing.T) *wire {
	t.Helper()
	w := &wire{client: goredis.NewClient(&goredis.Options{Addr: "127.0.0.1:1"}), trips: make(chan *roundTrip, 100)}
	t.Cleanup(func() { w.client.Close() })
	w.client.AddHook(w)
	var err error
	if w.store, err = NewReplayStore(w.client, Config{}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *wire) DialHook(next goredis.DialHook) goredis.DialHook { return next }

func (w *wire) ProcessHook(goredis.ProcessHook) goredis.ProcessHook {
	return func(_ context.Context, cmd goredis.Cmder) error { w.carry(cmd); return cmd.Err() }
}

func (w *wire) ProcessPipelineHook(goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(_ context.Context, cmds []goredis.Cmder) error { w.carry(cmds...); return nil }
}

func (w *wire) carry(cmds ...goredis.Cmder) {
	trip := &roundTrip{answer: make(chan func(goredis.Cmder))}
	for _, cmd := range cmds {
		trip.keys = append(trip.keys, keyOf(cmd))
	}
	slices.Sort(trip.keys)
	w.trips <- trip
	answer := <-trip.answer
	for _, cmd := range cmds {
		answer(cmd)
	}
}

func keyOf(cmd goredis.Cmder) string { return cmd.Args()[1].(string)[len("holdfast:replay:"):] }

func stored(cmd goredis.Cmder) { cmd.(once).SetVal(true) }

// uses starts calls, one after the other, and returns their answers.
func (w *wire) uses(ctx context.Context, keys ...string) []chan error {
	answers := make([]chan error, len(keys))
	for i, key := range keys {
		answers[i] = make(chan error, 1)
		go func() {
			first, err := w.store.FirstUse(ctx, key, time.Minute)
			if err == nil && !first {
				err = errExisted
			}
			answers[i] <- err
		}()
		synctest.Wait()
	}
	return answers
}

var errExisted = errors.New("not the first use")

// next returns the next round trip, which must be of these keys.
func (w *wire) next(t *testing.T, keys ...string) *roundTrip {
	t.Helper()
	synctest.Wait()
	select {
	case trip := <-w.trips:
		if !slices.Equal(trip.keys, keys) {
			t.Fatalf("a round trip of %v, want %v", trip.keys, keys)
		}
		return trip
	default:
		t.Fatalf("no round trip, want one of %v", keys)
		return nil
	}
}

// none checks that no round trip has begun.
func (w *wire) none(t *testing.T) {
	t.Helper()
	synctest.Wait()
	select {
	case trip := <-w.trips:
		t.Fatalf("a round trip of %v, want none", trip.keys)
	default:
	}
}

// fill starts as many round trips as may be under way.
func (w *wire) fill(t *testing.T) (under []*roundTrip, answers []chan error) {
	t.Helper()
	for i := range tripsAtOnce {
		key := fmt.Sprint("fill-", i)
		answers = append(answers, w.uses(t.Context(), key)...)
		under = append(under, w.next(t, key))
	}
	return under, answers
}

// answer answers all.
func answer(with func(goredis.Cmder), trips ...*roundTrip) {
	for _, trip := range trips {
		trip.answer <- with
	}
}

func wantAnswers(t *testing.T, want error, answers ...chan error) {
	t.Helper()
	for i, answer := range answers {
		if err := <-answer; !errors.Is(err, want) {
			t.Errorf("answer %d: %v, want %v", i, err, want)
		}
	}
}

// What comes while as many round trips are under way as may be goes in the next one, each use with an answer of its own.
func TestUsesThatComeTogetherShareARoundTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		under, before := w.fill(t)
		together := w.uses(t.Context(), "a", "b", "c")
		w.none(t)
		answer(stored, under[0])
		shared := w.next(t, "a", "b", "c")
		single := w.uses(t.Context(), "d")
		w.none(t)
		answer(stored, under[1])
		answer(stored, w.next(t, "d"))

		failed := refusedBy("NOPERM")
		answer(func(cmd goredis.Cmder) {
			switch keyOf(cmd) {
			case "a":
				stored(cmd)
			case "b":
				cmd.(once).SetVal(false)
			case "c":
				cmd.SetErr(failed)
			}
		}, shared)
		wantAnswers(t, nil, together[0], single[0])
		wantAnswers(t, errExisted, together[1])
		wantAnswers(t, failed, together[2])
		answer(stored, under[2:]...)
		wantAnswers(t, nil, before...)

		under, before = w.fill(t) // as many as before may be under way
		w.uses(t.Context(), "e")
		w.none(t)
		answer(stored, under...)
		answer(stored, w.next(t, "e"))
		wantAnswers(t, nil, before...)
	})
}

// refusedBy is an error that the server answered with.
type refusedBy string

func (r refusedBy) Error() string { return string(r) }
func (refusedBy) RedisError()     {}

func TestARoundTripIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		under, answers := w.fill(t)
		var keys []string
		for i := range perTrip + 1 {
			keys = append(keys, fmt.Sprintf("%03d", i))
		}
		answers = append(answers, w.uses(t.Context(), keys...)...)
		answer(stored, under[0])
		under[0] = w.next(t, keys[:perTrip]...)
		answer(stored, under[1])
		under[1] = w.next(t, keys[perTrip:]...)
		answer(stored, under...)
		wantAnswers(t, nil, answers...)
	})
}

// A caller that leaves ends no other's use, and its own is not sent if it left before.
func TestFaultARoundTripOutlivesItsCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		under, answers := w.fill(t)
		leaving, leave := context.WithCancel(t.Context())
		left := w.uses(leaving, "a", "b")
		answers = append(answers, w.uses(t.Context(), "c")...)
		leave()
		wantAnswers(t, context.Canceled, left...)
		answer(stored, under...)
		answer(stored, w.next(t, "c"))
		wantAnswers(t, nil, answers...)
	})
}

// A round trip ends with the last deadline of its callers.
func TestLastOf(t *testing.T) {
	type key struct{}
	canceled, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "trace"))
	cancel()
	now := time.Now()
	until := func(after time.Duration) context.Context {
		ctx, cancel := context.WithDeadline(canceled, now.Add(after))
		t.Cleanup(cancel)
		return ctx
	}
	for name, row := range map[string]struct {
		contexts []context.Context
		want     time.Duration // 0 for none
	}{
		"one without a deadline": {[]context.Context{until(time.Hour), canceled, until(2 * time.Hour)}, 0},
		"the last of them":       {[]context.Context{until(time.Hour), until(3 * time.Hour), until(2 * time.Hour)}, 3 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			var together []*trip
			for _, ctx := range row.contexts {
				together = append(together, &trip{ctx: ctx})
			}
			ctx, cancel := lastOf(together)
			defer cancel()
			deadline, found := ctx.Deadline()
			if found != (row.want > 0) || found && !deadline.Equal(now.Add(row.want)) {
				t.Errorf("ends at %v, %t", deadline, found)
			}
			if ctx.Err() != nil || ctx.Value(key{}) != "trace" {
				t.Errorf("%v, with %v", ctx.Err(), ctx.Value(key{}))
			}
		})
	}
}

// Round trips that hang hold up only what is in them.
func TestFaultRoundTripsThatHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		hanging, answers := w.fill(t)
		answers = append(answers, w.uses(t.Context(), "a", "b")...)
		time.Sleep(lateTrip - time.Nanosecond)
		w.none(t)
		time.Sleep(time.Nanosecond)
		answer(stored, w.next(t, "a", "b"))
		again, more := w.fill(t) // as those that hang no longer count
		w.uses(t.Context(), "c")
		w.none(t)
		answer(stored, hanging...) // which makes room for no more
		w.none(t)
		answer(stored, again...)
		answer(stored, w.next(t, "c"))
		wantAnswers(t, nil, append(answers, more...)...)
	})
}

// What a hook of the client does to one call is an error of those that share its round trip. They try again, by
// themselves or together, as they can't know what became of their uses.
func TestFaultAHookEndsARoundTrip(t *testing.T) {
	for name, end := range map[string]func(goredis.Cmder){
		"by a panic":         func(goredis.Cmder) { panic("a tracing hook") },
		"with its goroutine": func(goredis.Cmder) { runtime.Goexit() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWire(t)
				under, answers := w.fill(t)
				together := w.uses(t.Context(), "a", "b")
				answer(stored, under[0])
				answer(end, w.next(t, "a", "b"))
				if err := <-together[0]; err == nil {
					t.Error("no error of the call that ended")
				}
				answer(stored, w.next(t, "b"))
				answer(stored, under[1:]...)
				wantAnswers(t, nil, append(answers, together[1])...)
			})
		})
	}
}

// Of a cluster a node that hangs must not hold up the keys of others.
func TestFaultNodesOfAClusterShareNoRoundTrip(t *testing.T) {
	for name, row := range map[string]struct {
		client goredis.UniversalClient
		shares bool
	}{
		"one server": {goredis.NewClient(&goredis.Options{}), true},
		"a cluster":  {goredis.NewClusterClient(&goredis.ClusterOptions{}), false},
	} {
		t.Run(name, func(t *testing.T) {
			defer row.client.Close()
			trips, shares := newTrips(row.client)
			if shares != row.shares || (trips != nil) != row.shares {
				t.Errorf("%v, %t, want %t", trips, shares, row.shares)
			}
		})
	}
}
