package vendorcases_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/conformance"
	"github.com/holdfast-go/holdfast/examples/vendorcases"
)

func TestRules(t *testing.T) {
	conformance.TestVerifier(t, conformance.Wiring{}, vendorcases.Cases()...)
}

// The same cases on an API that is a process of its own.
func TestRulesOfAnAPI(t *testing.T) {
	bin := t.TempDir()
	build(t, "..", bin, "./conformtarget")
	build(t, ".", bin, "./cmd/acme-conform")
	out, err := exec.CommandContext(t.Context(), filepath.Join(bin, "acme-conform"), "run", "-q", "-only", "^ACME-|^CRED-01",
		"--", filepath.Join(bin, "conformtarget")).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "ACME") {
		t.Errorf("%v\n%s", err, out)
	}
}

func build(t *testing.T, module, bin, name string) {
	t.Helper()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, name)
	build.Dir = module
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", name, err, out)
	}
}
