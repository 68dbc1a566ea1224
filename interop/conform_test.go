package interop

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// A conformTarget is a system that holdfast-conform plays its cases on.
type conformTarget struct {
	name    string
	program string // of Go, to be built
	command []string
	modes   []string
}

var allModes = []string{"allowed", "required", "disabled"}

var conformTargets = []conformTarget{
	{name: "Holdfast", program: "../examples/conformtarget", modes: allModes},
	{name: "go-jwt-middleware", program: "./targets/gojwtmiddleware", modes: allModes},
	{name: "express-oauth2-jwt-bearer", command: nodeTarget("express-oauth2-jwt-bearer"), modes: allModes},
	{name: "oauth4webapi", command: nodeTarget("oauth4webapi"), modes: []string{"allowed", "required"}},
}

func nodeTarget(name string) []string { return []string{"node/targets/start", name} }

// A conformRun is what this test reads of a report.
type conformRun struct {
	Faults  []string `json:"faults"`
	Results []struct {
		ID      string `json:"id"`
		Mode    string `json:"mode"`
		Level   string `json:"level"`
		Outcome string `json:"outcome"`
		Actual  string `json:"actual"`
	} `json:"results"`
}

// Holdfast keeps every rule that can be seen from outside.
func TestConformHoldfast(t *testing.T) {
	run, page := conform(t, conformTargets[0], "")
	for _, fault := range run.Faults {
		t.Error(fault)
	}
	for _, r := range run.Results {
		if r.Outcome != "passed" {
			t.Errorf("%s %s in mode %s: %s: %s", r.Level, r.ID, r.Mode, r.Outcome, r.Actual)
		}
	}
	cases := map[string]bool{}
	for _, r := range run.Results {
		cases[r.ID] = true
	}
	if len(cases) < 1000 {
		t.Errorf("only %d cases", len(cases))
	}

	tab := openTab(t)
	tab.do(t, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(fileURL(t, page)))
	verdict := evaluate[string](t, tab, `document.querySelector('.verdict').textContent`)
	if verdict != "Every MUST holds." {
		t.Errorf("the page says %q", verdict)
	}
	if shown := tab.shown(t); len(shown) != len(run.Results) {
		t.Errorf("the page shows %d of %d results", len(shown), len(run.Results))
	}
	tab.checkQuiet(t)
}

// The other systems' targets are set up well: what every verifier does, they do in each mode. Otherwise what they fail
// would be our fault.
func TestConformTargetsWork(t *testing.T) {
	basic := []string{
		"CRED-01.none", "CRED-01.one", "JWS-09.none", "JWS-17.signature", "CLAIM-AUD-02.another", "CLAIM-EXP-02.long-past",
		"CLAIM-SCP-01.string", "CLAIM-SCP-02.missing", "DPOP-BIND-01.bound", "DPOP-BIND-01.another-key",
	}
	for _, target := range conformTargets[1:] {
		t.Run(target.name, func(t *testing.T) {
			run, _ := conform(t, target, "^("+strings.Join(basic, "|")+")$")
			played := map[string]bool{}
			for _, r := range run.Results {
				played[r.ID] = true
				if r.Outcome != "passed" {
					t.Errorf("%s in mode %s: %s: %s", r.ID, r.Mode, r.Outcome, r.Actual)
				}
			}
			for _, id := range basic {
				if !played[id] {
					t.Errorf("%s was not played", id)
				}
			}
		})
	}
}

// conform plays the cases that only matches, all if it is empty. It returns what is in the JSON report, and the path of
// the HTML report.
func conform(t *testing.T, target conformTarget, only string) (run conformRun, page string) {
	t.Helper()
	command := target.command
	if target.program != "" {
		command = []string{build(t, target.program)}
	}
	file := filepath.Join(t.TempDir(), "report.json")
	page = filepath.Join(t.TempDir(), "report.html")
	arguments := slices.Concat([]string{
		"run", "-q", "-dpop", strings.Join(target.modes, ","), "-only", only, "-json", file, "-html", page, "--",
	}, command)
	// Its exit status tells of a MUST that does not hold, as the report does.
	out, err := exec.Command(build(t, "../conformance/cmd/holdfast-conform"), arguments...).CombinedOutput()
	report, readErr := os.ReadFile(file)
	if readErr != nil {
		t.Fatalf("there is no report: %v, %v\n%s", err, readErr, out)
	}
	if err := json.Unmarshal(report, &run); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return run, page
}

// build builds a program and returns its path.
func build(t *testing.T, program string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if out, err := exec.Command("go", "build", "-o", path, program).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}
