package contract

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

// What a remote makes of an answer.
var (
	errBabble  = errors.New("not of the protocol")
	errHalfway = errors.New("nearly of the protocol")
)

// A remote is a client of a store that never says what it should, as good as a client can be.
type remote string

func (r remote) call(ctx context.Context) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", string(r))
	if err != nil {
		return errors.Join(ctx.Err(), err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	begins := make([]byte, 1)
	if _, err = conn.Write([]byte("?")); err == nil {
		_, err = conn.Read(begins)
	}
	switch {
	case err != nil:
	case begins[0] == halfway[0]:
		err = errHalfway
	default:
		err = errBabble
	}
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
