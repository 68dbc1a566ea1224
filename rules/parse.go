package rules

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A register is what the files say.
type register struct {
	topics    []Topic
	outcomes  []Outcome
	documents []Document
	byID      map[string]Rule
	faults    []error
}

// parse reads the files and returns every fault of theirs at once.
func parse(files fs.FS) (*register, error) {
	r := &register{byID: make(map[string]Rule)}
	var head struct {
		Schema    string     `json:"$schema"`
		Topics    []string   `json:"topics"`
		Outcomes  []Outcome  `json:"outcomes"`
		Documents []Document `json:"documents"`
	}
	r.read(files, "register.json", &head)
	r.outcomes, r.documents = head.Outcomes, head.Documents
	r.checkOutcomes()
	r.checkDocuments()

	names, err := fs.Glob(files, "topics/*")
	if err != nil {
		return nil, err
	}
	listed := make(map[string]bool)
	for _, name := range head.Topics {
		file := "topics/" + strings.ToLower(name) + ".json"
		if listed[file] {
			r.fault("register.json: the topic %s stands twice", name)
			continue
		}
		listed[file] = true
		r.readTopic(files, file, name)
	}
	for _, file := range names {
		if !listed[file] {
			r.fault("%s: the topic %s is not listed in register.json", file, strings.TrimSuffix(path.Base(file), ".json"))
		}
	}
	return r, errors.Join(r.faults...)
}

func (r *register) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf(format, args...))
}

// read reads a file into a struct that has exactly its members: what would be written of the struct is what the file
// says, white space apart. A member that is unknown, stands twice, is spelled otherwise, is out of order or is empty
// makes a difference.
func (r *register) read(files fs.FS, name string, into any) {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		r.fault("%s: %w", name, err)
		return
	}
	if err := json.Unmarshal(text, into); err != nil {
		r.fault("%s: %w", name, err)
		return
	}
	var got, want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	if err := errors.Join(json.Compact(&got, text), encoder.Encode(into)); err != nil {
		r.fault("%s: %w", name, err)
		return
	}
	if at := difference(got.String(), strings.TrimSpace(want.String())); at != "" {
		r.fault("%s: a member is missing, unknown, empty, twice there or out of order near %q", name, at)
	}
}

// difference returns what got has from shortly before it differs from want.
func difference(got, want string) string {
	if got == want {
		return ""
	}
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	return got[max(i-20, 0):min(i+40, len(got))]
}

// readTopic reads the rules of one topic.
func (r *register) readTopic(files fs.FS, file, name string) {
	var t struct {
		Schema string `json:"$schema"`
		Topic
	}
	r.read(files, file, &t)
	if t.Name != name {
		r.fault("%s: the topic is %q, want %q as in register.json", file, t.Name, name)
	}
	if !isLine(t.Title) {
		r.fault("%s: the title %q is not a line of text", file, t.Title)
	}
	if t.Note != "" && !isLine(t.Note) {
		r.fault("%s: the note %q is not a line of text", file, t.Note)
	}
	if len(t.Rules) == 0 {
		r.fault("%s: the topic has no rules", file)
	}
	for i, rule := range t.Rules {
		_, known := r.byID[rule.ID]
		switch {
		case !ruleID.MatchString(rule.ID) || rule.Topic() != name:
			r.fault("%s: the ID %q is not the topic, perhaps a part of it, and two digits, as in %s-01", file, rule.ID, name)
		case known:
			r.fault("%s: %s stands twice", file, rule.ID)
		case i > 0 && group(t.Rules[i-1]) == group(rule) && t.Rules[i-1].ID > rule.ID:
			r.fault("%s: %s stands behind %s", file, rule.ID, t.Rules[i-1].ID)
		}
		r.byID[rule.ID] = rule
		for _, fault := range r.ruleFaults(rule) {
			r.fault("%s: %s: %s", file, rule.ID, fault)
		}
	}
	r.topics = append(r.topics, t.Topic)
}

var ruleID = regexp.MustCompile(`^[A-Z]+(-[A-Z]+)?-[0-9]{2}$`)

// group is an ID without its number.
func group(r Rule) string { return strings.TrimRight(r.ID, "0123456789") }

// ruleFaults returns what is wrong with a rule, its ID apart.
func (r *register) ruleFaults(rule Rule) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if !slices.Contains([]Level{Must, Should, Ours}, rule.Level) {
		fault("the level is %q, want MUST, SHOULD or OURS", rule.Level)
	}
	if !isLine(rule.Text) || strings.HasSuffix(rule.Text, ".") {
		fault("the text %q is not a line of text without a full stop", rule.Text)
	}
	if rule.Security != "" && (rule.Level != Must || !isLine(rule.Security) || len(rule.Security) < 40 || len(rule.Security) > maxText || strings.HasSuffix(rule.Security, ".")) {
		fault("the reason of security %q is not that of a MUST, or not a line of 40 to %d bytes without a full stop", rule.Security, maxText)
	}
	if rule.Level == Must && rule.Security == "" && !slices.ContainsFunc(rule.Sources, func(s Source) bool { return s.Quote != "" && r.isStandard(s.Document) }) {
		fault("it is a MUST, but no sentence of a standard is quoted, and no reason of security is given; if there is neither, it is SHOULD or OURS")
	}
	if len(rule.Sources) == 0 {
		fault("there is no source; if the rule is Holdfast's own, the document is OURS")
	}
	for i, s := range rule.Sources {
		if wrong := r.sourceFault(s); wrong != "" {
			fault("the source %q %s", s, wrong)
		}
		for _, other := range rule.Sources[:i] {
			if other.String() == s.String() {
				fault("the source %q stands twice", s)
			} else if other.Document == s.Document && rule.Sources[i-1].Document != s.Document {
				fault("the source %q does not stand next to %q", s, other)
			}
		}
	}
	if len(rule.Violations) == 0 {
		fault("it does not say what a violation gets; if no request can break the rule, the outcome is kept")
	}
	for i, v := range rule.Violations {
		if !slices.ContainsFunc(r.outcomes, func(o Outcome) bool { return o.ID == v.Outcome }) {
			fault("the outcome %q is not one of register.json", v.Outcome)
		}
		if v.Note != "" && !isLine(v.Note) {
			fault("the note %q is not a line of text", v.Note)
		}
		if slices.ContainsFunc(rule.Violations[:i], func(other Violation) bool { return other.Outcome == v.Outcome }) {
			fault("the outcome %q stands twice", v.Outcome)
		}
	}
	return faults
}

var (
	rfc        = regexp.MustCompile(`^RFC [1-9][0-9]{2,4}$`)
	numbered   = regexp.MustCompile(`^([1-9][0-9]*|[A-Z])(\.[1-9][0-9]*)*( \([1-9][0-9]*\))?$`)
	identifier = regexp.MustCompile(`^[A-Za-z_]+$`)
)

// sourceFault returns what is wrong with a source, or nothing.
func (r *register) sourceFault(s Source) string {
	isRFC := rfc.MatchString(s.Document)
	switch {
	case !isRFC && !slices.ContainsFunc(r.documents, func(d Document) bool { return d.Name == s.Document }):
		return "is neither an RFC, as in RFC 9449, nor a document of register.json"
	case s.Section != "" && !numbered.MatchString(s.Section) && (isRFC || !identifier.MatchString(s.Section)):
		return "has a section that is not written as in 4.3 or 4.3 (7)"
	case s.Document == "OURS" && (s.Section != "" || s.Quote != ""):
		return "has a section or a quote, but no text is meant"
	case s.Quote != "" && (s.Section == "" || !isLine(s.Quote) || len(s.Quote) > maxText):
		return fmt.Sprintf("has a quote that is not a line of text of at most %d bytes, or no section that it stands in", maxText)
	}
	return ""
}

// maxText bounds a quote and a reason, so that they fit next to a failure.
const maxText = 500

// isStandard tells whether a sentence of a document can demand something.
func (r *register) isStandard(document string) bool {
	return rfc.MatchString(document) || slices.ContainsFunc(r.documents, func(d Document) bool { return d.Name == document && d.Standard })
}

func (r *register) checkOutcomes() {
	seen := make(map[string]bool)
	for _, o := range r.outcomes {
		switch {
		case seen[o.ID] || !identifier.MatchString(o.ID):
			r.fault("register.json: the outcome %q stands twice, or is not a word", o.ID)
		case !isLine(o.Meaning):
			r.fault("register.json: the outcome %s has no meaning", o.ID)
		case !slices.Contains([]string{"", "rejected", "undecidable", "misconfigured"}, o.Class):
			r.fault("register.json: the outcome %s has the class %q, want rejected, undecidable or misconfigured", o.ID, o.Class)
		case (o.Status == 0) != (o.Class == "") || o.Status != 0 && (o.Status < 400 || o.Status > 599):
			r.fault("register.json: the outcome %s has the status %d, want 400 to 599 with a class, and none without", o.ID, o.Status)
		}
		seen[o.ID] = true
	}
}

func (r *register) checkDocuments() {
	seen := make(map[string]bool)
	for _, d := range r.documents {
		if seen[d.Name] || !isLine(d.Name) || !isLine(d.Title) || rfc.MatchString(d.Name) {
			r.fault("register.json: the document %q stands twice, is an RFC, or has no title", d.Name)
		}
		seen[d.Name] = true
	}
}

// isLine reports whether text is one line that fits into a cell of a Markdown table.
func isLine(text string) bool {
	return text != "" && strings.TrimSpace(text) == text && !strings.ContainsAny(text, "\n\r\t|")
}
