package backoff

import (
	"testing"
	"time"
)

func TestWait(t *testing.T) {
	least := func(n int64) int64 { return n - 1 } // the most is taken off
	most := func(int64) int64 { return 0 }
	for _, c := range []struct {
		failures          int
		shortest, longest time.Duration
	}{
		{0, time.Second, time.Second},
		{1, time.Second, 2 * time.Second},
		{2, 2 * time.Second, 4 * time.Second},
		{4, 8 * time.Second, 16 * time.Second},
		{5, 15 * time.Second, 30 * time.Second},
		{6, 15 * time.Second, 30 * time.Second},
		{1 << 40, 15 * time.Second, 30 * time.Second},
	} {
		if got := Wait(c.failures, least); got != c.shortest {
			t.Errorf("after %d failures the shortest wait is %v, want %v", c.failures, got, c.shortest)
		}
		if got := Wait(c.failures, most); got != c.longest {
			t.Errorf("after %d failures the longest wait is %v, want %v", c.failures, got, c.longest)
		}
	}
}
