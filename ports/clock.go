package ports

import "time"

// A Clock tells the time. Every decision of the domain that depends on time asks it, so that a test can stand
// at the edge of a window. It must not block, and it must be safe for concurrent use.
type Clock interface {
	// Now returns the current time. It may step back (clocks are set); the domain must then neither panic nor
	// accept what has expired by the clock's own word.
	Now() time.Time
}
