package keyring

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A request may wait for several flights, and for WaitTimeout in all: what it waited for may have landed a moment later,
// with keys other than those that it looks for.
func TestFaultWaitsAreBoundedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 2 * time.Second
		w := waiter{ctx: t.Context(), limit: limit}
		began := time.Now()
		for range 3 {
			never := &flight{late: make(chan struct{}), done: make(chan struct{})}
			endless := time.AfterFunc(time.Minute, func() { close(never.late) })
			if err := w.wait(never); !errors.As(err, new(*UnavailableError)) {
				t.Errorf("error is %v", err)
			}
			endless.Stop()
		}
		if took := time.Since(began); took != limit {
			t.Errorf("three waits took %v in all, want %v", took, limit)
		}
	})
}
