package integration

import (
	"maps"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const reportSchema = "../conformance/command/report.v1.schema.json"

// TestReportFollowsItsSchema plays a few cases and validates the report; the golden report has what a good API does not
// show.
func TestReportFollowsItsSchema(t *testing.T) {
	folder := t.TempDir()
	program, target, played := filepath.Join(folder, "conform"), filepath.Join(folder, "target"), filepath.Join(folder, "report.json")
	for output, source := range map[string]string{program: "../conformance/cmd/holdfast-conform", target: "../examples/conformtarget"} {
		if text, err := exec.Command("go", "build", "-o", output, source).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	}
	if text, err := exec.Command(program, "run", "-q", "-only", `^(CRED-0[1-4]|KEYS-01)\.`, "-json", played, "--", target).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	schema := closedSchema(t, reportSchema)
	for _, file := range []string{played, "../conformance/internal/report/testdata/report.json"} {
		var report map[string]any
		readJSON(t, file, &report)
		if err := schema.Validate(report); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		results := report["results"].([]any)
		for name, change := range map[string]func(report, result map[string]any){
			"another version": func(report, _ map[string]any) {
				report["$schema"] = strings.ReplaceAll(report["$schema"].(string), "v1", "v2")
			},
			"no results":         func(report, _ map[string]any) { delete(report, "results") },
			"an unknown level":   func(_, result map[string]any) { result["level"] = "MAY" },
			"an unknown outcome": func(_, result map[string]any) { result["outcome"] = "flaky" },
			"no rule":            func(_, result map[string]any) { delete(result, "rule") },
			"an unknown member":  func(_, result map[string]any) { result["weight"] = 1 },
		} {
			changed, result := maps.Clone(report), maps.Clone(results[0].(map[string]any))
			changed["results"] = []any{result}
			change(changed, result)
			if schema.Validate(changed) == nil {
				t.Errorf("%s: a report with %s is valid", file, name)
			}
		}
	}
}

// closedSchema returns a schema that permits only the members it describes. Published, it permits others, so that some can
// be added; here every member has to be described.
func closedSchema(t *testing.T, file string) *jsonschema.Schema {
	t.Helper()
	var document any
	readJSON(t, file, &document)
	closeObjects(document)
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(file, document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile(file)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func closeObjects(part any) {
	object, isObject := part.(map[string]any)
	if !isObject {
		return
	}
	for _, member := range object {
		closeObjects(member)
	}
	if object["type"] == "object" {
		object["additionalProperties"] = false
	}
}
