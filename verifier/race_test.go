//go:build race

package verifier_test

// raceAllocs and raceBytes are what a request may allocate on top with the race detector, by which pools forget.
const raceAllocs, raceBytes = 2, 1000
