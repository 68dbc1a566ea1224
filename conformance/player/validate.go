package player

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/holdfast-go/holdfast/rules"
)

var caseID = regexp.MustCompile(`^[A-Z0-9-]+\.[A-Za-z0-9-]+$`)

// Validate returns what is wrong with cases that are to be played together, each fault with the case's ID.
func Validate(cases []Case) error {
	var faults []error
	seen := make(map[string]bool)
	for _, c := range cases {
		rule, known := rules.Get(c.Rule)
		fault := ""
		switch {
		case !caseID.MatchString(c.ID):
			fault = "the ID is not a rule, a dot and a few words, as in DPOP-CLM-02.another-method"
		case seen[c.ID]:
			fault = "the ID is taken; give each case another"
		case c.Level == "" || c.Section == "":
			fault = "package rules does not know the rule; give its level and section by As"
		case known && (c.Level == Must && rule.Level != Must || c.Level != rule.Level && c.Section == rule.Section()):
			fault = "it weighs more than its rule, or less without a section that says why"
		case !playable(c.Fault):
			fault = "the fault has no name of its own, or nothing that shows it: give one of package fault, or a Name and a Handler"
		case c.Reason == "" || c.Expected == "" || len(c.Modes) == 0:
			fault = "it lacks a reason, an expectation or a mode"
		}
		if fault != "" {
			faults = append(faults, fmt.Errorf("player: case %q: %s", c.ID, fault))
		}
		seen[c.ID] = true
	}
	return errors.Join(faults...)
}
