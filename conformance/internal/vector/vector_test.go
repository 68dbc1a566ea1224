package vector

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/conformance/catalogue"
)

// recorded is where the vectors of this repository are.
const recorded = "../../../vectors"

func TestVectorsAreWhatTheCasesRecord(t *testing.T) {
	folder := t.TempDir()
	if _, err := Record(t.Context(), folder, catalogue.Cases()); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(recorded, filepath.Base(name)))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("vectors/%s is not what is recorded now (%v): run make vectors", filepath.Base(name), err)
		}
	}
	if kept, err := filepath.Glob(filepath.Join(recorded, "*.json")); err != nil || len(kept) != len(names) {
		t.Errorf("vectors has %d files, and %d are recorded: run make vectors in an empty folder", len(kept), len(names))
	}
}

func TestHoldfastPlaysTheVectors(t *testing.T) {
	files, err := Read(recorded)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, f := range files {
		for _, g := range f.Groups {
			for _, v := range g.Vectors {
				count++
				t.Run(v.ID, func(t *testing.T) {
					if err := Play(t.Context(), g, v); err != nil {
						t.Errorf("%s: %v", v.Reason, err)
					}
				})
			}
		}
	}
	if count < 500 {
		t.Errorf("there are %d vectors", count)
	}
}

func TestReadRefuses(t *testing.T) {
	for _, c := range []struct{ name, content, fault string }{
		{"no vectors", "", "has no vectors"},
		{"not JSON", "garbage", "read"},
		{"another version", `{"version":2}`, "has version 2 of the format"},
		{"an unknown member", `{"version":1,"more":1}`, "unknown field"},
		{"no steps", `{"version":1,"groups":[{"vectors":[{"id":"X-01.x"}]}]}`, `vector "X-01.x" has no steps`},
		{"no scope claims", `{"version":1,"groups":[{"policy":{"issuers":[{"issuer":"https://x/"}]}}]}`, `issuer "https://x/" has no scopeClaims`},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			if c.content != "" {
				if err := os.WriteFile(filepath.Join(folder, "x.json"), []byte(c.content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := Read(folder); err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("Read = %v, want %q", err, c.fault)
			}
		})
	}
}
