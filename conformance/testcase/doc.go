// Package testcase is what a case of the conformance suite says of itself: which rule it is about, and why. The cases
// themselves are in package catalogue, and package player plays them.
package testcase
