package grpcguard_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"google.golang.org/grpc"

	"github.com/holdfast-go/holdfast/adapters/grpcguard"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// What a real client sees, of unary calls and of streams alike.
func TestCalls(t *testing.T) {
	b := newBench(t)
	good := "Bearer " + b.mint(t, verifiertest.Claims{"scope": "read:orders"})
	strong := "Bearer " + b.mint(t, verifiertest.Claims{"scope": "read:orders", "acr": "mfa"})
	payer := "Bearer " + b.mint(t, verifiertest.Claims{"authorization_details": []map[string]any{{"type": "payment", "actions": []string{"initiate"}}}})
	paying := verifier.Route{AuthorizationDetails: []verifier.AuthorizationDetail{{Type: "payment", Actions: []string{"initiate"}}}}
	routed := func(route verifier.Route) map[string]verifier.Route {
		return map[string]verifier.Route{pb.TestService_ServiceDesc.ServiceName: route}
	}
	scoped := func(scopes ...string) map[string][]string {
		return map[string][]string{pb.TestService_ServiceDesc.ServiceName: scopes}
	}
	down := func(c *verifier.Config) {
		c.Fetcher = ports.FetcherFunc(func(context.Context, string) (ports.Document, error) {
			return ports.Document{}, errors.New("connection refused")
		})
	}
	const malformed = `Bearer error="invalid_request", error_description="The request is malformed"`

	for _, c := range []struct {
		name     string
		guard    grpcguard.Config
		verifier func(*verifier.Config)
		resource verifier.Resource
		metadata []string

		code       codes.Code
		message    string
		username   string
		challenges []string
		reason     string
		retry      time.Duration
		logged     string
	}{
		{name: "good token", metadata: []string{"authorization", good}, username: "user-1"},
		{name: "CRED-02 scheme in mixed case", metadata: []string{"authorization", "bEaReR" + strings.TrimPrefix(good, "Bearer")}, username: "user-1"},
		{name: "CRED-01 no token", code: codes.Unauthenticated, message: "An access token is needed",
			challenges: []string{`Bearer realm="api"`, `DPoP algs="ES256"`}, logged: "level=INFO"},
		{name: "CRED-03 two entries", metadata: []string{"authorization", good, "authorization", good}, code: codes.Unauthenticated,
			message: "The request is malformed", challenges: []string{malformed, `DPoP algs="ES256"`}, reason: "INVALID_REQUEST", logged: "rule=CRED-03"},
		{name: "CRED-05 two tokens in one entry", metadata: []string{"authorization", good + ", " + good}, code: codes.Unauthenticated,
			message: "The request is malformed", challenges: []string{malformed, `DPoP algs="ES256"`}, reason: "INVALID_REQUEST", logged: "rule=CRED-05"},
		{name: "CRED-04 empty entry", metadata: []string{"authorization", ""}, code: codes.Unauthenticated,
			message: "The request is malformed", challenges: []string{malformed, `DPoP algs="ES256"`}, reason: "INVALID_REQUEST", logged: "rule=CRED-04"},
		{name: "CRED-07 another scheme", metadata: []string{"authorization", "Basic YTpi"}, code: codes.Unauthenticated,
			message: "An access token is needed", challenges: []string{`Bearer realm="api"`, `DPoP algs="ES256"`}, logged: "rule=CRED-07"},
		{name: "CRED-01 token in binary metadata", metadata: []string{"authorization-bin", good}, code: codes.Unauthenticated,
			message: "An access token is needed", challenges: []string{`Bearer realm="api"`, `DPoP algs="ES256"`}, logged: "rule=CRED-01"},
		{name: "CRED-01 binary metadata besides a good token", metadata: []string{"authorization", good, "authorization-bin", "Bearer x", "dpop-bin", "x"}, username: "user-1"},
		{name: "CRED-01 token as grpc-gateway forwards it", metadata: []string{"grpcgateway-authorization", good}, code: codes.Unauthenticated,
			message: "An access token is needed", challenges: []string{`Bearer realm="api"`, `DPoP algs="ES256"`}, logged: "rule=CRED-01"},
		{name: "CRED-01 token as proxies forward it", metadata: []string{"x-forwarded-authorization", good, "proxy-authorization", good, "cookie", "access_token=" + good},
			code: codes.Unauthenticated, message: "An access token is needed", challenges: []string{`Bearer realm="api"`, `DPoP algs="ES256"`}, logged: "rule=CRED-01"},
		{name: "CRED-09 1 MiB", metadata: []string{"authorization", "Bearer " + strings.Repeat("a", 1<<20)}, code: codes.Unauthenticated,
			message: "The access token is too large", reason: "INVALID_TOKEN", logged: "rule=CRED-09",
			challenges: []string{`Bearer error="invalid_token", error_description="The access token is too large"`, `DPoP algs="ES256"`}},
		{name: "CLAIM-EXP-02 expired", metadata: []string{"authorization", "Bearer " + b.mint(t, verifiertest.Claims{"exp": time.Now().Add(-time.Minute).Unix()})},
			code: codes.Unauthenticated, message: "The access token expired", reason: "INVALID_TOKEN", logged: "code=token_expired",
			challenges: []string{`Bearer error="invalid_token", error_description="The access token expired"`, `DPoP algs="ES256"`}},
		{name: "CLAIM-SCP-02 with the scope", guard: grpcguard.Config{Scopes: scoped("read:orders")}, metadata: []string{"authorization", good}, username: "user-1"},
		{name: "CLAIM-SCP-02 without the scope", guard: grpcguard.Config{Scopes: scoped("write:orders")}, metadata: []string{"authorization", good},
			code: codes.PermissionDenied, message: "The access token lacks a needed scope", reason: "INSUFFICIENT_SCOPE", logged: "rule=CLAIM-SCP-02",
			challenges: []string{`Bearer error="insufficient_scope", error_description="The access token lacks a needed scope", scope="write:orders"`}},
		{name: "STEP-02 with the acr", guard: grpcguard.Config{Routes: routed(verifier.Route{Scopes: []string{"read:orders"}, ACRValues: []string{"mfa"}})},
			metadata: []string{"authorization", strong}, username: "user-1"},
		{name: "STEP-02 without the acr", guard: grpcguard.Config{Routes: routed(verifier.Route{ACRValues: []string{"mfa"}})}, metadata: []string{"authorization", good},
			code: codes.Unauthenticated, message: "Another authentication of the user is needed", reason: "INSUFFICIENT_USER_AUTHENTICATION", logged: "rule=STEP-02",
			challenges: []string{`Bearer error="insufficient_user_authentication", error_description="Another authentication of the user is needed", acr_values="mfa"`}},
		{name: "RAR-03 with the details", guard: grpcguard.Config{Routes: routed(paying)}, metadata: []string{"authorization", payer}, username: "user-1"},
		{name: "RAR-03 without the details", guard: grpcguard.Config{Routes: routed(paying)}, metadata: []string{"authorization", good},
			code: codes.PermissionDenied, message: "The access token lacks needed authorization details", reason: "INSUFFICIENT_SCOPE", logged: "rule=RAR-03",
			challenges: []string{`Bearer error="insufficient_scope", error_description="The access token lacks needed authorization details"`}},
		{name: "META-05 its own token", resource: verifier.Resource{Identifier: "https://api.example/orders", Audiences: []string{audience}},
			metadata: []string{"authorization", good}, username: "user-1"},
		{name: "META-05 a token for another resource", resource: verifier.Resource{Identifier: "https://api.example/users"},
			verifier: func(c *verifier.Config) { c.Audiences = append(c.Audiences, "https://api.example/users") },
			metadata: []string{"authorization", good}, code: codes.Unauthenticated, message: "The access token is for another audience", reason: "INVALID_TOKEN",
			logged: "rule=META-05", challenges: []string{
				`Bearer error="invalid_token", error_description="The access token is for another audience", resource_metadata="https://api.example/.well-known/oauth-protected-resource/users"`,
				`DPoP algs="ES256", resource_metadata="https://api.example/.well-known/oauth-protected-resource/users"`}},
		{name: "DPOP-REQ-06 optional, no token", guard: grpcguard.Config{Optional: true, Routes: routed(verifier.Route{DPoP: true})}, code: codes.Unauthenticated,
			message: "An access token is needed", challenges: []string{`DPoP algs="ES256"`}, logged: "rule=CRED-01"},
		{name: "DPOP-REQ-06 Bearer", guard: grpcguard.Config{Routes: routed(verifier.Route{DPoP: true})}, metadata: []string{"authorization", good},
			code: codes.Unauthenticated, message: "An access token is needed", challenges: []string{`DPoP algs="ES256"`}, logged: "rule=DPOP-REQ-06"},
		{name: "method that is not routed", guard: grpcguard.Config{Routes: map[string]verifier.Route{"grpc.testing.TestServices": {}}}, metadata: []string{"authorization", good},
			code: codes.Internal, message: "The server is misconfigured", reason: "SERVER_ERROR", logged: "level=ERROR"},
		{name: "method that is not listed", guard: grpcguard.Config{Scopes: map[string][]string{"grpc.testing.TestServices": nil}}, metadata: []string{"authorization", good},
			code: codes.Internal, message: "The server is misconfigured", reason: "SERVER_ERROR", logged: "level=ERROR"},
		{name: "CHAL-09 issuer down", verifier: down, metadata: []string{"authorization", good}, code: codes.Unavailable,
			message: "The token can't be verified at the moment", reason: "TEMPORARILY_UNAVAILABLE", retry: time.Second, logged: "level=WARN"},
		{name: "CRED-10 optional, no token", guard: grpcguard.Config{Optional: true}, username: "stranger"},
		{name: "CRED-10 optional, good token", guard: grpcguard.Config{Optional: true}, metadata: []string{"authorization", good}, username: "user-1"},
		{name: "CRED-10 optional, bad token", guard: grpcguard.Config{Optional: true}, metadata: []string{"authorization", "Bearer x"}, code: codes.Unauthenticated,
			message: "The access token is malformed", reason: "INVALID_TOKEN", logged: "code=token_malformed",
			challenges: []string{`Bearer error="invalid_token", error_description="The access token is malformed"`, `DPoP algs="ES256"`}},
		{name: "CRED-10 optional, scopes", guard: grpcguard.Config{Optional: true, Scopes: scoped("read:orders")}, code: codes.Unauthenticated,
			message: "An access token is needed", logged: "rule=CRED-01",
			challenges: []string{`Bearer realm="api", scope="read:orders"`, `DPoP scope="read:orders", algs="ES256"`}},
		{name: "CRED-10 optional, not listed", guard: grpcguard.Config{Optional: true, Scopes: map[string][]string{}}, code: codes.Internal,
			message: "The server is misconfigured", reason: "SERVER_ERROR", logged: "level=ERROR"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := b.serve(t, setup{guard: c.guard, verifier: c.verifier, resource: c.resource})
			client := server.dial(t)
			for kind, send := range map[string]func(testing.TB, *grpc.ClientConn, ...string) outcome{"unary": call, "stream": stream} {
				got := send(t, client, c.metadata...)
				if got.code != c.code || got.message != c.message || got.username != c.username {
					t.Errorf("%s: got %v %q, and %q of the method; want %v %q, %q", kind, got.code, got.message, got.username, c.code, c.message, c.username)
				}
				if challenges := got.trailer.Get("www-authenticate"); !slices.Equal(challenges, c.challenges) {
					t.Errorf("%s: challenges are %q, want %q", kind, challenges, c.challenges)
				}
				if want := strings.TrimSuffix(grpcguard.ErrorDomain+"/"+c.reason, grpcguard.ErrorDomain+"/"); got.reason != want {
					t.Errorf("%s: ErrorInfo is %q, want %q", kind, got.reason, want)
				}
				if got.retry != c.retry {
					t.Errorf("%s: RetryInfo is %v, want %v", kind, got.retry, c.retry)
				}
			}
			switch log := server.log.String(); {
			case c.logged == "" && log != "":
				t.Errorf("a call that passed is logged: %s", log)
			case strings.Count(log, c.logged) != 2 && c.logged != "":
				t.Errorf("not logged twice with %q: %s", c.logged, log)
			case c.logged != "" && !strings.Contains(log, "method="+pb.TestService_UnaryCall_FullMethodName):
				t.Errorf("the method is not logged: %s", log)
			case strings.Contains(log, strings.TrimPrefix(good, "Bearer ")):
				t.Errorf("the token is logged: %s", log)
			}
		})
	}
}

// Health and reflection are open only where they are listed.
func TestOpenMethods(t *testing.T) {
	b := newBench(t)
	open := []string{healthpb.Health_Check_FullMethodName, reflectionpb.ServerReflection_ServerReflectionInfo_FullMethodName}
	for name, c := range map[string]struct {
		open   []string
		scopes map[string][]string
		want   codes.Code
	}{
		"none":                {nil, nil, codes.Unauthenticated},
		"listed":              {open, nil, codes.OK},
		"listed, with scopes": {open, map[string][]string{}, codes.OK},
	} {
		t.Run(name, func(t *testing.T) {
			client := b.serve(t, setup{guard: grpcguard.Config{Open: c.open, Scopes: c.scopes}}).dial(t)
			// An open method does not look at credentials.
			ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer x")
			_, err := healthpb.NewHealthClient(client).Check(ctx, &healthpb.HealthCheckRequest{})
			if got := status.Code(err); got != c.want {
				t.Errorf("health check: %v, want %v", got, c.want)
			}
			if got := reflect(ctx, client); got != c.want {
				t.Errorf("reflection: %v, want %v", got, c.want)
			}
			watch, err := healthpb.NewHealthClient(client).Watch(t.Context(), &healthpb.HealthCheckRequest{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err = watch.Recv(); status.Code(err) != codes.Unauthenticated {
				t.Errorf("health watch, which is not listed: %v, want Unauthenticated", err)
			}
			if got := call(t, client); got.code != codes.Unauthenticated {
				t.Errorf("another method: %v, want Unauthenticated", got.code)
			}
		})
	}
}

// reflect lists the services as grpcurl does.
func reflect(ctx context.Context, client *grpc.ClientConn) codes.Code {
	stream, err := reflectionpb.NewServerReflectionClient(client).ServerReflectionInfo(ctx)
	if err != nil {
		return status.Code(err)
	}
	list := &reflectionpb.ServerReflectionRequest_ListServices{}
	_ = stream.Send(&reflectionpb.ServerReflectionRequest{MessageRequest: list})
	_ = stream.CloseSend()
	_, err = stream.Recv()
	return status.Code(err)
}

func TestScopesByMethod(t *testing.T) {
	b := newBench(t)
	server := b.serve(t, setup{guard: grpcguard.Config{Scopes: map[string][]string{
		pb.TestService_ServiceDesc.ServiceName:     {"read:orders"},
		pb.TestService_UnaryCall_FullMethodName:    {"read:orders", "write:orders"},
		pb.TestService_EmptyCall_FullMethodName:    nil,
		healthpb.Health_ServiceDesc.ServiceName:    nil,
		healthpb.Health_Check_FullMethodName + "s": {"other"},
	}}})
	client := server.dial(t)
	for scope, want := range map[string]struct{ unary, stream codes.Code }{
		"":                         {codes.PermissionDenied, codes.PermissionDenied},
		"read:orders":              {codes.PermissionDenied, codes.OK},
		"read:orders write:orders": {codes.OK, codes.OK},
	} {
		authorization := []string{"authorization", "Bearer " + b.mint(t, verifiertest.Claims{"scope": scope})}
		if got := call(t, client, authorization...); got.code != want.unary {
			t.Errorf("CLAIM-SCP-02 a method with %q: %v, want %v", scope, got.code, want.unary)
		}
		if got := stream(t, client, authorization...); got.code != want.stream {
			t.Errorf("CLAIM-SCP-02 a method of the service with %q: %v, want %v", scope, got.code, want.stream)
		}
		ctx := metadata.AppendToOutgoingContext(t.Context(), authorization...)
		if _, err := healthpb.NewHealthClient(client).Check(ctx, &healthpb.HealthCheckRequest{}); err != nil {
			t.Errorf("a service that needs no scope, with %q: %v", scope, err)
		}
	}
}

// A method may return what the verifier said, and the client is told no more than by the guard.
func TestRefusalByAMethod(t *testing.T) {
	b := newBench(t)
	server := b.serve(t, setup{service: picky{}})
	client := server.dial(t)
	authorization := []string{"authorization", "Bearer " + b.mint(t, nil)}
	for kind, got := range map[string]outcome{"unary": call(t, client, authorization...), "stream": stream(t, client, authorization...)} {
		want := `Bearer error="insufficient_scope", error_description="The access token lacks a needed scope", scope="admin"`
		if challenges := got.trailer.Get("www-authenticate"); got.code != codes.PermissionDenied || !slices.Equal(challenges, []string{want}) {
			t.Errorf("CLAIM-SCP-02 %s: got %v %q, %q", kind, got.code, got.message, challenges)
		}
		if got.message != "The access token lacks a needed scope" {
			t.Errorf("%s: the message is %q", kind, got.message)
		}
	}
	if log := server.log.String(); strings.Count(log, "CLAIM-SCP-02") == 0 {
		t.Errorf("it is not logged: %s", log)
	}
}

// Picky methods check a scope themselves.
type picky struct{ greeter }

func (picky) UnaryCall(ctx context.Context, _ *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	token, _ := grpcguard.From(ctx)
	return nil, token.RequireScopes("admin")
}

func (picky) FullDuplexCall(stream pb.TestService_FullDuplexCallServer) error {
	token, _ := grpcguard.From(stream.Context())
	return errors.Join(status.Error(codes.Aborted, "aborted"), token.RequireScopes("admin"))
}

// A method's own errors stay as they are.
func TestErrorOfAMethod(t *testing.T) {
	b := newBench(t)
	client := b.serve(t, setup{service: failing{}}).dial(t)
	authorization := []string{"authorization", "Bearer " + b.mint(t, nil)}
	for kind, got := range map[string]outcome{"unary": call(t, client, authorization...), "stream": stream(t, client, authorization...)} {
		if got.code != codes.NotFound || got.message != "no such order" {
			t.Errorf("%s: got %v %q, want NotFound", kind, got.code, got.message)
		}
	}
}

type failing struct{ greeter }

func (failing) UnaryCall(context.Context, *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	return nil, status.Error(codes.NotFound, "no such order")
}

// Its status counts, although it knows what the verifier said.
func (failing) FullDuplexCall(stream pb.TestService_FullDuplexCallServer) error {
	token, _ := grpcguard.From(stream.Context())
	return ownStatus{token.RequireScopes("admin")}
}

type ownStatus struct{ error }

func (ownStatus) GRPCStatus() *status.Status { return status.New(codes.NotFound, "no such order") }

func (s ownStatus) Unwrap() error { return s.error }

// Without TLS, as behind a proxy that ends it.
func TestPlaintext(t *testing.T) {
	b := newBench(t)
	client := b.serve(t, setup{plaintext: true}).dial(t, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if got := call(t, client, "authorization", "Bearer "+b.mint(t, nil)); got.username != "user-1" {
		t.Errorf("a good token: %v %q", got.code, got.message)
	}
	proof := b.prove(t, "POST", publicURL+pb.TestService_UnaryCall_FullMethodName, nil)
	if got := call(t, client, "authorization", "DPoP "+b.bound, "dpop", proof); got.username != "user-1" {
		t.Errorf("PROXY-03 a good proof: %v %q", got.code, got.message)
	}
	certified := b.mint(t, verifiertest.Claims{"cnf": verifiertest.Claims{"x5t#S256": strings.Repeat("A", 43)}})
	if got := call(t, client, "authorization", "Bearer "+certified, "x-forwarded-client-cert", "Hash=00"); got.code != codes.Unauthenticated {
		t.Errorf("DPOP-BIND-03 a token bound to a certificate: %v", got.code)
	}
}

// A test of a method needs no guard and no issuer.
func TestNewContext(t *testing.T) {
	ctx := grpcguard.NewContext(t.Context(), &verifier.Verified{Subject: "user-2", Scopes: []string{"admin"}})
	if answer, err := (greeter{}).UnaryCall(ctx, nil); err != nil || answer.GetUsername() != "user-2" {
		t.Errorf("got %v, %v", answer, err)
	}
	if token, ok := grpcguard.From(t.Context()); ok || token != nil {
		t.Errorf("a context without a token has %v", token)
	}
}
