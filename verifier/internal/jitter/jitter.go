// Package jitter is where the domain's random waits come from.
package jitter

import "math/rand/v2"

// Int64N returns a random number in [0, n), for n over 0. It is a variable only so that the simulation can replay a run:
// only the simulation may replace it, before the first verifier is made.
var Int64N = rand.Int64N
