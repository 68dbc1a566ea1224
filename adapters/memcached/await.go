package memcached

import "context"

// await returns what op returns, or earlier with the context's error, since gomemcache knows no contexts. What op is
// left doing ends by the client's timeout.
func await[T any](ctx context.Context, op func() (T, error)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := op()
		done <- outcome{value, err}
	}()
	select {
	case out := <-done:
		return out.value, out.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}
