package player

import (
	"testing"

	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

func TestNilClock(t *testing.T) {
	if e, err := NewEnvironment(EnvironmentConfig{Clock: (*verifiertest.Clock)(nil)}); err == nil {
		e.Close()
		t.Error("NewWorld takes a clock that panics")
	}
}
