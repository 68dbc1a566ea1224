package redis

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// await returns what op returns, or earlier with the context's error. go-redis waits for a reply whatever becomes
// of the context, and minds its deadline only if the client has ContextTimeoutEnabled. What op is left doing ends
// by the client's timeouts.
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
		if out.err != nil {
			return none, withContextError(ctx, out.err)
		}
		return out.value, nil
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// withContextError makes err wrap the error of a context that has ended. With ContextTimeoutEnabled the socket's
// deadline is the context's and may strike a moment before it.
func withContextError(ctx context.Context, err error) error {
	ended := ctx.Err()
	if deadline, ok := ctx.Deadline(); ended == nil && ok && !time.Now().Before(deadline) {
		ended = context.DeadlineExceeded
	}
	if ended == nil || errors.Is(err, ended) {
		return err
	}
	return fmt.Errorf("%w: %w", ended, err)
}
