package redis

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAwait(t *testing.T) {
	failed := errors.New("failed")
	tests := []struct {
		name            string
		takes, deadline time.Duration // in seconds
		err             error
		want            int
		wantErr         error
		wantAfter       time.Duration
	}{
		{name: "the answer comes first", takes: 9, deadline: 10, want: 1, wantAfter: 9},
		{name: "the context ends first", takes: 11, deadline: 10, wantErr: context.DeadlineExceeded, wantAfter: 10},
		{name: "the operation fails", takes: 9, deadline: 10, err: failed, wantErr: failed, wantAfter: 9},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), test.deadline*time.Second)
				defer cancel()
				start := time.Now()
				got, err := await(ctx, func() (int, error) {
					time.Sleep(test.takes * time.Second)
					return 1, test.err
				})
				if got != test.want || !errors.Is(err, test.wantErr) {
					t.Errorf("await: %d, %v, want %d, %v", got, err, test.want, test.wantErr)
				}
				if errors.Is(test.wantErr, failed) && errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("await blames a context that has not ended: %v", err)
				}
				if after := time.Since(start); after != test.wantAfter*time.Second {
					t.Errorf("after %v, want %v", after, test.wantAfter*time.Second)
				}
				time.Sleep(test.takes * time.Second) // what was left behind ends by itself
			})
		})
	}
	t.Run("a context that has ended starts nothing", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := await(ctx, func() (int, error) { t.Error("started"); return 0, nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want %v", err, context.Canceled)
		}
	})
}

func TestFaultAwait(t *testing.T) {
	tests := []struct {
		name string
		op   func() (int, error)
		want string
	}{
		{"a panic", func() (int, error) { panic("boom") },
			"the client panicked in github.com/holdfast-go/holdfast/adapters/redis.TestFaultAwait.func1 (await_test.go:"},
		{"a nil dereference", func() (int, error) { return *(*int)(nil), nil },
			"the client panicked in github.com/holdfast-go/holdfast/adapters/redis.TestFaultAwait.func2 (await_test.go:"},
		{"a goroutine that ends", func() (int, error) { runtime.Goexit(); return 0, nil }, "the client ended the goroutine of the call"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := await(t.Context(), test.op); err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

// stalled is a context whose deadline has passed and whose timer has not fired yet.
type stalled struct{ context.Context }

func (stalled) Deadline() (time.Time, bool) { return time.Unix(0, 0), true }

func TestWithTimeout(t *testing.T) {
	err := withTimeout(stalled{context.Background()}, os.ErrDeadlineExceeded)
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v does not wrap both errors", err)
	}
}
