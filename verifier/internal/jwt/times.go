package jwt

import (
	"fmt"
	"time"
)

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

// SayPast says how long exp is past.
func (t Times) SayPast(exp time.Time) string {
	return fmt.Sprintf("exp, %s, was %v ago, and Leeway is %v", written(exp), since(t.Now.Sub(exp)), t.Leeway)
}

// SayToCome says how far a claim is ahead.
func (t Times) SayToCome(claim string, at time.Time, tolerance time.Duration) string {
	return fmt.Sprintf("%s, %s, is %v ahead of this machine's clock, over the tolerance of %v: compare the clocks",
		claim, written(at), since(at.Sub(t.Now)), tolerance+t.Leeway)
}

// SayLonger says how long ago a claim is. The age follows it.
func (t Times) SayLonger(claim string, ago time.Time, age time.Duration) string {
	return fmt.Sprintf("%s, %s, was %v ago, over the %v", claim, written(ago), since(t.Now.Sub(ago)), age)
}

func written(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// since leaves out what is under a millisecond.
func since(d time.Duration) time.Duration { return d.Truncate(time.Millisecond) }
