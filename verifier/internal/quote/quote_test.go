package quote

import (
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"":                        `""`,
		"https://api.example":     `"https://api.example"`,
		"a\r\nlevel=ERROR\x1b[2J": `"a\r\nlevel=ERROR\x1b[2J"`,
		"ü\u202e\xff":             `"\u00fc\u202e\xff"`,
		strings.Repeat("a", 256):  `"` + strings.Repeat("a", 256) + `"`,
		strings.Repeat("a", 257):  `"` + strings.Repeat("a", 256) + `"...`,
	} {
		if got := Text(text); got != want {
			t.Errorf("Text(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestFew(t *testing.T) {
	for _, c := range []struct {
		list []string
		want string
	}{
		{nil, ""},
		{[]string{"a"}, `"a"`},
		{[]string{"1", "2", "3", "4", "5"}, `"1", "2", "3", "4", "5"`},
		{[]string{"1", "2", "3", "4", "5", "6", "7"}, `"1", "2", "3", "4", "5", 2 more`},
	} {
		if got := Few(c.list); got != c.want {
			t.Errorf("Few(%q) = %s, want %s", c.list, got, c.want)
		}
	}
}
