package contract

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/memory"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

type clockFunc func() time.Time

func (now clockFunc) Now() time.Time { return now() }

var brokenClocks = []broken[ports.Clock]{
	{"Clock.Now/current", "is slow", func(c ports.Clock) ports.Clock {
		return clockFunc(func() time.Time { return c.Now().Add(-2 * time.Second) })
	}},
	{"Clock.Now/current", "is fast", func(c ports.Clock) ports.Clock {
		return clockFunc(func() time.Time { return c.Now().Add(2 * time.Second) })
	}},
	{"Clock.Now/set", "never steps back", func(c ports.Clock) ports.Clock {
		var latest time.Time
		return clockFunc(func() time.Time {
			if _, isSet := c.(*verifiertest.Clock); !isSet {
				return c.Now()
			}
			if now := c.Now(); now.After(latest) {
				latest = now
			}
			return latest
		})
	}},
	{"Clock/blocks", "asks a slow server", func(c ports.Clock) ports.Clock {
		var asked atomic.Bool
		return clockFunc(func() time.Time {
			if !asked.Swap(true) {
				time.Sleep(6 * time.Second)
			}
			return c.Now()
		})
	}},
	{"Clock/concurrency", "tears", func(c ports.Clock) ports.Clock {
		var underWay atomic.Int32
		return clockFunc(func() time.Time {
			defer underWay.Add(-1)
			if underWay.Add(1) > 1 {
				return time.Time{}
			}
			time.Sleep(time.Millisecond)
			return c.Now()
		})
	}},
}

func TestClockCasesFail(t *testing.T) {
	runBroken(t, clockContract(), brokenClocks, func(t *testing.T, trial trial, wrap func(ports.Clock) ports.Clock) *clockTrial {
		if trial.clause.id != "Clock.Now/set" {
			return newClockTrial(t, trial, func(*testing.T) ports.Clock { return wrap(memory.Clock{}) }, ClockTraits{})
		}
		clock := verifiertest.NewClock(noon)
		return newClockTrial(t, trial, func(*testing.T) ports.Clock { return wrap(clock) }, ClockTraits{
			Advance: func(_ ports.Clock, d time.Duration) { clock.Advance(d) },
		})
	})
}
