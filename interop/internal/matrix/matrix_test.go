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
	good := &system{Name: "good", Language: "Go", Source: "good.go", SetUp: "as its README shows", report: report{
		Target: "good v1", Modes: []string{"allowed"}, Results: []result{
			one("A-01.x", "MUST", "allowed", "passed"), one("A-02.x", "MUST", "allowed", skipped),
			one("B-01.x", "SHOULD", "allowed", "passed"),
		},
	}}
	bad := &system{
		Name: "bad", Language: "C", Source: "bad.c", SetUp: "by hand", Documentation: "https://bad.example/", NotCounted: []string{"C", "D"},
		report: report{Target: "bad v2", Modes: []string{"allowed", "required"}, Faults: []string{"it died"}, Results: []result{
			one("A-01.x", "MUST", "allowed", "failed"), one("A-01.x", "MUST", "required", "failed"),
			one("A-01.y", "MUST", "allowed", "passed"), one("A-01.y", "MUST", "required", "failed"),
			one("A-03.x", "OURS", "allowed", "failed"), one("A-04.x", "MUST", "allowed", differs),
			one("B-01.x", "SHOULD", "allowed", "undecided"),
		}},
	}
	var page bytes.Buffer
	write(&page, []*system{good, bad})
	for _, want := range []string{
		"Holdfast and 1 others.",
		"| good v1 | Go | allowed | 1/1 | 1/1 | - | 2 |\n| bad v2 | C | allowed, required | **1**/4 | **0**/1 | **0**/1 | 0 |\n",
		"| system | A | B |\n|---|---|---|\n| good | 1/1 | - |\n| bad | **1**/4 | - |\n",
		"\n## good v1\n\nSet up: as its README shows. [The target](../good.go).\n",
		"| A | 1/1 | - | - | 2 |\n| B | - | 1/1 | - | 0 |\n\nEverything passes.\n",
		"[The target](../bad.c), [the system's documentation](https://bad.example/).\n" +
			"Not counted, since the target or another library decides them: C, D.\n" +
			"\nFault: it died.\n",
		"\nWhat does not pass:\n\n" +
			"| rule | level | section | cases | basis |\n|---|---|---|---|---|\n" +
			`| A-01 | MUST | RFC 1 2 | why \| A-01.x; why \| A-01.y (DPoP required) | “a &lt; b” (RFC 1 2) |` + "\n" +
			`| A-04 | MUST | RFC 1 2 | why \| A-04.x: differs between two runs | “a &lt; b” (RFC 1 2) |` + "\n" +
			`| B-01 | SHOULD | RFC 1 2 | why \| B-01.x: undecided | “a &lt; b” (RFC 1 2) |` + "\n" +
			`| A-03 | OURS | RFC 1 2 | why \| A-03.x | “a &lt; b” (RFC 1 2) |` + "\n",
	} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page lacks\n%s\nit is\n%s", want, &page)
		}
	}
}

// TestRun takes the reports that are there: without a program that plays, none is played.
func TestRun(t *testing.T) {
	const list = `[{"name":"a","modes":"allowed","start":["a"],"source":"a.go","set_up":"by hand","not_counted":["CHAL"]}]`
	const passes = `{"results":[{"id":"X","level":"MUST","outcome":"passed"}]}`
	for name, row := range map[string]struct {
		list, held, first, second string
		only                      []string
		want                      string // part of the error, none if empty
	}{
		"good": {list, "a", `{"results":[{"level":"SHOULD","outcome":"passed"},{"id":"o","level":"OURS","outcome":"failed"}]}`,
			`{"results":[{"level":"SHOULD","outcome":"passed"},{"id":"o","level":"OURS","outcome":"passed"}]}`, []string{"a"}, ""},
		"nothing held":    {list, "", `{"results":[{"level":"MUST","outcome":"failed"}]}`, passes, nil, ""},
		"MUST undecided":  {list, "a", `{"results":[{"id":"X","level":"MUST","outcome":"undecided"}]}`, `{"results":[{"id":"X","level":"MUST","outcome":"undecided"}]}`, nil, "0 of 1"},
		"SHOULD failed":   {list, "a", `{"results":[{"level":"SHOULD","outcome":"failed"}]}`, `{"results":[{"level":"SHOULD","outcome":"failed"}]}`, nil, "0 of 1"},
		"MUST differs":    {list, "a", `{"results":[{"id":"X","level":"MUST","outcome":"failed"}]}`, passes, nil, "1 differ"},
		"not counted":     {list, "a", `{"results":[{"topic":"CHAL","level":"MUST","outcome":"passed"}]}`, `{"results":[{"topic":"CHAL","level":"MUST","outcome":"passed"}]}`, nil, "0 of 0"},
		"a fault":         {list, "a", passes, `{"results":[{"id":"X","level":"MUST","outcome":"passed"}],"faults":["it died"]}`, nil, "it died"},
		"no system held":  {list, "b", passes, passes, nil, "no report of b"},
		"not listed":      {list, "a", passes, passes, []string{"b"}, `no system "b"`},
		"no second run":   {list, "a", passes, "", nil, "not played yet"},
		"no results":      {list, "a", `{"faults":["it never started"]}`, passes, nil, "it never started"},
		"no JSON":         {list, "a", `{`, passes, nil, "a.json"},
		"list lacks":      {`[{"name":"a"}]`, "a", passes, passes, nil, "needs name"},
		"list has others": {`[{"nome":"a"}]`, "a", passes, passes, nil, "nome"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			for file, text := range map[string]string{"systems.json": row.list, "a.json": row.first, "a.again.json": row.second} {
				if text == "" {
					continue
				}
				if err := os.WriteFile(filepath.Join(folder, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s := settings{systems: filepath.Join(folder, "systems.json"), reports: folder, output: filepath.Join(folder, "page.md"), held: row.held}
			err := s.run(row.only)
			if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// TestSystems reads the list that make conform plays.
func TestSystems(t *testing.T) {
	systems, err := readSystems("../../systems.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(systems) < 13 || systems[0].Name != "Holdfast" {
		t.Errorf("there are %d systems, want Holdfast and at least twelve others", len(systems))
	}
	files := make(map[string]bool)
	for _, s := range systems {
		if _, err := os.Stat(filepath.Join("../../..", s.Source)); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
		if file := s.file("", ""); files[file] {
			t.Errorf("two systems have reports called %s", file)
		} else {
			files[file] = true
		}
	}
}
