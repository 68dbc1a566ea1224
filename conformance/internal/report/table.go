package report

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/holdfast-go/holdfast/conformance/internal/result"
)

// Table writes the run for a terminal: the counts by topic and level, each failed or undecided case, the faults of the
// run, and the verdict last, where the eye is.
func Table(w io.Writer, run result.Run) error {
	var b bytes.Buffer
	run = printableRun(run)
	s := summarize(run)
	writeCounts(&b, s)
	writeCases(&b, "failed", withOutcome(run.Results, result.Failed))
	writeCases(&b, "undecided", withOutcome(run.Results, result.Undecided))
	writeUndeclared(&b, run.Undeclared)
	if run.Typ != "" {
		fmt.Fprintf(&b, "good tokens have the typ %s, not at+jwt\n", oneLine(run.Typ))
	}
	for _, fault := range run.Faults {
		fmt.Fprintf(&b, "fault: %s\n", oneLine(fault))
	}
	fmt.Fprintf(&b, "%s against %s: %s in %s. %s\n", oneLine(title(run)), oneLine(run.Target),
		count(len(run.Results), "result"), rounded(run.Duration), verdict(run))
	_, err := w.Write(b.Bytes())
	return err
}

// countRows are a head and a row for each topic: passed cases of those run, for each level, and what did not pass.
func countRows(s summary) [][]string {
	rows := [][]string{{"topic"}}
	for _, level := range levels {
		rows[0] = append(rows[0], string(level))
	}
	rows[0] = append(rows[0], "failed", "undecided", "skipped")
	for _, t := range slices.Concat(s.topics, []topic{s.topic}) {
		row := []string{oneLine(t.Name)}
		for _, level := range levels {
			row = append(row, passedOf(t.levels[level]))
		}
		for _, outcome := range []result.Outcome{result.Failed, result.Undecided, result.Skipped} {
			row = append(row, orDash(t.all[outcome]))
		}
		rows = append(rows, row)
	}
	return rows
}

func writeCounts(b *bytes.Buffer, s summary) {
	rows := countRows(s)
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for column, cell := range row {
			widths[column] = max(widths[column], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		fmt.Fprintf(b, "%-*s", widths[0], row[0])
		for column, cell := range row[1:] {
			fmt.Fprintf(b, "  %*s", widths[column+1], cell)
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
}

func passedOf(t tally) string {
	if t.run() == 0 {
		return "-"
	}
	return fmt.Sprintf("%d/%d", t[result.Passed], t.run())
}

func orDash(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

// writeCases writes each case once, as it went in the first of its modes.
func writeCases(b *bytes.Buffer, heading string, results []result.Result) {
	modes := map[string][]string{}
	for _, r := range results {
		modes[r.ID] = append(modes[r.ID], r.Mode)
	}
	for _, r := range results {
		if modes[r.ID] == nil {
			continue // told already
		}
		fmt.Fprintf(b, "%s: %s (%s)\n", heading, oneLine(r.ID), oneLine(describe(r, modes[r.ID])))
		delete(modes, r.ID)
		writeField(b, "", r.Reason)
		writeField(b, "basis", r.Basis)
		writeField(b, "request", r.Request)
		writeField(b, "expected", r.Expected)
		writeField(b, "actual", r.Actual)
		writeField(b, "note", r.Note)
		writeField(b, "known", r.Known)
		b.WriteByte('\n')
	}
}

// writeUndeclared says which cases were not played for want of a power.
func writeUndeclared(b *bytes.Buffer, undeclared map[string]int) {
	if len(undeclared) == 0 {
		return
	}
	total := 0
	var parts []string
	for _, power := range slices.Sorted(maps.Keys(undeclared)) {
		total += undeclared[power]
		parts = append(parts, fmt.Sprintf("%s %d", oneLine(power), undeclared[power]))
	}
	fmt.Fprintf(b, "not counted, since the target does not declare the power: %s (%s)\n", count(total, "case"), strings.Join(parts, ", "))
}

// describe tells of a case what its ID does not.
func describe(r result.Result, modes []string) string {
	parts := []string{string(r.Level)}
	if r.Section != "" {
		parts = append(parts, r.Section)
	}
	if r.Mode != "" {
		parts = append(parts, "DPoP "+strings.Join(modes, ", "))
	}
	return strings.Join(parts, "; ")
}

// writeField writes text of one line or several under a case, each line behind the same margin.
func writeField(b *bytes.Buffer, name, text string) {
	if text == "" {
		return
	}
	margin := "  "
	if name != "" {
		margin = fmt.Sprintf("  %-10s", name)
	}
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		fmt.Fprintf(b, "%s%s\n", margin, line)
		margin = strings.Repeat(" ", len(margin))
	}
}

// title names the tool and its version.
func title(run result.Run) string { return strings.TrimSpace(run.Tool + " " + run.Version) }

// verdict says in one sentence whether every MUST holds.
func verdict(run result.Run) string {
	must, known := judge(run)
	switch {
	case Holds(run) && known > 0:
		return fmt.Sprintf("Every MUST holds, except for %s.", count(known, "known failure"))
	case Holds(run):
		return "Every MUST holds."
	case must[result.Failed] > 0 && must[result.Undecided] > 0:
		return fmt.Sprintf("%s of a MUST failed, %d undecided.", count(must[result.Failed], "result"), must[result.Undecided])
	case must[result.Failed] > 0:
		return fmt.Sprintf("%s of a MUST failed.", count(must[result.Failed], "result"))
	case must[result.Undecided] > 0:
		return fmt.Sprintf("%s of a MUST undecided.", count(must[result.Undecided], "result"))
	case must[result.Passed] == 0:
		return "No case of a MUST was run."
	}
	return "Every MUST that was run holds, but the run is not complete."
}
