package integration

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What the migration guide names must exist: examples by their packages, error codes, and example programs.
func TestMigrationGuideNamesWhatExists(t *testing.T) {
	page, err := os.ReadFile("../docs/migration.md")
	if err != nil {
		t.Fatal(err)
	}
	folders := map[string]string{
		"verifier": "verifier", "idtoken": "verifier/idtoken", "exchange": "verifier/exchange", "dpop": "verifier/dpop",
		"verifiertest": "verifier/verifiertest", "ports": "ports", "httpguard": "adapters/httpguard", "grpcguard": "adapters/grpcguard",
		"redis": "adapters/redis", "memcached": "adapters/memcached", "oauth2": "adapters/oauth2",
	}
	declared := make(map[string]map[string]bool)
	for name, folder := range folders {
		declared[name] = declarations(t, filepath.Join("..", folder))
	}
	found := 0
	for _, match := range regexp.MustCompile("`([a-z0-9]+)\\.(Example\\w*|Code\\w+)`").FindAllStringSubmatch(string(page), -1) {
		found++
		if name, known := declared[match[1]]; !known || !name[match[2]] {
			t.Errorf("there is no %s in package %s", match[2], match[1])
		}
	}
	for _, match := range regexp.MustCompile("`(Code\\w+)`").FindAllStringSubmatch(string(page), -1) {
		found++
		if !declared["verifier"][match[1]] {
			t.Errorf("there is no verifier.%s", match[1])
		}
	}
	for _, match := range regexp.MustCompile("`(examples/\\w+)`").FindAllStringSubmatch(string(page), -1) {
		found++
		if _, err := os.Stat(filepath.Join("..", match[1])); err != nil {
			t.Errorf("there is no %s", match[1])
		}
	}
	if found < 100 {
		t.Errorf("the guide names %d things: has its form changed?", found)
	}
}

// Each option that needs a second look has a test, an example or a command that exists, or the reason why it is refused.
func TestMigrationGuideShowsEachOption(t *testing.T) {
	page, err := os.ReadFile("../docs/migration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(page), "\n## Options that need a second look\n")
	section, _, ended := strings.Cut(section, "\n## ")
	_, rows, headed := strings.Cut(section, "\n|---|---|---|\n")
	if !found || !ended || !headed {
		t.Fatal("the section has another form")
	}
	options, refused := 0, 0
	for row := range strings.Lines(strings.TrimSpace(rows)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(row), "|"), " | ")
		if len(cells) != 3 {
			t.Errorf("%q has %d cells", row, len(cells))
			continue
		}
		options++
		evidence := strings.TrimSpace(cells[2])
		if reason, isRefusal := strings.CutPrefix(evidence, "refused: "); isRefusal {
			if refused++; len(reason) < 40 {
				t.Errorf("%s is refused for no reason: %q", cells[0], reason)
			}
			continue
		}
		link := regexp.MustCompile(`^\[(\w+)\]\(\.\./([\w./-]+)\)(, which .*)?$`).FindStringSubmatch(evidence)
		if link == nil {
			t.Errorf("%s: %q is neither evidence nor a refusal", cells[0], evidence)
			continue
		}
		text, err := os.ReadFile(filepath.Join("..", link[2]))
		switch {
		case err != nil:
			t.Error(err)
		case strings.HasSuffix(link[2], "_test.go") && !strings.Contains(string(text), "\nfunc "+link[1]+"("):
			t.Errorf("there is no %s in %s", link[1], link[2])
		}
	}
	if options != 30 || refused != 4 {
		t.Errorf("%d options, of which %d are refused: want 30 and 4", options, refused)
	}
	if strings.Contains(string(page), "seed") {
		t.Error("the libraries have names")
	}
}

// declarations are the functions, constants and variables that the Go files of a folder declare, tests included.
func declarations(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no Go files in %s: %v", folder, err)
	}
	names := make(map[string]bool)
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range parsed.Decls {
			switch declaration := declaration.(type) {
			case *ast.FuncDecl:
				names[declaration.Name.Name] = true
			case *ast.GenDecl:
				for _, spec := range declaration.Specs {
					if values, isValue := spec.(*ast.ValueSpec); isValue {
						for _, name := range values.Names {
							names[name.Name] = true
						}
					}
				}
			}
		}
	}
	return names
}
