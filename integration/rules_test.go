package integration

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/holdfast-go/holdfast/conformance/catalogue"
	"github.com/holdfast-go/holdfast/rules"
)

// ruleNamed is what looks like the ID of a rule.
var ruleNamed = regexp.MustCompile(`\b[A-Z]+(?:-[A-Z]+)?-[0-9]{2}\b`)

// TestEveryRuleThatIsNamedIsInTheRegister reads the whole repository: errors, cases, names of tests, comments and documents. It knows
// a rule by its topic, and in released code also by a text that is nothing but an ID.
func TestEveryRuleThatIsNamedIsInTheRegister(t *testing.T) {
	topics := make(map[string]bool)
	for _, topic := range rules.Topics() {
		topics[topic.Name] = true
	}
	named := 0
	check := func(file string, text []byte) {
		for _, at := range ruleNamed.FindAllIndex(text, -1) {
			id := string(text[at[0]:at[1]])
			if topic, _, _ := strings.Cut(id, "-"); !topics[topic] && !(isReleasedCode(file) && isQuoted(text, at[0], at[1]) && !strings.HasPrefix(id, "ML-DSA-")) {
				continue
			}
			named++
			if _, known := rules.Get(id); !known {
				t.Errorf("%s: the rule %s is not in the register", file, id)
			}
		}
	}
	walkRepository(t, ".go", check)
	walkRepository(t, ".md", check)
	if named < 1000 {
		t.Errorf("found %d names of rules", named)
	}
}

// isReleasedCode tells whether a file is code of a module that can name rules, other than a test.
func isReleasedCode(file string) bool {
	module, _, _ := strings.Cut(file, "/")
	return slices.Contains([]string{"verifier", "adapters", "conformance"}, module) && strings.HasSuffix(file, ".go") && !strings.HasSuffix(file, "_test.go")
}

// isQuoted tells whether a part of text is a literal of its own.
func isQuoted(text []byte, from, to int) bool {
	return from > 0 && to < len(text) && text[from-1] == '"' && text[to] == '"'
}

// TestEveryRuleIsTested finds rules that neither a case nor a test of ours names.
func TestEveryRuleIsTested(t *testing.T) {
	tested := make(map[string]bool)
	for _, c := range catalogue.Cases() {
		tested[c.Rule] = true
	}
	walkRepository(t, ".go", func(file string, text []byte) {
		if strings.HasSuffix(file, "_test.go") && path.Dir(file) != "rules" {
			for _, id := range ruleNamed.FindAll(text, -1) {
				tested[string(id)] = true
			}
		}
	})
	for _, r := range rules.All() {
		if !tested[r.ID] {
			t.Errorf("nothing tests %s", r.ID)
		}
	}
}

// resultRow is a row of docs/conformance.md: what a system breaks of a rule.
var resultRow = regexp.MustCompile(`(?m)^\| ([A-Z]+(?:-[A-Z]+)?-[0-9]{2}) \| ([A-Z]+) \| ([^|]*) \|`)

// TestResultsHaveTheLevelsOfTheRegister fails after a change of a level or a section until make conform has written the
// page of results again. A case can have a lower level than its rule, for a reason that its section says.
func TestResultsHaveTheLevelsOfTheRegister(t *testing.T) {
	page, err := os.ReadFile("../docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	type source struct{ rule, level, section string }
	cases := make(map[source]bool)
	for _, c := range catalogue.Cases() {
		cases[source{c.Rule, string(c.Level), c.Section}] = true
	}
	rows := resultRow.FindAllStringSubmatch(string(page), -1)
	if len(rows) < 50 {
		t.Errorf("found %d rows", len(rows))
	}
	for _, row := range rows {
		if !cases[source{row[1], row[2], row[3]}] {
			t.Errorf("no case of %s has the level %s and the section %q", row[1], row[2], row[3])
		}
	}
}

// TestRegisterFollowsItsSchemas is for those who read the register in another language.
func TestRegisterFollowsItsSchemas(t *testing.T) {
	files, err := filepath.Glob("../rules/topics/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, "../rules/register.json") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			var document map[string]any
			readJSON(t, file, &document)
			schema := schemaOf(t, file, document)
			if err := schema.Validate(document); err != nil {
				t.Fatal(err)
			}
			document["unknown"] = true
			if schema.Validate(document) == nil {
				t.Error("an unknown member is valid")
			}
		})
	}
}

// TestSchemaOfRulesRefuses changes one member of the first rule of a topic.
func TestSchemaOfRulesRefuses(t *testing.T) {
	for _, tt := range []struct {
		member, now string
	}{
		{"id", `"CRED-1"`},
		{"level", `"MAY"`},
		{"text", `"It ends with a full stop."`},
		{"text", `"a | b"`},
		{"sources", `[]`},
		{"sources", `[{"document": "RFC 6750", "section": "§3.1"}]`},
		{"sources", `[{"section": "3.1"}]`},
		{"sources", `[{"document": "RFC 6750", "section": "3.1", "quote": ""}]`},
		{"sources", `[{"document": "RFC 6750", "section": "3.1"}]`}, // of a MUST
		{"security", `"too short"`},
		{"violations", `[]`},
		{"violations", `[{"note": "no outcome"}]`},
		{"unknown", `1`},
	} {
		t.Run(tt.member+" "+tt.now, func(t *testing.T) {
			const file = "../rules/topics/cred.json"
			var document map[string]any
			readJSON(t, file, &document)
			var now any
			decode(t, tt.now, &now)
			document["rules"].([]any)[0].(map[string]any)[tt.member] = now
			if schemaOf(t, file, document).Validate(document) == nil {
				t.Error("it is valid")
			}
		})
	}
}

// schemaOf returns the schema that a file names as its own.
func schemaOf(t *testing.T, file string, document map[string]any) *jsonschema.Schema {
	t.Helper()
	name, _ := document["$schema"].(string)
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(filepath.Dir(file), name))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func readJSON(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}
