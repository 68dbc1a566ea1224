package integration

import (
	"crypto/rand"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	logging.Disable() // of go-redis, which reports each failed connection of the outages
	if os.Getenv(memberVariable) != "" {
		if err := runMember(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	// go-redis looks for its server once a second after it was away, and finds the client closed only then.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// newKey returns a key that no other test uses.
func newKey() string { return "key:" + rand.Text() }

// patience is how long what must happen may take; it is for machines with no time to spare.
const patience = 2 * time.Minute

// eventually waits until condition holds, for what a server does in its own time.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Errorf("%s: not within %v", what, patience)
			return
		}
	}
}
