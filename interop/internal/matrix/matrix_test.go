package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMatrix(t *testing.T) {
	one := func(id, level, mode, outcome string) result {
		rule, _, _ := strings.Cut(id, ".")
		topic, _, _ := strings.Cut(rule, "-")
		return result{
			ID: id, Rule: rule, Topic: topic, Level: level, Section: "RFC 1 2", Basis: "“a < b” (RFC 1 2)", Reason: "why | " + id,
			Mode: mode, Outcome: outcome,
		}
	}
	var page bytes.Buffer
	write(&page, []system{
		{"good v1", report{Modes: []string{"allowed"}, Results: []result{
			one("A-01.x", "MUST", "allowed", "passed"), one("A-02.x", "MUST", "allowed", "skipped"),
			one("B-01.x", "SHOULD", "allowed", "passed"),
		}}},
		{"bad v2", report{Modes: []string{"allowed", "required"}, Results: []result{
			one("A-01.x", "MUST", "allowed", "failed"), one("A-01.x", "MUST", "required", "failed"),
			one("A-01.y", "MUST", "allowed", "passed"), one("A-01.y", "MUST", "required", "failed"),
			one("A-03.x", "OURS", "allowed", "failed"), one("B-01.x", "SHOULD", "allowed", "undecided"),
		}}},
	})
	for _, want := range []string{
		"| good v1 | allowed | 1/1 | 1/1 | - |\n| bad v2 | allowed, required | **1**/4 | **0**/1 | **0**/1 |\n",
		"| topic | good v1 | bad v2 |\n|---|---|---|\n| A | 1/1 MUST | **1**/4 MUST, **0**/1 OURS |\n",
		"| B | 1/1 SHOULD | **0**/1 SHOULD |\n\n## good v1: what does not pass\n\nEverything passes.\n",
		"\n## bad v2: what does not pass\n\n" +
			"| rule | level | section | cases | basis |\n|---|---|---|---|---|\n" +
			`| A-01 | MUST | RFC 1 2 | why \| A-01.x; why \| A-01.y (DPoP required) | “a &lt; b” (RFC 1 2) |` + "\n" +
			`| B-01 | SHOULD | RFC 1 2 | why \| B-01.x: undecided | “a &lt; b” (RFC 1 2) |` + "\n" +
			`| A-03 | OURS | RFC 1 2 | why \| A-03.x | “a &lt; b” (RFC 1 2) |` + "\n",
	} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page lacks\n%s\nit is\n%s", want, &page)
		}
	}
}

func TestRun(t *testing.T) {
	folder := t.TempDir()
	output := filepath.Join(folder, "page.md")
	report := func(name, text string) string {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return "a=" + file
	}
	empty := report("empty.json", `{"faults":["it never started"]}`)
	good := report("good.json", `{"results":[{"level":"SHOULD","outcome":"passed"},{"level":"OURS","outcome":"failed"}]}`)
	must := report("must.json", `{"results":[{"level":"MUST","outcome":"undecided"}]}`)
	should := report("should.json",
		`{"results":[{"level":"MUST","outcome":"passed"},{"level":"SHOULD","outcome":"failed"}]}`)
	faulty := report("faulty.json", `{"results":[{"level":"MUST","outcome":"passed"}],"faults":["it died"]}`)
	for name, row := range map[string]struct {
		output, held string
		reports      []string
		want         string // part of the error, none if empty
	}{
		"good":             {output, "a", []string{good}, ""},
		"nothing held":     {output, "", []string{must}, ""},
		"MUST undecided":   {output, "a", []string{must}, "0 of 1"},
		"SHOULD failed":    {output, "a", []string{should}, "1 of 2"},
		"a fault":          {output, "a", []string{faulty}, "it died"},
		"no system held":   {output, "b", []string{good}, "no report of b"},
		"no output":        {"", "", []string{good}, "use it as"},
		"no report":        {output, "", nil, "use it as"},
		"no file":          {output, "", []string{"a=" + filepath.Join(folder, "none.json")}, "none.json"},
		"no results":       {output, "", []string{empty}, "it never started"},
		"output to folder": {folder, "", []string{good}, folder},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(row.output, row.held, row.reports)
			if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
