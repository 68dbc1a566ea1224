// Command algorithmtable writes the table of signature algorithms into docs/algorithms.md:
//
//	algorithmtable -w docs/algorithms.md
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
)

const begins, ends = "<!-- make generate writes this table -->\n\n", "\n<!-- the end of the table -->"

func main() {
	page := flag.String("w", "", "the `file` to write the table into")
	flag.Parse()
	if err := run(*page); err != nil {
		fmt.Fprintln(os.Stderr, "algorithmtable:", err)
		os.Exit(1)
	}
}

func run(page string) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, hasBegin := strings.Cut(string(text), begins)
	_, after, hasEnd := strings.Cut(rest, ends)
	if !hasBegin || !hasEnd {
		return errors.New(page + " has no place for the table")
	}
	return os.WriteFile(page, []byte(before+begins+jwk.Table()+ends+after), 0o644)
}
