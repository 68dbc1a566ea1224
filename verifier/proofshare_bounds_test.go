package verifier

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

func TestDPOPRPL08KeysAreBounded(t *testing.T) {
	shares := newProofShares(verifiertest.NewClock(time.Unix(0, 0)), 1, time.Minute)
	if !shares.take("busy") {
		t.Fatal("the first proof is refused")
	}
	for i := range 2 * maxProofKeys {
		if !shares.take(fmt.Sprint("key ", i)) {
			t.Fatalf("the first proof of key %d is refused", i)
		}
		if shares.take("busy") {
			t.Fatalf("a key in use is forgotten after %d others", i)
		}
	}
	if held := shares.full.Len(); held != maxProofKeys {
		t.Errorf("%d keys are held, want %d", held, maxProofKeys)
	}
}

func TestDPOPRPL08ConcurrentProofs(t *testing.T) {
	shares := newProofShares(verifiertest.NewClock(time.Unix(0, 0)), 100, time.Minute)
	taken := make(chan bool, 500)
	var all sync.WaitGroup
	for range cap(taken) {
		all.Go(func() { taken <- shares.take("key") })
	}
	all.Wait()
	close(taken)
	granted := 0
	for ok := range taken {
		if ok {
			granted++
		}
	}
	if granted != 100 {
		t.Errorf("%d of 500 proofs at once were taken, want 100", granted)
	}
}
