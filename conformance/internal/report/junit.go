package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/conformance/internal/result"
)

// The elements of JUnit XML as CI servers read it; the format has no standard.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Time     junitSeconds `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       junitSeconds    `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Properties []junitProperty `xml:"properties>property,omitempty"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name    string       `xml:"name,attr"`
		Class   string       `xml:"classname,attr"`
		Time    junitSeconds `xml:"time,attr"`
		Failure *junitText   `xml:"failure"`
		Error   *junitText   `xml:"error"`
		Skipped *junitText   `xml:"skipped"`
	}
	junitText struct {
		Message string `xml:"message,attr,omitempty"`
		Type    string `xml:"type,attr,omitempty"`
		Body    string `xml:",chardata"`
	}
	junitSeconds time.Duration
)

// MarshalText writes seconds as JUnit has them.
func (s junitSeconds) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%.6f", time.Duration(s).Seconds()), nil
}

// JUnit writes the run as JUnit XML: a suite for each topic. A failed case of any level is a failure whose type is the
// level; an undecided one is an error, as is each fault of the run. One that is known to end so counts as skipped.
func JUnit(w io.Writer, run result.Run) error {
	run = printableRun(run)
	all := junitSuites{Name: title(run) + " against " + run.Target, Time: junitSeconds(run.Duration)}
	properties := []junitProperty{{"target", run.Target}, {"modes", strings.Join(run.Modes, ",")}}
	if len(run.Faults) > 0 {
		all.add(faultSuite(run, properties))
	}
	for _, t := range summarize(run).topics {
		suite := junitSuite{Name: t.Name, Timestamp: timestamp(run), Properties: properties}
		for _, r := range run.Results {
			if r.Topic == t.Name {
				suite.add(r)
			}
		}
		all.add(suite)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (all *junitSuites) add(suite junitSuite) {
	all.Suites = append(all.Suites, suite)
	all.Tests += suite.Tests
	all.Failures += suite.Failures
	all.Errors += suite.Errors
	all.Skipped += suite.Skipped
}

func (suite *junitSuite) add(r result.Result) {
	c := junitCase{Name: r.ID, Class: r.Topic + "." + r.Rule, Time: junitSeconds(r.Duration)}
	if r.Mode != "" {
		c.Name += " [" + r.Mode + "]"
	}
	switch {
	case r.Known != "":
		c.Skipped = &junitText{Message: "known failure: " + r.Known}
		suite.Skipped++
	case r.Outcome == result.Passed:
	case r.Outcome == result.Skipped:
		c.Skipped = &junitText{Message: r.Note}
		suite.Skipped++
	case r.Outcome == result.Failed:
		c.Failure = &junitText{Message: r.Reason, Type: string(r.Level), Body: details(r)}
		suite.Failures++
	default:
		c.Error = &junitText{Message: r.Reason, Type: string(r.Outcome), Body: details(r)}
		suite.Errors++
	}
	suite.Cases = append(suite.Cases, c)
	suite.Tests++
	suite.Time += c.Time
}

// faultSuite has an error for each fault, so that a CI server does not show green for a run that broke off.
func faultSuite(run result.Run, properties []junitProperty) junitSuite {
	suite := junitSuite{Name: "run", Timestamp: timestamp(run), Properties: properties}
	for i, fault := range run.Faults {
		suite.Cases = append(suite.Cases, junitCase{
			Name: fmt.Sprintf("fault %d", i+1), Class: "run", Error: &junitText{Message: fault, Type: "fault"},
		})
	}
	suite.Tests, suite.Errors = len(run.Faults), len(run.Faults)
	return suite
}

// timestamp is in UTC without a zone: the schemas that there are want it so.
func timestamp(run result.Run) string { return run.Started.UTC().Format("2006-01-02T15:04:05") }

// details is the body of a failure.
func details(r result.Result) string {
	var b strings.Builder
	for _, field := range []struct{ name, text string }{
		{"rule", r.Rule}, {"section", r.Section}, {"basis", r.Basis}, {"request", r.Request}, {"expected", r.Expected}, {"actual", r.Actual},
		{"note", r.Note},
	} {
		if field.text != "" {
			fmt.Fprintf(&b, "%s: %s\n", field.name, field.text)
		}
	}
	return b.String()
}
