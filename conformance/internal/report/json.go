package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/holdfast-go/holdfast/conformance/internal/result"
)

// maxBaselineBytes bounds the report that is read as a baseline; one of the whole catalogue is under 1 MiB.
const maxBaselineBytes = 64 << 20

// Schema is the identifier of the JSON Schema of the reports, conformance/command/report.v1.schema.json. A change that readers
// of reports have to know has another version.
const Schema = "https://github.com/holdfast-go/holdfast/conformance/command/report.v1.schema.json"

// JSON writes the run as one JSON object, whose members are those of [result.Run].
func JSON(w io.Writer, run result.Run) error {
	run.Schema = Schema
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(run)
}

// ReadJSON reads what [JSON] wrote. Anything else, and anything over 64 MiB, is an error.
func ReadJSON(r io.Reader) (result.Run, error) {
	var run result.Run
	text, err := io.ReadAll(io.LimitReader(r, maxBaselineBytes+1))
	if err != nil {
		return result.Run{}, err
	}
	if len(text) > maxBaselineBytes {
		return result.Run{}, errors.New("over 64 MiB: this is not a report of holdfast-conform")
	}
	if err := json.Unmarshal(text, &run); err != nil {
		return result.Run{}, fmt.Errorf("no report of holdfast-conform: %w", err)
	}
	if run.Tool == "" || len(run.Results)+len(run.Faults) == 0 {
		return result.Run{}, errors.New("no report of holdfast-conform: it has no tool, or neither results nor faults")
	}
	return run, nil
}
