package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/rules"
)

// TestPageIsUpToDate fails after a change of the register or of the template until the page is written.
func TestPageIsUpToDate(t *testing.T) {
	written, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	text, err := page()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written, text) {
		t.Error("docs/rules.md is stale: run make generate")
	}
}

func TestPageHasEveryRule(t *testing.T) {
	text, err := page()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules.All() {
		row := "| " + r.ID + " | " + string(r.Level) + " | " + escape(r.Text) + " | " + r.Section() + " | " + violations(r) + " |"
		if n := strings.Count(string(text), "\n"+row+"\n"); n != 1 {
			t.Errorf("the page has %d times %q", n, row)
		}
	}
}

func TestViolations(t *testing.T) {
	got := violations(rules.Rule{Violations: []rules.Violation{{Outcome: "proof"}, {Outcome: "conf", Note: "500"}}})
	if want := "proof or conf (500)"; got != want {
		t.Errorf("violations = %q, want %q", got, want)
	}
}

func TestRun(t *testing.T) {
	output := filepath.Join(t.TempDir(), "rules.md")
	if err := run(output); err != nil {
		t.Fatal(err)
	}
	want, err := page()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(output); err != nil || !bytes.Equal(got, want) {
		t.Errorf("wrote %d bytes, want %d: %v", len(got), len(want), err)
	}
	if err := run(""); err == nil {
		t.Error("run without a file succeeds")
	}
}
