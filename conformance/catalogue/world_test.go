package catalogue

import (
	"testing"

	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

func TestNilClock(t *testing.T) {
	if w, err := NewWorld(WorldConfig{Clock: (*verifiertest.Clock)(nil)}); err == nil {
		w.Close()
		t.Error("NewWorld takes a clock that panics")
	}
}
