package grpcguard_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"log/slog"
	"maps"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	health "google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"github.com/holdfast-go/holdfast/adapters/grpcguard"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	audience  = "https://api.example"
	publicURL = "https://api.example"
)

// A bench has an issuer, and makes servers that accept its tokens.
type bench struct {
	issuer *verifiertest.Issuer
	prover *verifiertest.Prover
	bound  string // a token of the prover's key
}

func newBench(t testing.TB) *bench {
	b := &bench{
		issuer: verifiertest.MustIssuer(t, "https://issuer.example/", verifiertest.MustKey(t, "ES256", "key-1")),
		prover: &verifiertest.Prover{Key: verifiertest.MustKey(t, "ES256", "client")},
	}
	b.bound = b.mint(t, verifiertest.Claims{"cnf": verifiertest.Claims{"jkt": b.prover.MustThumbprint(t)}})
	return b
}

func (b *bench) mint(t testing.TB, claims verifiertest.Claims) string {
	all := verifiertest.Claims{"aud": audience}
	maps.Copy(all, claims)
	return b.issuer.MustToken(t, all)
}

// prove makes a DPoP proof for the bound token.
func (b *bench) prove(t testing.TB, htm, htu string, claims verifiertest.Claims) string {
	return b.prover.MustProof(t, htm, htu, b.bound, nil, claims)
}

// A setup is a server with a guard. Its zero value wants a good token of any kind.
type setup struct {
	guard     grpcguard.Config
	verifier  func(*verifier.Config)
	resource  verifier.Resource // of several; none if it is zero
	service   pb.TestServiceServer
	plaintext bool
	options   []grpc.ServerOption
}

// A server is a gRPC server on a loopback port.
type server struct {
	address string
	log     syncBuffer
	clients *tls.Config // nil over plaintext
}

// server makes a gRPC server with a guard, which logs into started.
func (b *bench) server(t testing.TB, s setup, started *server) *grpc.Server {
	t.Helper()
	policy := verifier.Config{Domain: "issuer.example", Audiences: []string{audience}, Fetcher: b.issuer, Algorithms: []string{"ES256"}}
	if s.verifier != nil {
		s.verifier(&policy)
	}
	v, err := verifier.New(policy)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	if s.resource.Identifier != "" {
		if v, err = v.For(s.resource); err != nil {
			t.Fatal(err)
		}
	}
	s.guard.Logger = slog.New(slog.NewTextHandler(&started.log, nil))
	if s.guard.PublicURLs == nil && policy.Resource == "" && s.resource.Identifier == "" {
		s.guard.PublicURLs = []string{publicURL}
	}
	guard, err := grpcguard.New(v, s.guard)
	if err != nil {
		t.Fatal(err)
	}
	options := append(s.options, grpc.ChainUnaryInterceptor(guard.UnaryInterceptor), grpc.ChainStreamInterceptor(guard.StreamInterceptor))
	served := grpc.NewServer(options...)
	if s.service == nil {
		s.service = greeter{}
	}
	pb.RegisterTestServiceServer(served, s.service)
	healthpb.RegisterHealthServer(served, health.NewServer())
	reflection.Register(served)
	t.Cleanup(served.Stop)
	return served
}

// serve starts a server, for api.example over TLS.
func (b *bench) serve(t testing.TB, s setup) *server {
	t.Helper()
	started := new(server)
	if !s.plaintext {
		own, pool := newCertificate(t, "api.example")
		started.clients = &tls.Config{RootCAs: pool, ServerName: "api.example"}
		config := &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: tls.RequestClientCert}
		s.options = append(s.options, grpc.Creds(credentials.NewTLS(config)))
	}
	served := b.server(t, s, started)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	started.address = listener.Addr().String()
	done := make(chan error)
	go func() { done <- served.Serve(listener) }()
	t.Cleanup(func() {
		served.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return started
}

// dial connects a client. Without options it calls api.example over TLS.
func (s *server) dial(t testing.TB, options ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	if s.clients != nil {
		options = append([]grpc.DialOption{grpc.WithTransportCredentials(credentials.NewTLS(s.clients))}, options...)
	}
	client, err := grpc.NewClient("passthrough:///"+s.address, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// An outcome is what a client sees of a call.
type outcome struct {
	code            codes.Code
	message         string
	username        string // what the method has answered
	header, trailer metadata.MD
	reason          string        // of ErrorInfo
	retry           time.Duration // of RetryInfo
}

// call sends a unary call with pairs of metadata.
func call(t testing.TB, client *grpc.ClientConn, pairs ...string) outcome {
	t.Helper()
	var o outcome
	ctx := metadata.AppendToOutgoingContext(t.Context(), pairs...)
	answer, err := pb.NewTestServiceClient(client).UnaryCall(ctx, &pb.SimpleRequest{}, grpc.Header(&o.header), grpc.Trailer(&o.trailer))
	o.username = answer.GetUsername()
	o.read(err)
	return o
}

// stream sends one message on a stream, and reads until it ends.
func stream(t testing.TB, client *grpc.ClientConn, pairs ...string) outcome {
	t.Helper()
	ctx := metadata.AppendToOutgoingContext(t.Context(), pairs...)
	calls, err := pb.NewTestServiceClient(client).FullDuplexCall(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var o outcome
	// Where the call is refused first, this is io.EOF, and Recv has the status.
	_ = calls.Send(&pb.StreamingOutputCallRequest{})
	_ = calls.CloseSend()
	for {
		answer, err := calls.Recv()
		if err == nil {
			o.username = string(answer.GetPayload().GetBody())
			continue
		}
		o.header, _ = calls.Header()
		o.trailer = calls.Trailer()
		if err != io.EOF {
			o.read(err)
		}
		return o
	}
}

func (o *outcome) read(err error) {
	answered := status.Convert(err)
	o.code, o.message = answered.Code(), answered.Message()
	for _, detail := range answered.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			o.reason = detail.GetDomain() + "/" + detail.GetReason()
		case *errdetails.RetryInfo:
			o.retry = detail.GetRetryDelay().AsDuration()
		}
	}
}

// A greeter says whom the guard let pass.
type greeter struct {
	pb.UnimplementedTestServiceServer
}

func greeting(ctx context.Context) string {
	if token, ok := grpcguard.From(ctx); ok {
		return token.Subject
	}
	return "stranger"
}

func (greeter) UnaryCall(ctx context.Context, _ *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	return &pb.SimpleResponse{Username: greeting(ctx)}, nil
}

func (greeter) FullDuplexCall(stream pb.TestService_FullDuplexCallServer) error {
	for {
		if _, err := stream.Recv(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		answer := &pb.StreamingOutputCallResponse{Payload: &pb.Payload{Body: []byte(greeting(stream.Context()))}}
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
}

// newCertificate makes a certificate that signs itself, and the pool that trusts it.
func newCertificate(t testing.TB, names ...string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: names, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// thumbprint is the x5t#S256 of a certificate.
func thumbprint(certificate tls.Certificate) string {
	sum := sha256.Sum256(certificate.Certificate[0])
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// A syncBuffer is a log.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
