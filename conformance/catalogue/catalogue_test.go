package catalogue

import (
	"regexp"
	"slices"
	"testing"

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
		if _, known := settings[c.Setting]; !known {
			t.Errorf("%s is set where nobody knows", c.ID)
		}
		seen[c.ID] = true
	}
}

func TestEverySettingIsUsed(t *testing.T) {
	used := map[Setting]bool{SoleKey: true}
	for _, c := range Cases() {
		used[c.Setting] = true
	}
	for setting := range settings {
		if !used[setting] {
			t.Errorf("no case is about %q", setting)
		}
	}
}

// TestCasesGetWhatTheirRuleSays holds what is expected of cases against what a violation gets by package rules.
func TestCasesGetWhatTheirRuleSays(t *testing.T) {
	answers := make(map[string]Outcome)
	for _, o := range rules.Outcomes() {
		for outcome, answer := range book {
			if o.Status == answer.status && (o.Error == answer.code || answer.code == "" && o.Status >= 500) {
				answers[o.ID] = outcome
			}
		}
	}
	for _, c := range Cases() {
		rule, _ := rules.Get(c.Rule)
		if c.fault != c.Rule || c.Expected == accepted || c.Expected == holds {
			continue
		}
		said := slices.ContainsFunc(rule.Violations, func(v rules.Violation) bool {
			return answers[v.Outcome] == c.Expected || v.Outcome == "conf" && c.Expected == refusedByNew || v.Outcome == "skip" || v.Outcome == "kept"
		})
		if !said {
			t.Errorf("%s: %s is expected, and a violation of the rule gets %v", c.ID, c.Expected, rule.Violations)
		}
	}
}
