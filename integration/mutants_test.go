package integration

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/holdfast-go/holdfast/conformance"
	"github.com/holdfast-go/holdfast/conformance/catalogue"
	"github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/verifier"
)

var (
	writeMutants = flag.String("mutants", "", "write the table of mutants into this file")
	everyCase    = flag.Bool("every-case", false, "play every case on each mutant, not only a sample of those that it should pass")
)

// TestMutants shows that the cases of each rule that is played over HTTP can fail: it plays them on mutants, which break one rule
// each. A mutant must fail cases of its rules, and no others than those of the rules that it names besides.
func TestMutants(t *testing.T) {
	cases := slices.DeleteFunc(catalogue.Cases(), func(c player.Case) bool { return !c.BlackBox() || c.ID == timed })
	stages := make([]*stage, 4)
	for i := range stages {
		stages[i] = newStage(t)
	}
	good := recordGood(t, stages, cases)
	all := allMutants(cases, good)
	killers := make([]map[string][]string, len(all))
	t.Run("mutant", func(t *testing.T) {
		together(stages, len(all), func(s *stage, i int) { killers[i] = s.killers(t, all[i], all[i].toPlay(cases, good)) })
	})
	broken := make(map[string]bool)
	var rows []string
	for i, m := range all {
		for _, rule := range m.rules {
			if len(killers[i][rule]) == 0 {
				t.Errorf("no case of %s fails on a mutant that %s", rule, m.does)
			}
			broken[rule] = true
		}
		others := slices.DeleteFunc(slices.Sorted(maps.Keys(killers[i])), func(rule string) bool { return slices.Contains(m.rules, rule) })
		for _, rule := range others {
			if !m.accepts && !slices.Contains(m.also, rule) {
				t.Errorf("a mutant that %s (%v) fails also %v", m.does, m.rules, killers[i][rule])
			}
		}
		for _, rule := range m.also {
			if !slices.Contains(others, rule) {
				t.Errorf("a mutant that %s (%v) fails no case of %s", m.does, m.rules, rule)
			}
		}
		for _, rule := range m.rules {
			rows = append(rows, fmt.Sprintf("| %s | %s | %s | %s |", rule, m.does, strings.Join(killers[i][rule], ", "), strings.Join(others, ", ")))
		}
	}
	for _, c := range cases {
		if !broken[c.Rule] && noMutant[c.Rule] == "" {
			t.Errorf("%s has no mutant", c.Rule)
			broken[c.Rule] = true
		}
	}
	for _, rule := range slices.Sorted(maps.Keys(noMutant)) {
		if broken[rule] || !slices.ContainsFunc(cases, func(c player.Case) bool { return c.Rule == rule }) {
			t.Errorf("%s is said to have no mutant", rule)
		}
		rows = append(rows, fmt.Sprintf("| %s | none: %s | | |", rule, noMutant[rule]))
	}
	if t.Failed() {
		return
	}
	slices.Sort(rows)
	page := mutantsIntroduction + strings.Join(rows, "\n") + "\n"
	if *writeMutants != "" {
		if err := os.WriteFile(*writeMutants, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if kept, err := os.ReadFile("../docs/mutants.md"); err != nil || string(kept) != page {
		t.Errorf("docs/mutants.md is not what this test shows (%v): make generate writes it", err)
	}
}

const mutantsIntroduction = `# Each case can fail

A case that can't fail proves nothing. For each rule that is played over HTTP there is a mutant here: Holdfast with that rule broken.
[A test](../integration/mutants_test.go) plays the catalogue on each mutant. Cases of the rule must fail. Cases of other rules must pass, unless they depend on
what is broken: the last column names those rules.

Most mutants accept what the rule refuses: the verifier names the rule in its error, and the mutant turns that answer into an acceptance.
Each case in which the verifier names that rule depends on it. The other mutants change the configuration, what is fetched, what is sent, or what is answered; they are in [integration/mutants_list_test.go](../integration/mutants_list_test.go).

` + "`make generate`" + ` writes this page, and the tests fail when it is stale. Of the cases that a mutant should pass
they play a sample; ` + "`make mutants`" + ` plays all.

| rule | the mutant | its cases that fail | other rules whose cases fail |
|---|---|---|---|
`

// timed is a case that a good verifier may fail on a busy machine, where it can't be seen that a fetch has ended: it waits 50 ms.
const timed = "CACHE-15.issuer-hangs"

// A mutant is a verifier that breaks rules.
type mutant struct {
	rules   []string // that it breaks
	does    string   // what it does wrong
	also    []string // other rules whose cases fail, since they depend on these
	accepts bool     // all that a rule refuses; what else fails is computed
	only    func(player.Case) bool
	// answer changes an answer of a good verifier; the change depends on nothing else. Rule is the one by which the request was
	// refused, empty where there is none.
	answer change
	conformance.Mutant
}

type change func(r player.Request, rule string, a player.Answer) player.Answer

// toPlay returns the cases that a mutant might fail: those of the rules that it names, and others. One that changes answers passes
// the cases whose answers it leaves as they are.
func (m mutant) toPlay(cases []player.Case, good map[string][]exchanged) []player.Case {
	var some, others []player.Case
	for _, c := range cases {
		reached := m.answer == nil || slices.ContainsFunc(good[c.ID], func(e exchanged) bool { return e.changedBy(m.answer) })
		switch {
		case !reached || m.only != nil && !m.only(c):
		case m.accepts || slices.Contains(m.rules, c.Rule) || slices.Contains(m.also, c.Rule):
			some = append(some, c)
		case *everyCase || !c.Has(player.Clock) && c.Fault.Name == "":
			others = append(others, c)
		}
	}
	step := 1
	if !*everyCase {
		step += len(others) / mostOthers
	}
	for i := 0; i < len(others); i += step {
		some = append(some, others[i])
	}
	return some
}

// mostOthers is how many cases of other rules are played at most.
const mostOthers = 40

// A stage plays cases on mutants, one at a time.
type stage struct {
	suite *conformance.Suite
	wrong conformance.Mutant
}

func newStage(t *testing.T) *stage {
	s := new(stage)
	s.suite = conformance.NewSuite(t, conformance.Wiring{Fetcher: catalogueFetcher, Guard: namingGuard, Mutant: &s.wrong})
	return s
}

// together has the stages do what there is to do.
func together(stages []*stage, count int, do func(s *stage, i int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for _, s := range stages {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < count; i = int(next.Add(1)) - 1 {
				do(s, i)
			}
		})
	}
	all.Wait()
}

// killers plays the cases, and returns those that fail by their rules.
func (s *stage) killers(t *testing.T, m mutant, cases []player.Case) map[string][]string {
	found := make(map[string][]string)
	t.Run(strings.Join(m.rules, ","), func(t *testing.T) {
		s.wrong = m.Mutant
		switch {
		case m.answer != nil:
			s.wrong.Target = answering(m.answer)
		case s.wrong.Target == nil:
			s.wrong.Target = answering(unchanged)
		}
		for _, c := range cases {
			t.Run(c.ID, func(t *testing.T) {
				if finding := s.suite.Play(t, c.Modes[0], c); !finding.Decided || !finding.Passed {
					t.Logf("killed: %s, want %s", finding.Actual, finding.Expected)
					found[c.Rule] = append(found[c.Rule], c.ID)
				}
			})
		}
	})
	for _, ids := range found {
		slices.Sort(ids)
	}
	return found
}

// An exchanged is a request to a good verifier, the rule by which it was refused if it was, and the answer.
type exchanged struct {
	request player.Request
	rule    string
	answer  player.Answer
}

func (e exchanged) changedBy(do change) bool {
	return !reflect.DeepEqual(e.answer, do(e.request, e.rule, e.answer))
}

// recordGood plays the cases on a good verifier, which must pass, and returns what was exchanged in each.
func recordGood(t *testing.T, stages []*stage, cases []player.Case) map[string][]exchanged {
	recorded := make([][]exchanged, len(cases))
	t.Run("good", func(t *testing.T) {
		together(stages, len(cases), func(s *stage, i int) {
			c := cases[i]
			var mutex sync.Mutex
			s.wrong = conformance.Mutant{Target: answering(func(r player.Request, rule string, a player.Answer) player.Answer {
				mutex.Lock()
				defer mutex.Unlock()
				recorded[i] = append(recorded[i], exchanged{r, rule, a})
				return a
			})}
			t.Run(c.ID, func(t *testing.T) {
				if finding := s.suite.Play(t, c.Modes[0], c); !finding.Decided || !finding.Passed {
					t.Errorf("%s, want %s", finding.Actual, finding.Expected)
				}
			})
		})
	})
	good := make(map[string][]exchanged)
	for i, c := range cases {
		good[c.ID] = recorded[i]
	}
	return good
}

// allMutants returns those of the list, and for each other rule that a verifier names one that accepts what it refuses.
func allMutants(cases []player.Case, good map[string][]exchanged) []mutant {
	all := slices.Clone(mutants)
	listed := make(map[string]bool)
	for _, m := range all {
		for _, rule := range m.rules {
			listed[rule] = true
		}
	}
	broken := make(map[string][]string)
	for _, c := range cases {
		rule := cmp.Or(refusedBy[c.Rule], c.Rule)
		names := slices.ContainsFunc(good[c.ID], func(e exchanged) bool { return e.rule == rule })
		if names && !listed[c.Rule] && !slices.Contains(broken[rule], c.Rule) {
			broken[rule] = append(broken[rule], c.Rule)
		}
	}
	for _, rule := range slices.Sorted(maps.Keys(broken)) {
		all = append(all, mutant{rules: broken[rule], does: "accepts what " + rule + " refuses", accepts: true, answer: accepting(rule, nil)})
	}
	return all
}

// answering changes what a verifier answers. What only a verifier in process tells is left out of the answers.
func answering(do change) func(player.Target) player.Target {
	return func(good player.Target) player.Target {
		return targetFunc(func(ctx context.Context, r player.Request) (player.Answer, error) {
			a, err := good.Send(ctx, r)
			if err != nil {
				return a, err
			}
			rule := strings.Join(a.Values(ruleHeader), "")
			if a.Err != nil {
				rule = a.Err.Rule
			}
			a.Header = maps.Clone(a.Header)
			delete(a.Header, ruleHeader)
			a.Err, a.Verified = nil, nil
			return do(r, rule, a), nil
		})
	}
}

func unchanged(_ player.Request, _ string, a player.Answer) player.Answer { return a }

type targetFunc func(context.Context, player.Request) (player.Answer, error)

func (f targetFunc) Send(ctx context.Context, r player.Request) (player.Answer, error) {
	return f(ctx, r)
}

var accepted = player.Answer{Status: http.StatusOK, Header: map[string][]string{}}

// accepting accepts requests that a rule refuses, if they are such; nil means all of them.
func accepting(rule string, such func(player.Request) bool) change {
	return func(r player.Request, by string, a player.Answer) player.Answer {
		if by == rule && (such == nil || such(r)) {
			return accepted
		}
		return a
	}
}

// refusing refuses requests that a good verifier accepts, if they are such.
func refusing(such func(player.Request) bool) change {
	return func(r player.Request, _ string, a player.Answer) player.Answer {
		if a.Status == http.StatusOK && such(r) {
			return refused
		}
		return a
	}
}

var refused = player.Answer{Status: http.StatusUnauthorized, Header: map[string][]string{"Www-Authenticate": {`Bearer error="invalid_token"`}}}

const ruleHeader = "Mutant-Rule"

// namingGuard is catalogueGuard, which says by which rule it refuses a request.
func namingGuard(t *testing.T, v *verifier.Verifier, front player.Front) http.Handler {
	guard := catalogueGuardLogging(t, v, front, slog.New(naming{slog.DiscardHandler}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		guard.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), namingKey{}, w)))
	})
}

// naming is a log that writes the rule of what it is told into a field of the answer.
type naming struct{ slog.Handler }

type namingKey struct{}

func (naming) Enabled(context.Context, slog.Level) bool { return true }

func (naming) Handle(ctx context.Context, record slog.Record) error {
	record.Attrs(func(a slog.Attr) bool {
		if w, known := ctx.Value(namingKey{}).(http.ResponseWriter); known && a.Key == "rule" {
			w.Header().Set(ruleHeader, a.Value.String())
		}
		return true
	})
	return nil
}
