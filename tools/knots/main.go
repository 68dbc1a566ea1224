// Command knots finds files of a package that can only be understood together: each uses, by its types, what another one
// declares, in a circle.
//
//	knots [-max files] packages...
//
// It prints the circles of each package, and exits with 1 where one has more files than -max.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	most := flag.Int("max", 0, "the most `files` that a circle may have; 0 is no limit")
	flag.Parse()
	if err := run(*most, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "knots:", err)
		os.Exit(1)
	}
}

// A listed package is what go list says of it.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	DepOnly                 bool
}

func run(most int, patterns []string) error {
	packages, err := list(patterns)
	if err != nil {
		return err
	}
	compiled := make(map[string]string)
	for _, p := range packages {
		compiled[p.ImportPath] = p.Export
	}
	var faults []error
	for _, p := range packages {
		if p.DepOnly || len(p.GoFiles) == 0 {
			continue
		}
		uses, err := usesOf(p, compiled)
		if err != nil {
			return err
		}
		for _, knot := range circles(uses) {
			fmt.Printf("%s: %d of %d files: %s\n", p.ImportPath, len(knot), len(p.GoFiles), strings.Join(knot, " "))
			if most > 0 && len(knot) > most {
				faults = append(faults, fmt.Errorf("%s has a circle of %d files, more than %d", p.ImportPath, len(knot), most))
			}
		}
	}
	return errors.Join(faults...)
}

func list(patterns []string) ([]listed, error) {
	command := exec.Command("go", append([]string{"list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,DepOnly"}, patterns...)...)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var all []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
}

// usesOf returns the files of the package, each with those that declare something it uses.
func usesOf(p listed, compiled map[string]string) (map[string][]string, error) {
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	info := types.Info{Uses: make(map[*ast.Ident]types.Object)}
	config := types.Config{Importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(compiled[path]) })}
	pkg, err := config.Check(p.ImportPath, fset, files, &info)
	if err != nil {
		return nil, err
	}
	uses := make(map[string][]string)
	for ident, object := range info.Uses {
		if object.Pkg() != pkg {
			continue
		}
		from, to := filepath.Base(fset.Position(ident.Pos()).Filename), filepath.Base(fset.Position(object.Pos()).Filename)
		if from != to && !slices.Contains(uses[from], to) {
			uses[from] = append(uses[from], to)
		}
	}
	return uses, nil
}

// circles returns the sets of files of which each reaches all others, the largest first.
func circles(uses map[string][]string) [][]string {
	reached := make(map[string]map[string]bool)
	for file := range uses {
		reached[file] = make(map[string]bool)
		reach(uses, file, reached[file])
	}
	var all [][]string
	seen := make(map[string]bool)
	for file := range uses {
		if seen[file] || !reached[file][file] {
			continue
		}
		var circle []string
		for other := range reached[file] {
			if reached[other][file] {
				circle = append(circle, other)
				seen[other] = true
			}
		}
		slices.Sort(circle)
		all = append(all, circle)
	}
	slices.SortFunc(all, func(a, b []string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a[0], b[0])
	})
	return all
}

func reach(uses map[string][]string, from string, seen map[string]bool) {
	for _, to := range uses[from] {
		if !seen[to] {
			seen[to] = true
			reach(uses, to, seen)
		}
	}
}
