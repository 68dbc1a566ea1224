package command

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/conformance/catalogue"
	"github.com/holdfast-go/holdfast/conformance/player"
)

// The page for those who write a target lists all powers, as the command does.
func TestPageListsPowers(t *testing.T) {
	page, err := os.ReadFile("../../docs/guide/prove.md")
	if err != nil {
		t.Fatal(err)
	}
	var table, stderr bytes.Buffer
	if code := play(t.Context(), nil, []string{"powers", "-markdown"}, &table, &stderr); code != exitHolds {
		t.Fatalf("status %d: %s", code, &stderr)
	}
	if !strings.Contains(string(page), table.String()) {
		t.Errorf("docs/guide/prove.md has another table than this:\n%s", &table)
	}
}

// Every power has cases, and every case takes powers that there are.
func TestPowersHaveCases(t *testing.T) {
	cases := make(map[string]int)
	for _, c := range catalogue.Cases() {
		for _, name := range c.Powers() {
			cases[name]++
		}
	}
	for _, power := range player.Powers() {
		if cases[power.Name] == 0 {
			t.Errorf("no case takes the power %s", power.Name)
		}
		delete(cases, power.Name)
	}
	for name := range cases {
		t.Errorf("cases take the power %q, which there is not", name)
	}
}
