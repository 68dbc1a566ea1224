package report

import (
	"bytes"
	"fmt"
	"io"

	"github.com/holdfast-go/holdfast/conformance/internal/result"
	"github.com/holdfast-go/holdfast/conformance/testcase"
)

// A Comparison is what changed since an earlier run. Its slices are in the order of the runs.
type Comparison struct {
	Worse   []Change // passed, and is failed or undecided now
	Better  []Change // passes now, and did not
	Other   []Change // any other change of outcome
	Added   []Change // was not in the baseline; Before is empty
	Removed []Change // is only in the baseline; After is empty
}

// A Change is one case whose outcome, in one mode, is not what it was.
type Change struct {
	testcase.Case
	Mode          string
	Before, After result.Outcome
}

// Compare tells what changed from baseline to run. Cases are matched by ID and mode, in their order where a run has one
// of those more than once.
func Compare(baseline, run result.Run) Comparison {
	type key struct {
		id, mode string
		nth      int
	}
	index := func(run result.Run) (keys []key, results map[key]result.Result) {
		seen := map[key]int{}
		results = make(map[key]result.Result, len(run.Results))
		for _, r := range run.Results {
			k := key{id: r.ID, mode: r.Mode}
			seen[k]++
			k.nth = seen[k]
			keys = append(keys, k)
			results[k] = r
		}
		return keys, results
	}
	oldKeys, before := index(baseline)
	newKeys, after := index(run)

	var c Comparison
	for _, k := range newKeys {
		now := after[k]
		was, known := before[k]
		change := Change{now.Case, now.Mode, was.Outcome, now.Outcome}
		switch {
		case !known:
			c.Added = append(c.Added, change)
		case was.Outcome == now.Outcome:
		case was.Outcome == result.Passed && now.Outcome != result.Skipped:
			c.Worse = append(c.Worse, change)
		case now.Outcome == result.Passed:
			c.Better = append(c.Better, change)
		default:
			c.Other = append(c.Other, change)
		}
	}
	for _, k := range oldKeys {
		if _, kept := after[k]; !kept {
			c.Removed = append(c.Removed, Change{before[k].Case, before[k].Mode, before[k].Outcome, ""})
		}
	}
	return c
}

// Table writes the comparison for a terminal: each case that is worse, better or otherwise changed, and how many came
// and went.
func (c Comparison) Table(w io.Writer) error {
	var b bytes.Buffer
	for _, group := range []struct {
		heading string
		changes []Change
	}{{"worse", c.Worse}, {"better", c.Better}, {"changed", c.Other}} {
		for _, change := range group.changes {
			fmt.Fprintf(&b, "%s: %s (%s, %s): %s, was %s\n", group.heading, oneLine(change.ID), oneLine(change.Mode),
				oneLine(string(change.Level)), oneLine(string(change.After)), oneLine(string(change.Before)))
		}
	}
	fmt.Fprintf(&b, "Since the baseline: %d worse, %d better, %d changed otherwise, %s added, %d removed.\n",
		len(c.Worse), len(c.Better), len(c.Other), count(len(c.Added), "case"), len(c.Removed))
	_, err := w.Write(b.Bytes())
	return err
}
