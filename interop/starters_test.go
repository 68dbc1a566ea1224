package interop

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const starters = "../examples/targets"

// starterCases are what every API does that was set up as docs/guide/prove.md says, however it judges the rest.
const starterCases = `^(CRED-01|CRED-02|JWS-09|JWS-17|CLAIM-ISS-01|CLAIM-AUD-02|CLAIM-SCP-02)\.|^CLAIM-EXP-02.long-past$`

// TestStarterTargets plays on the APIs that are there to be copied, each on a well-known library of its language.
func TestStarterTargets(t *testing.T) {
	node := t.TempDir()
	install(t, node)
	for _, target := range []conformTarget{
		{name: "go", program: starters + "/go"},
		{name: "node", command: []string{"sh", "-c", `NODE_EXTRA_CA_CERTS=$HOLDFAST_CA_FILE exec node/run "` + node + `/target.mjs"`}},
		// The interpreter of the distribution, whose packages scripts/deps installs.
		{name: "python", command: []string{"/usr/bin/python3", starters + "/python/target.py"}},
	} {
		t.Run(target.name, func(t *testing.T) {
			checkLength(t, filepath.Join(starters, target.name))
			target.modes = []string{"disabled"}
			run, _ := conform(t, target, starterCases)
			for _, fault := range run.Faults {
				t.Error(fault)
			}
			for _, r := range run.Results {
				if r.Outcome != "passed" {
					t.Errorf("%s: %s: %s", r.ID, r.Outcome, r.Actual)
				}
			}
			if len(run.Results) < 30 {
				t.Errorf("only %d results", len(run.Results))
			}
		})
	}
}

// install copies the target for Node.js to a folder in which it finds the packages of the lock file.
func install(t *testing.T, folder string) {
	t.Helper()
	source, err := os.ReadFile(starters + "/node/target.mjs")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "target.mjs"), source, 0o600); err != nil {
		t.Fatal(err)
	}
	packages, err := filepath.Abs("node/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(packages, filepath.Join(folder, "node_modules")); err != nil {
		t.Fatal(err)
	}
}

// checkLength holds a target to what a reader takes in at a sitting.
func checkLength(t *testing.T, folder string) {
	t.Helper()
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(folder, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(string(text), "\n"); lines >= 60 {
			t.Errorf("%s has %d lines, and is to have fewer than 60", file.Name(), lines)
		}
	}
}
