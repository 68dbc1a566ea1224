package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"
)

// A contender is one way to do a job.
type contender struct {
	name string
	// do does job i. It is called from as many goroutines as the variant has cores, with ever larger numbers, so that
	// what comes round again after a whole pool of inputs stays that far apart from cell to cell.
	do func(i int) error
	// reset makes jobs that were done before doable once more. Nil means that they are anyway.
	reset func() error

	next int // the next job's number
}

// A variant is a job on so many cores. The first of its contenders is the floor, the second Holdfast, the others are
// its peers.
type variant struct {
	name       string
	cores      int
	contenders []*contender
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

// A sample is what one cell took: one contender, once, for a while.
type sample struct {
	perJob time.Duration // wall time by jobs: on two cores half of what each job took
	allocs float64       // of memory, per job
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
			jobs, err := s.size(c, v.cores, w.jobs)
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
				taken, err := c.run(v.cores, cell.jobs)
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
func (s schedule) size(c *contender, cores, limit int) (int, error) {
	const fewest = 4
	if limit == 0 {
		limit = math.MaxInt32
	}
	for n := fewest; n < limit; n *= 2 {
		taken, err := c.run(cores, n)
		if err != nil {
			return 0, err
		}
		if taken.perJob*time.Duration(n) >= s.cell/8 {
			return min(limit, max(fewest, int(s.cell/taken.perJob))), nil
		}
	}
	return limit, nil
}

// run does n jobs and takes the time. On one core the garbage collector has no other to itself.
func (c *contender) run(cores, n int) (sample, error) {
	if c.reset != nil {
		if err := c.reset(); err != nil {
			return sample{}, err
		}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
	from := c.next
	c.next += n
	failed := make([]error, cores)
	var before, after runtime.MemStats
	runtime.GC() // so that no cell pays for what another has left
	runtime.ReadMemStats(&before)
	start := time.Now()
	if cores == 1 {
		failed[0] = c.jobs(from, n, 1)
	} else {
		var group sync.WaitGroup
		for core := range cores {
			// Every core has each cores-th job, so that they stay together on their way through the pool.
			group.Go(func() { failed[core] = c.jobs(from+core, n-core, cores) })
		}
		group.Wait()
	}
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	return sample{
		perJob: took / time.Duration(n),
		allocs: float64(after.Mallocs-before.Mallocs) / float64(n),
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

// median returns the middle one of values, or the mean of the two in the middle.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// medianOf returns the median of one figure of many measurements.
func medianOf[M any](taken []M, figure func(M) float64) float64 {
	values := make([]float64, len(taken))
	for i, m := range taken {
		values[i] = figure(m)
	}
	return median(values)
}

// perJob is the median of the rounds, in nanoseconds.
func (c cell) perJob() float64 {
	return medianOf(c.samples, func(s sample) float64 { return float64(s.perJob) })
}

// allocs is the median of the rounds.
func (c cell) allocs() float64 {
	return medianOf(c.samples, func(s sample) float64 { return s.allocs })
}

// ratio is how many times as long as other c takes: the median of the rounds' ratios, as the two were measured shortly
// after one another.
func (c cell) ratio(other cell) float64 {
	values := make([]float64, len(c.samples))
	for i, s := range c.samples {
		values[i] = float64(s.perJob) / float64(other.samples[i].perJob)
	}
	return median(values)
}

// spread is the distance of the quartiles by the median: how much the rounds differ.
func (c cell) spread() float64 {
	sorted := slices.SortedFunc(slices.Values(c.samples), func(a, b sample) int { return int(a.perJob - b.perJob) })
	quarter := len(sorted) / 4
	return float64(sorted[len(sorted)-1-quarter].perJob-sorted[quarter].perJob) / c.perJob()
}

// toFloor is the ratio of a cell to the floor.
func (r row) toFloor(i int) float64 { return r.cells[i].ratio(r.cells[floorCell]) / r.floors }

// bestPeer returns the fastest of the peers, and whether there is any.
func (r row) bestPeer() (cell, bool) {
	if len(r.cells) <= firstPeerCell {
		return cell{}, false
	}
	return slices.MinFunc(r.cells[firstPeerCell:], func(a, b cell) int { return int(a.perJob() - b.perJob()) }), true
}
