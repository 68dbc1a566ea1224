package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	classifier "github.com/google/licenseclassifier/v2"
	"github.com/google/licenseclassifier/v2/assets"
)

// A module is one that is built, or needed by tests.
type module struct {
	path, version, sum string
	own                bool // released with the others
	onlyTests          bool
	licences           []string // SPDX identifiers
	uses               map[string]bool
}

// url is the module's package URL (https://github.com/package-url/purl-spec).
func (m *module) url() string { return "pkg:golang/" + m.path + "@" + m.version }

// A goPackage is what go list tells of a package.
type goPackage struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Module     *struct {
		Path, Version, Dir, Sum string
		Main                    bool
		Replace                 *struct{ Path, Version, Dir, Sum string }
	}
}

// modulesOf finds the modules in folders and all that they are built of or tested with, sorted by path.
func modulesOf(folders []string, version string) ([]*module, error) {
	licences, err := newLicenceReader()
	if err != nil {
		return nil, err
	}
	std, err := standardLibrary()
	if err != nil {
		return nil, err
	}
	found := map[string]*module{std.path: std}
	for _, folder := range folders {
		built, err := list(folder)
		if err != nil {
			return nil, err
		}
		tested, err := list(folder, "-test")
		if err != nil {
			return nil, err
		}
		owner := make(map[string]*module) // of a package
		for i, pkg := range slices.Concat(built, tested) {
			onlyTests := i >= len(built)
			if pkg.Standard {
				owner[pkg.ImportPath] = std
				continue
			}
			if pkg.Module == nil {
				continue // the program that go test makes
			}
			m, known := found[pkg.Module.Path]
			if !known {
				m = &module{
					path: pkg.Module.Path, version: pkg.Module.Version, sum: pkg.Module.Sum,
					own: pkg.Module.Main || pkg.Module.Replace != nil, onlyTests: onlyTests, uses: make(map[string]bool),
				}
				if m.licences, err = licences.in(pkg.Module.Dir); err != nil {
					return nil, err
				}
				if m.own { // the repository's licence is that of its modules
					m.version, m.licences = version, []string{"Apache-2.0"}
				}
				found[m.path] = m
			}
			m.onlyTests = m.onlyTests && onlyTests
			owner[pkg.ImportPath] = m
		}
		for _, pkg := range built {
			for _, imported := range pkg.Imports {
				if from, to := owner[pkg.ImportPath], owner[imported]; from != nil && to != nil && from != to {
					from.uses[to.url()] = true
				}
			}
		}
	}
	return slices.SortedFunc(maps.Values(found), byPath), nil
}

// standardLibrary is the Go release, whose licence is the Go project's.
func standardLibrary() (*module, error) {
	version, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		return nil, err
	}
	return &module{
		path: "std", version: strings.TrimPrefix(strings.TrimSpace(string(version)), "go"),
		licences: []string{"BSD-3-Clause"}, uses: make(map[string]bool),
	}, nil
}

// list runs go list on all packages of a module and what they import.
func list(folder string, flags ...string) ([]goPackage, error) {
	args := append([]string{"list", "-deps", "-json=ImportPath,Standard,Imports,Module"}, flags...)
	cmd := exec.Command("go", append(args, "./...")...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		return nil, fmt.Errorf("go list in %s: %s", folder, failed.Stderr)
	} else if err != nil {
		return nil, err
	}
	var packages []goPackage
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var pkg goPackage
		if err := decoder.Decode(&pkg); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, err
		}
		packages = append(packages, pkg)
	}
}

// A licenceReader tells licences by their text.
type licenceReader struct{ texts *classifier.Classifier }

func newLicenceReader() (*licenceReader, error) {
	texts, err := assets.DefaultClassifier()
	return &licenceReader{texts}, err
}

var licenceFile = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying)([-_.].*)?$`)

// in returns the licences in a folder. A licence file without a known text has the licence "unknown".
func (l *licenceReader) in(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	found := make(map[string]bool)
	for _, entry := range entries {
		if entry.IsDir() || !licenceFile.MatchString(entry.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		matches := l.texts.Match(text).Matches
		known := false
		for _, match := range matches {
			if match.MatchType == "License" {
				found[match.Name] = true
				known = true
			}
		}
		if !known {
			found["unknown"] = true
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}
