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

// TestModules holds that a package can be read a few files at a time.
func TestModules(t *testing.T) {
	const prefix = "github.com/holdfast-go/holdfast/"
	for module, most := range map[string]int{"conformance": 8, "verifier": 6} {
		if err := run(most, []string{prefix + module + "/..."}); err != nil {
			t.Error(err)
		}
	}
	if err := run(1, []string{prefix + "conformance/..."}); err == nil {
		t.Error("no circle has over 1 file: knots are not found")
	}
}
