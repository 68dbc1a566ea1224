package catalogue

import (
	"regexp"
	"slices"
	"testing"

	. "github.com/holdfast-go/holdfast/conformance/player"

	"github.com/holdfast-go/holdfast/rules"
)

// elsewhere are the topics whose rules no verifier of access tokens can show.
var elsewhere = []string{"IDTOK", "FETCH", "XCHG", "META"}

func TestEveryRuleHasCases(t *testing.T) {
	played := make(map[string]int)
	for _, c := range Cases() {
		played[c.Rule]++
	}
	for _, r := range rules.All() {
		if played[r.ID] == 0 && !slices.Contains(elsewhere, r.Topic()) {
			t.Errorf("%s rule %s has no case", r.Level, r.ID)
		}
	}
	if total := len(Cases()); total < 300 {
		t.Errorf("there are %d cases", total)
	}
}

var slug = regexp.MustCompile(`^[A-Z0-9-]+\.[A-Za-z0-9-]+$`)

func TestCasesAreWellFormed(t *testing.T) {
	seen := make(map[string]bool)
	for _, c := range Cases() {
		rule, known := rules.Get(c.Rule)
		switch {
		case seen[c.ID]:
			t.Errorf("%s stands twice", c.ID)
		case !slug.MatchString(c.ID):
			t.Errorf("%s is no rule and slug", c.ID)
		case !known:
			t.Errorf("%s is of no rule", c.ID)
		case c.Reason == "" || c.Section == "" || c.Expected == "" || len(c.Modes) == 0:
			t.Errorf("%s lacks a reason, a section, an outcome or a mode", c.ID)
		case c.Level == Must && rule.Level != Must:
			t.Errorf("%s weighs more than its rule", c.ID)
		case c.Level != rule.Level && c.Section == rule.Section():
			t.Errorf("%s weighs less than its rule, and does not say why", c.ID)
		}
		if !slices.Contains(Faults(), c.Fault) {
			t.Errorf("%s has an unknown fault", c.ID)
		}
		seen[c.ID] = true
	}
}

func TestEveryFaultIsUsed(t *testing.T) {
	used := map[Fault]bool{SoleKey: true}
	for _, c := range Cases() {
		used[c.Fault] = true
	}
	for _, fault := range Faults() {
		if !used[fault] {
			t.Errorf("no case is about %q", fault)
		}
	}
}

// TestCasesGetWhatTheirRuleSays holds what is expected of cases against what a violation gets by package rules.
func TestCasesGetWhatTheirRuleSays(t *testing.T) {
	outcomes := make(map[string]rules.Outcome)
	for _, o := range rules.Outcomes() {
		outcomes[o.ID] = o
	}
	for _, c := range Cases() {
		rule, _ := rules.Get(c.Rule)
		if c.Reported() != c.Rule || c.Expected == Accepted || c.Expected == Holds {
			continue
		}
		said := slices.ContainsFunc(rule.Violations, func(v rules.Violation) bool {
			o := outcomes[v.Outcome]
			status, code := c.Expected.Answer()
			answered := o.Status > 0 && o.Status == status && (o.Error == code || code == "" && status >= 500)
			return answered || v.Outcome == "conf" && c.Expected == RefusedByNew || v.Outcome == "skip" || v.Outcome == "kept"
		})
		if !said {
			t.Errorf("%s: %s is expected, and a violation of the rule gets %v", c.ID, c.Expected, rule.Violations)
		}
	}
}
