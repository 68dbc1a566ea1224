package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/google/licenseclassifier/v2/assets"
)

func TestDocument(t *testing.T) {
	var first, second bytes.Buffer
	for _, out := range []*bytes.Buffer{&first, &second} {
		if err := run(out, []string{"../../verifier"}, "v1.2.3", false); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two runs differ")
	}
	var bom cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(&first, cyclonedx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range *bom.Components {
		names = append(names, c.Name)
		if c.Licenses == nil || len(*c.Licenses) == 0 {
			t.Errorf("%s has no licence", c.Name)
		}
	}
	want := []string{
		"github.com/go-jose/go-jose/v4", "github.com/hashicorp/golang-lru/v2", "github.com/holdfast-go/holdfast/ports",
		"github.com/holdfast-go/holdfast/verifier", "std",
	}
	if !slices.Equal(names, want) {
		t.Errorf("the components are %v, want %v: what is linked, without what only tests need", names, want)
	}
	const verifier, ports = "pkg:golang/github.com/holdfast-go/holdfast/verifier@v1.2.3", "pkg:golang/github.com/holdfast-go/holdfast/ports@v1.2.3"
	for _, d := range *bom.Dependencies {
		if d.Ref == verifier && !slices.Contains(*d.Dependencies, ports) {
			t.Errorf("verifier does not depend on ports: %v", *d.Dependencies)
		}
	}
}

func TestLicences(t *testing.T) {
	licences, err := newLicenceReader()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, text string // of the only file
		fault      string // of the judgement
	}{
		{"no licence file", "", "has no licence that is known"},
		{"a text that is not known", "You may use this on Tuesdays.", "has the licence unknown"},
		{"a licence that is not accepted", read(t, "AGPL-3.0/license.txt"), "has the licence AGPL-3.0"},
		{"a licence that is accepted", read(t, "MIT/pristine.txt"), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			if test.text != "" {
				if err := os.WriteFile(filepath.Join(folder, "LICENSE.txt"), []byte(test.text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			found, err := licences.in(folder)
			if err != nil {
				t.Fatal(err)
			}
			err = judge([]*module{{path: "example.com/m", version: "v1.0.0", licences: found}}, accepted)
			if test.fault == "" && err != nil || test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault)) {
				t.Errorf("the judgement of %v is %v, want %q", found, err, test.fault)
			}
		})
	}
}

// read returns the text of a licence, as the classifier has it.
func read(t *testing.T, name string) string {
	t.Helper()
	text, err := assets.ReadLicenseFile("License/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
