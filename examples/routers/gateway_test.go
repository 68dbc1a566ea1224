package routers

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/holdfast-go/holdfast/adapters/grpcguard"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

const (
	exportPath = "/v1/traces"
	exportCall = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
	offersDPoP = `DPoP algs="ES256"`
)

// A gatewayCase is a request to a gateway, and its answer.
type gatewayCase struct {
	name   string
	header http.Header

	status     int
	challenges []string
	body       string // a part of it
}

func playGateway(t *testing.T, base string, cases []gatewayCase) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			request := must(http.NewRequestWithContext(t.Context(), "POST", base+exportPath, strings.NewReader("{}")))
			request.Header = c.header
			set(request.Header, map[string]string{"Content-Type": "application/json",
				"X-Forwarded-For": "203.0.113.5", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "api.example"})
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			body := must(io.ReadAll(answer.Body))
			if answer.StatusCode != c.status || !strings.Contains(string(body), c.body) {
				t.Errorf("answered %d %s, want %d %s", answer.StatusCode, body, c.status, c.body)
			}
			if challenges := answer.Header.Values("WWW-Authenticate"); !slices.Equal(challenges, c.challenges) {
				t.Errorf("the challenges are %q, want %q", challenges, c.challenges)
			}
		})
	}
}

// A guard in front of the gateway sees the request of the client, with its URL and its proof.
func TestGatewayBehindAGuard(t *testing.T) {
	a := newAPI(t)
	base := serve(t, must(gatewayInFront(a.guard, traces{scope: "write:traces"})))
	good := "Bearer " + a.token(verifiertest.Claims{"scope": "write:traces"})
	bound := a.token(verifiertest.Claims{"scope": "write:traces", "cnf": verifiertest.Claims{"jkt": must(a.client.Thumbprint())}})
	proof := func(htu string) []string { return []string{must(a.client.Proof("POST", htu, bound, nil, nil))} }
	playGateway(t, base, []gatewayCase{
		{name: "a good token", header: http.Header{"Authorization": {good}}, status: 200, body: "user-1"},
		{name: "CRED-01 no token", header: http.Header{}, status: 401, challenges: []string{`Bearer realm="api"`, offersDPoP}, body: "An access token is needed"},
		{name: "CRED-01 as metadata of the gateway", header: http.Header{"Grpc-Metadata-Authorization": {good}, "Grpcgateway-Authorization": {good}}, status: 401,
			challenges: []string{`Bearer realm="api"`, offersDPoP}},
		{name: "CLAIM-SCP-02 refused by the method", header: http.Header{"Authorization": {"Bearer " + a.token(nil)}}, status: 403,
			challenges: []string{`Bearer error="insufficient_scope", error_description="The access token lacks a needed scope", scope="write:traces"`},
			body:       `"error":"insufficient_scope"`},
		{name: "DPOP-CLM-04 a proof for the URL of the client", header: http.Header{"Authorization": {"DPoP " + bound}, "Dpop": proof("https://api.example" + exportPath)}, status: 200, body: "user-1"},
		{name: "DPOP-CLM-04 a proof for the gRPC call", header: http.Header{"Authorization": {"DPoP " + bound}, "Dpop": proof("https://api.example" + exportCall)}, status: 401,
			challenges: []string{`Bearer realm="api"`, `DPoP error="invalid_dpop_proof", error_description="The DPoP proof is invalid", algs="ES256"`}},
	})
}

// A guard behind the gateway sees the gateway's call: a Bearer token comes through, a proof for the client's URL does not.
func TestGuardBehindAGateway(t *testing.T) {
	a := newAPI(t)
	v := must(verifier.New(verifier.Config{Domain: "issuer.example", Audiences: []string{audience}, Fetcher: a.issuer}))
	t.Cleanup(func() { v.Close() })
	connection := serveTraces(t, v)
	base := serve(t, must(gatewayToAGuard(t.Context(), connection)))
	good := "Bearer " + a.token(verifiertest.Claims{"scope": "write:traces"})
	bound := a.token(verifiertest.Claims{"scope": "write:traces", "cnf": verifiertest.Claims{"jkt": must(a.client.Thumbprint())}})
	proof := func(htu string) []string { return []string{must(a.client.Proof("POST", htu, bound, nil, nil))} }
	const scope, offersDPoP = `scope="write:traces"`, `DPoP scope="write:traces", algs="ES256"`
	noToken := []string{`Bearer realm="api", ` + scope, offersDPoP}
	malformed := []string{`Bearer error="invalid_request", error_description="The request is malformed", ` + scope, offersDPoP}
	badProof := []string{noToken[0], `DPoP error="invalid_dpop_proof", error_description="The DPoP proof is invalid", ` + scope + `, algs="ES256"`}
	playGateway(t, base, []gatewayCase{
		{name: "a good token", header: http.Header{"Authorization": {good}}, status: 200, body: "user-1"},
		{name: "CRED-01 no token", header: http.Header{}, status: 401, challenges: noToken, body: "An access token is needed"},
		{name: "CLAIM-SCP-02 without the scope", header: http.Header{"Authorization": {"Bearer " + a.token(nil)}}, status: 403,
			challenges: []string{`Bearer error="insufficient_scope", error_description="The access token lacks a needed scope", scope="write:traces"`}, body: "INSUFFICIENT_SCOPE"},
		{name: "CRED-03 a second token as metadata", header: http.Header{"Authorization": {good}, "Grpc-Metadata-Authorization": {good}}, status: 401, challenges: malformed},
		{name: "a token as metadata only", header: http.Header{"Grpc-Metadata-Authorization": {good}}, status: 200, body: "user-1"},
		{name: "CRED-01 under the gateway's own name", header: http.Header{"Grpc-Metadata-Grpcgateway-Authorization": {good}}, status: 401, challenges: noToken},
		{name: "CRED-01 as binary metadata", header: http.Header{"Grpc-Metadata-Authorization-Bin": {"QmVhcmVyIHg="}}, status: 401, challenges: noToken},
		{name: "DPOP-REQ-02 a proof for the URL of the client", header: http.Header{"Authorization": {"DPoP " + bound}, "Dpop": proof("https://api.example" + exportPath)}, status: 401, challenges: badProof},
		{name: "DPOP-CLM-04 the same as metadata", header: http.Header{"Authorization": {"DPoP " + bound}, "Grpc-Metadata-Dpop": proof("https://api.example" + exportPath)}, status: 401, challenges: badProof},
		{name: "DPOP-CLM-04 a proof for the gRPC call as metadata", header: http.Header{"Authorization": {"DPoP " + bound}, "Grpc-Metadata-Dpop": proof("https://api.example" + exportCall)}, status: 200, body: "user-1"},
	})
	t.Run("both guards", func(t *testing.T) {
		front := serve(t, a.guard.Handler(must(gatewayToAGuard(t.Context(), connection))))
		playGateway(t, front, []gatewayCase{
			{name: "a good token", header: http.Header{"Authorization": {good}}, status: 200, body: "user-1"},
			{name: "CRED-03 another token as metadata", header: http.Header{"Authorization": {good}, "Grpc-Metadata-Authorization": {"Bearer " + a.token(verifiertest.Claims{"sub": "other"})}},
				status: 401, challenges: malformed},
		})
	})
	t.Run("CHAL-09 issuer down", func(t *testing.T) {
		down := must(verifier.New(verifier.Config{Domain: "issuer.example", Audiences: []string{audience},
			Fetcher: ports.FetcherFunc(func(context.Context, string) (ports.Document, error) {
				return ports.Document{}, errors.New("connection refused")
			})}))
		t.Cleanup(func() { down.Close() })
		base := serve(t, must(gatewayToAGuard(t.Context(), serveTraces(t, down))))
		playGateway(t, base, []gatewayCase{{name: "503", header: http.Header{"Authorization": {good}}, status: 503, body: "TEMPORARILY_UNAVAILABLE"}})
	})
}

// serveTraces starts a gRPC server with a guard, and connects a gateway to it.
func serveTraces(t *testing.T, v *verifier.Verifier) *grpc.ClientConn {
	guard := must(grpcguard.New(v, grpcguard.Config{
		PublicURLs: []string{"https://api.example"}, Scopes: map[string][]string{exportCall: {"write:traces"}},
	}))
	server := grpc.NewServer(grpc.ChainUnaryInterceptor(guard.UnaryInterceptor), grpc.ChainStreamInterceptor(guard.StreamInterceptor))
	tracepb.RegisterTraceServiceServer(server, traces{})
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	connection := must(grpc.NewClient("passthrough:///"+listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials())))
	t.Cleanup(func() {
		connection.Close()
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return connection
}

// A gateway takes the method of a POST form from X-HTTP-Method-Override, behind a guard that has asked for the scope of
// POST. The option that both gateways above have ends that.
func TestGatewayTakesNoOtherMethod(t *testing.T) {
	a := newAPI(t)
	for name, c := range map[string]struct {
		option runtime.ServeMuxOption
		run    string
	}{
		"by default":   {runtime.WithErrorHandler(runtime.DefaultHTTPErrorHandler), "DELETE"},
		"as an option": {runtime.WithDisablePathLengthFallback(), "POST"},
	} {
		t.Run(name, func(t *testing.T) {
			gateway := runtime.NewServeMux(c.option)
			for _, method := range []string{"POST", "DELETE"} {
				err := gateway.HandlePath(method, "/orders/{id}", func(w http.ResponseWriter, r *http.Request, _ map[string]string) { io.WriteString(w, method) })
				if err != nil {
					t.Fatal(err)
				}
			}
			mux := http.NewServeMux()
			mux.Handle("POST /orders/{id}", a.guard.Handler(gateway, "write:orders"))
			mux.Handle("DELETE /orders/{id}", a.guard.Handler(gateway, "delete:orders"))
			request := must(http.NewRequestWithContext(t.Context(), "POST", serve(t, mux)+"/orders/7", nil))
			set(request.Header, map[string]string{
				"Authorization": "Bearer " + a.token(verifiertest.Claims{"scope": "write:orders"}),
				"Content-Type":  "application/x-www-form-urlencoded", "X-HTTP-Method-Override": "DELETE",
			})
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			if ran := string(must(io.ReadAll(answer.Body))); answer.StatusCode != 200 || ran != c.run {
				t.Errorf("answered %d by %q, want %s", answer.StatusCode, ran, c.run)
			}
		})
	}
}
