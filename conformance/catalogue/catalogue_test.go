package catalogue

import (
	"slices"
	"testing"

	"github.com/holdfast-go/holdfast/conformance/fault"
	. "github.com/holdfast-go/holdfast/conformance/player"

	"github.com/holdfast-go/holdfast/rules"
)

// elsewhere are the topics whose rules no verifier of access tokens can show.
var elsewhere = []string{"IDTOK", "FETCH", "XCHG"}

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

func TestCasesAreWellFormed(t *testing.T) {
	if err := Validate(Cases()); err != nil {
		t.Error(err)
	}
	for _, c := range Cases() {
		if _, known := rules.Get(c.Rule); !known {
			t.Errorf("%s is of no rule", c.ID)
		}
	}
}

// Every fault of metadata and keys has a case that begins with it. UnknownKeys has OddKeys in its place, whose tokens the
// cases can sign.
func TestEveryFaultIsUsed(t *testing.T) {
	used := map[string]bool{fault.UnknownKeys.Name: true}
	for _, c := range Cases() {
		used[c.Fault.Name] = true
	}
	for _, f := range append(fault.List(), OddKeys, OwnKeys, Rotating, SoleKey) {
		if f.Endpoint == "" && f.Handler != nil {
			continue
		}
		if !used[f.Name] {
			t.Errorf("no case is about %s", f.Name)
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
