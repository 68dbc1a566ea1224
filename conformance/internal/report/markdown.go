package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/conformance/internal/result"
)

// Markdown writes the run as a section of a Markdown document (CommonMark with tables), such as the summary of a CI job:
// the verdict, the counts by topic and level, and a row for each case that did not pass.
func Markdown(w io.Writer, run result.Run) error {
	var b bytes.Buffer
	run = printableRun(run)
	fmt.Fprintf(&b, "## %s\n\n%s: %s in %s.", mark(run.Target), mark(title(run)), count(len(run.Results), "result"), rounded(run.Duration))
	fmt.Fprintf(&b, " **%s**\n", verdict(run))
	for _, fault := range run.Faults {
		fmt.Fprintf(&b, "\nFault: %s\n", mark(fault))
	}
	rows := countRows(summarize(run))
	markRow(&b, rows[0])
	b.WriteString("|---" + strings.Repeat("|--:", len(rows[0])-1) + "|\n")
	for _, row := range rows[1:] {
		writeRow(&b, row)
	}
	rest := slices.DeleteFunc(slices.Clone(run.Results), func(r result.Result) bool {
		return r.Outcome == result.Passed || r.Outcome == result.Skipped
	})
	if len(rest) > 0 {
		markRow(&b, []string{"case", "level", "mode", "outcome", "reason", "expected", "actual", "section", "basis"})
		b.WriteString(strings.Repeat("|---", 9) + "|\n")
	}
	for _, r := range rest {
		outcome := string(r.Outcome)
		if r.Known != "" {
			outcome += " (known: " + r.Known + ")"
		}
		writeRow(&b, []string{r.ID, string(r.Level), r.Mode, outcome, r.Reason, r.Expected, r.Actual, r.Section, r.Basis})
	}
	_, err := w.Write(b.Bytes())
	return err
}

// markRow begins a table by its head.
func markRow(b *bytes.Buffer, head []string) {
	b.WriteByte('\n')
	writeRow(b, head)
}

func writeRow(b *bytes.Buffer, cells []string) {
	for _, cell := range cells {
		b.WriteString("| " + mark(cell) + " ")
	}
	b.WriteString("|\n")
}

// mark is text that stays text in Markdown and in HTML, on one line: every character of ASCII punctuation that means
// something there is escaped (CommonMark 2.4).
func mark(text string) string {
	var b strings.Builder
	for _, r := range oneLine(text) {
		switch {
		case strings.ContainsRune("&<>", r):
			fmt.Fprintf(&b, "&#%d;", r)
		case strings.ContainsRune("\\`*_{}[]()#!|~@", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
