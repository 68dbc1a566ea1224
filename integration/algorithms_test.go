package integration

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestAlgorithmTableIsUpToDate fails after a change of the table of algorithms until the page is written.
func TestAlgorithmTableIsUpToDate(t *testing.T) {
	const page = "../docs/algorithms.md"
	before, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	written := filepath.Join(t.TempDir(), "algorithms.md")
	if err := os.WriteFile(written, before, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "go", "run", "../verifier/internal/algorithmtable", "-w", written).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	after, err := os.ReadFile(written)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("docs/algorithms.md is stale: run make generate")
	}
}

// TestAlgorithmsStandInOnePlace finds lists of algorithms and switches over types of keys. They belong in the table and the families
// of verifier/internal/jwk.
func TestAlgorithmsStandInOnePlace(t *testing.T) {
	var (
		lists = map[string]string{
			"verifier/internal/jwk/algorithm.go": "the table",
			"verifier/algorithms.go":             "its names for readers, which TestAlgorithmsAreDocumented compares",
			"verifier/internal/jwk/jwk_test.go":  "what fits an RSA key",
			"verifier/idtoken/idtoken_test.go":   "the hash of each",
			"verifier/exchange/client_test.go":   "a key for each",
			"integration/algorithms_test.go":     "this test",
		}
		switches = map[string]string{
			"bench/floor.go":                  "the floor, which is measured without the verifier",
			"adapters/fastverify/verifier.go": "the keys that are prepared",
		}
		name = regexp.MustCompile(`\b(RS384|RS512|PS384|PS512|ES384|ES512|ML-DSA-65|ML-DSA-87)\b`)
		key  = regexp.MustCompile(`case \*?(rsa|ecdsa|ed25519|mldsa)\.(Public|Private)Key\b`)
	)
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if entry.Name() == "node_modules" || entry.Name() == ".git" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file := filepath.ToSlash(strings.TrimPrefix(path, ".."+string(filepath.Separator)))
		distinct := make(map[string]bool)
		for _, found := range name.FindAllString(string(source), -1) {
			distinct[found] = true
		}
		if _, allowed := lists[file]; allowed != (len(distinct) >= 4) {
			t.Errorf("%s names %d algorithms of %s; it is on the list of files that may: %v", file, len(distinct), name, allowed)
		}
		if _, allowed := switches[file]; allowed != key.Match(source) {
			t.Errorf("%s has a switch over types of keys: %v; it is on the list of files that may: %v", file, !allowed, allowed)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
