// Command sbom lists what modules are built of, as a CycloneDX document, and fails if a licence is not on the list of those
// that are accepted, or is unknown.
//
//	sbom -version v0.2.0 ports verifier >holdfast.cdx.json
//	sbom -check ports verifier
//
// Arguments are folders of modules. The document has no time and no random number: the same sources give the same bytes.
package main

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"
)

// accepted are the licences of dependencies that users of an Apache-2.0 library can take without asking a lawyer. MPL-2.0
// asks for the sources of changed files only.
var accepted = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0"}

func main() {
	version := flag.String("version", "v0.0.0", "the version of the modules")
	check := flag.Bool("check", false, "print the licences instead of the document")
	flag.Parse()
	if err := run(os.Stdout, flag.Args(), *version, *check); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, folders []string, version string, check bool) error {
	modules, err := modulesOf(folders, version)
	if err != nil {
		return err
	}
	if err := judge(modules, accepted); err != nil {
		return err
	}
	if check {
		for _, m := range modules {
			if !m.own {
				fmt.Fprintf(out, "%-50s %s\n", m.path, strings.Join(m.licences, ", "))
			}
		}
		return nil
	}
	return cyclonedx.NewBOMEncoder(out, cyclonedx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(document(modules, version), cyclonedx.SpecVersion1_6)
}

// judge returns an error for each licence that is not accepted.
func judge(modules []*module, accepted []string) error {
	var faults []error
	for _, m := range modules {
		if len(m.licences) == 0 {
			faults = append(faults, fmt.Errorf("%s %s has no licence that is known", m.path, m.version))
		}
		for _, licence := range m.licences {
			if !slices.Contains(accepted, licence) {
				faults = append(faults, fmt.Errorf("%s %s has the licence %s, which is not one of %s", m.path, m.version, licence, strings.Join(accepted, ", ")))
			}
		}
	}
	return errors.Join(faults...)
}

// document describes the modules. What only tests need is in no build, so it is left out.
func document(modules []*module, version string) *cyclonedx.BOM {
	var components []cyclonedx.Component
	var dependencies []cyclonedx.Dependency
	for _, m := range modules {
		if m.onlyTests {
			continue
		}
		components = append(components, component(m))
		uses := slices.Sorted(maps.Keys(m.uses))
		dependencies = append(dependencies, cyclonedx.Dependency{Ref: m.url(), Dependencies: &uses})
	}
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{Component: &cyclonedx.Component{
		BOMRef: "holdfast", Type: cyclonedx.ComponentTypeLibrary, Name: "holdfast", Version: version,
	}}
	bom.Components, bom.Dependencies = &components, &dependencies
	return bom
}

func component(m *module) cyclonedx.Component {
	var licences cyclonedx.Licenses
	for _, licence := range m.licences {
		licences = append(licences, cyclonedx.LicenseChoice{License: &cyclonedx.License{ID: licence}})
	}
	c := cyclonedx.Component{
		BOMRef: m.url(), Type: cyclonedx.ComponentTypeLibrary, Name: m.path, Version: m.version, PackageURL: m.url(),
		Scope: cyclonedx.ScopeRequired, Licenses: &licences,
	}
	// The hash of go.sum, which is a SHA-256 over the hashes of the module's files.
	if sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.sum, "h1:")); err == nil && len(sum) > 0 {
		c.Hashes = &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: hex.EncodeToString(sum)}}
	}
	return c
}

// byPath sorts modules.
func byPath(a, b *module) int { return cmp.Compare(a.path, b.path) }
