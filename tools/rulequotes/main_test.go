package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const text = `
Table of Contents

   1.  Tokens  . . . . . . . . . . . . . . . . . . . . . . . . . . .   2
   2.  Proofs  . . . . . . . . . . . . . . . . . . . . . . . . . . .   2

1.  Tokens

   A token MUST be
   DPoP-
   bound.  It is

Fett, et al.                 Standards Track                    [Page 1]
` + "\f" + `
RFC 1                        The Thing                    September 2023

   checked.

1.1.  More

   Nothing else.
`

func TestStands(t *testing.T) {
	parts := sections(text)
	for _, tt := range []struct {
		section, quote string
		want           bool
	}{
		{"1", "A token MUST be DPoP-bound.", true},
		{"1", "It is checked.", true},
		{"1", "A token [...] is checked.", true},
		{"1", "is checked. [...] A token", false},
		{"1", "A token must be", false},
		{"1", "Nothing else.", false},
		{"1.1", "Nothing else.", true},
		{"3", "Nothing else.", false},
	} {
		if got := stands(tt.quote, parts[tt.section]); got != tt.want {
			t.Errorf("%q stands in %s: %t, want %t", tt.quote, tt.section, got, tt.want)
		}
	}
}

func TestRunNamesWhatDoesNotStand(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "rfc9449.txt"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err := run(&out, []string{folder})
	if err == nil || !strings.Contains(out.String(), "DPOP-REQ-01: it does not stand in RFC 9449 4.3 (1): ") || !strings.Contains(out.String(), "no text of RFC 6750, ") {
		t.Errorf("%v: %s", err, &out)
	}
	if run(&out, nil) == nil || run(&out, []string{t.TempDir()}) == nil {
		t.Error("no error without a folder or without texts")
	}
}
