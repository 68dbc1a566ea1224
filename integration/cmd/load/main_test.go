package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	put := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, before := range []string{"", "\n| an old table |\n\n"} {
		put("above\n" + begin + before + end + "below\n")
		if err := write(path, "| a table |\n"); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != "above\n"+begin+"\n| a table |\n\n"+end+"below\n" {
			t.Errorf("the file holds %q, %v", got, err)
		}
	}
	put("no markers")
	if err := write(path, "| a table |\n"); err == nil {
		t.Error("a file without markers was written")
	}
}

func TestTheDocumentationHasTheMarkers(t *testing.T) {
	page, err := os.ReadFile("../../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(path, page, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := write(path, ""); err != nil {
		t.Error(err)
	}
}

func TestTally(t *testing.T) {
	took := make([]time.Duration, 100)
	for i := range took {
		took[i] = time.Duration(i+1) * time.Millisecond
	}
	measured := tally{200: took, 503: took[:1], 0: took[:2]}
	if got, want := measured.answers(), "none: 2, 200: 100, 503: 1"; got != want {
		t.Errorf("answers %q, want %q", got, want)
	}
	for status, want := range map[int]string{200: "50ms, 99ms", 503: "1ms, 1ms", 401: "-"} {
		if got := measured.quantiles(status); got != want {
			t.Errorf("quantiles of %d: %q, want %q", status, got, want)
		}
	}
}
