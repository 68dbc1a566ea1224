// Package backoff says how long a part that fails is left alone.
package backoff

import "time"

// The bounds of a wait.
const (
	Min = time.Second
	Max = 30 * time.Second
)

// Wait is how long a part is left alone that failed so many times in a row: between Min and Max, twice as long each
// time. Up to half of it is taken off at random, so that many clients don't come back at once. Random returns a random
// number in [0, n), as [math/rand/v2.Int64N] does.
func Wait(failures int, random func(n int64) int64) time.Duration {
	ceiling := min(Max, Min<<min(failures, 5))
	return max(Min, ceiling-time.Duration(random(int64(ceiling)/2+1)))
}
