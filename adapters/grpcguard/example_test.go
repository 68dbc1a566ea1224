package grpcguard_test

import (
	"context"
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/holdfast-go/holdfast/adapters/grpcguard"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/handlertest"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A service of the application, generated from its .proto file.
type orders struct {
	pb.UnimplementedTestServiceServer
}

func (orders) UnaryCall(ctx context.Context, _ *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	token, _ := grpcguard.From(ctx)
	return &pb.SimpleResponse{Username: "orders of " + token.Subject}, nil
}

// A guard in front of a server. In production the Fetcher is an httpfetch.Fetcher and the Domain your issuer's, and the
// server has its certificate.
func Example() {
	issuer := must(verifiertest.NewIssuer("https://tenant.example/"))
	v := must(verifier.New(verifier.Config{Domain: "tenant.example", Audiences: []string{"https://api.example"}, Fetcher: issuer}))
	defer v.Close()

	// guard
	guard, err := grpcguard.New(v, grpcguard.Config{PublicURLs: []string{"https://api.example"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := grpc.NewServer(grpc.ChainUnaryInterceptor(guard.UnaryInterceptor), grpc.ChainStreamInterceptor(guard.StreamInterceptor))
	// end

	pb.RegisterTestServiceServer(server, orders{})
	listener := bufconn.Listen(1 << 16)
	go server.Serve(listener)
	defer server.Stop()

	token := must(issuer.Token(verifiertest.Claims{"aud": "https://api.example"}))
	client := must(grpc.NewClient("passthrough:///api.example", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) })))
	defer client.Close()
	for _, authorization := range []string{"Bearer " + token, "Bearer stolen"} {
		var trailer metadata.MD
		ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", authorization)
		answer, err := pb.NewTestServiceClient(client).UnaryCall(ctx, &pb.SimpleRequest{}, grpc.Trailer(&trailer))
		fmt.Printf("%v: %s%s\n", status.Code(err), answer.GetUsername(), status.Convert(err).Message())
		for _, challenge := range trailer.Get("www-authenticate") {
			fmt.Println(challenge)
		}
	}
	// Output:
	// OK: orders of user-1
	// Unauthenticated: The access token is malformed
	// Bearer error="invalid_token", error_description="The access token is malformed"
	// DPoP algs="ES256"
}

// Scopes by method, and a health check that needs no token.
func ExampleConfig() {
	config := grpcguard.Config{
		PublicURLs: []string{"https://api.example"},
		Open:       []string{healthpb.Health_Check_FullMethodName},
		Scopes: map[string][]string{
			pb.TestService_ServiceDesc.ServiceName:  {"read:orders"},
			pb.TestService_UnaryCall_FullMethodName: {"read:orders", "write:orders"},
		},
	}
	fmt.Println(config.Open)
	// Output: [/grpc.health.v1.Health/Check]
}

// A test of a method makes the token that its guard would have verified.
func ExampleNewContext() {
	ctx := grpcguard.NewContext(context.Background(), handlertest.Verified(nil))
	answer, err := orders{}.UnaryCall(ctx, &pb.SimpleRequest{})
	fmt.Println(answer.GetUsername(), status.Code(err) == codes.OK)
	// Output: orders of user-1 true
}

// must ends an example that can't go on.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
