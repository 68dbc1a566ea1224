package report

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/holdfast-go/holdfast/conformance/internal/result"
)

// printable replaces what a terminal would act on, or not show, by its escape. Line feeds stay.
func printable(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == '\n', unicode.IsPrint(r) && !(r == utf8.RuneError && size == 1):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteToASCII(text[:size])
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		text = text[size:]
	}
	return b.String()
}

// printableRun is the run with text that can be shown.
func printableRun(run result.Run) result.Run {
	clean := run
	for _, text := range []*string{&clean.Tool, &clean.Version, &clean.Target} {
		*text = printable(*text)
	}
	clean.Modes, clean.Faults, clean.Results = printables(run.Modes), printables(run.Faults), slices.Clone(run.Results)
	for i := range clean.Results {
		r := &clean.Results[i]
		for _, text := range []*string{
			&r.ID, &r.Rule, &r.Topic, &r.Section, &r.Basis, &r.Mode, &r.Reason, &r.Request, &r.Expected, &r.Actual, &r.Note, &r.Known,
		} {
			*text = printable(*text)
		}
	}
	return clean
}

func printables(texts []string) []string {
	clean := make([]string, len(texts))
	for i, text := range texts {
		clean[i] = printable(text)
	}
	return clean
}

// oneLine is printable text without line feeds.
func oneLine(text string) string { return strings.ReplaceAll(printable(text), "\n", `\n`) }

// rounded drops the digits of a duration that no reader needs.
func rounded(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Microsecond).String()
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}
