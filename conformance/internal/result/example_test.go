package result_test

import (
	"encoding/json"
	"fmt"

	"github.com/holdfast-go/holdfast/conformance/internal/result"
	"github.com/holdfast-go/holdfast/conformance/testcase"
	"github.com/holdfast-go/holdfast/rules"
)

func Example() {
	written, err := json.Marshal(result.Result{
		Case: testcase.Case{ID: "JWS-09.none", Rule: "JWS-09", Topic: "JWS", Level: rules.Must, Section: "RFC 8725 3.2", Reason: "alg is none"},
		Mode: "allowed", Outcome: result.Passed, Expected: "401 invalid_token", Actual: "401",
	})
	fmt.Println(string(written), err)
	// Output: {"id":"JWS-09.none","rule":"JWS-09","topic":"JWS","level":"MUST","section":"RFC 8725 3.2","reason":"alg is none","mode":"allowed","outcome":"passed","expected":"401 invalid_token","actual":"401","duration":0} <nil>
}
