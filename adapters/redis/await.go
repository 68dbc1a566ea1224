package redis

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// await returns what op returns, or earlier with the context's error. go-redis waits for a reply after the context has
// ended, and heeds its deadline only if the client has ContextTimeoutEnabled. What op is left doing ends by the
// client's timeouts. A panic in op, which runs the client's hooks, is an error.
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
		out := outcome{err: errExited} // unless op returns or panics
		defer func() {
			if panicked := recover(); panicked != nil {
				out = outcome{err: panicError(panicked)}
			}
			done <- out
		}()
		out.value, out.err = op()
	}()
	select {
	case out := <-done:
		if out.err != nil {
			return none, withTimeout(ctx, out.err)
		}
		return out.value, nil
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

var errExited = errors.New("the client ended the goroutine of the call")

// panicError makes an error of a panic, and names the function that panicked. It is for a deferred function.
func panicError(panicked any) error {
	callers := make([]uintptr, 32)
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers)])
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, "runtime.") {
			return fmt.Errorf("the client panicked in %s (%s:%d): %v", frame.Function, filepath.Base(frame.File), frame.Line, panicked)
		}
		if !more {
			return fmt.Errorf("the client panicked: %v", panicked)
		}
	}
}

// withTimeout lets every time-out be known as one. With ContextTimeoutEnabled the socket's deadline is the context's
// and may strike a moment before it. go-redis' error for a pool without a free connection does not say Timeout.
func withTimeout(ctx context.Context, err error) error {
	ended := ctx.Err()
	if deadline, ok := ctx.Deadline(); ended == nil && ok && !time.Now().Before(deadline) {
		ended = context.DeadlineExceeded
	}
	if ended == nil && errors.Is(err, goredis.ErrPoolTimeout) {
		ended = os.ErrDeadlineExceeded
	}
	if ended == nil || errors.Is(err, ended) {
		return err
	}
	return fmt.Errorf("%w: %w", ended, err)
}
