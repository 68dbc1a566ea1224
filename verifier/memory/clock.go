package memory

import "time"

// Clock is the system's clock.
type Clock struct{}

// Now returns the current time.
func (Clock) Now() time.Time { return time.Now() }
