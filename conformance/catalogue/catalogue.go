package catalogue

import (
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/rules"
	"github.com/holdfast-go/holdfast/verifier"
)

// A Level is how much a rule weighs.
type Level = rules.Level

// The levels.
const (
	Must   = rules.Must   // the source demands it, or safety does
	Should = rules.Should // the source recommends it
	Ours   = rules.Ours   // the sources leave it open, and this is Holdfast's choice
)

// A Mode is how an API takes DPoP.
type Mode string

// The modes.
const (
	Allowed  Mode = "allowed"  // Bearer and DPoP are offered
	Required Mode = "required" // DPoP alone
	Disabled Mode = "disabled" // Bearer alone
)

// Modes returns all modes.
func Modes() []Mode { return []Mode{Allowed, Required, Disabled} }

// A Need is what a case takes beside an API that answers requests.
type Need string

// The needs. A case that has none of the first three can be played over HTTP on any API.
const (
	Clock         Need = "clock"         // a clock that can be set
	Configuration Need = "configuration" // a verifier that is configured for the case
	Inside        Need = "inside"        // a look at what is not in the answer
	Guard         Need = "guard"         // what reads a request off the connection, and not a verifier alone
	Redirects     Need = "redirects"     // a fetcher that follows them
)

// A Case is one situation and what must come of it.
type Case struct {
	// ID is unique: the rule and a few words for the situation, as in DPOP-CLM-02.another-method.
	ID string `json:"id"`
	// Rule is the ID of the rule, as package rules lists it.
	Rule string `json:"rule"`
	// Topic is what the rule is about, as in DPOP.
	Topic string `json:"topic"`
	// Level is that of the rule, or a lower one where the source permits what the case forbids.
	Level Level `json:"level"`
	// Section is where the rule comes from.
	Section string `json:"section"`
	// Reason is the situation in a line.
	Reason string `json:"reason"`
	// Expected is what must come of it in the end.
	Expected Outcome `json:"expected"`
	// Modes are those in which the case is played.
	Modes []Mode `json:"modes"`
	// Needs is what it takes; empty for a case that any API can be asked.
	Needs []Need `json:"needs,omitempty"`
	// Setting is what the issuer does from the start.
	Setting Setting `json:"setting,omitempty"`

	exact  bool   // the rule is about the answer, not only about the decision
	fault  string // the rule that package verifier names, where that is another
	policy func(*World, *verifier.Config)
	front  Front
	steps  []step
}

// A step is one thing that happens in a case.
type step struct {
	do     func(*scene)         // first, if not nil
	send   func(*scene) Request // then this is sent, if not nil
	copies int                  // at once; over 1, one of them gets want and the others a bad proof
	want   Outcome
	check  func(*scene, Answer) // and this holds of the answer, if not nil
}

// BlackBox reports whether the case can be played over HTTP on any API.
func (c Case) BlackBox() bool {
	return !slices.ContainsFunc(c.Needs, func(n Need) bool { return n == Clock || n == Configuration || n == Inside })
}

// Has reports whether the case has a need.
func (c Case) Has(n Need) bool { return slices.Contains(c.Needs, n) }

// Configure sets what of a verifier's configuration the case is about. The rest of config must be good.
func (c Case) Configure(w *World, config *verifier.Config) {
	if c.policy != nil {
		c.policy(w, config)
	}
}

// Front returns what stands in front of the API in a case that needs a [Guard].
func (c Case) Front() Front { return c.front }

// Cases returns the whole catalogue, in the order of the topics of package rules.
func Cases() []Case {
	return slices.Concat(
		credCases(), jwsCases(), typCases(), claimCases(), keysCases(), discCases(), cacheCases(), keyFaultCases(), chalCases(),
		dpopCases(), nonceCases(), mtlsCases(), proxyCases(), actCases(),
	)
}

// Control returns a case that any API must accept: a good token, and a good proof where one is needed. What rejects that
// too has shown nothing by its rejections.
func Control() Case {
	return tokenCase("CRED-01.one", accepted, "one Authorization field with a good token", token{})
}

// newCase returns a case of a rule, to be played in every mode.
func newCase(id string, want Outcome, reason string, steps ...step) Case {
	name, _, _ := strings.Cut(id, ".")
	topic, _, _ := strings.Cut(name, "-")
	r, _ := rules.Get(name) // a test finds an ID that is not in the register
	return Case{
		ID: id, Rule: name, Topic: topic, Level: r.Level, Section: r.Section(), Reason: reason,
		Expected: want, Modes: Modes(), fault: name, steps: steps,
	}
}

// requestCase is a case of one request.
func requestCase(id string, want Outcome, reason string, send func(*scene) Request) Case {
	return newCase(id, want, reason, step{send: send, want: want})
}

// tokenCase is a case of one token, sent by the scheme that the mode is about.
func tokenCase(id string, want Outcome, reason string, t token) Case {
	return requestCase(id, want, reason, func(s *scene) Request { return s.carry(t) })
}

// proofCase is a case of one DPoP proof, which comes with a good token that is bound to its key.
func proofCase(id string, want Outcome, reason string, p proof) Case {
	return requestCase(id, want, reason, func(s *scene) Request { return s.proved(s.sign(token{bound: true}), p) }).
		in(Allowed, Required)
}

// configCase is a case of a configuration that New must refuse, or take.
func configCase(id string, want Outcome, reason string, policy func(*World, *verifier.Config)) Case {
	return newCase(id, want, reason).with(policy).in(Allowed)
}

// insideCase is a case that is played in process alone, once.
func insideCase(id string, want Outcome, reason string, steps ...step) Case {
	return newCase(id, want, reason, steps...).needs(Inside).in(Allowed)
}

func (c Case) in(modes ...Mode) Case {
	c.Modes = modes
	return c
}

func (c Case) needs(needs ...Need) Case {
	for _, n := range needs {
		if !c.Has(n) {
			c.Needs = append(slices.Clone(c.Needs), n)
		}
	}
	return c
}

// as gives the case another level than its rule has, with the section that says why.
func (c Case) as(level Level, section string) Case {
	c.Level, c.Section = level, section
	return c
}

// exactly has the answer judged exactly over HTTP too.
func (c Case) exactly() Case {
	c.exact = true
	return c
}

// named is for a fault that package verifier counts under another rule.
func (c Case) named(rule string) Case {
	c.fault = rule
	return c
}

// with configures the verifier for the case.
func (c Case) with(policy func(*World, *verifier.Config)) Case {
	c.policy = policy
	return c.needs(Configuration)
}

// while has the issuer do something else than usual from the start.
func (c Case) while(setting Setting) Case {
	c.Setting = setting
	return c
}

// behind puts something in front of the API.
func (c Case) behind(front Front) Case {
	c.front = front
	return c.needs(Guard, Configuration)
}
