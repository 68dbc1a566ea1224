package command

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/conformance/catalogue"
)

func write(t *testing.T, content string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadKnown(t *testing.T) {
	for _, c := range []struct{ content, want string }{
		{"", ""},
		{"# of my API\n\n  CLAIM-AUD-02.another\tthe gateway checks it \r\n", "CLAIM-AUD-02.another=the gateway checks it"},
		{"CLAIM-AUD-02.another", "line 1: CLAIM-AUD-02.another has no reason"},
		{"\nCLAIM-AUD-02.another a\nCLAIM-AUD-02.another b", "line 3: CLAIM-AUD-02.another is there already"},
		{"CLAIM-AUD-02 why", `line 1: there is no case "CLAIM-AUD-02"`},
		{strings.Repeat("#", maxKnownBytes+1), "over 1 MiB"},
	} {
		all, err := readKnown(write(t, c.content), catalogue.Cases())
		var got []string
		for _, k := range all {
			got = append(got, k.id+"="+k.reason)
		}
		if err != nil {
			got = []string{err.Error()}
		}
		if (c.want == "" && len(got) > 0) || !strings.Contains(strings.Join(got, " "), c.want) {
			t.Errorf("readKnown(%.50q) = %q, want %q", c.content, got, c.want)
		}
	}
}

// Failures that are known do not count; with one that is not the run fails as ever.
func TestRunWithKnownFailures(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(asTarget, "yes")
	const accepted, rejected = "CLAIM-AUD-01.string", "CLAIM-AUD-02.another"
	var failing []string // of a target that accepts everything
	for _, c := range catalogue.Cases() {
		if strings.HasPrefix(c.ID, "CLAIM-AUD-0") && c.BlackBox() {
			failing = append(failing, c.ID)
		}
	}
	results := filepath.Join(t.TempDir(), "r.json")
	play := func(known string) (status int, stdout string) {
		t.Helper()
		var out, err bytes.Buffer
		args := []string{"run", "-q", "-dpop", "allowed", "-only", "^CLAIM-AUD-0", "-known", write(t, known), "-json", results, "--", self}
		status = play(t.Context(), nil, args, &out, &err)
		return status, out.String() + err.String()
	}
	all := strings.Join(failing, " accepts everything\n") + " accepts everything"
	status, printed := play(all)
	if status != exitHolds || !strings.Contains(printed, "Every MUST holds, except for ") || !strings.Contains(printed, "known     accepts everything") ||
		!strings.Contains(printed, accepted+" is listed as known to fail, and passes: take it out of ") {
		t.Errorf("all failures are known: exit status %d, printed %s", status, printed)
	}
	if content, err := os.ReadFile(results); err != nil || !strings.Contains(string(content), `"known": "accepts everything"`) {
		t.Errorf("the JSON does not say what is known: %v", err)
	}
	failing = slices.DeleteFunc(failing, func(id string) bool { return id == rejected })
	status, printed = play(strings.Join(failing, " accepts everything\n") + " accepts everything")
	if status != exitBroken || !strings.Contains(printed, "of a MUST failed") {
		t.Errorf("one failure is news: exit status %d, printed %s", status, printed)
	}
}

func TestDiff(t *testing.T) {
	report := func(outcome string) string {
		return write(t, `{"tool":"holdfast-conform","results":[{"id":"CLAIM-AUD-02.another","level":"MUST","mode":"allowed","outcome":"`+outcome+`"}]}`)
	}
	passed, failed := report("passed"), report("failed")
	for _, c := range []struct {
		older, newer string
		status       int
		want         string
	}{
		{passed, failed, exitBroken, "worse: CLAIM-AUD-02.another (allowed, MUST): failed, was passed\n"},
		{failed, passed, exitHolds, "better: CLAIM-AUD-02.another (allowed, MUST): passed, was failed\n"},
		{failed, failed, exitHolds, "0 worse, 0 better, 0 changed otherwise"},
	} {
		var stdout, stderr bytes.Buffer
		status := play(t.Context(), nil, []string{"diff", c.older, c.newer}, &stdout, &stderr)
		if status != c.status || !strings.Contains(stdout.String(), c.want) || stderr.Len() > 0 {
			t.Errorf("exit status %d, printed %q and %q, want %d and %q", status, stdout.String(), stderr.String(), c.status, c.want)
		}
	}
}
