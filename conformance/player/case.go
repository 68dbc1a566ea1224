package player

import (
	"maps"
	"slices"

	"github.com/holdfast-go/holdfast/conformance/fault"
	"github.com/holdfast-go/holdfast/conformance/testcase"
	"github.com/holdfast-go/holdfast/rules"
	"github.com/holdfast-go/holdfast/verifier"
)

// The levels of cases.
const (
	Must   = rules.Must   // a sentence of a standard demands it, or security does
	Should = rules.Should // the source recommends it
	Ours   = rules.Ours   // the sources leave it open, and this is Holdfast's choice
)

// A Mode is how an API takes DPoP.
type Mode string

// The modes.
const (
	Allowed  Mode = "allowed"  // Bearer and DPoP are offered
	Required Mode = "required" // only DPoP
	Disabled Mode = "disabled" // only Bearer
)

// Modes returns all modes.
func Modes() []Mode { return []Mode{Allowed, Required, Disabled} }

// A Need is what a case takes besides an API that answers requests.
type Need string

// The needs. A case that has none of the first three can be played over HTTP on any API; one that has all but Inside can
// be, on an API that has its powers.
const (
	Clock         Need = "clock"         // a clock that can be set
	Configuration Need = "configuration" // a verifier that is configured for the case
	Inside        Need = "inside"        // a look at what is not in the answer
	Guard         Need = "guard"         // what reads a request off the connection, not only a verifier
	Redirects     Need = "redirects"     // a fetcher that follows them
)

// A Case is one situation and what is expected of a verifier in it. The functions that end in Case make one, and its
// methods change it; each returns a changed copy.
type Case struct {
	testcase.Case
	// Expected is what is expected in the end.
	Expected Expectation `json:"expected"`
	// Modes are those in which the case is played.
	Modes []Mode `json:"modes"`
	// Needs is what it takes; empty for a case that any API can be asked.
	Needs []Need `json:"needs,omitempty"`
	// Fault is what the issuer does from the start.
	Fault fault.Fault `json:"fault,omitzero"`

	exact    bool   // the rule is about the answer, not only about the decision
	reported string // the rule that package verifier names, where that is another
	policies []Policy
	settings Settings // that no configuration of package verifier tells
	powers   []string // that no setting tells
	front    Front
	fresh    bool // on a target that was asked nothing before
	steps    []Step
}

// A Policy sets what of a verifier's configuration a case is about.
type Policy func(*Environment, *verifier.Config)

// A Step is one thing that happens in a case.
type Step struct {
	Do     func(*Run)         // happens first, if it is not nil
	Send   func(*Run) Request // makes what is sent then, if it is not nil
	Spread bool               // has the copies go to two processes in turn
	Copies int                // are sent at once; if there are several, one gets Want, and the others BadProof
	Want   Expectation
	Check  func(*Run, Answer) // looks at the answer, if it is not nil
}

// Has reports whether the case has a need.
func (c Case) Has(n Need) bool { return slices.Contains(c.Needs, n) }

// Configure sets what of a verifier's configuration the case is about. The rest of config must be good.
func (c Case) Configure(e *Environment, config *verifier.Config) {
	for _, policy := range c.policies {
		policy(e, config)
	}
}

// Front returns what stands in front of the API in a case that needs a [Guard].
func (c Case) Front() Front { return c.front }

// NewCase returns a case of a rule, to be played in every mode. The ID is that of the rule, a dot, and a few words for
// the situation; the reason says it in a line. Level and section are those of the rule in package rules. A rule of your
// own needs [Case.As].
func NewCase(id string, want Expectation, reason string, steps ...Step) Case {
	described := testcase.New(id, reason)
	return Case{Case: described, Expected: want, Modes: Modes(), reported: described.Rule, steps: steps}
}

// RequestCase is a case of one request.
func RequestCase(id string, want Expectation, reason string, send func(*Run) Request) Case {
	return NewCase(id, want, reason, Step{Send: send, Want: want})
}

// TokenCase is a case of one access token, sent by the scheme that the mode is about.
func TokenCase(id string, want Expectation, reason string, t Token) Case {
	return RequestCase(id, want, reason, Carrying(t))
}

// ProofCase is a case of one DPoP proof, which comes with a good token that is bound to its key.
func ProofCase(id string, want Expectation, reason string, p Proof) Case {
	return RequestCase(id, want, reason, AsDPoP(Token{Bound: true}, p)).In(Allowed, Required)
}

// ConfigCase is a case of a configuration that New must refuse, or take.
func ConfigCase(id string, want Expectation, reason string, policy Policy) Case {
	return NewCase(id, want, reason).Configured(policy).In(Allowed)
}

// InsideCase is a case that is played only in process, once.
func InsideCase(id string, want Expectation, reason string, steps ...Step) Case {
	return NewCase(id, want, reason, steps...).Needing(Inside).In(Allowed)
}

// UnusableCase is a case of an issuer whose keys could never be fetched, so nothing is known of a token.
func UnusableCase(id, reason string, f fault.Fault) Case {
	return TokenCase(id, Undecidable, reason, Token{}).WithFault(f).ReportedAs("")
}

// In has the case played only in some modes.
func (c Case) In(modes ...Mode) Case {
	c.Modes = modes
	return c
}

// Needing adds needs.
func (c Case) Needing(needs ...Need) Case {
	for _, n := range needs {
		if !c.Has(n) {
			c.Needs = append(slices.Clone(c.Needs), n)
		}
	}
	return c
}

// As gives the case another level than its rule has, with the section that says why.
func (c Case) As(level rules.Level, section string) Case {
	c.Level, c.Section, c.Basis = level, section, ""
	return c
}

// Exactly has the answer checked exactly over HTTP too.
func (c Case) Exactly() Case {
	c.exact = true
	return c
}

// ReportedAs is for a violation that package verifier reports under another rule, or under none if it is empty.
func (c Case) ReportedAs(rule string) Case {
	c.reported = rule
	return c
}

// Reported returns the rule that package verifier reports.
func (c Case) Reported() string { return c.reported }

// NeedsFresh reports whether the case needs a target that was asked nothing before.
func (c Case) NeedsFresh() bool { return c.fresh || c.Has(Clock) }

// Accepts reports whether a step of the case must be accepted, so that a target which accepts nothing can't pass.
func (c Case) Accepts() bool {
	return slices.ContainsFunc(c.steps, func(s Step) bool { return s.Want == Accepted && s.Send != nil })
}

// Starts reports whether the case is about whether a target starts at all.
func (c Case) Starts() bool { return len(c.steps) == 0 }

// Fresh has the case played on a target that was asked nothing before.
func (c Case) Fresh() Case {
	c.fresh = true
	return c
}

// OverTLS has the case played over TLS, where it is played over HTTP.
func (c Case) OverTLS() Case { return c.set("HOLDFAST_MTLS", "off") }

// AtAPIURL has a target elsewhere be known as [APIURL], as one in process is.
func (c Case) AtAPIURL() Case { return c.set("HOLDFAST_PUBLIC_URL", APIURL) }

func (c Case) set(variable, value string) Case {
	c.settings = maps.Clone(c.settings)
	if c.settings == nil {
		c.settings = make(Settings)
	}
	c.settings[variable] = value
	return c
}

// Having names powers that an API must have to be asked the case over HTTP, besides those of its settings.
func (c Case) Having(powers ...string) Case {
	c.powers = append(slices.Clone(c.powers), powers...)
	return c
}

// Configured configures the verifier for the case, on top of what it is configured for already.
func (c Case) Configured(policy Policy) Case {
	c.policies = append(slices.Clone(c.policies), policy)
	return c.Needing(Configuration)
}

// WithFault has the issuer show a fault from the start.
func (c Case) WithFault(f fault.Fault) Case {
	c.Fault = f
	return c
}

// Behind puts something in front of the API.
func (c Case) Behind(front Front) Case {
	c.front = front
	return c.Needing(Guard, Configuration)
}

// After has something happen before the first step.
func (c Case) After(do func(*Run)) Case {
	c.steps, c.fresh = append([]Step{{Do: do}}, c.steps...), true
	return c
}

// Checked sets what must hold of the last answer.
func (c Case) Checked(check func(*Run, Answer)) Case {
	c.steps = slices.Clone(c.steps)
	c.steps[len(c.steps)-1].Check = check
	return c
}
