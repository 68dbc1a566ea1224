// Command rulespage writes docs/rules.md from the register of rules:
//
//	rulespage -o docs/rules.md
//
// What the page says besides is in page.md.tmpl.
package main

import (
	"bytes"
	_ "embed" // the page's template
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"text/template"

	"github.com/holdfast-go/holdfast/rules"
)

func main() {
	output := flag.String("o", "", "the `file` to write")
	flag.Parse()
	if err := run(*output); err != nil {
		fmt.Fprintln(os.Stderr, "rulespage:", err)
		os.Exit(1)
	}
}

func run(output string) error {
	if output == "" {
		return errors.New("use it as: rulespage -o file")
	}
	text, err := page()
	if err != nil {
		return err
	}
	return os.WriteFile(output, text, 0o644)
}

//go:embed page.md.tmpl
var pageText string

// page returns docs/rules.md.
func page() ([]byte, error) {
	t, err := template.New("page.md.tmpl").Funcs(template.FuncMap{
		"topics": rules.Topics, "outcomes": rules.Outcomes, "documents": rules.Documents, "violations": violations, "escape": escape,
	}).Parse(pageText)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	err = t.Execute(&text, nil)
	return text.Bytes(), err
}

// escape has the book show < as it is, and not as the beginning of an element.
func escape(text string) string { return strings.ReplaceAll(text, "<", "&lt;") }

// violations returns what a violation gets, as in "proof or conf (500)".
func violations(r rules.Rule) string {
	var parts []string
	for _, v := range r.Violations {
		part := v.Outcome
		if v.Note != "" {
			part += " (" + v.Note + ")"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " or ")
}
