package catalogue

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

// A Request is what a case sends.
type Request struct {
	Method string
	// Path is the path and query below the API's URL. /scoped needs the scope read:conformance; /resource and what
	// is below it need a token alone.
	Path   string
	Header map[string][]string
	// Host replaces the Host field, if it is not empty.
	Host string
	// Form is the body, if it is not nil.
	Form map[string][]string
	// Certificate is that of the client, in DER.
	Certificate []byte
	// Head is the request line and header to be written as they are, with \r\n at the ends of lines, in place of all
	// else: %HOST% in it stands for the API's host, %AUTH% for the fields of Header.
	Head string
}

// with returns r with another value of a header field.
func (r Request) with(name, value string) Request {
	r.Header = maps.Clone(r.Header)
	r.Header[name] = append(slices.Clone(r.Header[name]), value)
	return r
}

func (r Request) at(path string) Request {
	r.Path = path
	return r
}

// An Answer is what came back.
type Answer struct {
	Status int
	Header map[string][]string // by canonical names
	// Verified is the token that passed, and Err why it did not, where the verifier is in this process.
	Verified *verifier.Verified
	Err      *verifier.Error
}

// values returns the values of a header field.
func (a Answer) values(name string) []string { return a.Header[name] }

// A Target is an API, or what decides for one.
type Target interface {
	// Send sends one request and returns the answer, the one of a redirect itself. An error means that there was
	// none.
	Send(ctx context.Context, r Request) (Answer, error)
}

// Front is what stands between a client and an API.
type Front struct {
	PublicURL    string            // that clients know the API by; empty means that of the connection
	PathPrefixes map[string]string // from the API's to the client's
	Hosts        []string          // that clients know the API by; none means any
	Proxy        bool              // a trusted proxy writes X-Forwarded-*
	Optional     bool              // requests without credentials pass as anonymous
	Certificate  bool              // it forwards the client's certificate as RFC 9440 has it
}

// A Process is what a case may look at and change where the verifier is in this process.
type Process struct {
	Verifier *verifier.Verifier
	Cache    ports.Cache
	// Background is of the configuration of Verifier and of those that follow it.
	Background *Background
	// Advance moves the clock.
	Advance func(time.Duration)
	// Restart replaces the verifier by a new one of the same configuration, as in another process of a fleet.
	Restart func() (*verifier.Verifier, error)
}

// A Stage is where a case is played.
type Stage struct {
	World  *World
	Target Target
	Mode   Mode
	// URL is what clients know the API by, without a trailing slash, and Audience what tokens for it are for.
	URL, Audience string
	// Clock is what tokens and proofs go by.
	Clock ports.Clock
	// Strict judges every answer exactly.
	Strict bool
	// Process is nil where the target is elsewhere.
	Process *Process
}

// A Finding is how a case went.
type Finding struct {
	// Decided is whether there were answers to judge. If not, Actual says why.
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
func (c Case) Play(ctx context.Context, stage Stage) Finding {
	s := &scene{Stage: stage, ctx: ctx, c: c, kept: make(map[string]string)}
	finding := Finding{Decided: true, Passed: true, Expected: c.Expected.String()}
	for i, step := range c.steps {
		s.last = i == len(c.steps)-1
		if step.do != nil {
			step.do(s)
		}
		if step.send != nil && s.broken == nil {
			r := step.send(s)
			if s.broken == nil {
				finding = s.play(step, r)
			}
		}
		if s.broken != nil {
			return Finding{Expected: finding.Expected, Actual: "the case could not be played: " + s.broken.Error()}
		}
		if len(s.faults) > 0 && finding.Passed {
			finding.Passed, finding.Actual = false, strings.Join(s.faults, "; ")
		}
		if !finding.Decided || !finding.Passed {
			return finding
		}
	}
	return finding
}

// play sends the request of a step and judges the answer.
func (s *scene) play(step step, r Request) Finding {
	s.sent = r
	finding := Finding{Decided: true, Passed: true, Expected: step.want.String(), Request: r}
	if step.copies > 1 {
		return s.race(step, finding)
	}
	answer, err := s.Target.Send(s.ctx, r)
	if err != nil {
		finding.Decided, finding.Passed, finding.Actual = false, false, "no answer: "+err.Error()
		return finding
	}
	s.answered = answer
	finding.Actual = answer.String()
	fault, note := s.judge(step.want, answer)
	if fault != "" {
		finding.Passed, finding.Actual = false, answer.String()+": "+fault
		return finding
	}
	finding.Note = note
	if step.check != nil {
		step.check(s, answer)
	}
	return finding
}

// race sends a request many times at once. Just one of them may get what is wanted.
func (s *scene) race(step step, finding Finding) Finding {
	answers, errs := make([]Answer, step.copies), make([]error, step.copies)
	var all sync.WaitGroup
	for i := range step.copies {
		all.Go(func() { answers[i], errs[i] = s.Target.Send(s.ctx, finding.Request) })
	}
	all.Wait()
	s.last = false // the one and the others have different faults
	wanted := 0
	for i, answer := range answers {
		if errs[i] != nil {
			finding.Decided, finding.Passed, finding.Actual = false, false, "no answer: "+errs[i].Error()
			return finding
		}
		if fault, _ := s.judge(step.want, answer); fault == "" {
			wanted++
		} else if fault, _ := s.judge(badProof, answer); fault != "" {
			finding.Passed, finding.Actual = false, answer.String()+": "+fault
			return finding
		}
	}
	finding.Expected = fmt.Sprintf("%s once, %s for the others", step.want, badProof)
	finding.Actual = fmt.Sprintf("%s for %d of %d", step.want, wanted, step.copies)
	finding.Passed = wanted == 1
	return finding
}

func randomID() string { return rand.Text() }
