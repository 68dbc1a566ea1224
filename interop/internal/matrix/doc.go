// Command matrix plays the cases of holdfast-conform on the systems of a list, on each twice, and writes
// docs/conformance.md from the JSON reports, which it leaves in a folder:
//
//	matrix -systems interop/systems.json -conform holdfast-conform -reports bin/conform -o docs/conformance.md -held Holdfast [system...]
//
// With systems named it plays those only, and takes the others' results from their reports. It fails, the page written, if
// a MUST or SHOULD of the system that -held names did not pass. Nothing of what it writes depends on when it ran.
package main
