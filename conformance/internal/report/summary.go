package report

import (
	"slices"

	"github.com/holdfast-go/holdfast/conformance/internal/result"
	"github.com/holdfast-go/holdfast/rules"
)

// levels and outcomes are in the order in which every report shows them.
var (
	levels   = []rules.Level{rules.Must, rules.Should, rules.Ours}
	outcomes = []result.Outcome{result.Failed, result.Undecided, result.Passed, result.Skipped}
)

// Holds tells whether every MUST holds: cases of that level were run, and each of them passed or is known to fail. One
// that was skipped is not held against the target; one that is undecided is, and so is a fault of the run.
func Holds(run result.Run) bool {
	must, _ := judge(run)
	return len(run.Faults) == 0 && must[result.Passed] > 0 && must[result.Failed]+must[result.Undecided] == 0
}

// judge counts the cases of a MUST without those that are known to fail, and the latter.
func judge(run result.Run) (must tally, known int) {
	must = tally{}
	for _, r := range run.Results {
		switch {
		case r.Level != rules.Must:
		case r.Known != "":
			known++
		default:
			must[r.Outcome]++
		}
	}
	return must, known
}

// A tally counts cases by outcome.
type tally map[result.Outcome]int

// run counts the cases that were not skipped.
func (t tally) run() int { return t[result.Passed] + t[result.Failed] + t[result.Undecided] }

// A topic is what a run found of one topic.
type topic struct {
	Name   string
	levels map[rules.Level]tally
	all    tally
}

func (t *topic) add(r result.Result) {
	t.all[r.Outcome]++
	if t.levels[r.Level] == nil {
		t.levels[r.Level] = tally{}
	}
	t.levels[r.Level][r.Outcome]++
}

// A summary counts what a run found, in all and by topic; topics are in the order of their first case.
type summary struct {
	topic
	topics []topic
}

func newTopic(name string) topic {
	return topic{Name: name, levels: map[rules.Level]tally{}, all: tally{}}
}

func summarize(run result.Run) summary {
	s := summary{topic: newTopic("all")}
	for _, r := range run.Results {
		at := slices.IndexFunc(s.topics, func(t topic) bool { return t.Name == r.Topic })
		if at < 0 {
			at = len(s.topics)
			s.topics = append(s.topics, newTopic(r.Topic))
		}
		s.topics[at].add(r)
		s.add(r)
	}
	return s
}

// withOutcome returns the results that ended so, in their order.
func withOutcome(results []result.Result, outcome result.Outcome) []result.Result {
	var chosen []result.Result
	for _, r := range results {
		if r.Outcome == outcome {
			chosen = append(chosen, r)
		}
	}
	return chosen
}
