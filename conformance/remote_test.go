package conformance

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

// A remote is a client of a store that never answers, as good as a client can be.
type remote string

func (r remote) call(ctx context.Context) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", string(r))
	if err != nil {
		return errors.Join(ctx.Err(), err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	_, err = conn.Read(make([]byte, 1))
	return errors.Join(ctx.Err(), err)
}

func (r remote) Get(ctx context.Context, _ string) ([]byte, error) { return nil, r.call(ctx) }

func (r remote) Set(ctx context.Context, _ string, _ []byte, _ time.Duration) error {
	return r.call(ctx)
}

func (r remote) Delete(ctx context.Context, _ string) error { return r.call(ctx) }

func (r remote) FirstUse(ctx context.Context, _ string, _ time.Duration) (bool, error) {
	return false, r.call(ctx)
}

func (r remote) ResolveDomains(ctx context.Context, _ ports.DomainQuery) ([]ports.Domain, error) {
	err := r.call(ctx)
	return nil, errors.Join(ports.ErrUnavailable, err)
}

// ofContext tells whether err is a context's.
func ofContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
