package integration

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The program in README.md is that of examples/hello, which is built with the others.
func TestReadmeShowsAProgramThatCompiles(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile("../examples/hello/main.go")
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(program), "\nfunc main() {")
	if !strings.Contains(string(readme), "```go\nfunc main() {"+body+"```\n") {
		t.Error("README.md does not show the function main of examples/hello/main.go as it is")
	}
}

func TestBookHasEveryPage(t *testing.T) {
	contents, err := os.ReadFile("../docs/README.md")
	if err != nil {
		t.Fatal(err)
	}
	sidebar, err := os.ReadFile("../site/.vitepress/config.mjs")
	if err != nil {
		t.Fatal(err)
	}
	walkRepository(t, ".md", func(name string, _ []byte) {
		page, inBook := strings.CutPrefix(name, "docs/")
		if !inBook || page == "README.md" || strings.HasPrefix(page, "decisions/") {
			return
		}
		if !strings.Contains(string(contents), "]("+page+")") {
			t.Errorf("docs/README.md does not link %s", page)
		}
		if !strings.Contains(string(sidebar), "'/"+strings.TrimSuffix(page, ".md")+"'") {
			t.Errorf("the sidebar in site/.vitepress/config.mjs does not link %s", page)
		}
	})
}

// Whoever finds a code in a log finds its cause and its cure in the book.
func TestTroubleshootingHasEveryCode(t *testing.T) {
	page, err := os.ReadFile("../docs/guide/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| [^|]+ \\| [^|]+ \\| [^|]+ \\|$")
	described := make(map[string]bool)
	for _, match := range row.FindAllStringSubmatch(string(page), -1) {
		if described[match[1]] {
			t.Errorf("%s has two rows", match[1])
		}
		described[match[1]] = true
	}
	codes := declaredCodes(t)
	if len(codes) < 30 {
		t.Errorf("found only %d codes", len(codes))
	}
	for code := range codes {
		if !described[code] {
			t.Errorf("%s has no row with cause, cure and rules", code)
		}
	}
	for code := range described {
		if !codes[code] {
			t.Errorf("%s is not a code", code)
		}
	}
}

// declaredCodes finds the constants of type verifier.Code.
func declaredCodes(t *testing.T) map[string]bool {
	t.Helper()
	codes := make(map[string]bool)
	for _, name := range []string{"../verifier/errors.go", "../verifier/idtoken/errors.go", "../verifier/exchange/errors.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			spec, isValue := node.(*ast.ValueSpec)
			if !isValue || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "Code") {
				return true
			}
			if text, isText := spec.Values[0].(*ast.BasicLit); isText {
				code, err := strconv.Unquote(text.Value)
				if err != nil {
					t.Fatal(err)
				}
				codes[code] = true
			}
			return true
		})
	}
	return codes
}

var (
	markdownLink    = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	markdownHeading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	notInAnAnchor   = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// Every link inside the repository leads to a file, and to a heading where it names one.
func TestLinks(t *testing.T) {
	walkRepository(t, ".md", func(name string, text []byte) {
		for _, match := range markdownLink.FindAllStringSubmatch(string(text), -1) {
			link, err := url.Parse(match[1])
			if err != nil || link.IsAbs() || strings.Contains(name, "/internal/") { // those are parts of other pages
				continue
			}
			target := name
			if link.Path != "" {
				target = path.Join(path.Dir(name), link.Path)
			}
			if _, err := os.Stat(filepath.Join("..", target)); err != nil {
				t.Errorf("%s: %s leads nowhere", name, match[1])
			} else if link.Fragment != "" && !hasAnchor(t, target, link.Fragment) {
				t.Errorf("%s: %s has no heading for #%s", name, target, link.Fragment)
			}
		}
	})
}

// hasAnchor tells whether a heading of a Markdown file has that anchor, as GitHub makes them.
func hasAnchor(t *testing.T, name, anchor string) bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range markdownHeading.FindAllStringSubmatch(string(text), -1) {
		slug := strings.ReplaceAll(notInAnAnchor.ReplaceAllString(strings.ToLower(match[1]), ""), " ", "-")
		if slug == anchor {
			return true
		}
	}
	return false
}
