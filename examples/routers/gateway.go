package routers

import (
	"context"
	"errors"
	"net/http"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"

	"github.com/holdfast-go/holdfast/adapters/grpcguard"
	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/verifier"
)

// traces is a gRPC service with an HTTP gateway, both generated from its .proto file: the one that collects traces of
// OpenTelemetry. Its partial success says whose traces they are.
type traces struct {
	tracepb.UnimplementedTraceServiceServer
	scope string // that the method asks for; none if empty
}

func (s traces) Export(ctx context.Context, _ *tracepb.ExportTraceServiceRequest) (*tracepb.ExportTraceServiceResponse, error) {
	token, found := httpguard.From(ctx) // where the gateway calls the method itself
	if !found {
		token, _ = grpcguard.From(ctx)
	}
	if s.scope != "" {
		if err := token.RequireScopes(s.scope); err != nil {
			return nil, err
		}
	}
	return &tracepb.ExportTraceServiceResponse{PartialSuccess: &tracepb.ExportTracePartialSuccess{ErrorMessage: token.Subject}}, nil
}

// gatewayInFront has a guard in front of a gateway that calls the methods of its own process. No interceptor runs there.
func gatewayInFront(guard *httpguard.Guard, service tracepb.TraceServiceServer) (http.Handler, error) {
	gateway := runtime.NewServeMux(runtime.WithDisablePathLengthFallback(), runtime.WithErrorHandler(
		func(ctx context.Context, mux *runtime.ServeMux, out runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
			if refusal, is := errors.AsType[*verifier.Error](err); is {
				guard.Refuse(w, r, refusal) // the method has refused the token
				return
			}
			runtime.DefaultHTTPErrorHandler(ctx, mux, out, w, r, err)
		}))
	if err := tracepb.RegisterTraceServiceHandlerServer(context.Background(), gateway, service); err != nil {
		return nil, err
	}
	// guard
	return guard.Handler(gateway), nil
	// end
}

// gatewayToAGuard has a gateway that calls a gRPC server with a guard of its own, and passes on what that answers.
func gatewayToAGuard(ctx context.Context, server *grpc.ClientConn) (http.Handler, error) {
	gateway := runtime.NewServeMux(runtime.WithDisablePathLengthFallback(), runtime.WithErrorHandler(
		func(ctx context.Context, mux *runtime.ServeMux, out runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
			answered, _ := runtime.ServerMetadataFromContext(ctx)
			challenges := answered.TrailerMD.Get("www-authenticate")
			runtime.DefaultHTTPErrorHandler(ctx, mux, out, challenged{w, challenges}, r, err)
		}))
	return gateway, tracepb.RegisterTraceServiceHandler(ctx, gateway, server)
}

// A challenged answer has the challenges of the guard, where the gateway writes the text of the error.
type challenged struct {
	http.ResponseWriter
	challenges []string
}

func (c challenged) WriteHeader(status int) {
	c.Header()["Www-Authenticate"] = c.challenges
	c.ResponseWriter.WriteHeader(status)
}
