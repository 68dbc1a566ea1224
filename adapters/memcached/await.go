package memcached

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// await returns what op returns, or earlier with the context's error, since gomemcache knows no contexts. What op is
// left doing ends by the client's timeout. A panic in op, which runs the client's DialContext and selector, is an error.
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
		return out.value, out.err
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
