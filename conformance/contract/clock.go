package contract

import (
	"errors"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

// ClockTraits say what [TestClock] can't know of a clock. The zero value is that of a clock that tells the current
// time.
type ClockTraits struct {
	// Tolerance is how far the clock may be from that of this machine. Zero means a second; negative is an error.
	Tolerance time.Duration
	// Advance moves a clock that stands where it is put, for tests. Nil says that the clock goes by itself.
	Advance func(clock ports.Clock, d time.Duration)
}

// TestClock proves that the clocks which open returns keep the contract of [ports.Clock]. It calls open once for each
// case, with the case's own t.
func TestClock(t *testing.T, open func(*testing.T) ports.Clock, traits ClockTraits) {
	t.Helper()
	if traits.Tolerance < 0 {
		t.Fatal(errors.New("contract: ClockTraits.Tolerance is negative"))
	}
	runContract(t, clockContract(), traits.Advance == nil, func(t *testing.T, trial trial) *clockTrial {
		return newClockTrial(t, trial, open, traits)
	})
}

// A clockTrial is a case of the clock's contract under way.
type clockTrial struct {
	trial
	ClockTraits
	open func() ports.Clock
}

func newClockTrial(t *testing.T, trial trial, open func(*testing.T) ports.Clock, traits ClockTraits) *clockTrial {
	if traits.Tolerance == 0 {
		traits.Tolerance = time.Second
	}
	return &clockTrial{trial, traits, func() ports.Clock { return open(t) }}
}

func (t *clockTrial) isSet() string {
	if t.Advance != nil {
		return "ClockTraits.Advance is set"
	}
	return ""
}

func (t *clockTrial) goesByItself() string {
	if t.Advance == nil {
		return "ClockTraits.Advance is nil"
	}
	return ""
}

const clockNow = "ports/clock.go, Clock.Now"

func clockContract() []contractCase[*clockTrial] {
	const (
		clockType  = "ports/clock.go, Clock"
		nowCurrent = "Now returns the current time"
		nowSafe    = "It must not block, and it must be safe for concurrent use"
	)
	return []contractCase[*clockTrial]{
		{
			clause: clause{
				"Clock.Now/current", clockNow, nowCurrent,
				"return time.Now, or declare how far the clock may be off as ClockTraits.Tolerance",
			},
			skip: (*clockTrial).isSet,
			try: func(t *clockTrial) {
				c := t.open()
				before := time.Now()
				now := c.Now()
				if after := time.Now(); now.Before(before.Add(-t.Tolerance)) || now.After(after.Add(t.Tolerance)) {
					t.fail("Now is %v off", now.Sub(before))
				}
			},
		},
		{
			clause: clause{
				"Clock.Now/set", clockNow, nowCurrent,
				"have Now return what the clock was set to, until it is set again",
			},
			skip: (*clockTrial).goesByItself,
			try: func(t *clockTrial) {
				c := t.open()
				for _, d := range []time.Duration{1, time.Hour, -time.Minute} {
					before := c.Now()
					t.Advance(c, d)
					if moved := c.Now().Sub(before); moved != d {
						t.fail("Now moved by %v when the clock was advanced by %v", moved, d)
					}
				}
			},
		},
		{
			clause: clause{"Clock/blocks", clockType, nowSafe, "keep the time in memory and ask no one on a call"},
			try: func(t *clockTrial) {
				c := t.open()
				_ = t.wantAnswerWithin(5*time.Second, "Now", func() error { c.Now(); return nil })
			},
		},
		{
			clause: clause{
				"Clock/concurrency", clockType, nowSafe,
				"guard what calls share with a mutex, and run the suite with -race",
			},
			try: func(t *clockTrial) {
				c := t.open()
				began := c.Now()
				atOnce(32, func(int) {
					if now := c.Now(); now.Sub(began).Abs() > patience {
						t.fail("Now returned %v and, at the same time, %v", began, now)
					}
				})
			},
		},
	}
}
