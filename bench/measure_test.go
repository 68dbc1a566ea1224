package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A recorder notes which contender does which jobs.
type recorder struct {
	mu   sync.Mutex // guards done
	done []string
}

func (r *recorder) contender(name string) *contender {
	return &contender{
		name: name,
		do: func(i int) error {
			r.note(fmt.Sprint(name, i))
			return nil
		},
		reset: func() error {
			r.note(name + " reset")
			return nil
		},
	}
}

func (r *recorder) note(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done = append(r.done, what)
}

func TestMeasureTakesTurns(t *testing.T) {
	var r recorder
	contenders := []*contender{r.contender("a"), r.contender("b"), r.contender("c")}
	w := &workload{name: "w", variants: variants(contenders, 1), jobs: 2}
	rows, err := schedule{rounds: 2, cell: time.Hour}.measure(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	want := "a reset,a0,a1,b reset,b0,b1,c reset,c0,c1,a reset,a2,a3,b reset,b2,b3,c reset,c2,c3"
	if got := strings.Join(r.done, ","); got != want {
		t.Errorf("done: %s\nwant: %s", got, want)
	}
	if len(rows) != 1 || len(rows[0].cells) != 3 || len(rows[0].cells[2].samples) != 2 || rows[0].floors != 1 {
		t.Errorf("rows: %+v", rows)
	}
}

func TestRunSharesJobsAmongCallers(t *testing.T) {
	for _, row := range []struct {
		name       string
		callers, n int
	}{
		{"one caller", 1, 5},
		{"two callers", 2, 6},
		{"two callers, an odd number", 2, 7},
		{"more callers than jobs", 3, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			var r recorder
			c := r.contender("j")
			c.reset, c.next = nil, 10
			if _, err := c.run(variant{cores: 1, callers: row.callers}, row.n); err != nil {
				t.Fatal(err)
			}
			var want []string
			for i := range row.n {
				want = append(want, fmt.Sprint("j", 10+i))
			}
			slices.Sort(r.done)
			slices.Sort(want)
			if !slices.Equal(r.done, want) || c.next != 10+row.n {
				t.Errorf("done %v, then %d; want %v, then %d", r.done, c.next, want, 10+row.n)
			}
		})
	}
}

func TestMeasureEndsWithWhatFails(t *testing.T) {
	broken := errors.New("broken")
	fails := func(at int) *contender {
		return &contender{name: "c", do: func(i int) error {
			if i == at {
				return broken
			}
			return nil
		}}
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, row := range []struct {
		name      string
		ctx       context.Context
		contender *contender
		want      error
	}{
		{"a job while it is sized", t.Context(), fails(0), broken},
		{"a job in a round", t.Context(), fails(200), broken},
		{"a reset", t.Context(), &contender{do: func(int) error { return nil }, reset: func() error { return broken }}, broken},
		{"a context that has ended", canceled, fails(-1), context.Canceled},
		{"nothing", t.Context(), fails(-1), nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := &workload{name: "w", variants: variants([]*contender{row.contender}, 1, 2), jobs: 100}
			if _, err := (schedule{rounds: 2, cell: time.Hour}).measure(row.ctx, w); !errors.Is(err, row.want) {
				t.Errorf("measure: %v, want %v", err, row.want)
			}
		})
	}
}

func TestSize(t *testing.T) {
	slow := func(int) error { time.Sleep(100 * time.Microsecond); return nil }
	for _, row := range []struct {
		name         string
		cell         time.Duration
		limit        int
		fewest, most int
	}{
		{"what fills the cell", 400 * time.Millisecond, 0, 8, 4000},
		{"no fewer than four", time.Nanosecond, 0, 4, 4},
		{"no more than the limit", time.Hour, 100, 100, 100},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := schedule{cell: row.cell}.size(&contender{do: slow}, variant{cores: 1, waits: true}, row.limit)
			if err != nil || got < row.fewest || got > row.most {
				t.Errorf("size: %d, %v; want %d to %d", got, err, row.fewest, row.most)
			}
		})
	}
}

// cellOf has samples of so many nanoseconds.
func cellOf(contender string, allocs float64, nanoseconds ...time.Duration) cell {
	c := cell{contender: contender}
	for _, n := range nanoseconds {
		c.samples = append(c.samples, sample{float64(n), allocs, 100 * allocs})
	}
	return c
}

func TestRow(t *testing.T) {
	r := row{floors: 2, cells: []cell{
		cellOf("floor", 9, 100, 200, 100),
		cellOf("Holdfast", 20, 300, 500, 290), // 3, 2.5 and 2.9 times the floor of its round
		cellOf("slow", 90, 700, 700, 700),
		cellOf("fast", 80, 600, 9000, 601),
		cellOf("Holdfast, faster", 1, 1, 1, 1),
	}}
	if got := r.toFloor(holdfastCell); math.Abs(got-1.45) > 1e-9 {
		t.Errorf("toFloor: %v, want 1.45: the median of the rounds' ratios, by the floors", got)
	}
	if best, any := r.bestPeer(); !any || best.contender != "fast" {
		t.Errorf("bestPeer: %v, %v; want fast", best.contender, any)
	}
	if of, found := r.of("slow"); !found || of.contender != "slow" {
		t.Errorf("of: %v, %v; want slow", of.contender, found)
	}
	r.cells = r.cells[:firstPeerCell]
	if best, any := r.bestPeer(); any {
		t.Errorf("bestPeer: %v, where there is none", best.contender)
	}
	if _, found := r.of("slow"); found {
		t.Error("of: a contender that is not there")
	}
}
