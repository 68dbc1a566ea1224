package grpcguard

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/holdfast-go/holdfast/verifier"
)

// A guardedStream is a stream with a context of its own. No message passes after the token has expired, if that ends the
// context.
type guardedStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s *guardedStream) Context() context.Context { return s.ctx }

func (s *guardedStream) SendMsg(message any) error {
	if expired := s.expired(); expired != nil {
		return expired
	}
	return s.ServerStream.SendMsg(message)
}

func (s *guardedStream) RecvMsg(message any) error {
	if err := s.ServerStream.RecvMsg(message); err != nil {
		return err
	}
	if expired := s.expired(); expired != nil {
		return expired
	}
	return nil
}

// expired returns the error of a token that ended while the stream was open, nil if it has not.
func (s *guardedStream) expired() *verifier.Error {
	if s.ctx.Err() == nil {
		return nil
	}
	expired, _ := errors.AsType[*verifier.Error](context.Cause(s.ctx))
	return expired
}

// refusal returns what to answer in place of the method's error. After the token has expired that is the expiry, unless
// the method has failed by itself: a stream that is cut short must not look complete.
func (s *guardedStream) refusal(err error) (*verifier.Error, bool) {
	if refusal, ours := refusalOf(err); ours {
		return refusal, true
	}
	expired := s.expired()
	if expired == nil {
		return nil, false
	}
	cut := err == nil || errors.Is(err, context.DeadlineExceeded) || status.Code(err) == codes.DeadlineExceeded
	return expired, cut
}
