package integration

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A module is a line of modules.txt.
type module struct {
	dir      string // which its path ends with
	released bool
}

func listedModules(t *testing.T) []module {
	t.Helper()
	list, err := os.ReadFile(filepath.Join("..", "modules.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var modules []module
	for line := range strings.Lines(string(list)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		dir, state, _ := strings.Cut(line, " ")
		if state != "released" && state != "unreleased" {
			t.Fatalf("modules.txt: %q says neither released nor unreleased", line)
		}
		modules = append(modules, module{dir: dir, released: state == "released"})
	}
	return modules
}

func listedDirs(t *testing.T) []string {
	t.Helper()
	var dirs []string
	for _, module := range listedModules(t) {
		dirs = append(dirs, module.dir)
	}
	return dirs
}

func TestModulesTxtListsTheTree(t *testing.T) {
	var dirs []string
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		// The foreign systems of make conform have a module apart: their packages are many, and no test builds them.
		case entry.IsDir() && slices.Contains([]string{".git", "node_modules", "testdata", "foreign"}, entry.Name()):
			return filepath.SkipDir
		case entry.Name() == "go.mod":
			dir, err := filepath.Rel("..", filepath.Dir(path))
			dirs = append(dirs, filepath.ToSlash(dir))
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	checkSame(t, "modules.txt", listedDirs(t), dirs)
}

// Bench stands outside go.work, so that its peers' requirements do not change those of other modules.
func TestGoWorkListsAllButBench(t *testing.T) {
	var work struct {
		Use []struct{ DiskPath string }
	}
	decode(t, goCommand(t, ".", "work", "edit", "-json", "go.work"), &work)
	var used []string
	for _, use := range work.Use {
		used = append(used, strings.TrimPrefix(use.DiskPath, "./"))
	}
	want := slices.DeleteFunc(listedDirs(t), func(dir string) bool { return dir == "bench" })
	checkSame(t, "go.work", used, want)
}

// Whoever finds one module on pkg.go.dev or in a folder can start from there.
func TestReleasedModulesIntroduceThemselves(t *testing.T) {
	for _, m := range listedModules(t) {
		if !m.released {
			continue
		}
		t.Run(m.dir, func(t *testing.T) {
			readme, err := os.ReadFile(filepath.Join("..", m.dir, "README.md"))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"    go get " + prefix + m.dir, "```go\n", "https://pkg.go.dev/" + prefix + m.dir, "https://" + prefix + "tree/main/docs"} {
				if !strings.Contains(string(readme), want) {
					t.Errorf("README.md has no %q", want)
				}
			}
			comment, err := os.ReadFile(filepath.Join("..", m.dir, "doc.go"))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(comment), "\n//\t") {
				t.Error("the package comment in doc.go shows no use")
			}
		})
	}
}

// A goMod is a go.mod file, as the go command tells.
type goMod struct {
	Module  struct{ Path string }
	Require []struct{ Path, Version string }
	Replace []struct {
		Old struct{ Path string }
		New struct{ Path string }
	}
}

func TestGoMods(t *testing.T) {
	modules := listedModules(t)
	for i, m := range modules {
		t.Run(m.dir, func(t *testing.T) {
			var file goMod
			decode(t, goCommand(t, m.dir, "mod", "edit", "-json"), &file)
			if want := prefix + m.dir; file.Module.Path != want {
				t.Errorf("the module's path is %s, want %s", file.Module.Path, want)
			}
			replaced := make(map[string]bool)
			for _, replace := range file.Replace {
				replaced[replace.Old.Path] = true
				if want := sibling(t, m.dir, replace.Old.Path); replace.New.Path != want {
					t.Errorf("%s is replaced by %s, want %q", replace.Old.Path, replace.New.Path, want)
				}
			}
			for _, require := range file.Require {
				dir, ours := strings.CutPrefix(require.Path, prefix)
				if !ours {
					continue
				}
				if !replaced[require.Path] {
					t.Errorf("%s is required and not replaced by its folder", require.Path)
				}
				earlier := slices.IndexFunc(modules[:i], func(other module) bool { return other.dir == dir })
				if earlier < 0 {
					t.Errorf("%s is required and does not come earlier in modules.txt", dir)
				} else if m.released && !modules[earlier].released {
					t.Errorf("%s is required and not released", dir)
				}
			}
		})
	}
}

// sibling is the way from a module's folder to that of path, or "" if path is not of this repository.
func sibling(t *testing.T, dir, path string) string {
	t.Helper()
	other, ours := strings.CutPrefix(path, prefix)
	if !ours {
		return ""
	}
	way, err := filepath.Rel(dir, other)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.ToSlash(way)
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatal(err)
	}
}

// checkSame compares two lists in any order.
func checkSame(t *testing.T, what string, got, want []string) {
	t.Helper()
	if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
