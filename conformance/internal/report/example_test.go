package report_test

import (
	"fmt"
	"os"
	"time"

	"github.com/holdfast-go/holdfast/conformance/internal/report"
	"github.com/holdfast-go/holdfast/conformance/internal/result"
	"github.com/holdfast-go/holdfast/conformance/testcase"
	"github.com/holdfast-go/holdfast/rules"
)

func Example() {
	run := result.Run{
		Tool: "holdfast-conform", Version: "0.1.0", Target: "https://api.example", Duration: 2 * time.Second,
		Results: []result.Result{
			{Case: testcase.Case{ID: "JWS-09.none", Topic: "JWS", Level: rules.Must}, Outcome: result.Passed},
			{
				Case: testcase.Case{ID: "CHAL-11.no-store", Topic: "CHAL", Level: rules.Should, Section: "RFC 6750 5.3",
					Reason: "No cache keeps a rejection"},
				Outcome: result.Failed, Expected: "Cache-Control: no-store", Actual: "no Cache-Control",
			},
		},
	}
	if err := report.Table(os.Stdout, run); err != nil {
		fmt.Println(err)
	}
	// Output:
	// topic  MUST  SHOULD  OURS  failed  undecided  skipped
	// JWS     1/1       -     -       -          -        -
	// CHAL      -     0/1     -       1          -        -
	// all     1/1     0/1     -       1          -        -
	//
	// failed: CHAL-11.no-store (SHOULD; RFC 6750 5.3)
	//   No cache keeps a rejection
	//   expected  Cache-Control: no-store
	//   actual    no Cache-Control
	//
	// holdfast-conform 0.1.0 against https://api.example: 2 results in 2s. Every MUST holds.
}
