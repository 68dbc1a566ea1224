package main

import (
	"slices"
	"testing"
)

func TestCircles(t *testing.T) {
	got := circles(map[string][]string{
		"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, // a circle of three, which uses
		"d": {"e"}, "e": {"d", "leaf"}, // one of two
		"single": {"a"},
	})
	want := [][]string{{"a", "b", "c"}, {"d", "e"}}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("circles = %v, want %v", got, want)
	}
}

// TestConformance holds that the conformance suite can be read a few files at a time.
func TestConformance(t *testing.T) {
	const suite = "github.com/holdfast-go/holdfast/conformance/..."
	if err := run(8, []string{suite}); err != nil {
		t.Error(err)
	}
	if err := run(1, []string{suite}); err == nil {
		t.Error("no circle has over 1 file: knots are not found")
	}
}
