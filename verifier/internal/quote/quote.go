// Package quote makes texts that others wrote fit for errors and logs: quoted, in ASCII, and bounded.
package quote

import (
	"strconv"
	"strings"
)

// Most is how many texts of a list are named.
const Most = 5

const maxText = 256 // bytes of one text

// Text quotes a text, and cuts one that is long.
func Text(text string) string {
	if len(text) > maxText {
		return strconv.QuoteToASCII(text[:maxText]) + "..."
	}
	return strconv.QuoteToASCII(text)
}

// Few quotes the first texts of a list and counts the others, so that naming a long list costs no more than a short one.
func Few(list []string) string {
	names := make([]string, 0, Most+1)
	for _, text := range list[:min(Most, len(list))] {
		names = append(names, Text(text))
	}
	if more := len(list) - len(names); more > 0 {
		names = append(names, strconv.Itoa(more)+" more")
	}
	return strings.Join(names, ", ")
}
