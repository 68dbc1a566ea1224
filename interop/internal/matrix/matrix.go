package main

import (
	"bytes"
	_ "embed" // the page's first part
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A report is what is read of a report of holdfast-conform.
type report struct {
	Target  string   `json:"target"` // the system's name and version
	Modes   []string `json:"modes"`
	Results []result `json:"results"`
	Faults  []string `json:"faults"`
}

// A result is one case in one DPoP mode.
type result struct {
	ID      string `json:"id"`
	Rule    string `json:"rule"`
	Topic   string `json:"topic"`
	Level   string `json:"level"`
	Section string `json:"section"`
	Basis   string `json:"basis"`
	Reason  string `json:"reason"`
	Mode    string `json:"mode"`
	Outcome string `json:"outcome"`
}

// Outcomes that are not counted: that the system lacks what the case is about, and that two runs do not agree.
const (
	skipped = "skipped"
	differs = "differs between two runs"
)

func (r result) counted() bool { return r.Outcome != skipped && r.Outcome != differs }

// A score is how many results passed of those that are counted.
type score struct{ passed, run int }

func (s score) String() string {
	switch {
	case s.run == 0:
		return "-"
	case s.passed < s.run:
		return fmt.Sprintf("**%d**/%d", s.passed, s.run)
	}
	return fmt.Sprintf("%d/%d", s.passed, s.run)
}

// score counts the results that are of a kind.
func (s *system) score(of func(result) bool) score {
	var n score
	for _, r := range s.Results {
		if !r.counted() || !of(r) {
			continue
		}
		n.run++
		if r.Outcome == "passed" {
			n.passed++
		}
	}
	return n
}

// differing counts the results of a kind that differ between two runs.
func (s *system) differing(of func(result) bool) int {
	n := 0
	for _, r := range s.Results {
		if r.Outcome == differs && of(r) {
			n++
		}
	}
	return n
}

// cases are the IDs of a topic's cases, of all topics if it is empty, that a system was counted on.
func (s *system) cases(topic string) map[string]bool {
	ids := make(map[string]bool)
	for _, r := range s.Results {
		if r.counted() && (topic == "" || r.Topic == topic) {
			ids[r.ID] = true
		}
	}
	return ids
}

// notCounted is how many cases of a topic, of all if it is empty, others were counted on and the system was not.
func notCounted(s *system, systems []*system, topic string) int {
	all := make(map[string]bool)
	for _, other := range systems {
		maps.Copy(all, other.cases(topic))
	}
	return len(all) - len(s.cases(topic))
}

var levels = []string{"MUST", "SHOULD", "OURS"}

//go:embed introduction.md
var introduction string

// write writes the page: the systems, the matrix of MUST by topic, and for each system how it is set up, its results by
// topic, and the rules that it breaks.
func write(page *bytes.Buffer, systems []*system) {
	page.WriteString(introduction)
	fmt.Fprintf(page, "\n## The systems\n\nHoldfast and %d others.\n\n", len(systems)-1)
	page.WriteString("| system | language | DPoP | MUST | SHOULD | OURS | cases not counted |\n|---|---|---|---|---|---|---|\n")
	for _, s := range systems {
		fmt.Fprintf(page, "| %s | %s | %s |", cell(s.Target), cell(s.Language), cell(strings.Join(s.report.Modes, ", ")))
		for _, level := range levels {
			fmt.Fprintf(page, " %s |", s.score(func(r result) bool { return r.Level == level }))
		}
		fmt.Fprintf(page, " %d |\n", notCounted(s, systems, ""))
	}

	names := topics(systems)
	page.WriteString("\n## MUST by topic\n\n| system |")
	for _, topic := range names {
		fmt.Fprintf(page, " %s |", cell(topic))
	}
	page.WriteString("\n|---|" + strings.Repeat("---|", len(names)) + "\n")
	for _, s := range systems {
		fmt.Fprintf(page, "| %s |", cell(s.Name))
		for _, topic := range names {
			fmt.Fprintf(page, " %s |", s.score(func(r result) bool { return r.Topic == topic && r.Level == "MUST" }))
		}
		page.WriteString("\n")
	}

	for _, s := range systems {
		writeSystem(page, s, systems)
	}
}

// topics are those of all systems in the order of their first case.
func topics(systems []*system) []string {
	var names []string
	for _, s := range systems {
		for _, r := range s.Results {
			if r.counted() && !slices.Contains(names, r.Topic) {
				names = append(names, r.Topic)
			}
		}
	}
	return names
}

// writeSystem writes what there is to say of one system.
func writeSystem(page *bytes.Buffer, s *system, systems []*system) {
	fmt.Fprintf(page, "\n## %s\n\nSet up: %s. [The target](../%s)", cell(s.Target), s.SetUp, s.Source)
	if s.Documentation != "" {
		fmt.Fprintf(page, ", [the system's documentation](%s)", s.Documentation)
	}
	page.WriteString(".\n")
	if s.NotCounted != nil {
		fmt.Fprintf(page, "Not counted, since the target or another library decides them: %s.\n", strings.Join(s.NotCounted, ", "))
	}
	for _, fault := range s.Faults {
		fmt.Fprintf(page, "\nFault: %s.\n", cell(fault))
	}
	page.WriteString("\n| topic | MUST | SHOULD | OURS | cases not counted |\n|---|---|---|---|---|\n")
	for _, topic := range topics(systems) {
		fmt.Fprintf(page, "| %s |", cell(topic))
		for _, level := range levels {
			fmt.Fprintf(page, " %s |", s.score(func(r result) bool { return r.Topic == topic && r.Level == level }))
		}
		fmt.Fprintf(page, " %d |\n", notCounted(s, systems, topic))
	}
	writeBroken(page, s)
}

// A broken is a rule of which cases did not pass, as far as they have one level and source.
type broken struct {
	rule, level, section, basis string
	cases                       []brokenCase
}

// A brokenCase is a case that did not pass, with the modes in which it ended so.
type brokenCase struct {
	id, reason, outcome string
	modes               []string
}

// brokenRules are a system's, MUST before SHOULD before OURS, in the order of the catalogue.
func brokenRules(s *system) []broken {
	var all []broken
	for _, level := range levels {
		for _, r := range s.Results {
			if r.Level != level || r.Outcome == "passed" || r.Outcome == skipped {
				continue
			}
			at := slices.IndexFunc(all, func(b broken) bool {
				return b.rule == r.Rule && b.level == level && b.section == r.Section
			})
			if at < 0 {
				at = len(all)
				all = append(all, broken{rule: r.Rule, level: level, section: r.Section, basis: r.Basis})
			}
			all[at].add(r)
		}
	}
	return all
}

func (b *broken) add(r result) {
	at := slices.IndexFunc(b.cases, func(c brokenCase) bool { return c.id == r.ID && c.outcome == r.Outcome })
	if at < 0 {
		at = len(b.cases)
		b.cases = append(b.cases, brokenCase{id: r.ID, reason: r.Reason, outcome: r.Outcome})
	}
	b.cases[at].modes = append(b.cases[at].modes, r.Mode)
}

// writeBroken writes the rules that a system breaks.
func writeBroken(page *bytes.Buffer, s *system) {
	rules := brokenRules(s)
	if len(rules) == 0 {
		page.WriteString("\nEverything passes.\n")
		return
	}
	page.WriteString("\nWhat does not pass:\n\n| rule | level | section | cases | basis |\n|---|---|---|---|---|\n")
	for _, b := range rules {
		var cases []string
		for _, c := range b.cases {
			text := c.reason
			if len(c.modes) < s.score(func(r result) bool { return r.ID == c.id }).run {
				text += " (DPoP " + strings.Join(c.modes, ", ") + ")"
			}
			if c.outcome != "failed" {
				text += ": " + c.outcome
			}
			cases = append(cases, cell(text))
		}
		fmt.Fprintf(page, "| %s | %s | %s | %s | %s |\n", cell(b.rule), b.level, cell(b.section), strings.Join(cases, "; "), cell(b.basis))
	}
}

// cell is text as a table's cell can hold it.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(text)
}
