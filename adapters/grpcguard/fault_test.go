package grpcguard_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/holdfast-go/holdfast/adapters/grpcguard"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A client that leaves is no outage: the server's statistics have to tell them apart.
func TestFaultCallerLeaves(t *testing.T) {
	b := newBench(t)
	asked, ended := make(chan struct{}, 1), make(chan error, 1)
	server := b.serve(t, setup{
		options: []grpc.ServerOption{grpc.ChainUnaryInterceptor(
			func(ctx context.Context, message any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
				answer, err := handler(ctx, message)
				ended <- err
				return answer, err
			})},
		verifier: func(c *verifier.Config) {
			c.Fetcher = ports.FetcherFunc(func(ctx context.Context, _ string) (ports.Document, error) {
				asked <- struct{}{}
				<-ctx.Done()
				return ports.Document{}, ctx.Err()
			})
		},
	})
	ctx, leave := context.WithCancel(metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+b.mint(t, nil)))
	go func() {
		<-asked
		leave()
	}()
	if _, err := pb.NewTestServiceClient(server.dial(t)).UnaryCall(ctx, &pb.SimpleRequest{}); status.Code(err) != codes.Canceled {
		t.Errorf("the client got %v", err)
	}
	if err := <-ended; status.Code(err) != codes.Canceled {
		t.Errorf("the server's interceptors got %v, want Canceled", err)
	}
	if log := server.log.String(); !strings.Contains(log, "code=canceled") {
		t.Errorf("logged as %s", log)
	}
}

// A server for any path, such as a proxy, is given the path as the client wrote it. One that can be read in two ways
// leads past no entry of Config.
func TestFaultPaths(t *testing.T) {
	b := newBench(t)
	reached := make(chan string, 1)
	server := b.serve(t, setup{
		guard: grpcguard.Config{
			Open:   []string{"/open.Service/Method"},
			Scopes: map[string][]string{"orders.v1.Orders": nil, "/orders.v1.Orders/Cancel": {"admin"}},
		},
		options: []grpc.ServerOption{grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
			method, _ := grpc.MethodFromServerStream(stream)
			reached <- method
			return nil
		})},
	})
	client := server.dial(t)
	for path, want := range map[string]codes.Code{
		"/orders.v1.Orders/List":                  codes.OK,
		"/orders.v1.Orders/Cancel":                codes.PermissionDenied,
		"/orders.v1.Orders/Cancel?":               codes.Unauthenticated,
		"/orders.v1.Orders/Cancel#":               codes.Unauthenticated,
		"/orders.v1.Orders/Cancel/":               codes.Unauthenticated,
		"/orders.v1.Orders//Cancel":               codes.Unauthenticated,
		"//orders.v1.Orders/Cancel":               codes.Unauthenticated,
		"/orders.v1.Orders/./Cancel":              codes.Unauthenticated,
		"/open.Service/../orders.v1.Orders/A":     codes.Unauthenticated,
		"/orders.v1.Orders/%43ancel":              codes.Unauthenticated,
		`/orders.v1.Orders/\Cancel`:               codes.Unauthenticated,
		"/orders.v1.Orders/":                      codes.Unauthenticated,
		"/orders.v1.Orders/Can cel":               codes.Unauthenticated,
		"/orders.v1.Orders/C\u0430ncel":           codes.Unauthenticated,
		"/open.Service/Method":                    codes.OK,
		"/open.Service/Methods":                   codes.Internal,
		"/open.Service/Method?":                   codes.Unauthenticated,
		"/orders.v1.orders/List":                  codes.Internal,
		"/" + strings.Repeat("a", 100<<10) + "/b": codes.Internal,
	} {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+b.mint(t, nil))
		err := client.Invoke(ctx, path, &pb.Empty{}, &pb.Empty{})
		got := status.Code(err)
		select {
		case <-reached: // without a message, which the client misses
			got = codes.OK
		default:
		}
		if got != want {
			t.Errorf("PROXY-06 %.60q: %v, want %v", path, err, want)
		}
	}
	if log := server.log.String(); strings.Contains(log, strings.Repeat("a", 257)) {
		t.Error("a path is logged in full")
	}
}

// Many entries cost no more than their bytes, and are one malformed request.
func TestFaultManyEntries(t *testing.T) {
	b := newBench(t)
	client := b.serve(t, setup{}).dial(t)
	good := b.mint(t, nil)
	for name, pairs := range map[string][]string{
		"CRED-03 authorization": slices.Repeat([]string{"authorization", "Bearer " + good}, 500),
		"DPOP-REQ-05 dpop":      append(slices.Repeat([]string{"dpop", good}, 500), "authorization", "Bearer "+good),
	} {
		if got := call(t, client, pairs...); got.code != codes.Unauthenticated || got.message != "The request is malformed" {
			t.Errorf("%s: got %v %q", name, got.code, got.message)
		}
	}
	// Other keys decide nothing.
	others := append(slices.Repeat([]string{"x-other-bin", "\x00\xff"}, 500), "authorization", "Bearer "+good)
	if got := call(t, client, others...); got.code != codes.OK {
		t.Errorf("other keys: got %v %q", got.code, got.message)
	}
}

// The interceptors need no transport below them.
func TestFaultNoTransport(t *testing.T) {
	b := newBench(t)
	v, err := verifier.New(verifier.Config{Domain: "issuer.example", Audiences: []string{audience}, Fetcher: b.issuer})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	guard, err := grpcguard.New(v, grpcguard.Config{PublicURLs: []string{publicURL}})
	if err != nil {
		t.Fatal(err)
	}
	unreached := func(context.Context, any) (any, error) { return nil, errors.New("the method is reached") }
	for _, method := range []string{"", "/", "a", "/a.B/C"} {
		_, err := guard.UnaryInterceptor(t.Context(), nil, &grpc.UnaryServerInfo{FullMethod: method}, unreached)
		if status.Code(err) != codes.Unauthenticated {
			t.Errorf("%q: got %v", method, err)
		}
	}
}

// grpc.Server is an http.Handler too, of a net/http server that knows the client's certificate. That does not send
// challenges in trailers.
func TestServeHTTP(t *testing.T) {
	b := newBench(t)
	own, _ := newCertificate(t, "client.example")
	token := b.mint(t, verifiertest.Claims{"cnf": verifiertest.Claims{"x5t#S256": thumbprint(own)}})
	certificate, pool := newCertificate(t, "api.example")
	served := b.server(t, setup{verifier: func(c *verifier.Config) { c.MTLS = verifier.MTLSOn }}, new(server))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	over := &http.Server{Handler: served, ErrorLog: log.New(io.Discard, "", 0), TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequestClientCert}}
	done := make(chan error)
	go func() { done <- over.ServeTLS(listener, "", "") }()
	defer func() {
		_ = over.Close()
		<-done
	}()
	for _, c := range []struct {
		has  []tls.Certificate
		want codes.Code
	}{{[]tls.Certificate{own}, codes.OK}, {nil, codes.Unauthenticated}} {
		s := &server{address: listener.Addr().String(), clients: &tls.Config{RootCAs: pool, ServerName: "api.example", Certificates: c.has}}
		client := s.dial(t, grpc.WithTransportCredentials(credentials.NewTLS(s.clients)))
		for kind, send := range map[string]func(testing.TB, *grpc.ClientConn, ...string) outcome{"unary": call, "stream": stream} {
			got := send(t, client, "authorization", "Bearer "+token)
			if got.code != c.want || (c.want == codes.OK) != (got.reason == "") {
				t.Errorf("MTLS-01 %s with %d certificates: %v %q, %q", kind, len(c.has), got.code, got.message, got.reason)
			}
		}
		client.Close()
	}
}
