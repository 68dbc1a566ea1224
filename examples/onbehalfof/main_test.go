package main

import (
	"strings"
	"testing"
)

func TestOnBehalfOf(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
}
