package result

import (
	"time"

	"github.com/holdfast-go/holdfast/conformance/testcase"
)

// An Outcome is how a case ended.
type Outcome string

// The outcomes.
const (
	Passed    Outcome = "passed"    // the API did what the case expects
	Failed    Outcome = "failed"    // it did something else
	Undecided Outcome = "undecided" // it did not answer, so nothing is known
	Skipped   Outcome = "skipped"   // the case needs what this run does not have; Note says what
)

// A Result is one case, played once.
type Result struct {
	testcase.Case
	// Mode is the DPoP mode of the target: allowed, required or disabled.
	Mode     string  `json:"mode"`
	Outcome  Outcome `json:"outcome"`
	Expected string  `json:"expected"`
	Actual   string  `json:"actual"`
	// Request is the method, the URL and the header fields that were sent, tokens shortened to a digest.
	Request  string        `json:"request,omitempty"`
	Duration time.Duration `json:"duration"` // in nanoseconds
	Note     string        `json:"note,omitempty"`
	// Known is why a case that failed or is undecided was expected to; empty for one that was not.
	Known string `json:"known,omitempty"`
}

// A Run is all of them.
type Run struct {
	// Schema is the identifier of the JSON Schema that a report follows. Package report writes it.
	Schema  string `json:"$schema"`
	Tool    string `json:"tool"`
	Version string `json:"version"`
	Target  string `json:"target"`
	// Typ is the typ of good tokens, if it is not at+jwt.
	Typ      string        `json:"typ,omitempty"`
	Started  time.Time     `json:"started"`
	Duration time.Duration `json:"duration"`
	Modes    []string      `json:"modes"`
	Results  []Result      `json:"results"`
	// Undeclared is how many cases were not played because the target does not declare a power, by the power.
	Undeclared map[string]int `json:"undeclared,omitempty"`
	// Faults are what kept the run from being whole: a target that did not start, or died.
	Faults []string `json:"faults,omitempty"`
}
