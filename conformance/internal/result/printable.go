package result

import "strings"

// Printable makes a stranger's text fit for a report: only printable ASCII, and not too long.
func Printable(text string) string {
	const enough = 300
	if len(text) > enough {
		text = text[:enough] + "..."
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
}
