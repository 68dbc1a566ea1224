//go:build !race

package verifier_test

const raceAllocs, raceBytes = 0, 0
