package contract

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

var (
	noon     = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	errOther = errors.New("some error")
)

const password = "hunter2"

// What surrounds calls, for every port whose calls take a context.

func forgetContext(ctx context.Context, call func(context.Context) error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return call(context.WithoutCancel(ctx))
}

func hideContext(ctx context.Context, call func(context.Context) error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := call(ctx); ofContext(err) {
		return errOther
	} else {
		return err
	}
}

func hideEndedContext(ctx context.Context, call func(context.Context) error) error {
	if ctx.Err() != nil {
		return errOther
	}
	return call(ctx)
}

func tellPassword(ctx context.Context, call func(context.Context) error) error {
	if err := call(ctx); err != nil {
		return fmt.Errorf("//holdfast:%s@127.0.0.1: %w", password, err)
	}
	return nil
}

// panicHalfway panics at an answer that begins well.
func panicHalfway(ctx context.Context, call func(context.Context) error) error {
	err := call(ctx)
	if errors.Is(err, errHalfway) {
		panic("index out of range")
	}
	return err
}

// oneAtATime refuses a call while another is under way.
func oneAtATime() func(context.Context, func(context.Context) error) error {
	var underWay atomic.Int32
	return func(ctx context.Context, call func(context.Context) error) error {
		defer underWay.Add(-1)
		if underWay.Add(1) > 1 {
			return errOther
		}
		time.Sleep(time.Millisecond)
		return call(ctx)
	}
}

// A notebook remembers something of keys.
type notebook[T any] struct{ notes sync.Map }

func (n *notebook[T]) write(key string, note T) { n.notes.Store(key, note) }
func (n *notebook[T]) erase(key string)         { n.notes.Delete(key) }
func (n *notebook[T]) read(key string) (note T, found bool) {
	value, found := n.notes.Load(key)
	if found {
		note = value.(T)
	}
	return note, found
}
