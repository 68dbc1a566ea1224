// Command matrix writes docs/conformance.md from the JSON reports of holdfast-conform, one for each system:
//
//	matrix -o docs/conformance.md -held Holdfast 'Holdfast=holdfast.json' 'other v1.2.3=other.json'
//
// It fails, the page written, if a MUST or SHOULD of the system that -held names did not pass. Nothing of what it writes
// depends on when it ran.
package main
