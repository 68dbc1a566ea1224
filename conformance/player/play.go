package player

import (
	"context"
	"fmt"
	"strings"
	"sync"
)

// A Finding is how a case went.
type Finding struct {
	// Decided is whether there were answers to check. If not, Actual says why.
	Decided bool
	Passed  bool
	// Expected and Actual are of the step that decided.
	Expected, Actual string
	// Request is what was sent last.
	Request Request
	// Note is what else there is to say, of a case that passed.
	Note string
}

// Play plays the case. It returns soon after ctx ends.
func (c Case) Play(ctx context.Context, setup Setup) Finding {
	run := &Run{
		Setup: setup, Kept: make(map[string]string),
		ctx: ctx, exact: c.exact || setup.Strict || setup.Process != nil, rule: c.Rule, reported: c.reported,
	}
	if public := c.settings["HOLDFAST_PUBLIC_URL"]; public != "" && run.Process == nil {
		run.URL = public
	}
	finding := Finding{Decided: true, Passed: true, Expected: string(c.Expected)}
	for i, step := range c.steps {
		run.last = i == len(c.steps)-1
		if step.Do != nil {
			step.Do(run)
		}
		if step.Send != nil && run.err == nil {
			r := step.Send(run)
			if run.err == nil {
				finding = run.play(step, r)
			}
		}
		if run.err != nil {
			return Finding{Expected: finding.Expected, Actual: "the case could not be played: " + run.err.Error()}
		}
		if len(run.failures) > 0 && finding.Passed {
			finding.Passed, finding.Actual = false, strings.Join(run.failures, "; ")
		}
		if !finding.Decided || !finding.Passed {
			return finding
		}
	}
	return finding
}

// play sends the request of a step and checks the answer.
func (run *Run) play(step Step, r Request) Finding {
	run.Sent = r
	finding := Finding{Decided: true, Passed: true, Expected: string(step.Want), Request: r}
	if step.Copies > 1 {
		return run.race(step, finding)
	}
	answer, err := run.Target.Send(run.ctx, r)
	if err != nil {
		finding.Decided, finding.Passed, finding.Actual = false, false, "no answer: "+err.Error()
		return finding
	}
	if run.Log != nil {
		run.Log(Exchange{r, run.offered(step.Want), answer})
	}
	finding.Actual = answer.String()
	fault, note := run.check(step.Want, answer)
	if fault != "" {
		finding.Passed, finding.Actual = false, answer.String()+": "+fault
		return finding
	}
	finding.Note = note
	if step.Check != nil {
		step.Check(run, answer)
	}
	return finding
}

// race sends a request many times at once. Just one of them may get what is wanted.
func (run *Run) race(step Step, finding Finding) Finding {
	answers, errs := make([]Answer, step.Copies), make([]error, step.Copies)
	var all sync.WaitGroup
	for i := range step.Copies {
		r := finding.Request
		if step.Spread {
			r.Process = i % 2
		}
		all.Go(func() { answers[i], errs[i] = run.Target.Send(run.ctx, r) })
	}
	all.Wait()
	run.last = false // the one and the others have different faults
	wanted := 0
	for i, answer := range answers {
		if errs[i] != nil {
			finding.Decided, finding.Passed, finding.Actual = false, false, "no answer: "+errs[i].Error()
			return finding
		}
		if fault, _ := run.check(step.Want, answer); fault == "" {
			wanted++
		} else if fault, _ := run.check(BadProof, answer); fault != "" {
			finding.Passed, finding.Actual = false, answer.String()+": "+fault
			return finding
		}
	}
	finding.Expected = fmt.Sprintf("%s once, %s for the others", step.Want, BadProof)
	finding.Actual = fmt.Sprintf("%s for %d of %d", step.Want, wanted, step.Copies)
	finding.Passed = wanted == 1
	return finding
}
