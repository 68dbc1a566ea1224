package report_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/conformance/internal/report"
	"github.com/holdfast-go/holdfast/conformance/internal/result"
)

// Every report says of a known failure why it is one, and JUnit does not count it.
func TestKnownFailures(t *testing.T) {
	run := sample()
	run.Faults = nil
	if report.Holds(run) {
		t.Fatal("the sample holds before its failures are known")
	}
	for i := range run.Results {
		if o := run.Results[i].Outcome; o == result.Failed || o == result.Undecided {
			run.Results[i].Known = "fixed in 2.0 " + hostile
		}
	}
	if !report.Holds(run) {
		t.Error("a run does not hold of which all failures are known")
	}
	for want, write := range map[string]func(io.Writer, result.Run) error{
		"known     fixed in 2.0":                        report.Table,
		`"known": "fixed in 2.0`:                        report.JSON,
		`<skipped message="known failure: fixed in 2.0`: report.JUnit,
		"<dt>Known failure</dt><dd>fixed in 2.0":        report.HTML,
	} {
		var got bytes.Buffer
		if err := write(&got, run); err != nil || !strings.Contains(got.String(), want) {
			t.Errorf("error %v; lacks %q: %s", err, want, &got)
		}
		if strings.Contains(got.String(), "<failure") || strings.Contains(got.String(), "<error") {
			t.Errorf("known failures count: %s", &got)
		}
	}
	run.Faults = []string{"the target ended"}
	if report.Holds(run) {
		t.Error("a run with a fault holds")
	}
}
