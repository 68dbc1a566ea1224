package rules

import (
	"slices"
	"testing"
)

func TestRegister(t *testing.T) {
	if _, err := parse(data); err != nil {
		t.Fatal(err)
	}
}

// TestEverythingIsUsed finds outcomes and documents that no rule names.
func TestEverythingIsUsed(t *testing.T) {
	used := make(map[string]bool)
	for _, r := range All() {
		for _, s := range r.Sources {
			used[s.Document] = true
		}
		for _, v := range r.Violations {
			used[v.Outcome] = true
		}
	}
	for _, d := range Documents() {
		if !used[d.Name] {
			t.Errorf("no rule cites %s", d.Name)
		}
	}
	for _, o := range Outcomes() {
		if !used[o.ID] {
			t.Errorf("no violation gets %s", o.ID)
		}
	}
}

func TestGet(t *testing.T) {
	got, ok := Get("DPOP-FORM-04")
	if !ok || got.Level != Must || got.Topic() != "DPOP" || got.Section() != "RFC 9449 4.2, 4.3 (7)" ||
		!slices.Equal(got.Violations, []Violation{{Outcome: "proof"}}) {
		t.Errorf("Get = %+v, %t", got, ok)
	}
	for _, id := range []string{"", "DPOP", "DPOP-FORM-4", "dpop-form-04", "NONE-01"} {
		if r, ok := Get(id); ok || r.ID != "" {
			t.Errorf("Get(%q) = %+v, %t", id, r, ok)
		}
	}
}

func TestSection(t *testing.T) {
	tests := []struct {
		sources []Source
		want    string
	}{
		{[]Source{{Document: "RFC 7516"}}, "RFC 7516"},
		{[]Source{{Document: "RFC 9449", Section: "4.3 (7)"}}, "RFC 9449 4.3 (7)"},
		{[]Source{{Document: "RFC 9449", Section: "8"}, {Document: "RFC 9449", Section: "9"}, {Document: "RFC 7517", Section: "5"}}, "RFC 9449 8, 9, RFC 7517 5"},
		{[]Source{{Document: "RFC 7800", Section: "3.1"}, {Document: "OURS"}}, "RFC 7800 3.1, OURS"},
	}
	for _, tt := range tests {
		if got := (Rule{Sources: tt.sources}).Section(); got != tt.want {
			t.Errorf("Section = %q, want %q", got, tt.want)
		}
	}
}

func TestBasis(t *testing.T) {
	nonces := Source{Document: "RFC 9449", Section: "8", Quote: "Nonce values MUST be unpredictable."}
	for _, tt := range []struct {
		rule Rule
		want string
	}{
		{Rule{Sources: []Source{{Document: "OURS"}}}, ""},
		{Rule{Sources: []Source{{Document: "RFC 9449", Section: "9"}, nonces}}, "“Nonce values MUST be unpredictable.” (RFC 9449 8)"},
		{Rule{Security: "The thief passes"}, "Security: The thief passes"},
		{Rule{Sources: []Source{nonces, {Document: "RFC 1", Section: "2", Quote: "It is so."}}, Security: "The thief passes"},
			"“Nonce values MUST be unpredictable.” (RFC 9449 8); “It is so.” (RFC 1 2); Security: The thief passes"},
	} {
		if got := tt.rule.Basis(); got != tt.want {
			t.Errorf("Basis = %s, want %s", got, tt.want)
		}
	}
}

// TestEveryMustHasItsBasis is told by the parser too; this one does not trust it.
func TestEveryMustHasItsBasis(t *testing.T) {
	for _, r := range All() {
		if r.Level == Must && r.Basis() == "" {
			t.Errorf("%s is a MUST without a sentence and without a reason of security", r.ID)
		}
	}
}

// TestResultsAreTheCallersOwn changes every result and finds the register as it was.
func TestResultsAreTheCallersOwn(t *testing.T) {
	change := func(r *Rule) { r.ID, r.Sources[0], r.Violations[0] = "X", Source{}, Violation{} }
	topics, all, outcomes, documents := Topics(), All(), Outcomes(), Documents()
	one, _ := Get(all[0].ID)
	for _, r := range []*Rule{&topics[0].Rules[0], &all[0], &one} {
		change(r)
	}
	topics[0].Name, outcomes[0], documents[0] = "X", Outcome{}, Document{}

	if first := Topics()[0]; first.Name == "X" || first.Rules[0].ID == "X" || first.Rules[0].Sources[0] == (Source{}) ||
		first.Rules[0].Violations[0] == (Violation{}) || Outcomes()[0] == (Outcome{}) || Documents()[0] == (Document{}) {
		t.Errorf("the register changed with what a caller got: %+v", first)
	}
}
