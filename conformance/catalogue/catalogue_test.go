package catalogue

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// row is one of docs/rules.md: ID, level, rule, source, and what a violation gets.
var row = regexp.MustCompile(`(?m)^\| ((?:CRED|JWS|TYP|CLAIM|KEYS|DISC|CACHE|CHAL|DPOP|NONCE|MTLS|PROXY|ACT)-[A-Z0-9-]+) \| (\w+) \| .* \| (.*) \| .* \|$`)

func TestRulesAreThoseOfTheDocumentation(t *testing.T) {
	written, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := row.FindAllStringSubmatch(string(written), -1)
	if len(rows) != len(rules) {
		t.Errorf("docs/rules.md has %d rules, the catalogue knows %d", len(rows), len(rules))
	}
	names := strings.NewReplacer("api-py", "auth0-api-python", "a0-py", "auth0-python", ", ex", "")
	for _, r := range rows {
		id, want := r[1], rule{Level(r[2]), names.Replace(r[3])}
		if want.section == "-" {
			want.section = "OURS"
		}
		if rules[id] != want {
			t.Errorf("rule %s is %v, want %v", id, rules[id], want)
		}
	}
}

func TestEveryRuleHasCases(t *testing.T) {
	played := make(map[string]int)
	for _, c := range Cases() {
		played[c.Rule]++
	}
	for id, r := range rules {
		if played[id] == 0 {
			t.Errorf("%s rule %s has no case", r.level, id)
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
		switch {
		case seen[c.ID]:
			t.Errorf("%s stands twice", c.ID)
		case !slug.MatchString(c.ID):
			t.Errorf("%s is no rule and slug", c.ID)
		case rules[c.Rule] == rule{}:
			t.Errorf("%s is of no rule", c.ID)
		case c.Reason == "" || c.Section == "" || c.Expected == "" || len(c.Modes) == 0:
			t.Errorf("%s lacks a reason, a section, an outcome or a mode", c.ID)
		case c.Level == Must && rules[c.Rule].level != Must:
			t.Errorf("%s weighs more than its rule", c.ID)
		case c.Level != rules[c.Rule].level && c.Section == rules[c.Rule].section:
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
