package main

import (
	"bytes"
	_ "embed" // the page's first part
	"fmt"
	"slices"
	"strings"
)

// A system is a verifier whose report was read.
type system struct {
	name string
	report
}

// A report is what is read of a report of holdfast-conform.
type report struct {
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

// A score is how many results passed of those that were not skipped.
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
func (s system) score(of func(result) bool) score {
	var n score
	for _, r := range s.Results {
		if r.Outcome == "skipped" || !of(r) {
			continue
		}
		n.run++
		if r.Outcome == "passed" {
			n.passed++
		}
	}
	return n
}

var levels = []string{"MUST", "SHOULD", "OURS"}

//go:embed introduction.md
var introduction string

// write writes the page: the systems, the matrix by topic, and for each system the rules that it breaks.
func write(page *bytes.Buffer, systems []system) {
	page.WriteString(introduction)

	page.WriteString("\n## The systems\n\n| system | DPoP | MUST | SHOULD | OURS |\n|---|---|---|---|---|\n")
	for _, s := range systems {
		fmt.Fprintf(page, "| %s | %s |", cell(s.name), cell(strings.Join(s.Modes, ", ")))
		for _, level := range levels {
			fmt.Fprintf(page, " %s |", s.score(func(r result) bool { return r.Level == level }))
		}
		page.WriteString("\n")
	}

	page.WriteString("\n## By topic\n\nEach cell is MUST, SHOULD and OURS, where the topic has such cases.\n\n| topic |")
	for _, s := range systems {
		fmt.Fprintf(page, " %s |", cell(s.name))
	}
	page.WriteString("\n|---|" + strings.Repeat("---|", len(systems)) + "\n")
	for _, topic := range topics(systems) {
		fmt.Fprintf(page, "| %s |", cell(topic))
		for _, s := range systems {
			fmt.Fprintf(page, " %s |", scores(s, topic))
		}
		page.WriteString("\n")
	}

	for _, s := range systems {
		writeBroken(page, s)
	}
}

// topics are those of all systems in the order of their first case.
func topics(systems []system) []string {
	var names []string
	for _, s := range systems {
		for _, r := range s.Results {
			if r.Outcome != "skipped" && !slices.Contains(names, r.Topic) {
				names = append(names, r.Topic)
			}
		}
	}
	return names
}

// scores are those of a system in a topic, level by level.
func scores(s system, topic string) string {
	var parts []string
	for _, level := range levels {
		if n := s.score(func(r result) bool { return r.Topic == topic && r.Level == level }); n.run > 0 {
			parts = append(parts, n.String()+" "+level)
		}
	}
	if parts == nil {
		return "-"
	}
	return strings.Join(parts, ", ")
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
func brokenRules(s system) []broken {
	var all []broken
	for _, level := range levels {
		for _, r := range s.Results {
			if r.Level != level || r.Outcome == "passed" || r.Outcome == "skipped" {
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
func writeBroken(page *bytes.Buffer, s system) {
	fmt.Fprintf(page, "\n## %s: what does not pass\n\n", s.name)
	rules := brokenRules(s)
	if len(rules) == 0 {
		page.WriteString("Everything passes.\n")
		return
	}
	page.WriteString("| rule | level | section | cases | basis |\n|---|---|---|---|---|\n")
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
