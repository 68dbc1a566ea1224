package result

import "time"

// A Level is how much a rule weighs.
type Level string

// The levels.
const (
	Must   Level = "MUST"   // the source demands it, or safety does
	Should Level = "SHOULD" // the source recommends it
	Ours   Level = "OURS"   // the sources leave it open
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

// A Case says what was asked of the API, and why.
type Case struct {
	ID      string `json:"id"`   // unique: the rule and a word for the situation, as in DPOP-CLM-02.another-method
	Rule    string `json:"rule"` // as in DPOP-CLM-02
	Topic   string `json:"topic"`
	Level   Level  `json:"level"`
	Section string `json:"section"` // where the rule comes from, as in RFC 9449 4.3 (8)
	Reason  string `json:"reason"`
}

// A Result is one case, played once.
type Result struct {
	Case
	// Mode is the DPoP mode of the target: allowed, required or disabled.
	Mode     string  `json:"mode"`
	Outcome  Outcome `json:"outcome"`
	Expected string  `json:"expected"`
	Actual   string  `json:"actual"`
	// Request is the method, the URL and the header fields that were sent, tokens shortened to a digest.
	Request  string        `json:"request,omitempty"`
	Duration time.Duration `json:"duration"` // in nanoseconds
	Note     string        `json:"note,omitempty"`
}

// A Run is all of them.
type Run struct {
	Tool     string        `json:"tool"`
	Version  string        `json:"version"`
	Target   string        `json:"target"`
	Started  time.Time     `json:"started"`
	Duration time.Duration `json:"duration"`
	Modes    []string      `json:"modes"`
	Results  []Result      `json:"results"`
	// Faults are what kept the run from being whole: a target that did not start, or died.
	Faults []string `json:"faults,omitempty"`
}
