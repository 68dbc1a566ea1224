package verifier

import "context"

// UntilExpiry returns a context that ends when the token does: at ExpiresAt and the leeway, by the verifier's clock. Its
// cause ([context.Cause]) is then an [*Error] with the code [CodeExpired] and the answer to send. It is for what outlives
// the request that the token came with, such as a stream or a WebSocket. Call cancel as soon as that has ended.
//
// Of a Verified that a test has made, the context ends at ExpiresAt, and never if that is zero.
func (v *Verified) UntilExpiry(parent context.Context) (ctx context.Context, cancel context.CancelFunc) {
	expired := v.refuse(tokenExpired.fail("CLAIM-EXP-02", "the token expired after it was verified"), Route{})
	switch {
	case v.origin != nil:
	case v.ExpiresAt.IsZero():
		return context.WithCancel(parent)
	default:
		return context.WithDeadlineCause(parent, v.ExpiresAt, expired)
	}
	left := v.ExpiresAt.Add(v.origin.leeway).Sub(v.origin.clock.Now())
	return context.WithTimeoutCause(parent, left, expired)
}
