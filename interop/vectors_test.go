package interop

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestVectorsElsewhere plays the vectors on libraries in other languages: each disagreement has a row in docs/vectors.md,
// and each row a disagreement.
func TestVectorsElsewhere(t *testing.T) {
	folder, err := filepath.Abs("../vectors")
	if err != nil {
		t.Fatal(err)
	}
	for title, command := range map[string][]string{
		"jose":  {"node/run", "vectors.mjs", folder},
		"PyJWT": {"/usr/bin/python3", "python/vectors.py", folder}, // of the distribution, which has its packages
	} {
		t.Run(title, func(t *testing.T) {
			out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).Output()
			if err != nil {
				t.Fatalf("%s: %v", strings.Join(command, " "), err)
			}
			var played struct {
				Version string
				Decided map[string][]string
			}
			if err := json.Unmarshal(out, &played); err != nil {
				t.Fatal(err)
			}
			version, explained := explanations(t, title)
			for id, want := range decisions(t, folder) {
				if slices.Equal(played.Decided[id], want) {
					continue
				}
				rule, _, _ := strings.Cut(id, ".")
				name := id
				if _, named := explained[id]; !named {
					name = rule
				}
				if _, named := explained[name]; !named {
					t.Errorf("%s is %v, want %v; docs/vectors.md does not say why", id, played.Decided[id], want)
				}
				explained[name] = true
			}
			for name, disagrees := range explained {
				if !disagrees && played.Version == version { // another version may do better
					t.Errorf("docs/vectors.md explains %s, about which there is no disagreement", name)
				}
			}
		})
	}
}

var (
	firstColumn = regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|(.*)")
	code        = regexp.MustCompile("`([^`]+)`")
)

// explanations returns the version that a section of docs/vectors.md is about, and the IDs and rules in the first column of its
// table: whether each may be without a disagreement, since an update of the same version has none.
func explanations(t *testing.T, title string) (version string, explained map[string]bool) {
	t.Helper()
	page, err := os.ReadFile("../docs/vectors.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(page), "\n### "+title+" ")
	if !found {
		t.Fatalf("docs/vectors.md has no section %s", title)
	}
	version, table, _ = strings.Cut(table, "\n")
	table, _, _ = strings.Cut(table, "\n### ")
	explained = make(map[string]bool)
	for _, column := range firstColumn.FindAllStringSubmatch(table, -1) {
		for _, name := range code.FindAllStringSubmatch(column[1], -1) {
			explained[name[1]] = strings.Contains(column[2], "security update")
		}
	}
	return version, explained
}

// decisions are what the vectors expect, by ID.
func decisions(t *testing.T, folder string) map[string][]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "[^s]*.json")) // all but the schema
	if err != nil || len(names) == 0 {
		t.Fatalf("no vectors, %v", err)
	}
	all := make(map[string][]string)
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var file struct {
			Groups []struct {
				Vectors []struct {
					ID    string
					Steps []struct{ Expected struct{ Decision string } }
				}
			}
		}
		if err := json.Unmarshal(content, &file); err != nil {
			t.Fatal(err)
		}
		for _, g := range file.Groups {
			for _, v := range g.Vectors {
				for _, s := range v.Steps {
					all[v.ID] = append(all[v.ID], s.Expected.Decision)
				}
			}
		}
	}
	return all
}
