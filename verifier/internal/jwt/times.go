package jwt

import "time"

// Ahead is how far clocks may differ, on top of the leeway, before an iat or nbf in the future is a fault. Many issuers
// write the same second into both.
const Ahead = time.Minute

// Times compares the dates of a token with the clock.
type Times struct {
	// Now is the time, and Leeway how far clocks may differ.
	Now    time.Time
	Leeway time.Duration
}

// Past reports whether exp is past.
func (t Times) Past(exp time.Time) bool { return !t.Now.Before(exp.Add(t.Leeway)) }

// ToCome reports whether a date is still to come, and more than tolerance ahead. The zero time is always past.
func (t Times) ToCome(at time.Time, tolerance time.Duration) bool {
	return at.After(t.Now.Add(tolerance + t.Leeway))
}

// Longer reports whether a date is longer ago than age, which may be of any length.
func (t Times) Longer(ago time.Time, age time.Duration) bool {
	return t.Now.After(ago.Add(age).Add(t.Leeway))
}
