package runner_test

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast-go/holdfast/conformance/internal/runner"
	"github.com/holdfast-go/holdfast/conformance/player"
)

// A target that does not start has a result for every case all the same.
func Example() {
	played, err := runner.Run(context.Background(), runner.Config{
		Command: []string{"/no/such/api"}, Modes: []player.Mode{player.Required}, Audience: "https://api.example/",
		Cases:        []player.Case{player.Control()},
		StartTimeout: time.Second, RequestTimeout: time.Second, Timeout: time.Minute,
	})
	fmt.Println(len(played.Results), played.Results[0].ID, played.Results[0].Outcome, err)
	// Output: 1 CRED-01.one undecided <nil>
}
