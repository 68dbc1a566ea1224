// Command providers writes docs/providers.md:
//
//	providers -w docs/providers.md
//
// The configurations on the page are the source text of those in the fixtures, which the tests here verify tokens with.
package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/template"
)

func main() {
	output := flag.String("w", "", "the `file` to write")
	flag.Parse()
	if err := run(*output); err != nil {
		fmt.Fprintln(os.Stderr, "providers:", err)
		os.Exit(1)
	}
}

func run(output string) error {
	if output == "" {
		return errors.New("use it as: providers -w file")
	}
	text, err := page()
	if err != nil {
		return err
	}
	return os.WriteFile(output, text, 0o644)
}

var (
	//go:embed page.md.tmpl
	pageText string
	//go:embed fixtures_*.go
	sources embed.FS
)

// page returns docs/providers.md.
func page() ([]byte, error) {
	snippets, err := readSnippets()
	if err != nil {
		return nil, err
	}
	t, err := template.New("page.md.tmpl").Funcs(template.FuncMap{
		"groups": func() []group { return groups },
		"anchor": anchor,
		"sample": sample,
		"snippet": func(p provider) (string, error) {
			if snippets[p.name] == "" {
				return "", fmt.Errorf("the fixture %q has no domain", p.name)
			}
			return snippets[p.name], nil
		},
		"code": func(words []string) string {
			if len(words) == 0 {
				return ""
			}
			return "`" + strings.Join(words, "`, `") + "`"
		},
	}).Parse(pageText)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	err = t.Execute(&text, nil)
	return text.Bytes(), err
}

// anchor returns where the page's heading of that text is.
func anchor(heading string) string {
	return strings.ReplaceAll(strings.Map(func(r rune) rune {
		if strings.ContainsRune(":,.()/", r) {
			return -1
		}
		return r
	}, strings.ToLower(heading)), " ", "-")
}

// sample returns an object with each of its members on a line.
func sample(object claims) (string, error) {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		value, err := json.Marshal(object[name])
		if err != nil {
			return "", err
		}
		lines = append(lines, fmt.Sprintf("  %q: %s", name, value))
	}
	return "{\n" + strings.Join(lines, ",\n") + "\n}", nil
}

// readSnippets returns the source text of each fixture's domain, by the fixture's name. Of a domain that a function
// returns it is the function, and the resolver that calls it.
func readSnippets() (map[string]string, error) {
	files, err := sources.ReadDir(".")
	if err != nil {
		return nil, err
	}
	snippets := make(map[string]string)
	for _, entry := range files {
		source, err := sources.ReadFile(entry.Name())
		if err != nil {
			return nil, err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, entry.Name(), source, 0)
		if err != nil {
			return nil, err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			f := fixture(node)
			if call, isCall := f.domain.(*ast.CallExpr); isCall {
				snippets[f.name] = text(set, source, function(file, call.Fun)) + "\n\n" + text(set, source, function(file, f.resolver))
			} else if f.domain != nil {
				snippets[f.name] = text(set, source, f.domain)
			}
			return f.domain == nil
		})
	}
	return snippets, nil
}

// function returns the declaration of the function of that name.
func function(file *ast.File, name ast.Expr) *ast.FuncDecl {
	return file.Scope.Lookup(name.(*ast.Ident).Name).Decl.(*ast.FuncDecl)
}

// A fixtureSource is what the source of a provider's literal says.
type fixtureSource struct {
	name             string
	domain, resolver ast.Expr
}

// fixture returns it; without a domain for any other node.
func fixture(node ast.Node) (f fixtureSource) {
	literal, isLiteral := node.(*ast.CompositeLit)
	if !isLiteral {
		return f
	}
	for _, element := range literal.Elts {
		pair, isPair := element.(*ast.KeyValueExpr)
		if !isPair {
			return f
		}
		key, isName := pair.Key.(*ast.Ident)
		if !isName {
			return f
		}
		switch key.Name {
		case "name":
			if value, isText := pair.Value.(*ast.BasicLit); isText {
				f.name, _ = strconv.Unquote(value.Value)
			}
		case "domain":
			f.domain = pair.Value
		case "resolver":
			f.resolver = pair.Value
		}
	}
	return f
}

// text returns the source of the node as if nothing were around it.
func text(set *token.FileSet, source []byte, node ast.Node) string {
	from, to := set.Position(node.Pos()), set.Position(node.End())
	line := source[from.Offset-from.Column+1 : from.Offset]
	indent := line[:len(line)-len(bytes.TrimLeft(line, "\t"))]
	return strings.ReplaceAll(string(source[from.Offset:to.Offset]), "\n"+string(indent), "\n")
}
