package rules

import (
	"strings"
	"testing"
	"testing/fstest"
)

// A small register without faults.
const (
	goodRegister = `{
  "$schema": "register.schema.json",
  "topics": ["ACME"],
  "outcomes": [
    {"id": "tok", "meaning": "the token is bad", "class": "rejected", "status": 401, "error": "invalid_token"},
    {"id": "kept", "meaning": "nothing can break it"}
  ],
  "documents": [
    {"name": "acme-sdk", "title": "a library", "url": "https://acme.example"},
    {"name": "Acme Core", "title": "a specification", "standard": true},
    {"name": "OURS", "title": "our own"}
  ]
}`
	goodTopic = `{
  "$schema": "../topic.schema.json",
  "topic": "ACME",
  "title": "claims of a vendor",
  "note": "Of Acme only.",
  "rules": [
    {
      "id": "ACME-01",
      "level": "MUST",
      "text": "tenant is a string, & not <empty>",
      "sources": [
        {"document": "RFC 9449", "section": "4.3 (7)", "quote": "The tenant MUST be a string."},
        {"document": "RFC 7516"},
        {"document": "acme-sdk", "section": "check_tenant"}
      ],
      "violations": [{"outcome": "tok", "note": "if it is there"}]
    },
    {
      "id": "ACME-02",
      "level": "OURS",
      "text": "tenant is kept",
      "sources": [{"document": "OURS"}],
      "violations": [{"outcome": "kept"}]
    },
    {
      "id": "ACME-03",
      "level": "MUST",
      "text": "tenant is compared exactly",
      "security": "A tenant whose name is like that of another would have the access of the other",
      "sources": [{"document": "acme-sdk"}],
      "violations": [{"outcome": "tok"}]
    },
    {
      "id": "ACME-X-01",
      "level": "SHOULD",
      "text": "plan is a string",
      "sources": [{"document": "RFC 7519", "section": "B.1"}],
      "violations": [{"outcome": "tok"}]
    }
  ]
}`
)

func parseText(register, topic string) error {
	_, err := parse(fstest.MapFS{
		"register.json":    {Data: []byte(register)},
		"topics/acme.json": {Data: []byte(topic)},
	})
	return err
}

func TestParse(t *testing.T) {
	if err := parseText(goodRegister, goodTopic); err != nil {
		t.Fatal(err)
	}
}

// TestParseRefuses changes one thing of the small register's rules.
func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct{ name, old, now, want string }{
		{"not JSON", `"rules": [`, `"rules": {`, "invalid character"},
		{"data behind", "  ]\n}", "  ]\n} {}", "invalid character"},
		{"unknown member", `"level": "MUST",`, `"level": "MUST", "weight": 1,`, "unknown"},
		{"member twice", `"level": "MUST",`, `"level": "SHOULD", "level": "MUST",`, "twice there"},
		{"member in other case", `"level": "MUST"`, `"Level": "MUST"`, "unknown"},
		{"members out of order", `"level": "OURS",` + "\n      " + `"text": "tenant is kept"`, `"text": "tenant is kept", "level": "OURS"`, "out of order"},
		{"empty note", `"note": "if it is there"`, `"note": ""`, "empty"},
		{"other topic", `"topic": "ACME"`, `"topic": "ACNE"`, `the topic is "ACNE", want "ACME"`},
		{"no title", `"claims of a vendor"`, `""`, "the title"},
		{"note of two lines", "Of Acme only.", `Of Acme\nonly.`, "the note"},

		{"ID twice", "ACME-02", "ACME-01", "ACME-01 stands twice"},
		{"ID of another topic", "ACME-02", "CRED-02", "is not the topic"},
		{"ID without a number", "ACME-02", "ACME", "is not the topic"},
		{"ID of one digit", "ACME-02", "ACME-2", "is not the topic"},
		{"ID of three parts", "ACME-X-01", "ACME-X-Y-01", "is not the topic"},
		{"IDs out of order", "ACME-01", "ACME-03", "ACME-02 stands behind ACME-03"},
		{"unknown level", `"MUST"`, `"MAY"`, `the level is "MAY"`},
		{"no text", `"tenant is kept"`, `""`, "the text"},
		{"text of two lines", "tenant is kept", `tenant\nis kept`, "the text"},
		{"text that ends a cell", "tenant is kept", "tenant | is kept", "the text"},
		{"text with a space behind", "tenant is kept", "tenant is kept ", "the text"},
		{"text with a full stop", "tenant is kept", "tenant is kept.", "full stop"},

		{"no source", `[{"document": "OURS"}]`, `[]`, "there is no source"},
		{"unknown document", "RFC 7516", "Acme's site", "neither an RFC"},
		{"RFC without a space", "RFC 7516", "RFC7516", "neither an RFC"},
		{"section with a sign", `"B.1"`, `"§1"`, "not written as in 4.3"},
		{"section with an item without a space", "4.3 (7)", "4.3(7)", "not written as in 4.3"},
		{"several sections in one", "4.3 (7)", "4.3, 7.1", "not written as in 4.3"},
		{"section in words", `"B.1"`, `"security"`, "not written as in 4.3"},
		{"section of ours", `{"document": "OURS"}`, `{"document": "OURS", "section": "1"}`, "no text is meant"},
		{"quote of ours", `{"document": "OURS"}`, `{"document": "OURS", "quote": "We do."}`, "no text is meant"},
		{"quote without a section", `"section": "4.3 (7)", `, "", "no section that it stands in"},
		{"quote of two lines", "The tenant MUST", `The tenant\nMUST`, "a quote that is not a line"},
		{"quote over its bound", "The tenant MUST be", strings.Repeat("The tenant MUST be ", 30), "a quote that is not a line of text of at most 500 bytes"},
		{"MUST without a quote", `, "quote": "The tenant MUST be a string."`, "", "ACME-01: it is a MUST, but no sentence of a standard is quoted"},
		{"MUST by a library", `{"document": "RFC 9449", "section": "4.3 (7)", "quote": "The tenant MUST be a string."}`, `{"document": "acme-sdk", "section": "check", "quote": "It must."}`, "ACME-01: it is a MUST, but"},
		{"SHOULD with a reason of security", `"text": "plan is a string",`, `"text": "plan is a string", "security": "A plan that is not a string would be any plan at all",`, "is not that of a MUST"},
		{"reason of two words", "A tenant whose name is like that of another would have the access of the other", "It matters", "is not that of a MUST, or not a line of 40"},
		{"reason with a full stop", "would have the access of the other", "would have the access of the other.", "without a full stop"},
		{"source twice", `{"document": "RFC 7516"},`, `{"document": "RFC 9449", "section": "4.3 (7)"},`, "stands twice"},
		{"document in two places", `{"document": "acme-sdk", "section": "check_tenant"}`, `{"document": "RFC 9449", "section": "5"}`, "does not stand next to"},

		{"no violation", `[{"outcome": "kept"}]`, `[]`, "does not say what a violation gets"},
		{"unknown outcome", `"kept"`, `"lost"`, `the outcome "lost" is not one of register.json`},
		{"outcome twice", `[{"outcome": "kept"}]`, `[{"outcome": "kept"}, {"outcome": "kept", "note": "too"}]`, `the outcome "kept" stands twice`},
		{"note of a violation in two lines", "if it is there", `if it\nis there`, "the note"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			checkRefused(t, parseText(goodRegister, change(t, goodTopic, tt.old, tt.now)), tt.want)
		})
	}
}

// TestMustBySpecification quotes a document that is marked as a standard.
func TestMustBySpecification(t *testing.T) {
	quoted := change(t, goodTopic, `"document": "RFC 9449"`, `"document": "Acme Core"`)
	if err := parseText(goodRegister, quoted); err != nil {
		t.Error(err)
	}
	checkRefused(t, parseText(change(t, goodRegister, `, "standard": true`, ""), quoted), "ACME-01: it is a MUST, but")
}

func TestParseRefusesTopicWithoutRules(t *testing.T) {
	before, _, _ := strings.Cut(goodTopic, `"rules"`)
	checkRefused(t, parseText(goodRegister, before+`"rules": []}`), "the topic has no rules")
}

// TestParseRefusesRegister changes one thing of the small register's other file.
func TestParseRefusesRegister(t *testing.T) {
	for _, tt := range []struct{ name, old, now, want string }{
		{"topic without a file", `["ACME"]`, `["ACME", "NONE"]`, "topics/none.json: file does not exist"},
		{"file without a topic", `["ACME"]`, `[]`, "not listed in register.json"},
		{"topic twice", `["ACME"]`, `["ACME", "ACME"]`, "the topic ACME stands twice"},
		{"outcome twice", `"kept"`, `"tok"`, `the outcome "tok" stands twice`},
		{"outcome that is not a word", `"kept"`, `"401"`, "is not a word"},
		{"outcome without a meaning", `"nothing can break it"`, `""`, "has no meaning"},
		{"unknown class", `"rejected"`, `"refused"`, `the class "refused"`},
		{"status without a class", `"class": "rejected", `, "", "the status 401"},
		{"class without a status", `"status": 401, `, "", "the status 0"},
		{"status of a success", "401", "200", "the status 200"},
		{"document twice", `"name": "OURS"`, `"name": "acme-sdk"`, `the document "acme-sdk" stands twice`},
		{"document that is an RFC", `"name": "acme-sdk"`, `"name": "RFC 7519"`, "is an RFC"},
		{"document without a title", `"a library"`, `""`, "has no title"},
		{"unknown member", `"error": "invalid_token"`, `"errors": "invalid_token"`, "unknown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			checkRefused(t, parseText(change(t, goodRegister, tt.old, tt.now), goodTopic), tt.want)
		})
	}
}

// change returns text with its first old replaced by now.
func change(t *testing.T, text, old, now string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("there is no %q to change", old)
	}
	return strings.Replace(text, old, now, 1)
}

func checkRefused(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error = %v, want one with %q", err, want)
	}
}
