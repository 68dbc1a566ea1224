// Package report shows what a run of the catalogue found: [Table] to the one at the terminal, [JSON] to programs and as
// a baseline for [Compare], [JUnit] to CI servers, and [HTML] to everyone else.
//
// Part of what a run holds was written by the target, which is not trusted: every format escapes it.
package report
