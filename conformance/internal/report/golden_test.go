package report_test

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/holdfast-go/holdfast/conformance/internal/report"
	"github.com/holdfast-go/holdfast/conformance/internal/result"
)

var update = flag.Bool("update", false, "write the golden files")

// The golden files show the formats whole; interop opens report.html in a browser.
func TestGolden(t *testing.T) {
	for name, write := range map[string]func(io.Writer, result.Run) error{
		"report.txt": report.Table, "report.json": report.JSON, "report.xml": report.JUnit, "report.html": report.HTML,
		"report.md": report.Markdown, "badge.svg": report.Badge,
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := write(&got, sample()); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(file, got.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s differs; if that is meant, run go test -update and read what changed. Now it is:\n%s", file, &got)
			}
		})
	}
}
