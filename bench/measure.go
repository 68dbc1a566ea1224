package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/perf/benchmath"
)

// A contender is one way to do a job.
type contender struct {
	name string
	// do does job i. It is called from as many goroutines as the variant has callers, with ever larger numbers, so that
	// what comes round again after a whole pool of inputs stays that far apart from cell to cell.
	do func(i int) error
	// reset makes jobs that were done before doable once more. Nil means that they are anyway.
	reset func() error

	next int // the next job's number
}

// A variant is a job on so many cores, by as many callers at once or by more. The first of its contenders is the floor,
// the second Holdfast, the others are its peers or, by name, Holdfast in other ways.
type variant struct {
	name           string
	cores, callers int
	contenders     []*contender
	waits          bool // for another process: what counts on one core is wall time
}

// A workload is what is measured in the same rounds, so that its variants can be compared with one another too.
type workload struct {
	name     string
	variants []variant
	// jobs is how many jobs can be done between two resets. Zero means any number.
	jobs int
	// floors is how many of the floor's jobs stand against one job: one or more. Zero means one.
	floors float64
}

// A sample is what one cell took: one contender, once, for a while. All is per job.
type sample struct {
	nanoseconds   float64 // of the processor on one core, else wall time by jobs: on two cores half of what each took
	allocs, bytes float64 // of memory
}

// A row is what was measured of one variant.
type row struct {
	workload, variant string
	floors            float64
	cells             []cell
}

// A cell has the samples of one contender, one a round, each of so many jobs.
type cell struct {
	contender string
	jobs      int
	samples   []sample
}

// The cells of a row have the order of the variant's contenders.
const (
	floorCell = iota
	holdfastCell
	firstPeerCell
)

// A schedule is how long to measure.
type schedule struct {
	rounds int
	cell   time.Duration // the time that one contender has in one round
}

// measure has the contenders take turns, A B C A B C, so that what slows the machine for a while slows them alike.
func (s schedule) measure(ctx context.Context, w *workload) ([]row, error) {
	rows := make([]row, len(w.variants))
	for n, v := range w.variants {
		rows[n] = row{workload: w.name, variant: v.name, floors: max(w.floors, 1), cells: make([]cell, len(v.contenders))}
		for i, c := range v.contenders {
			jobs, err := s.size(c, v, w.jobs)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", v.name, c.name, err)
			}
			rows[n].cells[i] = cell{contender: c.name, jobs: jobs}
		}
	}
	for range s.rounds {
		for n, v := range w.variants {
			for i, c := range v.contenders {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				cell := &rows[n].cells[i]
				taken, err := c.run(v, cell.jobs)
				if err != nil {
					return nil, fmt.Errorf("%s, %s: %w", v.name, c.name, err)
				}
				cell.samples = append(cell.samples, taken)
			}
		}
	}
	return rows, nil
}

// size finds how many jobs fill a cell, at most limit unless that is zero, and warms the contender up.
func (s schedule) size(c *contender, v variant, limit int) (int, error) {
	const fewest = 4
	if limit == 0 {
		limit = math.MaxInt32
	}
	for n := fewest; n < limit; n *= 2 {
		taken, err := c.run(v, n)
		if err != nil {
			return 0, err
		}
		if taken.nanoseconds*float64(n) >= float64(s.cell)/8 {
			return min(limit, max(fewest, int(float64(s.cell)/taken.nanoseconds))), nil
		}
	}
	return limit, nil
}

// run does n jobs and takes the time. On one core the garbage collector has no other to itself.
func (c *contender) run(v variant, n int) (sample, error) {
	if c.reset != nil {
		if err := c.reset(); err != nil {
			return sample{}, err
		}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(v.cores))
	from := c.next
	c.next += n
	failed := make([]error, max(v.cores, v.callers))
	var before, after runtime.MemStats
	runtime.GC() // so that no cell pays for what another has left
	runtime.ReadMemStats(&before)
	start, busy := time.Now(), processorTime()
	if len(failed) == 1 {
		failed[0] = c.jobs(from, n, 1)
	} else {
		var group sync.WaitGroup
		for caller := range failed {
			// They take jobs in turn, so that they stay together on their way through the pool.
			group.Go(func() { failed[caller] = c.jobs(from+caller, n-caller, len(failed)) })
		}
		group.Wait()
	}
	took := time.Since(start)
	if v.cores == 1 && !v.waits {
		took = processorTime() - busy // which other programs' work does not prolong
	}
	runtime.ReadMemStats(&after)
	return sample{
		nanoseconds: float64(took) / float64(n),
		allocs:      float64(after.Mallocs-before.Mallocs) / float64(n),
		bytes:       float64(after.TotalAlloc-before.TotalAlloc) / float64(n),
	}, errors.Join(failed...)
}

// jobs does each step-th of the n jobs from a number on.
func (c *contender) jobs(from, n, step int) error {
	for i := 0; i < n; i += step {
		if err := c.do(from + i); err != nil {
			return fmt.Errorf("job %d: %w", from+i, err)
		}
	}
	return nil
}

// A figure is one of those that a sample has.
type figure func(sample) float64

func nanoseconds(s sample) float64 { return s.nanoseconds }
func allocs(s sample) float64      { return s.allocs }
func bytesOf(s sample) float64     { return s.bytes }

// summarize returns the median, and between which bounds it is at 95 % confidence, as benchstat does.
func summarize(values []float64) benchmath.Summary {
	return benchmath.AssumeNothing.Summary(benchmath.NewSample(values, &benchmath.DefaultThresholds), 0.95)
}

// summary is that of one figure over the rounds.
func (c cell) summary(of figure) benchmath.Summary {
	values := make([]float64, len(c.samples))
	for i, s := range c.samples {
		values[i] = of(s)
	}
	return summarize(values)
}

// median is that of one figure over the rounds.
func (c cell) median(of figure) float64 { return c.summary(of).Center }

// ratio is how many times as long as other c takes: the median of the rounds' ratios, as the two were measured shortly
// after one another.
func (c cell) ratio(other cell) float64 {
	values := make([]float64, len(c.samples))
	for i, s := range c.samples {
		values[i] = s.nanoseconds / other.samples[i].nanoseconds
	}
	return summarize(values).Center
}

// toFloor is the ratio of a cell to the floor.
func (r row) toFloor(i int) float64 { return r.cells[i].ratio(r.cells[floorCell]) / r.floors }

// bestPeer returns the fastest of the peers, and whether there is any.
func (r row) bestPeer() (cell, bool) {
	rivals := slices.DeleteFunc(slices.Clone(r.cells[firstPeerCell:]), func(c cell) bool { return isHoldfast(c.contender) })
	if len(rivals) == 0 {
		return cell{}, false
	}
	return slices.MinFunc(rivals, func(a, b cell) int { return cmp.Compare(a.median(nanoseconds), b.median(nanoseconds)) }), true
}

// of returns the cell of a contender.
func (r row) of(contender string) (cell, bool) {
	i := slices.IndexFunc(r.cells, func(c cell) bool { return c.contender == contender })
	if i < 0 {
		return cell{}, false
	}
	return r.cells[i], true
}
