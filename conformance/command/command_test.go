package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/conformance/internal/report"
	"github.com/holdfast-go/holdfast/conformance/internal/result"
	"github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/rules"
)

// asTarget has this test's own binary be a target that accepts everything.
const asTarget = "CONFORM_TEST_TARGET"

func TestMain(m *testing.M) {
	if os.Getenv(asTarget) != "" {
		err := http.ListenAndServe(os.Getenv("HOLDFAST_LISTEN"), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	os.Exit(m.Run())
}

func TestWrongUsage(t *testing.T) {
	directory := t.TempDir()
	garbage := filepath.Join(directory, "garbage")
	if err := os.WriteFile(garbage, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		cure string // part of the line that is printed
	}{
		{"", "say what to do: list, powers, run, diff, schema or record"},
		{"play", `there is no command "play": say list, powers, run, diff, schema or record`},
		{"list -xml", "flag provided but not defined: -xml"},
		{"list all", `leave out "all"`},
		{"record", "record takes one folder"},
		{"record -f", "record takes one folder"},
		{"run -vectors " + directory + " -- api", "leave out -url and the command"},
		{"run -vectors " + directory + "/none", "has no vectors"},
		{"run -vectors ../../vectors -only (", "-only is not a regular expression"},
		{"run -vectors ../../vectors -only ^NOTHING", "-only matches no vector"},
		{"run", "say what to play on: -url URL, or a command behind --"},
		{"run -xml f -- api", "flag provided but not defined: -xml"},
		{"run -dpop on -- api", "give some of allowed, required and disabled"},
		{"run -dpop allowed,allowed -- api", "give some of allowed"},
		{"run -timeout 5 -- api", "invalid value"},
		{"run -timeout 0s -- api", "must be over zero"},
		{"run -url http://127.0.0.1:1 -- api", "leave out one"},
		{"run -url http://127.0.0.1:1", "-url needs -issuer-listen"},
		{"run -url 127.0.0.1:1 -issuer-listen 127.0.0.1:2", "as in http://127.0.0.1:8080"},
		{"run -url http://127.0.0.1:1/api -issuer-listen 127.0.0.1:2", "without path"},
		{"run -url http://127.0.0.1:1 -issuer-listen 127.0.0.1:2", "-url needs -dpop"},
		{"run -url http://127.0.0.1:1 -issuer-listen 127.0.0.1:2 -dpop allowed,required", "goes with one mode"},
		{"run -issuer-listen 0.0.0.0:1 -- api", "must be a loopback address"},
		{"run -issuer-listen here -- api", "must be a loopback address"},
		{"run -name x -vectors " + directory, "-name and -known go with an API"},
		{"run -ca-file f -- api", "-ca-file goes with -url"},
		{"run -only ( -- api", "-only is not a regular expression"},
		{"run -only ^NOTHING -- api", "-only matches no case"},
		{"run -only ^DISC-18.r -- api", "-only matches no case"},
		{"run -audience= -- api", "-audience is empty"},
		{"run -baseline " + garbage + " -- api", "is not a file that -json wrote"},
		{"run -known " + directory + "/none -- api", "no such file"},
		{"run -known " + garbage + " -- api", `garbage, line 1: there is no case "garbage": see holdfast-conform list`},
		{"diff " + garbage, "diff takes two files"},
		{"diff -xml a b", "flag provided but not defined: -xml"},
		{"diff " + garbage + " " + garbage, "is not a file that -json wrote"},
		{"run -baseline " + directory + "/none -- api", "no such file"},
		{"run -json " + directory + "/no/such/f -- api", "-json: open"},
	} {
		t.Run(c.args, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			status := play(t.Context(), nil, strings.Fields(c.args), &stdout, &stderr)
			if status != exitUsage || stdout.Len() > 0 {
				t.Errorf("exit status %d, printed %q", status, stdout.String())
			}
			if strings.Count(stderr.String(), "\n") != 1 || !strings.Contains(stderr.String(), c.cure) {
				t.Errorf("complained %q, want a line with %q", stderr.String(), c.cure)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	for args, part := range map[string]string{"help": "HOLDFAST_ISSUER", "run -h": "-baseline", "list -h": "list [-json]", "version": name} {
		var stdout, stderr bytes.Buffer
		if status := play(t.Context(), nil, strings.Fields(args), &stdout, &stderr); status != exitHolds || !strings.Contains(stdout.String(), part) || stderr.Len() > 0 {
			t.Errorf("%s: exit status %d, printed %q and %q", args, status, stdout.String(), stderr.String())
		}
	}
}

func TestListHasEveryMust(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if status := play(t.Context(), nil, []string{"list", "-json"}, &stdout, &stderr); status != exitHolds {
		t.Fatalf("exit status %d: %s", status, stderr.String())
	}
	var cases []struct {
		ID, Rule, Topic, Level, Section, Basis, Reason, Expected string
		Modes                                                    []string
		BlackBox                                                 *bool
	}
	if err := json.Unmarshal(stdout.Bytes(), &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 300 {
		t.Errorf("%d cases", len(cases))
	}
	listed := make(map[string]bool) // rules, and their topics
	for _, c := range cases {
		listed[c.Rule], listed[c.Topic] = true, true
		if !strings.HasPrefix(c.ID, c.Rule+".") || c.Topic == "" || c.Level == "" || c.Section == "" || c.Reason == "" || c.Expected == "" || len(c.Modes) == 0 || c.BlackBox == nil {
			t.Errorf("%s lacks something: %+v", c.ID, c)
		}
		if c.Level == string(rules.Must) && c.Basis == "" {
			t.Errorf("%s is a MUST, and nothing says by which sentence", c.ID)
		}
	}
	for _, r := range rules.All() {
		if r.Level == rules.Must && listed[r.Topic()] && !listed[r.ID] {
			t.Errorf("rule %s is not in the list", r.ID)
		}
	}
}

func TestSchema(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if status := play(t.Context(), nil, []string{"schema"}, &stdout, &stderr); status != exitHolds || !strings.Contains(stdout.String(), `"$id": "`+report.Schema+`"`) {
		t.Errorf("exit status %d, printed %q and %q", status, stdout.String(), stderr.String())
	}
	if status := play(t.Context(), nil, []string{"schema", "2"}, &stdout, &stderr); status != exitUsage {
		t.Errorf("exit status %d with an argument", status)
	}
}

func TestListTable(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if status := play(t.Context(), nil, []string{"list"}, &stdout, &stderr); status != exitHolds {
		t.Fatalf("exit status %d: %s", status, stderr.String())
	}
	for _, part := range []string{"DPOP-CLM-02.another", "over HTTP", "in process", " cases, "} {
		if !strings.Contains(stdout.String(), part) {
			t.Errorf("the table lacks %q", part)
		}
	}
}

// TestRun plays a few cases on a target that accepts everything, and compares it with itself.
func TestRun(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(asTarget, "yes")
	directory := t.TempDir()
	jsonFile, junitFile, htmlFile := filepath.Join(directory, "r.json"), filepath.Join(directory, "r.xml"), filepath.Join(directory, "r.html")
	markdownFile, badgeFile := filepath.Join(directory, "r.md"), filepath.Join(directory, "r.svg")
	var stdout, stderr bytes.Buffer
	args := []string{"run", "-dpop", "allowed", "-only", "^CLAIM-AUD-0", "-json", jsonFile, "-junit", junitFile, "-html", htmlFile,
		"-markdown", markdownFile, "-badge", badgeFile, "--", self}
	if status := play(t.Context(), nil, args, &stdout, &stderr); status != exitBroken {
		t.Fatalf("exit status %d: %s", status, stderr.String())
	}
	if !strings.Contains(stdout.String(), "failed: CLAIM-AUD-02.another") || !strings.Contains(stderr.String(), "DPoP allowed") {
		t.Errorf("printed %q, and %q", stdout.String(), stderr.String())
	}
	written, err := os.ReadFile(jsonFile)
	if err != nil {
		t.Fatal(err)
	}
	var played result.Run
	if err := json.Unmarshal(written, &played); err != nil || played.Tool != name || len(played.Results) < 10 {
		t.Errorf("JSON has %d results of %q, %v", len(played.Results), played.Tool, err)
	}
	for file, part := range map[string]string{junitFile: "<testsuite", htmlFile: "<!doctype html", markdownFile: "| topic | must |", badgeFile: "<svg"} {
		if content, err := os.ReadFile(file); err != nil || !strings.Contains(strings.ToLower(string(content)), part) {
			t.Errorf("%s: %v", file, err)
		}
	}

	stdout.Reset()
	args = []string{"run", "-q", "-dpop", "allowed", "-only", "^CLAIM-AUD-0", "-baseline", jsonFile, "--", self}
	if status := play(t.Context(), nil, args, &stdout, &stderr); status != exitBroken || !strings.Contains(stdout.String(), "Since the baseline: 0 worse, 0 better") {
		t.Errorf("exit status %d, printed %q", status, stdout.String())
	}

	stdout.Reset()
	args = []string{"run", "-q", "-dpop", "allowed", "-only", "^CLAIM-AUD-0", "-name", "my API 1.2", "-json", jsonFile, "--", self}
	if status := play(t.Context(), nil, args, &stdout, &stderr); status != exitBroken || !strings.Contains(stdout.String(), " against my API 1.2: ") {
		t.Errorf("exit status %d, printed %q", status, stdout.String())
	}
	if written, err := os.ReadFile(jsonFile); err != nil || !strings.Contains(string(written), `"target": "my API 1.2"`) {
		t.Errorf("the report of a target with a name: %v", err)
	}
}

// A command that can't be started is one line and status 2, whatever there is to play.
func TestRunOfNoCommand(t *testing.T) {
	var stdout, stderr bytes.Buffer
	status := play(t.Context(), nil, []string{"run", "--", filepath.Join(t.TempDir(), "no-such-command")}, &stdout, &stderr)
	if status != exitUsage || stdout.Len() > 0 || strings.Count(stderr.String(), "\n") != 1 || !strings.Contains(stderr.String(), "the target did not start: ") {
		t.Errorf("exit status %d, printed %q and %q", status, stdout.String(), stderr.String())
	}
}

// A vendor's cases are recorded and played along with Holdfast's.
func TestVectors(t *testing.T) {
	more := []player.Case{
		player.TokenCase("ACME-GATEWAY-01.typ", player.BadToken, "a token of the old gateway",
			player.Token{Header: player.Fields{"typ": "acme-gateway+jwt"}}).ReportedAs("TYP-02").As(player.Must, "policy"),
	}
	folder := t.TempDir()
	var stdout, stderr bytes.Buffer
	if status := play(t.Context(), more, []string{"record", folder}, &stdout, &stderr); status != exitHolds {
		t.Fatalf("record: exit status %d: %s", status, stderr.String())
	}
	stdout.Reset()
	status := play(t.Context(), nil, []string{"run", "-q", "-vectors", folder, "-only", "^ACME|^NONCE"}, &stdout, &stderr)
	if status != exitHolds || !strings.Contains(stdout.String(), "ACME") || !strings.Contains(stdout.String(), "Every MUST holds") {
		t.Errorf("exit status %d, printed %q, %q", status, stdout.String(), stderr.String())
	}
}

// What is not as a vector expects fails, and the exit status says so.
func TestVectorsThatFail(t *testing.T) {
	recorded, err := os.ReadFile("../../vectors/mtls.json")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	changed := bytes.Replace(recorded, []byte(`"decision": "rejected"`), []byte(`"decision": "accepted"`), 1)
	if err := os.WriteFile(filepath.Join(folder, "mtls.json"), changed, 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	if status := play(t.Context(), nil, []string{"run", "-q", "-vectors", folder}, &stdout, &stderr); status != exitBroken {
		t.Errorf("exit status %d, printed %q, %q", status, stdout.String(), stderr.String())
	}
}
