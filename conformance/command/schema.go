package command

import (
	_ "embed" // the schema
	"fmt"
	"io"
)

//go:embed report.v1.schema.json
var reportSchema string

// schema prints the JSON Schema of the reports that run -json writes.
func schema(args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		return complain(stderr, fmt.Sprintf("schema takes no arguments: leave out %q", args[0]))
	}
	if _, err := io.WriteString(stdout, reportSchema); err != nil {
		return complain(stderr, err.Error())
	}
	return exitHolds
}
