package rules

import (
	"embed"
	"slices"
	"strings"
	"sync"
)

// A Level is how much a rule weighs.
type Level string

// The levels.
const (
	Must   Level = "MUST"   // a sentence of a standard demands it, or security does: see [Rule.Basis]
	Should Level = "SHOULD" // a source recommends it
	Ours   Level = "OURS"   // the sources leave it open, and this is Holdfast's choice
)

// A Rule is one row of the register.
type Rule struct {
	// ID is unique and stable: the topic, perhaps a part of it, and a number, as in DPOP-CLM-02.
	ID    string `json:"id"`
	Level Level  `json:"level"`
	// Text is the rule in one line of Markdown, without a full stop.
	Text string `json:"text"`
	// Security is the attack that passes where the rule is broken, if the rule is a MUST for that reason. It is often empty.
	Security string `json:"security,omitempty"`
	// Sources are where the rule comes from, the most important first. There is at least one.
	Sources []Source `json:"sources"`
	// Violations are what a violation gets, one of them in each situation. There is at least one.
	Violations []Violation `json:"violations"`
}

// Topic returns what the rule is about, as in DPOP: the name of its [Topic].
func (r Rule) Topic() string {
	topic, _, _ := strings.Cut(r.ID, "-")
	return topic
}

// Section returns the rule's sources in a line, as in "RFC 9449 4.2, 4.3 (7), RFC 7517 5".
func (r Rule) Section() string {
	var parts []string
	for i, s := range r.Sources {
		if i > 0 && s.Section != "" && r.Sources[i-1].Document == s.Document {
			parts = append(parts, s.Section)
		} else {
			parts = append(parts, s.String())
		}
	}
	return strings.Join(parts, ", ")
}

// Basis returns what the level rests on: the sentences of the sources, each with the place where it stands, and the reason
// of security, as in “Nonce values MUST be unpredictable.” (RFC 9449 8). A MUST has one of them at least; other levels often
// have neither, and an empty basis.
func (r Rule) Basis() string {
	var parts []string
	for _, s := range r.Sources {
		if s.Quote != "" {
			parts = append(parts, "“"+s.Quote+"” ("+s.String()+")")
		}
	}
	if r.Security != "" {
		parts = append(parts, "Security: "+r.Security)
	}
	return strings.Join(parts, "; ")
}

// A Source is what a rule comes from.
type Source struct {
	// Document is an RFC, as in "RFC 9449", or the name of a [Document].
	Document string `json:"document"`
	// Section is a section of the document, with the number of an item if it is a list, as in "4.3 (7)", or an
	// identifier of a library. It is empty where the whole document is meant.
	Section string `json:"section,omitempty"`
	// Quote is what the section says of the rule, word for word, at most 500 bytes; [...] stands for what is left out. It is
	// empty where none was recorded.
	Quote string `json:"quote,omitempty"`
}

// String returns the document and the section, as in "RFC 9449 4.3 (7)".
func (s Source) String() string { return strings.TrimSpace(s.Document + " " + s.Section) }

// A Violation is what a request gets that breaks a rule, or a caller.
type Violation struct {
	// Outcome is the ID of an [Outcome].
	Outcome string `json:"outcome"`
	// Note says when it is this outcome, or how it differs. It is often empty.
	Note string `json:"note,omitempty"`
}

// An Outcome is an answer that a violation gets.
type Outcome struct {
	ID      string `json:"id"`
	Meaning string `json:"meaning"`
	// Class is that of verifier.Error: rejected, undecidable or misconfigured. It is empty where there is no such error.
	Class string `json:"class,omitempty"`
	// Status is that of HTTP, 0 where nothing is answered.
	Status int `json:"status,omitempty"`
	// Error is the OAuth error code. It is empty where the answer has none.
	Error string `json:"error,omitempty"`
	// Challenge says which WWW-Authenticate fields the answer has, in a few words.
	Challenge string `json:"challenge,omitempty"`
}

// A Document is a source other than an RFC.
type Document struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	URL   string `json:"url,omitempty"`
	// Standard is whether a sentence of the document makes a rule a [Must], as one of an RFC does.
	Standard bool `json:"standard,omitempty"`
}

// A Topic is what a number of rules is about.
type Topic struct {
	Name  string `json:"topic"` // as in DPOP
	Title string `json:"title"`
	// Note is a sentence about the topic in Markdown. It is often empty.
	Note  string `json:"note,omitempty"`
	Rules []Rule `json:"rules"`
}

//go:embed register.json topics/*.json
var data embed.FS

// book is the register, read at its first use.
var book = sync.OnceValue(func() *register {
	r, err := parse(data)
	if err != nil {
		panic("rules: " + err.Error()) // tests parse the very same bytes
	}
	return r
})

// All returns every rule, in the order of the topics and their IDs. As with each function of this package, the result is
// the caller's own.
func All() []Rule {
	var all []Rule
	for _, t := range Topics() {
		all = append(all, t.Rules...)
	}
	return all
}

// Get returns the rule of an ID, and whether there is one.
func Get(id string) (Rule, bool) {
	r, known := book().byID[id]
	return r.clone(), known
}

// Topics returns the topics with their rules.
func Topics() []Topic {
	topics := slices.Clone(book().topics)
	for i, t := range topics {
		topics[i].Rules = slices.Clone(t.Rules)
		for j, r := range t.Rules {
			topics[i].Rules[j] = r.clone()
		}
	}
	return topics
}

// Outcomes returns the outcomes that violations name.
func Outcomes() []Outcome { return slices.Clone(book().outcomes) }

// Documents returns the sources that are not RFCs.
func Documents() []Document { return slices.Clone(book().documents) }

func (r Rule) clone() Rule {
	r.Sources, r.Violations = slices.Clone(r.Sources), slices.Clone(r.Violations)
	return r
}
