package integration

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func readComparison(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../docs/comparison.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// The lines of glue that the comparison states are those of the examples. Where the best peer needs fewer, its number is bold.
func TestComparisonCountsTheGlue(t *testing.T) {
	row := regexp.MustCompile(`(?m)^\| ([^|]+) \| \[[^\]]+\]\(\.\./([^)]+\.go)\) \| (\d+)(?: \+ (\d+))? \| [^|]+ \| (\*\*)?(\d+)(?:\*\*)?[^|]* \|$`)
	counted := make(map[string]bool)
	for _, match := range row.FindAllStringSubmatch(readComparison(t), -1) {
		framework, file, bold := match[1], match[2], match[5] != ""
		stated, statedScope, peer := number(t, match[3]), number(t, match[4]), number(t, match[6])
		counted[file] = true
		token, scope := countGlue(t, file)
		if stated != token || statedScope != scope {
			t.Errorf("%s: the page says %d + %d, and %s has %d + %d", framework, stated, statedScope, file, token, scope)
		}
		if ahead := peer < token; ahead != bold {
			t.Errorf("%s: the best peer needs %d lines, Holdfast %d, and bold is %t", framework, peer, token, bold)
		}
	}
	files, err := filepath.Glob("../examples/routers/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, adapter := range []string{"grpcguard", "connectguard", "mcpguard"} {
		files = append(files, "../adapters/"+adapter+"/example_test.go")
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if name := strings.TrimPrefix(filepath.ToSlash(file), "../"); strings.Contains(string(text), "// guard\n") && !counted[name] {
			t.Errorf("no row of the page counts %s", name)
		}
	}
}

// countGlue counts the lines between the comments "guard" and "end", without comments, blank lines and what is done with
// an error: those that ask for a token, and those of a route that wants the scope write:orders.
func countGlue(t *testing.T, file string) (token, scope int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", file))
	if err != nil {
		t.Fatal(err)
	}
	_, glue, found := strings.Cut(string(text), "// guard\n")
	glue, _, ended := strings.Cut(glue, "// end\n")
	if !found || !ended {
		t.Fatalf("%s has no comments \"guard\" and \"end\"", file)
	}
	glue = regexp.MustCompile(`(?ms)^(\t+)if err != nil \{\n.*?^\t+\}\n`).ReplaceAllString(glue, "")
	for line := range strings.Lines(glue) {
		switch line = strings.TrimSpace(line); {
		case line == "" || strings.HasPrefix(line, "//"):
		case strings.Contains(line, `"write:orders"`):
			scope++
		default:
			token++
		}
	}
	return token, scope
}

// number reads digits, and nothing as 0.
func number(t *testing.T, digits string) int {
	t.Helper()
	if digits == "" {
		return 0
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Every yes of Holdfast's in the comparison names a test or an example that exists.
func TestComparisonNamesItsEvidence(t *testing.T) {
	evidence := regexp.MustCompile(`^yes: \[(\w+)\]\(\.\./([^)]+_test\.go)\)$`)
	found := 0
	for _, match := range regexp.MustCompile(`(?m)^\| [^|]+ \| (yes[^|]*) \|`).FindAllStringSubmatch(readComparison(t), -1) {
		found++
		named := evidence.FindStringSubmatch(match[1])
		if named == nil {
			t.Errorf("%q names no test", match[1])
			continue
		}
		text, err := os.ReadFile(filepath.Join("..", named[2]))
		if err != nil {
			t.Error(err)
		} else if !strings.Contains(string(text), "\nfunc "+named[1]+"(") {
			t.Errorf("there is no %s in %s", named[1], named[2])
		}
	}
	if found < 10 {
		t.Errorf("found %d rows: has the page's form changed?", found)
	}
}
