package contract

import (
	"crypto/rand"
	"strings"
)

// maxKey is the most characters that a key may have.
const maxKey = 128

// newKey returns a key that no one else uses, in this run or another.
func newKey() string { return "conformance" + rand.Text() }

// oddKeys returns keys of the whole alphabet that no one else uses. They differ in what a store may fold, strip or take
// for syntax.
func oddKeys() []string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:"
	unique := newKey()
	return []string{
		unique + alphabet, unique + strings.ToLower(alphabet), unique + strings.ToUpper(alphabet),
		unique, unique + ".", unique + "_", unique + "-", unique + ":",
		"." + unique, "_" + unique, "-" + unique, ":" + unique, ".." + unique, "--" + unique,
	}
}

// longKeys returns keys of the most characters that no one else uses. They differ in the last.
func longKeys() []string {
	start := newKey()
	start += strings.Repeat("k", maxKey-1-len(start))
	return []string{start + "a", start + "b"}
}

// shortKeys returns keys so short that another run on the same store may use them too.
func shortKeys() []string { return []string{"k", ".", ".."} }
