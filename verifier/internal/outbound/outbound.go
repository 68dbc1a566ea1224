package outbound

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// What a failed call can mean besides the port's own error.
var (
	// ErrCallerLeft says that the caller's context ended before the port answered. It says nothing about the port. It
	// comes with the context's error.
	ErrCallerLeft = errors.New("the caller left")
	// ErrAway says that the port was not asked, since it timed out several times in a row.
	ErrAway = errors.New("not asked, since it timed out several times in a row")
	// ErrStuck says that the port was not asked, since too many calls of it were given up and have not returned.
	ErrStuck = errors.New("not asked, since too many calls that were given up have not returned")
)

const (
	// tripAfter is how many time-outs in a row make a port count as away.
	tripAfter = 5
	// defaultGivenUp is far above what a port that heeds its context reaches.
	defaultGivenUp = 1024
)

// A Port is one of the ports as calls of it leave the domain. It is safe for concurrent use, and not to be copied.
type Port struct {
	// Name is how errors and logs call it: "replay store".
	Name string
	// Timeout bounds one call. Zero means a part of the domain itself that never waits: it is called on the caller's
	// goroutine.
	Timeout time.Duration
	// MaxGivenUp bounds the calls that were given up and have not returned. Zero means 1,024.
	MaxGivenUp int64
	// Logger is told of panics. Nil means that they are not logged.
	Logger *slog.Logger

	answers  atomic.Int64 // errors other than time-outs included
	timeouts atomic.Int64 // in a row
	probing  atomic.Bool  // while the port is away, one call finds out whether it is back
	givenUp  atomic.Int64 // calls that were given up and have not returned
}

// Call returns what do returns. Its errors are those of do, ErrCallerLeft, ErrAway, ErrStuck, and one for a port that
// panicked or gave no answer in time; the latter wraps [context.DeadlineExceeded].
//
// The context that do gets ends with the call. What do returns after that is dropped.
func Call[T any](ctx context.Context, p *Port, do func(context.Context) (T, error)) (T, error) {
	value, err := attempt(ctx, p, do)
	if err != nil {
		var none T
		return none, err
	}
	return value, nil
}

func attempt[T any](ctx context.Context, p *Port, do func(context.Context) (T, error)) (T, error) {
	if err := ctx.Err(); err != nil {
		var none T
		return none, p.callerLeft(err)
	}
	if p.Timeout == 0 {
		var inline call[T]
		before := p.answers.Load()
		inline.run(ctx, p, do)
		return inline.value, p.meaning(ctx, ctx, before, inline.err)
	}
	return attemptApart(ctx, p, do)
}

// attemptApart calls the port on a goroutine of its own, so that it can be left.
func attemptApart[T any](ctx context.Context, p *Port, do func(context.Context) (T, error)) (T, error) {
	var none T
	if p.timeouts.Load() >= tripAfter {
		if !p.probing.CompareAndSwap(false, true) {
			return none, fmt.Errorf("%s: %w", p.Name, ErrAway)
		}
		defer p.probing.Store(false)
	}
	if p.givenUp.Load() >= cmp.Or(p.MaxGivenUp, defaultGivenUp) {
		return none, fmt.Errorf("%s: %w", p.Name, ErrStuck)
	}
	before := p.answers.Load()
	bounded, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	c := &call[T]{done: make(chan struct{})}
	go c.run(bounded, p, do)
	if !c.wait(bounded, p) {
		return none, p.meaning(ctx, bounded, before, fmt.Errorf("%s: no answer within %v: %w", p.Name, p.Timeout, context.DeadlineExceeded))
	}
	return c.value, p.meaning(ctx, bounded, before, c.err)
}

// A call is one call of a port, on a goroutine of its own where done is set.
type call[T any] struct {
	value T
	err   error
	done  chan struct{} // closed when value and err are set
	left  atomic.Bool   // the goroutine or the caller has left, whichever is first
}

// run calls the port. It returns also if do panics, and closes done also if do ends its goroutine.
func (c *call[T]) run(ctx context.Context, p *Port, do func(context.Context) (T, error)) {
	returned := false
	defer func() {
		var panicked any
		if !returned {
			if panicked = recover(); panicked != nil {
				c.err = fmt.Errorf("%s panicked: %v", p.Name, panicked)
			} else {
				c.err = fmt.Errorf("%s ended its goroutine", p.Name)
			}
		}
		if c.done != nil {
			close(c.done)
			if c.left.Swap(true) {
				p.givenUp.Add(-1)
			}
		}
		if panicked != nil {
			p.logPanic(panicked, debug.Stack())
		}
	}()
	c.value, c.err = do(ctx)
	returned = true
}

// wait reports whether the port answered before the context ended.
func (c *call[T]) wait(ctx context.Context, p *Port) bool {
	select {
	case <-c.done:
		return true
	case <-ctx.Done():
	}
	if !c.left.Swap(true) {
		p.givenUp.Add(1)
		return false
	}
	return true
}

// meaning says what err, the outcome of a call, means to the caller, and remembers what it says of the port. Bounded is the
// context that the port got, and before how often the port had answered when the call began.
func (p *Port) meaning(ctx, bounded context.Context, before int64, err error) error {
	switch {
	case err == nil:
		p.answered()
		return nil
	case ctx.Err() != nil:
		return p.callerLeft(ctx.Err())
	case sameDeadline(ctx, bounded) && errors.Is(err, context.DeadlineExceeded):
		// The port's timer struck a moment before that of the caller's context.
		return p.callerLeft(context.DeadlineExceeded)
	case isTimeout(err):
		// A call that began before the last answer tells how the port was then, and not that it is away.
		if p.answers.Load() == before {
			p.timeouts.Add(1)
		}
	default:
		p.answered()
	}
	return err
}

func (p *Port) answered() {
	p.answers.Add(1)
	p.timeouts.Store(0)
}

func (p *Port) callerLeft(err error) error {
	return fmt.Errorf("%s: %w: %w", p.Name, ErrCallerLeft, err)
}

func sameDeadline(ctx, bounded context.Context) bool {
	callers, has := ctx.Deadline()
	deadline, _ := bounded.Deadline()
	return has && callers.Equal(deadline)
}

// isTimeout knows the time-outs of contexts and of package net.
func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

// logPanic survives a logger that panics too.
func (p *Port) logPanic(panicked any, stack []byte) {
	if p.Logger == nil {
		return
	}
	defer func() { _ = recover() }()
	p.Logger.Error("port_panicked", slog.String("port", p.Name), slog.String("panic", fmt.Sprint(panicked)), slog.String("stack", string(stack)))
}

// IsNil reports whether an interface or function is nil, or holds a nil pointer or function. A constructor refuses such
// a port: its first call would panic.
func IsNil(port any) bool {
	if port == nil {
		return true
	}
	switch value := reflect.ValueOf(port); value.Kind() {
	case reflect.Pointer, reflect.Func:
		return value.IsNil()
	}
	return false
}
