package grpcguard_test

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	pb "google.golang.org/grpc/interop/grpc_testing"

	"github.com/holdfast-go/holdfast/adapters/grpcguard"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// Whose word counts for the URL of a proof. The client always writes the :authority that the case names.
func TestURLOfAProof(t *testing.T) {
	b := newBench(t)
	const unary = pb.TestService_UnaryCall_FullMethodName
	resource := func(c *verifier.Config) { c.Resource = "https://api.example/orders" }
	two := []string{"https://api.example", "https://api.eu.example:8443"}
	for _, c := range []struct {
		name      string
		urls      []string
		verifier  func(*verifier.Config)
		authority string // api.example if empty
		htm, htu  string // POST and the method at api.example if empty
		passes    bool
		rule      string
	}{
		{name: "DPOP-CLM-04 the URL", passes: true},
		{name: "DPOP-CLM-04 another method's", htu: publicURL + pb.TestService_EmptyCall_FullMethodName, rule: "DPOP-CLM-04"},
		{name: "DPOP-CLM-03 only the path", htu: unary, rule: "DPOP-CLM-03"},
		{name: "DPOP-CLM-04 only the service", htu: publicURL + "/grpc.testing.TestService", rule: "DPOP-CLM-04"},
		{name: "DPOP-CLM-03 the scheme of grpc-go's resolvers", htu: "dns:///api.example" + unary, rule: "DPOP-CLM-03"},
		{name: "DPOP-CLM-04 http", htu: "http://api.example" + unary, rule: "DPOP-CLM-04"},
		{name: "DPOP-CLM-04 the scheme's own port", htu: "https://API.example:443" + unary, passes: true},
		{name: "DPOP-CLM-02 GET", htm: "GET", rule: "DPOP-CLM-02"},
		{name: "DPOP-CLM-02 post", htm: "post", rule: "DPOP-CLM-02"},
		{name: "PROXY-03 one URL, whatever the authority", authority: "evil.example", passes: true},
		{name: "PROXY-03 one URL, a proof for the authority", authority: "evil.example", htu: "https://evil.example" + unary, rule: "DPOP-CLM-04"},
		{name: "PROXY-03 with a path", urls: []string{"https://api.example/grpc/"}, htu: publicURL + "/grpc" + unary, passes: true},
		{name: "PROXY-03 with a path, left out", urls: []string{"https://api.example/grpc/"}, rule: "DPOP-CLM-04"},
		{name: "PROXY-05 the resource's", verifier: resource, urls: []string{}, passes: true},
		{name: "PROXY-05 the resource's, whatever the authority", verifier: resource, urls: []string{}, authority: "evil.example", htu: "https://evil.example" + unary, rule: "DPOP-CLM-04"},
		{name: "PROXY-05 the first of two", urls: two, passes: true},
		{name: "PROXY-05 the second of two", urls: two, authority: "API.eu.example:8443", htu: "https://api.eu.example:8443" + unary, passes: true},
		{name: "PROXY-05 the first's proof to the second", urls: two, authority: "api.eu.example:8443", rule: "DPOP-CLM-04"},
		{name: "PROXY-05 another port", urls: two, authority: "api.eu.example", htu: "https://api.eu.example" + unary, rule: "PROXY-05"},
		{name: "PROXY-05 none of two", urls: two, authority: "evil.example", htu: "https://evil.example" + unary, rule: "PROXY-05"},
		{name: "PROXY-05 an authority with a path", urls: two, authority: "api.example/x", rule: "PROXY-05"},
		{name: "PROXY-05 an authority with a query", urls: two, authority: "api.example?x", rule: "PROXY-05"},
		{name: "PROXY-05 an authority with a user", urls: two, authority: "evil@api.example", rule: "PROXY-05"},
		{name: "PROXY-05 one label of any", urls: []string{"https://*.api.example"}, authority: "tenant.api.example", htu: "https://tenant.api.example" + unary, passes: true},
		{name: "PROXY-05 no label of any", urls: []string{"https://*.api.example"}, rule: "PROXY-05"},
		{name: "PROXY-05 two labels of any", urls: []string{"https://*.api.example"}, authority: "a.b.api.example", htu: "https://a.b.api.example" + unary, rule: "PROXY-05"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := b.serve(t, setup{guard: grpcguard.Config{PublicURLs: c.urls}, verifier: c.verifier})
			client := server.dialAs(t, cmp.Or(c.authority, "api.example"))
			got := call(t, client, "authorization", "DPoP "+b.bound, "dpop", b.prove(t, cmp.Or(c.htm, "POST"), cmp.Or(c.htu, publicURL+unary), nil))
			switch {
			case c.passes && got.username != "user-1":
				t.Errorf("got %v %q: %s", got.code, got.message, server.log.String())
			case !c.passes && (got.code != codes.Unauthenticated || !strings.Contains(server.log.String(), "rule="+c.rule)):
				t.Errorf("got %v %q, want Unauthenticated by %s: %s", got.code, got.message, c.rule, server.log.String())
			case strings.Contains(got.message+strings.Join(got.trailer.Get("www-authenticate"), ""), "evil"):
				t.Errorf("the answer tells the host: %q, %q", got.message, got.trailer)
			}
		})
	}
}

// dialAs connects a client that writes an :authority of its choice, as an attacker's can: it trusts any certificate.
func (s *server) dialAs(t testing.TB, authority string, options ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	trusting := credentials.NewTLS(&tls.Config{InsecureSkipVerify: true})
	return s.dial(t, append(options, grpc.WithTransportCredentials(trusting), grpc.WithAuthority(authority))...)
}

// A proof passes once, with its own token, and one at a time.
func TestProofs(t *testing.T) {
	b := newBench(t)
	server := b.serve(t, setup{})
	client := server.dial(t)
	const htu = publicURL + pb.TestService_UnaryCall_FullMethodName
	proof := func() string { return b.prove(t, "POST", htu, nil) }
	used := proof()
	if got := call(t, client, "authorization", "DPoP "+b.bound, "dpop", used); got.username != "user-1" {
		t.Fatalf("a good proof: %v %q: %s", got.code, got.message, server.log.String())
	}
	for _, c := range []struct {
		rule     string
		reason   string
		metadata []string
	}{
		{"DPOP-RPL-01", "INVALID_DPOP_PROOF", []string{"authorization", "DPoP " + b.bound, "dpop", used}},
		{"DPOP-REQ-01", "INVALID_DPOP_PROOF", []string{"authorization", "DPoP " + b.bound, "dpop", proof(), "dpop", proof()}},
		{"DPOP-REQ-01", "INVALID_DPOP_PROOF", []string{"authorization", "DPoP " + b.bound, "dpop", proof() + "," + proof()}},
		{"DPOP-REQ-02", "INVALID_DPOP_PROOF", []string{"authorization", "DPoP " + b.bound}},
		{"DPOP-REQ-02", "INVALID_DPOP_PROOF", []string{"authorization", "DPoP " + b.bound, "dpop-bin", proof()}},
		{"DPOP-REQ-02", "INVALID_DPOP_PROOF", []string{"authorization", "DPoP " + b.bound, "grpcgateway-dpop", proof()}},
		{"DPOP-REQ-04", "INVALID_TOKEN", []string{"authorization", "Bearer " + b.bound}},
		{"DPOP-REQ-05", "INVALID_REQUEST", []string{"authorization", "Bearer " + b.mint(t, nil), "dpop", proof()}},
	} {
		got := call(t, client, append(c.metadata, "dpop-nonce", "x")...)
		if got.code != codes.Unauthenticated || got.reason != grpcguard.ErrorDomain+"/"+c.reason || !strings.Contains(server.log.String(), "rule="+c.rule) {
			t.Errorf("%s: got %v %q, %s", c.rule, got.code, got.reason, server.log.String())
		}
	}
}

// A stream's proof is for its method; it is used once.
func TestProofOfAStream(t *testing.T) {
	b := newBench(t)
	server := b.serve(t, setup{})
	client := server.dial(t)
	proof := b.prove(t, "POST", publicURL+pb.TestService_FullDuplexCall_FullMethodName, nil)
	for i, want := range []codes.Code{codes.OK, codes.Unauthenticated} {
		if got := stream(t, client, "authorization", "DPoP "+b.bound, "dpop", proof); got.code != want {
			t.Errorf("DPOP-RPL-01 use %d: %v, want %v: %s", i, got.code, want, server.log.String())
		}
	}
}

func TestNonces(t *testing.T) {
	b := newBench(t)
	server := b.serve(t, setup{verifier: func(c *verifier.Config) { c.DPoP.Nonce = verifier.NonceRequired }})
	client := server.dial(t)
	for name, c := range map[string]struct {
		send   func(testing.TB, *grpc.ClientConn, ...string) outcome
		method string
	}{
		"unary":  {call, pb.TestService_UnaryCall_FullMethodName},
		"stream": {stream, pb.TestService_FullDuplexCall_FullMethodName},
	} {
		t.Run(name, func(t *testing.T) {
			refused := c.send(t, client, "authorization", "DPoP "+b.bound, "dpop", b.prove(t, "POST", publicURL+c.method, nil))
			nonce := refused.trailer.Get("dpop-nonce")
			if refused.code != codes.Unauthenticated || refused.reason != grpcguard.ErrorDomain+"/USE_DPOP_NONCE" || len(nonce) != 1 {
				t.Fatalf("NONCE-02 got %v %q, nonces %q", refused.code, refused.reason, nonce)
			}
			proof := b.prove(t, "POST", publicURL+c.method, verifiertest.Claims{"nonce": nonce[0]})
			if passed := c.send(t, client, "authorization", "DPoP "+b.bound, "dpop", proof); passed.code != codes.OK {
				t.Errorf("NONCE-02 with the nonce: %v %q: %s", passed.code, passed.message, server.log.String())
			}
		})
	}
}

// A new nonce comes with the header of a call that passes.
func TestNewNonce(t *testing.T) {
	b := newBench(t)
	client := b.serve(t, setup{verifier: func(c *verifier.Config) { c.DPoP.Nonce = verifier.NonceOffered }}).dial(t)
	got := call(t, client, "authorization", "DPoP "+b.bound, "dpop", b.prove(t, "POST", publicURL+pb.TestService_UnaryCall_FullMethodName, nil))
	if nonce := got.header.Get("dpop-nonce"); got.code != codes.OK || len(nonce) != 1 {
		t.Errorf("NONCE-03 unary: %v, nonces %q", got.code, nonce)
	}
	if other := got.header.Get("cache-control"); other != nil {
		t.Errorf("a field of HTTP is sent: %q", other)
	}
	got = stream(t, client, "authorization", "DPoP "+b.bound, "dpop", b.prove(t, "POST", publicURL+pb.TestService_FullDuplexCall_FullMethodName, nil))
	if nonce := got.header.Get("dpop-nonce"); got.code != codes.OK || len(nonce) != 1 {
		t.Errorf("NONCE-03 stream: %v, nonces %q", got.code, nonce)
	}
}

func TestFaultReplayStoreIsDown(t *testing.T) {
	b := newBench(t)
	server := b.serve(t, setup{verifier: func(c *verifier.Config) { c.DPoP.ReplayStore = lostStore{} }})
	got := call(t, server.dial(t), "authorization", "DPoP "+b.bound, "dpop", b.prove(t, "POST", publicURL+pb.TestService_UnaryCall_FullMethodName, nil))
	if got.code != codes.Unavailable || got.retry != time.Second || got.trailer.Get("www-authenticate") != nil {
		t.Errorf("DPOP-RPL-05 got %v, RetryInfo %v, %q", got.code, got.retry, got.trailer)
	}
}

// grpc-go repeats calls by itself where its service config says so. Credentials are asked for a proof each time; one that
// stands in the metadata of the call was used by the first attempt, as far as the store can tell.
func TestFaultRetriedCall(t *testing.T) {
	b := newBench(t)
	const policy = `{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 2, "initialBackoff": "0.01s", "maxBackoff": "0.01s",
		"backoffMultiplier": 1, "retryableStatusCodes": ["UNAVAILABLE"]}}]}`
	for name, c := range map[string]struct {
		options  []grpc.DialOption
		metadata []string
		want     codes.Code
	}{
		"credentials": {[]grpc.DialOption{grpc.WithPerRPCCredentials(proofs{b.prover, b.bound})}, nil, codes.OK},
		"metadata": {nil, []string{"authorization", "DPoP " + b.bound,
			"dpop", b.prove(t, "POST", publicURL+pb.TestService_UnaryCall_FullMethodName, nil)}, codes.Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			store := &lossyStore{used: make(map[string]bool)}
			server := b.serve(t, setup{verifier: func(c *verifier.Config) { c.DPoP.ReplayStore = store }})
			client := server.dial(t, append(c.options, grpc.WithDefaultServiceConfig(policy))...)
			if got := call(t, client, c.metadata...); got.code != c.want || len(store.used) == 0 {
				t.Errorf("DPOP-RPL-05 got %v %q, want %v: %s", got.code, got.message, c.want, server.log.String())
			}
		})
	}
}

// A lossyStore loses its first answer, but not what it was told. One call at a time asks it here.
type lossyStore struct{ used map[string]bool }

func (s *lossyStore) FirstUse(_ context.Context, key string, _ time.Duration) (bool, error) {
	first := !s.used[key]
	s.used[key] = true
	if first && len(s.used) == 1 {
		return false, errors.New("connection reset")
	}
	return first, nil
}

type lostStore struct{}

func (lostStore) FirstUse(context.Context, string, time.Duration) (bool, error) {
	return false, errors.New("connection refused")
}

var _ ports.ReplayStore = lostStore{}

// A client makes its proofs as the guide shows.
func TestPerRPCCredentials(t *testing.T) {
	b := newBench(t)
	server := b.serve(t, setup{guard: grpcguard.Config{PublicURLs: []string{publicURL, "https://api.eu.example:8443"}}})
	for _, authority := range []string{"api.example", "api.example:443", "api.eu.example:8443"} {
		credentials := grpc.WithPerRPCCredentials(proofs{b.prover, b.bound})
		client := server.dialAs(t, authority, credentials)
		for range 2 {
			if got := call(t, client); got.username != "user-1" {
				t.Errorf("%s, unary: %v %q: %s", authority, got.code, got.message, server.log.String())
			}
			if got := stream(t, client); got.username != "user-1" {
				t.Errorf("%s, stream: %v %q: %s", authority, got.code, got.message, server.log.String())
			}
		}
	}
}

type proofs struct {
	prover *verifiertest.Prover
	token  string
}

func (p proofs) GetRequestMetadata(ctx context.Context, uri ...string) (map[string]string, error) {
	call, _ := credentials.RequestInfoFromContext(ctx)
	target, err := url.Parse(uri[0])
	if err != nil {
		return nil, err
	}
	proof, err := p.prover.Proof("POST", "https://"+target.Host+call.Method, p.token, nil, nil)
	return map[string]string{"authorization": "DPoP " + p.token, "dpop": proof}, err
}

func (proofs) RequireTransportSecurity() bool { return true }

// A Resolver is told which URL was called, and finds metadata by names in lower case.
func TestResolverSeesTheCall(t *testing.T) {
	b := newBench(t)
	asked := make(chan ports.DomainQuery, 1)
	server := b.serve(t, setup{
		guard: grpcguard.Config{PublicURLs: []string{"https://*.api.example"}},
		verifier: func(c *verifier.Config) {
			c.Domain = ""
			c.Resolver = ports.DomainResolverFunc(func(_ context.Context, q ports.DomainQuery) ([]ports.Domain, error) {
				asked <- q
				return []ports.Domain{{Issuer: "issuer.example"}}, nil
			})
		},
	})
	got := call(t, server.dialAs(t, "tenant.api.example"), "authorization", "Bearer "+b.mint(t, nil), "x-tenant", "acme")
	if got.code != codes.OK {
		t.Fatalf("got %v %q: %s", got.code, got.message, server.log.String())
	}
	query := <-asked
	if want := "https://tenant.api.example" + pb.TestService_UnaryCall_FullMethodName; query.URL != want || !slices.Equal(query.Header["x-tenant"], []string{"acme"}) {
		t.Errorf("the resolver was asked about %q with %v", query.URL, query.Header)
	}
	if got := call(t, server.dialAs(t, "evil.example"), "authorization", "Bearer "+b.mint(t, nil)); got.code != codes.Unauthenticated || len(asked) != 0 {
		t.Errorf("PROXY-05 a call for another host: %v", got.code)
	}
}
