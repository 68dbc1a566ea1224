package verifier

import "context"

// UntilExpiry returns a context that ends when the verifier would refuse the token for its age: at ExpiresAt or, where
// Config.MaxTokenAge is set, when the token is that old, whichever comes first, and the leeway, by the verifier's clock.
// Its cause ([context.Cause]) is then an [*Error] with the code [CodeExpired] or [CodeTooOld] and the answer to send. It
// is for what outlives the request that the token came with, such as a stream or a WebSocket. Call cancel as soon as that
// has ended.
//
// Of a Verified that a test has made, the context ends at ExpiresAt, and never if that is zero.
func (v *Verified) UntilExpiry(parent context.Context) (ctx context.Context, cancel context.CancelFunc) {
	expired := v.refuse(tokenExpired.fail("CLAIM-EXP-02", "the token expired after it was verified"), Route{})
	switch {
	case v.token != nil:
	case v.ExpiresAt.IsZero():
		return context.WithCancel(parent)
	default:
		return context.WithDeadlineCause(parent, v.ExpiresAt, expired)
	}
	end, origin := v.ExpiresAt, v.origin
	if age := origin.maxTokenAge; age > 0 && v.IssuedAt.Add(age).Before(end) {
		end = v.IssuedAt.Add(age)
		expired = v.refuse(tokenTooOld.fail("CLAIM-IAT-02", "the token grew older than MaxTokenAge after it was verified"), Route{})
	}
	left := end.Add(origin.leeway).Sub(origin.clock.Now())
	return context.WithTimeoutCause(parent, left, expired)
}
