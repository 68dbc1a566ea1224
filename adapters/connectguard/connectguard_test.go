package connectguard_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"go.uber.org/goleak"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/holdfast-go/holdfast/adapters/connectguard"
	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	audience = "https://api.example"
	service  = "/orders.v1.Orders/"
	unary    = service + "Get"
	stream   = service + "Watch"
)

type text = wrapperspb.StringValue

// A protocol is one of a real client.
type protocol struct {
	options []connect.ClientOption
	unary   string // HTTP method of a call without side effects
}

var protocols = map[string]protocol{
	"Connect":        {unary: http.MethodPost},
	"Connect by GET": {[]connect.ClientOption{connect.WithHTTPGet()}, http.MethodGet},
	"gRPC":           {[]connect.ClientOption{connect.WithGRPC()}, http.MethodPost},
	"gRPC-Web":       {[]connect.ClientOption{connect.WithGRPCWeb()}, http.MethodPost},
}

// A bench is an issuer, and an API of Connect's that accepts its tokens.
type bench struct {
	*httptest.Server
	issuer *verifiertest.Issuer
	log    syncBuffer
}

func newBench(t testing.TB, edit func(*verifier.Config), scopes ...string) *bench {
	t.Helper()
	b := &bench{issuer: verifiertest.MustIssuer(t, "https://issuer.example/", verifiertest.MustKey(t, "ES256", "key-1"))}
	policy := verifier.Config{Domain: "issuer.example", Audiences: []string{audience}, Fetcher: b.issuer, Algorithms: []string{"ES256"}}
	if edit != nil {
		edit(&policy)
	}
	v, err := verifier.New(policy)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	guard, err := httpguard.New(v, httpguard.Config{
		PublicURL: "https://api.example", Refuse: connectguard.Refuse, Logger: slog.New(slog.NewTextHandler(&b.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(service, guard.Handler(orders(), scopes...))
	b.Server = httptest.NewUnstartedServer(mux)
	b.EnableHTTP2 = true
	b.StartTLS()
	t.Cleanup(b.Close)
	return b
}

// orders is a service as protoc-gen-connect-go generates it: a method that is called once, and one that streams.
func orders() http.Handler {
	get := func(ctx context.Context, r *connect.Request[text]) (*connect.Response[text], error) {
		token, _ := httpguard.From(ctx)
		if scope := r.Msg.GetValue(); scope != "" {
			if err := token.RequireScopes(scope); err != nil {
				return nil, connectguard.Error(fmt.Errorf("in the method: %w", err))
			}
		}
		return connect.NewResponse(wrapperspb.String(token.Subject)), nil
	}
	watch := func(ctx context.Context, calls *connect.BidiStream[text, text]) error {
		token, _ := httpguard.From(ctx)
		for {
			if _, err := calls.Receive(); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			if err := calls.Send(wrapperspb.String(token.Subject)); err != nil {
				return err
			}
		}
	}
	mux := http.NewServeMux()
	mux.Handle(unary, connect.NewUnaryHandler(unary, get, connect.WithIdempotency(connect.IdempotencyNoSideEffects)))
	mux.Handle(stream, connect.NewBidiStreamHandler(stream, watch))
	return mux
}

// An outcome is what a client sees of a call.
type outcome struct {
	subject string
	code    connect.Code // 0 if it passed
	message string
	header  http.Header // of the answer, and what an error brought
	reason  string      // of ErrorInfo
	retry   time.Duration
}

// call sends one message to a method, and reads the answer.
func (b *bench) call(t testing.TB, method, message string, header http.Header, by protocol) outcome {
	t.Helper()
	var (
		o   outcome
		err error
	)
	options := append(slices.Clone(by.options), connect.WithIdempotency(connect.IdempotencyNoSideEffects))
	client := connect.NewClient[text, text](b.Client(), b.URL+method, options...)
	if method == unary {
		request := connect.NewRequest(wrapperspb.String(message))
		maps.Copy(request.Header(), header)
		var answer *connect.Response[text]
		if answer, err = client.CallUnary(t.Context(), request); err == nil {
			o.subject, o.header = answer.Msg.GetValue(), answer.Header()
		}
	} else {
		calls := client.CallBidiStream(t.Context())
		maps.Copy(calls.RequestHeader(), header)
		// Where the call is refused first, this is io.EOF, and Receive has the error.
		_ = calls.Send(wrapperspb.String(message))
		_ = calls.CloseRequest()
		var answer *text
		if answer, err = calls.Receive(); err == nil {
			o.subject, o.header = answer.GetValue(), calls.ResponseHeader()
			if _, last := calls.Receive(); !errors.Is(last, io.EOF) {
				t.Errorf("the stream ends with %v", last)
			}
		}
		_ = calls.CloseResponse()
	}
	var failed *connect.Error
	if !errors.As(err, &failed) {
		return o
	}
	o.code, o.message, o.header = failed.Code(), failed.Message(), failed.Meta()
	for _, detail := range failed.Details() {
		value, err := detail.Value()
		if err != nil {
			t.Fatal(err)
		}
		switch detail := value.(type) {
		case *errdetails.ErrorInfo:
			o.reason = detail.GetDomain() + "/" + detail.GetReason()
		case *errdetails.RetryInfo:
			o.retry = detail.GetRetryDelay().AsDuration()
		}
	}
	return o
}

func (b *bench) mint(t testing.TB, claims verifiertest.Claims) string {
	all := verifiertest.Claims{"aud": audience}
	maps.Copy(all, claims)
	return b.issuer.MustToken(t, all)
}

// every calls both methods by every protocol.
func every(t *testing.T, play func(t *testing.T, method string, by protocol)) {
	for name, by := range protocols {
		for kind, method := range map[string]string{"unary": unary, "stream": stream} {
			t.Run(name+"/"+kind, func(t *testing.T) { play(t, method, by) })
		}
	}
}

// What a real client of each protocol sees.
func TestProtocols(t *testing.T) {
	down := func(c *verifier.Config) {
		c.Fetcher = ports.FetcherFunc(func(context.Context, string) (ports.Document, error) {
			return ports.Document{}, errors.New("connection refused")
		})
	}
	misconfigured := func(c *verifier.Config) {
		c.Domain = ""
		c.Resolver = ports.DomainResolverFunc(func(context.Context, ports.DomainQuery) ([]ports.Domain, error) { return nil, nil })
	}
	for _, c := range []struct {
		name          string
		edit          func(*verifier.Config)
		scopes        []string
		authorization func(good string) []string

		code       connect.Code
		message    string
		challenges []string
		reason     string
		retry      time.Duration
	}{
		{name: "good token", authorization: func(good string) []string { return []string{"Bearer " + good} }},
		{name: "CRED-02 scheme in mixed case", authorization: func(good string) []string { return []string{"bEaReR " + good} }},
		{name: "CRED-01 no token", code: connect.CodeUnauthenticated, message: "An access token is needed",
			challenges: []string{`Bearer realm="api"`, `DPoP algs="ES256"`}},
		{name: "CRED-03 two fields", authorization: func(good string) []string { return []string{"Bearer " + good, "Bearer " + good} },
			code: connect.CodeUnauthenticated, message: "The request is malformed", reason: "oauth/INVALID_REQUEST",
			challenges: []string{`Bearer error="invalid_request", error_description="The request is malformed"`, `DPoP algs="ES256"`}},
		{name: "CRED-09 too large", authorization: func(string) []string { return []string{"Bearer " + strings.Repeat("a", 17<<10)} },
			code: connect.CodeUnauthenticated, message: "The access token is too large", reason: "oauth/INVALID_TOKEN",
			challenges: []string{`Bearer error="invalid_token", error_description="The access token is too large"`, `DPoP algs="ES256"`}},
		{name: "CLAIM-SCP-02 without the scope", scopes: []string{"admin"}, authorization: func(good string) []string { return []string{"Bearer " + good} },
			code: connect.CodePermissionDenied, message: "The access token lacks a needed scope", reason: "oauth/INSUFFICIENT_SCOPE",
			challenges: []string{`Bearer error="insufficient_scope", error_description="The access token lacks a needed scope", scope="admin"`}},
		{name: "CHAL-09 issuer down", edit: down, authorization: func(good string) []string { return []string{"Bearer " + good} },
			code: connect.CodeUnavailable, message: "The token can't be verified at the moment", reason: "oauth/TEMPORARILY_UNAVAILABLE", retry: time.Second},
		{name: "misconfigured", edit: misconfigured, authorization: func(good string) []string { return []string{"Bearer " + good} },
			code: connect.CodeInternal, message: "The server is misconfigured", reason: "oauth/SERVER_ERROR"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, c.edit, c.scopes...)
			header := http.Header{}
			if c.authorization != nil {
				header["Authorization"] = c.authorization(b.mint(t, nil))
			}
			every(t, func(t *testing.T, method string, by protocol) {
				got := b.call(t, method, "", header, by)
				if got.code != c.code || got.message != c.message || (got.subject == "user-1") != (c.code == 0) {
					t.Errorf("got %v %q and %q, want %v %q", got.code, got.message, got.subject, c.code, c.message)
				}
				if challenges := got.header.Values("WWW-Authenticate"); !slices.Equal(challenges, c.challenges) {
					t.Errorf("challenges are %q, want %q", challenges, c.challenges)
				}
				if got.reason != c.reason || got.retry != c.retry {
					t.Errorf("details are %q and %v, want %q and %v", got.reason, got.retry, c.reason, c.retry)
				}
				if c.code != 0 && got.header.Get("Cache-Control") != "no-store" {
					t.Errorf("CHAL-08 the answer may be cached: %v", got.header)
				}
			})
		})
	}
}

// A proof is for the method's URL, and for the HTTP method that the protocol uses. Its nonce comes with the refusal.
func TestDPoP(t *testing.T) {
	b := newBench(t, func(c *verifier.Config) { c.DPoP.Nonce = verifier.NonceRequired })
	prover := &verifiertest.Prover{Key: verifiertest.MustKey(t, "ES256", "client")}
	token := b.mint(t, verifiertest.Claims{"cnf": verifiertest.Claims{"jkt": prover.MustThumbprint(t)}})
	every(t, func(t *testing.T, method string, by protocol) {
		htm := http.MethodPost
		if method == unary {
			htm = by.unary
		}
		send := func(htm, path string, claims verifiertest.Claims) outcome {
			proof := prover.MustProof(t, htm, "https://api.example"+path, token, nil, claims)
			return b.call(t, method, "", http.Header{"Authorization": {"DPoP " + token}, "Dpop": {proof}}, by)
		}
		refused := send(htm, method, nil)
		nonce := refused.header.Get("DPoP-Nonce")
		if refused.code != connect.CodeUnauthenticated || refused.reason != "oauth/USE_DPOP_NONCE" || nonce == "" {
			t.Fatalf("NONCE-02 got %v %q, nonce %q", refused.code, refused.reason, nonce)
		}
		with := verifiertest.Claims{"nonce": nonce}
		if got := send(htm, method, with); got.subject != "user-1" {
			t.Errorf("a good proof: %v %q: %s", got.code, got.message, b.log.String())
		}
		if got := send(htm, service+"Other", with); got.code != connect.CodeUnauthenticated || got.reason != "oauth/INVALID_DPOP_PROOF" {
			t.Errorf("DPOP-CLM-04 a proof for another method: %v %q", got.code, got.reason)
		}
		if got := send(http.MethodPut, method, with); got.code != connect.CodeUnauthenticated {
			t.Errorf("DPOP-CLM-02 a proof for PUT: %v", got.code)
		}
	})
}

// Without TLS, as behind a proxy that ends it: over HTTP/1.1, which gRPC does not speak, and over HTTP/2.
func TestPlaintext(t *testing.T) {
	b := newBench(t, nil)
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "h2c": true} {
		t.Run(name, func(t *testing.T) {
			var over http.Protocols
			over.SetHTTP1(!http2)
			over.SetUnencryptedHTTP2(http2)
			plain := &bench{Server: httptest.NewUnstartedServer(b.Config.Handler), issuer: b.issuer}
			plain.Config.Protocols = &over
			plain.Start()
			defer plain.Close()
			transport := &http.Transport{Protocols: &over}
			defer transport.CloseIdleConnections()
			plain.Server.Client().Transport = transport
			for name, by := range protocols {
				if name == "gRPC" && !http2 {
					continue
				}
				if got := plain.call(t, unary, "", http.Header{"Authorization": {"Bearer " + b.mint(t, nil)}}, by); got.subject != "user-1" {
					t.Errorf("%s: a good token: %v %q", name, got.code, got.message)
				}
				got := plain.call(t, unary, "", http.Header{"Authorization": {"Bearer x"}}, by)
				if got.code != connect.CodeUnauthenticated || len(got.header.Values("WWW-Authenticate")) != 2 {
					t.Errorf("%s: a bad token: %v %q, %q", name, got.code, got.message, got.header)
				}
			}
		})
	}
}

// A method returns what the verifier said by Error.
func TestError(t *testing.T) {
	b := newBench(t, nil)
	header := http.Header{"Authorization": {"Bearer " + b.mint(t, nil)}}
	for name, by := range protocols {
		got := b.call(t, unary, "admin", header, by)
		if got.code != connect.CodePermissionDenied || got.message != "The access token lacks a needed scope" || got.reason != "oauth/INSUFFICIENT_SCOPE" {
			t.Errorf("CLAIM-SCP-02 %s: got %v %q, %q", name, got.code, got.message, got.reason)
		}
	}
	if err := connectguard.Error(nil); err != nil {
		t.Errorf("nil became %v", err)
	}
	if err := connectguard.Error(io.EOF); err != io.EOF {
		t.Errorf("EOF became %v", err)
	}
	own := connect.NewError(connect.CodeAborted, (&verifier.Verified{}).RequireScopes("a"))
	if err := connectguard.Error(own); err != error(own) {
		t.Errorf("an error of Connect's became %v", err)
	}
}

// A request of none of the protocols is answered by a status and JSON.
func TestOtherRequests(t *testing.T) {
	b := newBench(t, nil)
	request, err := http.NewRequest(http.MethodDelete, b.URL+unary, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := b.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if want := `{"code":"unauthenticated","message":"An access token is needed"}`; answer.StatusCode != 401 || string(body) != want || err != nil {
		t.Errorf("CRED-01 got %d %s, %v", answer.StatusCode, body, err)
	}
}

// A client that has left is no outage: a server's statistics have to tell them apart.
func TestFaultCallerLeaves(t *testing.T) {
	refusal := httpguard.Refusal{Class: verifier.Undecidable, Status: http.StatusServiceUnavailable, OAuthError: "temporarily_unavailable"}
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	for _, want := range []string{"unavailable", "canceled"} {
		w := httptest.NewRecorder()
		connectguard.Refuse(w, httptest.NewRequestWithContext(ctx, http.MethodGet, unary, nil), refusal)
		if !strings.Contains(w.Body.String(), `"code":"`+want+`"`) {
			t.Errorf("answered %d %s, want %s", w.Code, w.Body, want)
		}
		leave()
	}
}

// A syncBuffer is a log.
type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
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

// The guard leaves the answer to whoever writes it: a second status would be logged by net/http for every request without
// a token.
func TestRefuseWritesOnce(t *testing.T) {
	issuer := verifiertest.MustIssuer(t, "https://issuer.example/", verifiertest.MustKey(t, "ES256", "key-1"))
	v, err := verifier.New(verifier.Config{Domain: "issuer.example", Audiences: []string{audience}, Fetcher: issuer, Algorithms: []string{"ES256"}})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	guard, err := httpguard.New(v, httpguard.Config{PublicURL: "https://api.example", Refuse: connectguard.Refuse})
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"application/json", "application/grpc", "application/connect+json", "application/grpc-web"} {
		var logged bytes.Buffer
		server := httptest.NewUnstartedServer(guard.Handler(http.NotFoundHandler()))
		server.Config.ErrorLog = log.New(&logged, "", 0)
		server.Start()
		answer, err := http.Post(server.URL+"/orders.v1.Orders/Get", content, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		server.Close() // waits for the handler
		if logged.Len() > 0 {
			t.Errorf("%s: %s", content, &logged)
		}
	}
}
