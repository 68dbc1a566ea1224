package integration

import (
	"path/filepath"
	"testing"
)

// TestSchemaOfVectors holds that each file of vectors is what its schema says, and nothing more.
func TestSchemaOfVectors(t *testing.T) {
	files, err := filepath.Glob("../vectors/[^s]*.json") // all but the schema
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files of vectors, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			var document map[string]any
			readJSON(t, file, &document)
			schema := schemaOf(t, file, document)
			if err := schema.Validate(document); err != nil {
				t.Fatal(err)
			}
			group := document["groups"].([]any)[0].(map[string]any)
			step := group["vectors"].([]any)[0].(map[string]any)["steps"].([]any)[0].(map[string]any)
			for name, part := range map[string]map[string]any{"file": document, "group": group, "policy": group["policy"].(map[string]any), "step": step} {
				part["unknown"] = true
				if schema.Validate(document) == nil {
					t.Errorf("an unknown member of a %s is valid", name)
				}
				delete(part, "unknown")
			}
		})
	}
}
