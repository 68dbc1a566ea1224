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
		Chosen:       func(c player.Case) bool { return c.ID == "DPOP-CLM-02.another" },
		StartTimeout: time.Second, RequestTimeout: time.Second, Timeout: time.Minute,
	})
	fmt.Println(len(played.Results), played.Results[0].ID, played.Results[0].Outcome, err)
	// Output: 1 DPOP-CLM-02.another undecided <nil>
}
