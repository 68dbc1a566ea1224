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
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/conformance"
	"github.com/holdfast-go/holdfast/conformance/catalogue"
	"github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/verifier"
)

var writeMutants = flag.String("mutants", "", "write the table of mutants into this file")

// TestMutants shows that the cases of each rule that is played over HTTP can fail: it plays them on mutants, which break one rule
// each. A mutant must fail cases of its rules, and no others than those of the rules that it names besides.
func TestMutants(t *testing.T) {
	cases := slices.DeleteFunc(catalogue.Cases(), func(c player.Case) bool { return !c.BlackBox() })
	named := rulesNamed(t, cases)
	broken := make(map[string]bool)
	var rows []string
	for _, m := range allMutants(cases, named) {
		t.Run(strings.Join(m.rules, ","), func(t *testing.T) {
			killers := m.killers(t, cases, named)
			for _, rule := range m.rules {
				own := killers[rule]
				if len(own) == 0 {
					t.Errorf("no case of %s fails on a mutant that %s", rule, m.does)
				}
				broken[rule] = true
				rows = append(rows, fmt.Sprintf("| %s | %s | %s |", rule, m.does, strings.Join(own, ", ")))
				delete(killers, rule)
			}
			for rule, ids := range killers {
				if !slices.Contains(m.also, rule) {
					t.Errorf("a mutant that %s fails also %v", m.does, ids)
				}
			}
			for _, rule := range m.also {
				if len(killers[rule]) == 0 {
					t.Errorf("%s is named, and none of its cases fails on a mutant that %s", rule, m.does)
				}
			}
		})
	}
	for _, c := range cases {
		if !broken[c.Rule] {
			t.Errorf("%s has no mutant", c.Rule)
			broken[c.Rule] = true
		}
	}
	if t.Failed() {
		return
	}
	slices.Sort(rows)
	page := mutantsIntroduction + strings.Join(rows, "\n") + "\n"
	if *writeMutants != "" {
		if err := os.WriteFile(*writeMutants, []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if kept, err := os.ReadFile("../docs/mutants.md"); err != nil || string(kept) != page {
		t.Errorf("docs/mutants.md is not what this test shows (%v): make generate writes it", err)
	}
}

const mutantsIntroduction = `# Each case can fail

A case that can't fail proves nothing. For each rule that is played over HTTP there is a mutant here: Holdfast with that rule broken. A test plays the catalogue on
each mutant, and holds that cases of the rule fail, and that cases of other rules do not, but where rules depend on each other
([integration/mutants_list_test.go](../integration/mutants_list_test.go) names these). ` + "`make generate`" + ` writes this page; the test fails when it is stale.

Most mutants accept what the rule refuses: the verifier names the rule in its error, and the mutant turns that answer into an acceptance. The others change the
configuration, what is fetched, what is sent, or what is answered.

| rule | the mutant | cases that fail on it |
|---|---|---|
`

// A mutant is a verifier that breaks rules.
type mutant struct {
	rules []string // that it breaks
	does  string   // what it does wrong
	also  []string // other rules whose cases fail, since they depend on these
	only  func(player.Case) bool
	conformance.Mutant
}

// killers plays the cases, and returns those that fail by their rules.
func (m mutant) killers(t *testing.T, cases []player.Case, named map[string][]string) map[string][]string {
	found := make(map[string][]string)
	changed := m.Mutant
	suite := conformance.NewSuite(t, conformance.Wiring{Fetcher: catalogueFetcher, Guard: namingGuard, Mutant: &changed})
	for _, c := range cases {
		if m.only != nil && !m.only(c) {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			if finding := suite.Play(t, c.Modes[0], c); !finding.Decided || !finding.Passed {
				found[c.Rule] = append(found[c.Rule], c.ID)
			}
		})
	}
	for _, ids := range found {
		slices.Sort(ids)
	}
	return found
}

// rulesNamed plays the cases on a good verifier, which must pass, and returns the rules by which it refuses requests of each.
func rulesNamed(t *testing.T, cases []player.Case) map[string][]string {
	named := make(map[string][]string)
	var current string
	suite := conformance.NewSuite(t, conformance.Wiring{
		Fetcher: catalogueFetcher, Guard: namingGuard,
		Mutant: &conformance.Mutant{Target: answering(func(_ player.Request, rule string, a player.Answer) player.Answer {
			if rule != "" {
				named[current] = append(named[current], rule)
			}
			return a
		})},
	})
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			current = c.ID
			if finding := suite.Play(t, c.Modes[0], c); !finding.Decided || !finding.Passed {
				t.Errorf("%s, want %s", finding.Actual, finding.Expected)
			}
		})
	}
	return named
}

// allMutants returns those of the list, and for each other rule that a verifier names one that accepts what it refuses.
func allMutants(cases []player.Case, named map[string][]string) []mutant {
	all := slices.Clone(mutants)
	listed := make(map[string]bool)
	for _, m := range all {
		for _, rule := range m.rules {
			listed[rule] = true
		}
	}
	accepts := make(map[string]*mutant)
	for _, c := range cases {
		rule := cmp.Or(refusedBy[c.Rule], c.Rule)
		if listed[c.Rule] || !slices.Contains(named[c.ID], rule) {
			continue
		}
		if accepts[rule] == nil {
			accepts[rule] = &mutant{does: "accepts what " + rule + " refuses", Mutant: conformance.Mutant{Target: accepting(rule, nil)}}
		}
		if m := accepts[rule]; !slices.Contains(m.rules, c.Rule) {
			m.rules = append(m.rules, c.Rule)
		}
	}
	for _, rule := range slices.Sorted(maps.Keys(accepts)) {
		m := *accepts[rule]
		m.only = func(c player.Case) bool { return slices.Contains(named[c.ID], rule) }
		for _, c := range cases {
			// What the verifier refuses by this rule is this rule's, whatever the case is about.
			if m.only(c) && !slices.Contains(m.rules, c.Rule) && !slices.Contains(m.also, c.Rule) {
				m.also = append(m.also, c.Rule)
			}
		}
		all = append(all, m)
	}
	return all
}

// answering changes what a verifier answers. It is told the rule by which a request was refused, empty where there is none.
func answering(change func(r player.Request, rule string, a player.Answer) player.Answer) func(player.Target) player.Target {
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
			a = change(r, rule, a)
			a.Header = maps.Clone(a.Header)
			delete(a.Header, ruleHeader)
			a.Err, a.Verified = nil, nil
			return a, nil
		})
	}
}

type targetFunc func(context.Context, player.Request) (player.Answer, error)

func (f targetFunc) Send(ctx context.Context, r player.Request) (player.Answer, error) { return f(ctx, r) }

var accepted = player.Answer{Status: http.StatusOK, Header: map[string][]string{}}

// accepting accepts requests that a rule refuses, if they are such; nil means all of them.
func accepting(rule string, such func(player.Request) bool) func(player.Target) player.Target {
	return answering(func(r player.Request, by string, a player.Answer) player.Answer {
		if by == rule && (such == nil || such(r)) {
			return accepted
		}
		return a
	})
}

// refusing refuses requests that a good verifier accepts, if they are such.
func refusing(such func(player.Request) bool) func(player.Target) player.Target {
	return answering(func(r player.Request, _ string, a player.Answer) player.Answer {
		if a.Status == http.StatusOK && such(r) {
			return refused
		}
		return a
	})
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
