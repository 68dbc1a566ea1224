// Package outbound is the one way by which a call leaves the domain. Every call of a port goes through [Call], so that
// whatever the application plugged in, a part that hangs, fails or panics costs only the request that needs it:
//
//   - A call has a time bound. When it is over the caller goes on, also if the port ignores its context.
//   - A panic in the port is an error of that port. It is logged with its stack.
//   - That the caller's own context ended is told apart from a failure of the port ([ErrCallerLeft]).
//   - A port that timed out several times in a row is asked by one call at a time until it answers again; all others
//     fail at once ([ErrAway]).
//   - Calls that were given up and have not returned are bounded ([ErrStuck]).
package outbound
