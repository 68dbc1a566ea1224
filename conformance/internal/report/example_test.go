package report_test

import (
	"fmt"
	"os"
	"time"

	"github.com/holdfast-go/holdfast/conformance/internal/report"
	"github.com/holdfast-go/holdfast/conformance/internal/result"
)

func Example() {
	run := result.Run{
		Tool: "holdfast-conform", Version: "0.1.0", Target: "https://api.example", Duration: 2 * time.Second,
		Results: []result.Result{
			{Case: result.Case{ID: "JWS-09.none", Topic: "JWS", Level: result.Must}, Outcome: result.Passed},
			{
				Case: result.Case{ID: "CHAL-11.no-store", Topic: "CHAL", Level: result.Should, Section: "RFC 6750 5.3",
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
