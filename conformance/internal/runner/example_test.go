package runner_test

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast-go/holdfast/conformance/internal/runner"
	"github.com/holdfast-go/holdfast/conformance/player"
)

// A target that does not start is an error.
func Example() {
	_, err := runner.Run(context.Background(), runner.Config{
		Command: []string{"/no/such/api"}, Modes: []player.Mode{player.Required}, Audience: "https://api.example/",
		Cases:        []player.Case{player.Control()},
		StartTimeout: time.Second, RequestTimeout: time.Second, Timeout: time.Minute,
	})
	fmt.Println(err)
	// Output: DPoP required: the target did not start: fork/exec /no/such/api: no such file or directory
}
