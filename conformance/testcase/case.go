package testcase

import (
	"strings"

	"github.com/holdfast-go/holdfast/rules"
)

// A Case says what a verifier is asked, and why.
type Case struct {
	// ID is unique: the rule and a few words for the situation, as in DPOP-CLM-02.another-method.
	ID string `json:"id"`
	// Rule is the ID of the rule, of package rules or of a vendor's own.
	Rule string `json:"rule"`
	// Topic is what the rule is about, as in DPOP.
	Topic string `json:"topic"`
	// Level is that of the rule, or a lower one where the source permits what the case forbids.
	Level rules.Level `json:"level"`
	// Section is where the rule comes from, as in RFC 9449 4.3 (8).
	Section string `json:"section"`
	// Basis is what the level rests on, in the words of the sources: see [rules.Rule.Basis]. It is empty where the level is
	// not that of the rule.
	Basis string `json:"basis,omitempty"`
	// Reason is the situation in a line.
	Reason string `json:"reason"`
}

// New returns the case of an ID. Level and section are those of the rule; a rule that package rules does not know has
// neither.
func New(id, reason string) Case {
	name, _, _ := strings.Cut(id, ".")
	topic, _, _ := strings.Cut(name, "-")
	rule, _ := rules.Get(name)
	return Case{ID: id, Rule: name, Topic: topic, Level: rule.Level, Section: rule.Section(), Basis: rule.Basis(), Reason: reason}
}
