package catalogue

import (
	. "github.com/holdfast-go/holdfast/conformance/player"

	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/verifier/memory"
)

const testAudience = "https://api.example/"

// A parrot gives the same answer to everything.
type parrot struct {
	answer Answer
	err    error
}

func (p parrot) Send(context.Context, Request) (Answer, error) { return p.answer, p.err }

func newSetup(t *testing.T, target Target, mode Mode) Setup {
	t.Helper()
	environment, err := NewEnvironment(EnvironmentConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(environment.Close)
	still := func() error { return nil }
	return Setup{
		Environment: environment, Target: target, Mode: mode, URL: "http://127.0.0.1:8080", Audience: testAudience, Clock: memory.Clock{}, Patience: time.Millisecond,
		Levers: Levers{Advance: func(time.Duration) error { return nil }, Stop: still, Restart: still, Writes: func() int { return 99 }},
	}
}

// TestEveryCaseCanFail plays the cases on APIs that look at nothing: none of them may get by with all of them.
func TestEveryCaseCanFail(t *testing.T) {
	parrots := map[string]Target{
		"accepts":         parrot{answer: Answer{Status: 200, Header: map[string][]string{}}},
		"rejects":         parrot{answer: challenged(401, `Bearer error="invalid_token"`)},
		"knows no scheme": parrot{answer: challenged(401)},
		"fails":           parrot{answer: Answer{Status: 500}},
		"redirects":       parrot{answer: Answer{Status: 302, Header: map[string][]string{"Location": {"/login"}}}},
		"does not answer": parrot{err: errors.New("connection refused")},
	}
	for _, mode := range Modes() {
		setup := newSetup(t, nil, mode)
		for _, c := range Cases() {
			if !c.BlackBox() || c.Starts() || c.Modes[0] != mode {
				continue
			}
			var passed []string
			for _, name := range slices.Sorted(maps.Keys(parrots)) {
				if err := setup.Environment.Reset(c.Fault); err != nil {
					t.Fatal(err)
				}
				setup.Target = parrots[name]
				finding := c.Play(t.Context(), setup)
				if finding.Decided && finding.Passed {
					passed = append(passed, name)
				}
				if name != "does not answer" && strings.HasPrefix(finding.Actual, "the case could not be played") {
					t.Errorf("%s: %s", c.ID, finding.Actual)
				}
				if (name == "does not answer") == finding.Decided {
					t.Errorf("%s is decided by an API that %s: %v", c.ID, name, finding.Decided)
				}
			}
			switch {
			case slices.Contains(passed, "accepts") && len(passed) > 1:
				t.Errorf("%s passes with APIs of which one %s", c.ID, strings.Join(passed, ", another "))
			case c.Expected != Undecidable && (slices.Contains(passed, "fails") || slices.Contains(passed, "redirects")):
				t.Errorf("%s passes with APIs of which one %s", c.ID, strings.Join(passed, ", another "))
			}
		}
	}
}

func challenged(status int, challenges ...string) Answer {
	return Answer{Status: status, Header: map[string][]string{"Www-Authenticate": challenges}}
}
