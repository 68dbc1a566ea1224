package grpcguard_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/holdfast-go/holdfast/adapters/grpcguard"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// An endless method streams until its context ends, and returns what the case says then.
type endless struct {
	greeter
	ended  chan error // what ended the context
	result func(context.Context) error
}

func (e *endless) FullDuplexCall(stream pb.TestService_FullDuplexCallServer) error {
	// So that the client knows when the stream is open. After the token has expired, it fails.
	_ = stream.Send(&pb.StreamingOutputCallResponse{})
	<-stream.Context().Done()
	e.ended <- context.Cause(stream.Context())
	return e.result(stream.Context())
}

// open starts a stream.
func open(t *testing.T, client *grpc.ClientConn, token string) grpc.BidiStreamingClient[pb.StreamingOutputCallRequest, pb.StreamingOutputCallResponse] {
	t.Helper()
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+token)
	calls, err := pb.NewTestServiceClient(client).FullDuplexCall(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return calls
}

// nearExpiry returns a token with a moment left by a clock that stands: sure to pass, and soon to end a stream.
func nearExpiry(t *testing.T, b *bench) (token string, clock *verifiertest.Clock) {
	t.Helper()
	exp := time.Now().Add(time.Hour).Truncate(time.Second)
	return b.mint(t, verifiertest.Claims{"exp": exp.Unix()}), verifiertest.NewClock(exp.Add(-50 * time.Millisecond))
}

func TestStreamEndsWithItsToken(t *testing.T) {
	b := newBench(t)
	own := status.Error(codes.DataLoss, "the method's own")
	for name, c := range map[string]struct {
		result func(context.Context) error
		want   codes.Code
	}{
		"nil":                    {func(context.Context) error { return nil }, codes.Unauthenticated},
		"the context's error":    {context.Context.Err, codes.Unauthenticated},
		"the context's status":   {func(ctx context.Context) error { return status.FromContextError(ctx.Err()).Err() }, codes.Unauthenticated},
		"the cause":              {context.Cause, codes.Unauthenticated},
		"an error of the method": {func(context.Context) error { return own }, codes.DataLoss},
	} {
		t.Run(name, func(t *testing.T) {
			token, clock := nearExpiry(t, b)
			service := &endless{ended: make(chan error, 1), result: c.result}
			server := b.serve(t, setup{
				guard: grpcguard.Config{EndStreams: true}, service: service,
				verifier: func(config *verifier.Config) { config.Clock = clock },
			})
			calls := open(t, server.dial(t), token)
			var err error
			for err == nil {
				_, err = calls.Recv()
			}
			if cause := <-service.ended; !errors.Is(cause, verifier.CodeExpired) {
				t.Errorf("CLAIM-EXP-02 the context ended by %v", cause)
			}
			if got := status.Code(err); got != c.want {
				t.Fatalf("CLAIM-EXP-02 the client got %v, want %v", err, c.want)
			}
			want := []string{`Bearer error="invalid_token", error_description="The access token expired"`, `DPoP algs="ES256"`}
			if challenges := calls.Trailer().Get("www-authenticate"); c.want == codes.Unauthenticated && !slices.Equal(challenges, want) {
				t.Errorf("challenges are %q", challenges)
			}
		})
	}
}

// No message passes once the token has expired, either way, whatever the method makes of its context.
func TestNoMessageAfterExpiry(t *testing.T) {
	b := newBench(t)
	for name, pass := range map[string]func(pb.TestService_FullDuplexCallServer) error{
		"received": func(stream pb.TestService_FullDuplexCallServer) error { _, err := stream.Recv(); return err },
		"sent": func(stream pb.TestService_FullDuplexCallServer) error {
			return stream.Send(&pb.StreamingOutputCallResponse{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			token, clock := nearExpiry(t, b)
			service := &stubborn{ended: make(chan struct{}), passed: make(chan error, 1), pass: pass}
			server := b.serve(t, setup{
				guard: grpcguard.Config{EndStreams: true}, service: service,
				verifier: func(config *verifier.Config) { config.Clock = clock },
			})
			calls := open(t, server.dial(t), token)
			<-service.ended
			// What the server refuses can be refused before this is sent.
			_ = calls.Send(&pb.StreamingOutputCallRequest{})
			if err := <-service.passed; !errors.Is(err, verifier.CodeExpired) {
				t.Errorf("CLAIM-EXP-02 the message: %v, want token_expired", err)
			}
			if _, err := calls.Recv(); status.Code(err) != codes.Unauthenticated {
				t.Errorf("CLAIM-EXP-02 the client got %v", err)
			}
		})
	}
}

// A stubborn method goes on when its context has ended.
type stubborn struct {
	greeter
	ended  chan struct{}
	passed chan error
	pass   func(pb.TestService_FullDuplexCallServer) error
}

func (s *stubborn) FullDuplexCall(stream pb.TestService_FullDuplexCallServer) error {
	<-stream.Context().Done()
	close(s.ended)
	err := s.pass(stream)
	s.passed <- err
	return nil
}

// As it comes, a stream goes on when its token has expired.
func TestStreamOutlivesItsToken(t *testing.T) {
	b := newBench(t)
	token, clock := nearExpiry(t, b)
	server := b.serve(t, setup{verifier: func(config *verifier.Config) { config.Clock = clock }})
	client := server.dial(t)
	calls := open(t, client, token)
	if err := calls.Send(&pb.StreamingOutputCallRequest{}); err != nil {
		t.Fatal(err)
	}
	if _, err := calls.Recv(); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Hour)
	if got := stream(t, client, "authorization", "Bearer "+token); got.code != codes.Unauthenticated {
		t.Fatalf("CLAIM-EXP-02 a new stream: %v", got.code)
	}
	if err := calls.Send(&pb.StreamingOutputCallRequest{}); err != nil {
		t.Fatal(err)
	}
	if answer, err := calls.Recv(); err != nil || string(answer.GetPayload().GetBody()) != "user-1" {
		t.Errorf("the stream that was open: %v, %v", answer, err)
	}
	if err := calls.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := calls.Recv(); err != io.EOF {
		t.Errorf("the stream ends with %v", err)
	}
}

// A stream that its client ends is not told of an expiry.
func TestStreamThatIsCanceled(t *testing.T) {
	b := newBench(t)
	service := &endless{ended: make(chan error, 1), result: context.Context.Err}
	server := b.serve(t, setup{guard: grpcguard.Config{EndStreams: true}, service: service})
	ctx, cancel := context.WithCancel(metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+b.mint(t, nil)))
	calls, err := pb.NewTestServiceClient(server.dial(t)).FullDuplexCall(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := calls.Recv(); err != nil {
		t.Fatal(err)
	}
	cancel()
	if cause := <-service.ended; !errors.Is(cause, context.Canceled) {
		t.Errorf("the context ended by %v", cause)
	}
	if log := server.log.String(); log != "" {
		t.Errorf("a refusal is logged: %s", log)
	}
}
