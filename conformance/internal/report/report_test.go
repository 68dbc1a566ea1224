package report_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"github.com/holdfast-go/holdfast/conformance/internal/report"
	"github.com/holdfast-go/holdfast/conformance/internal/result"
	"github.com/holdfast-go/holdfast/conformance/testcase"
	"github.com/holdfast-go/holdfast/rules"
)

// runOf is a run of cases named by level and outcome, such as "MUST passed".
func runOf(cases ...string) result.Run {
	run := result.Run{Tool: "holdfast-conform", Version: "0.1.0", Target: "https://api.example"}
	for _, c := range cases {
		level, outcome, _ := strings.Cut(c, " ")
		run.Results = append(run.Results, result.Result{
			Case: testcase.Case{ID: c, Topic: "T", Level: rules.Level(level)}, Outcome: result.Outcome(outcome),
		})
	}
	return run
}

func TestHolds(t *testing.T) {
	faulty := runOf("MUST passed")
	faulty.Faults = []string{"the target died"}
	for _, row := range []struct {
		name    string
		run     result.Run
		want    bool
		verdict string
	}{
		{"all pass", runOf("MUST passed", "SHOULD passed"), true, "Every MUST holds."},
		{"one MUST skipped", runOf("MUST passed", "MUST skipped"), true, "Every MUST holds."},
		{"a SHOULD failed", runOf("MUST passed", "SHOULD failed"), true, "Every MUST holds."},
		{"an OURS undecided", runOf("MUST passed", "OURS undecided"), true, "Every MUST holds."},
		{"a MUST failed", runOf("MUST passed", "MUST failed"), false, "1 result of a MUST failed."},
		{"a MUST undecided", runOf("MUST passed", "MUST undecided"), false, "1 result of a MUST undecided."},
		{"both", runOf("MUST failed", "MUST failed", "MUST undecided"), false, "2 results of a MUST failed, 1 undecided."},
		{"no MUST run", runOf("MUST skipped", "SHOULD passed"), false, "No case of a MUST was run."},
		{"nothing", runOf(), false, "No case of a MUST was run."},
		{"a fault", faulty, false, "Every MUST that was run holds, but the run is not complete."},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := report.Holds(row.run); got != row.want {
				t.Errorf("Holds is %t", got)
			}
			var table bytes.Buffer
			if err := report.Table(&table, row.run); err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(table.String(), " "+row.verdict+"\n") {
				t.Errorf("the table does not end with %q:\n%s", row.verdict, &table)
			}
		})
	}
}

func TestCompare(t *testing.T) {
	change := func(id string, before, after result.Outcome) report.Change {
		return report.Change{Case: testcase.Case{ID: id, Topic: "T"}, Mode: "allowed", Before: before, After: after}
	}
	run := func(results ...string) result.Run {
		var run result.Run
		for _, r := range results {
			id, outcome, _ := strings.Cut(r, " ")
			outcome, mode, isOther := strings.Cut(outcome, " ")
			if !isOther {
				mode = "allowed"
			}
			run.Results = append(run.Results, result.Result{
				Case: testcase.Case{ID: id, Topic: "T"}, Mode: mode, Outcome: result.Outcome(outcome),
			})
		}
		return run
	}
	for _, row := range []struct {
		name          string
		baseline, run result.Run
		want          report.Comparison
	}{
		{"same", run("a passed", "b failed"), run("a passed", "b failed"), report.Comparison{}},
		{"other order", run("a passed", "b failed"), run("b failed", "a passed"), report.Comparison{}},
		{"worse", run("a passed", "b passed"), run("a failed", "b undecided"), report.Comparison{Worse: []report.Change{
			change("a", result.Passed, result.Failed), change("b", result.Passed, result.Undecided),
		}}},
		{"better", run("a failed", "b skipped"), run("a passed", "b passed"), report.Comparison{Better: []report.Change{
			change("a", result.Failed, result.Passed), change("b", result.Skipped, result.Passed),
		}}},
		{"other", run("a passed", "b failed"), run("a skipped", "b undecided"), report.Comparison{Other: []report.Change{
			change("a", result.Passed, result.Skipped), change("b", result.Failed, result.Undecided),
		}}},
		{"added and removed", run("a passed"), run("b failed"), report.Comparison{
			Added: []report.Change{change("b", "", result.Failed)}, Removed: []report.Change{change("a", result.Passed, "")},
		}},
		{"in one mode of two", run("a passed", "a passed required"), run("a passed required", "a failed"), report.Comparison{
			Worse: []report.Change{change("a", result.Passed, result.Failed)},
		}},
		{"an ID twice", run("a passed", "a failed"), run("a passed", "a passed"), report.Comparison{
			Better: []report.Change{change("a", result.Failed, result.Passed)},
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := report.Compare(row.baseline, row.run); !reflect.DeepEqual(got, row.want) {
				t.Errorf("Compare is %+v, want %+v", got, row.want)
			}
		})
	}
}

func TestReadJSON(t *testing.T) {
	var text bytes.Buffer
	if err := report.JSON(&text, sample()); err != nil {
		t.Fatal(err)
	}
	got, err := report.ReadJSON(bytes.NewReader(text.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, sample()) {
		t.Errorf("read back it is %+v", got)
	}

	for name, reader := range map[string]io.Reader{
		"empty":        strings.NewReader(""),
		"no object":    strings.NewReader("[]"),
		"no report":    strings.NewReader("{}"),
		"two":          io.MultiReader(bytes.NewReader(text.Bytes()), strings.NewReader("{}")),
		"cut off":      bytes.NewReader(text.Bytes()[:text.Len()/2]),
		"endless":      io.MultiReader(bytes.NewReader(text.Bytes()), endless{}),
		"unreadable":   io.MultiReader(strings.NewReader("{"), unreadable{}),
		"number as ID": strings.NewReader(`{"tool":"x","results":[{"id":1}]}`),
	} {
		t.Run(name, func(t *testing.T) {
			if run, err := report.ReadJSON(reader); err == nil || run.Results != nil {
				t.Errorf("read is %+v, error %v", run, err)
			}
		})
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

type unreadable struct{}

func (unreadable) Read([]byte) (int, error) { return 0, errors.New("bad disk") }

// Text of the target reaches no reader as anything but text.
func TestHostileText(t *testing.T) {
	for name, write := range map[string]func(io.Writer, result.Run) error{
		"Table": report.Table, "JUnit": report.JUnit, "HTML": report.HTML, "Markdown": report.Markdown,
		"Comparison": func(w io.Writer, run result.Run) error { return report.Compare(result.Run{}, run).Table(w) },
	} {
		t.Run(name, func(t *testing.T) {
			var text bytes.Buffer
			if err := write(&text, everywhere(hostile)); err != nil {
				t.Fatal(err)
			}
			for _, r := range text.String() {
				if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
					t.Fatalf("it holds %U", r)
				}
			}
			if name != "Table" && strings.Contains(text.String(), "<script>document") {
				t.Error("it holds the target's element")
			}
		})
	}

	var text bytes.Buffer
	if err := report.JUnit(&text, everywhere(hostile)); err != nil {
		t.Fatal(err)
	}
	for decoder := xml.NewDecoder(&text); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("it is not XML: %v", err)
		}
		if element, ok := token.(xml.StartElement); ok && (element.Name.Local == "script" || element.Name.Local == "img") {
			t.Errorf("the target's %s is an element", element.Name.Local)
		}
	}
}

// everywhere is a run whose every text is the same, in each outcome.
func everywhere(text string) result.Run {
	run := result.Run{Tool: text, Version: text, Target: text, Modes: []string{text}, Faults: []string{text}}
	for _, outcome := range []result.Outcome{result.Passed, result.Failed, result.Undecided, result.Skipped} {
		run.Results = append(run.Results, result.Result{
			Case: testcase.Case{ID: text, Rule: text, Topic: text, Level: rules.Must, Section: text, Reason: text},
			Mode: text, Outcome: outcome, Expected: text, Actual: text, Request: text, Note: text,
		})
	}
	return run
}

func TestSectionsAreLinked(t *testing.T) {
	for _, row := range []struct{ section, want string }{
		{"RFC 9449 4.3 (9)", `<a href="https://www.rfc-editor.org/rfc/rfc9449#section-4.3">RFC 9449 4.3</a> (9)`},
		{"RFC 9449 section 7.1", `<a href="https://www.rfc-editor.org/rfc/rfc9449#section-7.1">RFC 9449 section 7.1</a>`},
		{"RFC 7516", `<a href="https://www.rfc-editor.org/rfc/rfc7516">RFC 7516</a>`},
		{"OIDC Core 2", `OIDC Core 2`},
		{"RFC 6750 2, RFC 9700 4.3.2", `<a href="https://www.rfc-editor.org/rfc/rfc6750#section-2">RFC 6750 2</a>, ` +
			`<a href="https://www.rfc-editor.org/rfc/rfc9700#section-4.3.2">RFC 9700 4.3.2</a>`},
	} {
		t.Run(row.section, func(t *testing.T) {
			run := runOf("MUST passed")
			run.Results[0].Section = row.section
			var page bytes.Buffer
			if err := report.HTML(&page, run); err != nil {
				t.Fatal(err)
			}
			if want := "<dt>Section</dt><dd>" + row.want + "</dd>"; !strings.Contains(page.String(), want) {
				t.Errorf("the page has no %s", want)
			}
		})
	}
}

// A disk that is full is told of.
func TestWriteFails(t *testing.T) {
	for name, write := range map[string]func(io.Writer, result.Run) error{
		"Table": report.Table, "JSON": report.JSON, "JUnit": report.JUnit, "HTML": report.HTML,
		"Markdown": report.Markdown, "Badge": report.Badge,
	} {
		if err := write(full{}, sample()); err == nil {
			t.Errorf("%s tells of no error", name)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }
