package contract

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A recorder is a [testing.TB] that keeps what a case reports to itself.
type recorder struct {
	testing.TB

	mu       sync.Mutex // guards failures
	failures []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) FailNow() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.failures) == 0 {
		r.failures = append(r.failures, "failed")
	}
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	r.FailNow()
}

func (r *recorder) Fatal(args ...any) { r.Fatalf("%s", fmt.Sprint(args...)) }

// A broken port breaks one clause and keeps the others.
type broken[Port any] struct {
	id   string          // of the case that finds it
	how  string          // it breaks the clause
	wrap func(Port) Port // wraps a port that keeps the contract
}

// runBroken runs all cases on each broken port, and wants the one that its row names to fail, in the words of its clause,
// and no other. Every case must have a row. The trial that newTrial makes of wrap has every trait that cases ask for.
func runBroken[T, Port any](t *testing.T, cases []contractCase[T], ports []broken[Port], newTrial func(t *testing.T, trial trial, wrap func(Port) Port) T) {
	t.Helper()
	intact := broken[Port]{how: "nothing is broken", wrap: func(p Port) Port { return p }}
	for _, port := range append(ports, intact) {
		t.Run(port.id+" "+port.how, func(t *testing.T) {
			t.Parallel()
			turns := make(chan contractCase[T], len(cases))
			for _, c := range slices.Backward(cases) { // the slow ones are the last
				turns <- c
			}
			close(turns)
			atOnce(4, func(int) { // since they wait more than they work
				for c := range turns {
					failures := record(t, c, func(trial trial) T { return newTrial(t, trial, port.wrap) })
					checkFailures(t, c.clause, failures, c.id == port.id)
				}
			})
		})
	}
	for _, c := range cases {
		if !slices.ContainsFunc(ports, func(port broken[Port]) bool { return port.id == c.id }) {
			t.Errorf("no broken port shows that %s can fail", c.id)
		}
	}
}

// record runs one case and returns what it reports.
func record[T any](t *testing.T, c contractCase[T], newTrial func(trial) T) []string {
	t.Helper()
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() { // which the case may end
		defer close(done)
		subject := newTrial(trial{r, c.clause})
		if c.skip != nil && c.skip(subject) != "" {
			r.Errorf("skipped, since %s", c.skip(subject))
			return
		}
		c.try(subject)
	}()
	<-done
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failures
}

func checkFailures(t *testing.T, c clause, failures []string, want bool) {
	t.Helper()
	if !want {
		for _, failure := range failures {
			t.Errorf("%s fails too: %s", c.id, failure)
		}
		return
	}
	if len(failures) == 0 {
		t.Errorf("%s does not fail", c.id)
	}
	for _, failure := range failures {
		if !strings.HasPrefix(failure, c.id+": "+c.sentence+" ("+c.source+"): ") || !strings.HasSuffix(failure, "; "+c.remedy) {
			t.Errorf("%s does not fail in its own words: %s", c.id, failure)
		}
	}
}
