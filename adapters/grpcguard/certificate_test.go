package grpcguard_test

import (
	"crypto/tls"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A real client proves its certificate in the handshake.
func TestCertificates(t *testing.T) {
	b := newBench(t)
	own, _ := newCertificate(t, "client.example")
	other, _ := newCertificate(t, "other.example")
	bound := b.mint(t, verifiertest.Claims{"cnf": verifiertest.Claims{"x5t#S256": thumbprint(own)}})
	for _, c := range []struct {
		name  string
		mode  verifier.MTLSMode
		token string
		has   []tls.Certificate
		code  codes.Code
		rule  string
	}{
		{"MTLS-01 its certificate", verifier.MTLSOn, bound, []tls.Certificate{own}, codes.OK, ""},
		{"MTLS-01 another certificate", verifier.MTLSOn, bound, []tls.Certificate{other}, codes.Unauthenticated, "MTLS-01"},
		{"MTLS-02 no certificate", verifier.MTLSOn, bound, nil, codes.Unauthenticated, "MTLS-02"},
		{"MTLS-02 required, token that is not bound", verifier.MTLSRequired, b.mint(t, nil), []tls.Certificate{own}, codes.Unauthenticated, "MTLS-02"},
		{"MTLS-02 required, its certificate", verifier.MTLSRequired, bound, []tls.Certificate{own}, codes.OK, ""},
		{"DPOP-BIND-03 off", verifier.MTLSOff, bound, []tls.Certificate{own}, codes.Unauthenticated, "DPOP-BIND-03"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := b.serve(t, setup{verifier: func(config *verifier.Config) { config.MTLS = c.mode }})
			config := server.clients.Clone()
			config.Certificates = c.has
			client := server.dial(t, grpc.WithTransportCredentials(credentials.NewTLS(config)))
			for kind, send := range map[string]func(testing.TB, *grpc.ClientConn, ...string) outcome{"unary": call, "stream": stream} {
				got := send(t, client, "authorization", "Bearer "+c.token)
				if got.code != c.code || c.rule != "" && !strings.Contains(server.log.String(), "rule="+c.rule) {
					t.Errorf("%s: got %v %q, want %v by %s: %s", kind, got.code, got.message, c.code, c.rule, server.log.String())
				}
			}
		})
	}
}

// What anybody can write into metadata is not a certificate (MTLS-03).
func TestForwardedCertificatesAreNotRead(t *testing.T) {
	b := newBench(t)
	own, _ := newCertificate(t, "client.example")
	token := b.mint(t, verifiertest.Claims{"cnf": verifiertest.Claims{"x5t#S256": thumbprint(own)}})
	server := b.serve(t, setup{verifier: func(config *verifier.Config) { config.MTLS = verifier.MTLSOn }})
	client := server.dial(t)
	for _, key := range []string{"client-cert", "x-forwarded-client-cert", "x-ssl-client-cert"} {
		got := call(t, client, "authorization", "Bearer "+token, key, `Cert="`+string(own.Certificate[0][:0])+`"`)
		if got.code != codes.Unauthenticated {
			t.Errorf("MTLS-03 %s: got %v", key, got.code)
		}
	}
}
