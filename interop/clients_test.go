package interop

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/verifier"
)

// startAPI serves an API behind a guard, under the provider's certificate. It returns its URL, and a log of the
// answers.
func startAPI(t *testing.T, p *provider, v *verifier.Verifier) (url string, answers func() []string) {
	t.Helper()
	guard, err := httpguard.New(v, httpguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	hello := guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := httpguard.From(r.Context())
		fmt.Fprintf(w, "hello, %s by %s", token.ClientID, token.Scheme)
	}), "read:orders")
	var (
		mu  sync.Mutex
		log []string
	)
	api := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hello.ServeHTTP(w, r)
		entry := "accepted"
		if challenges := w.Header().Values("WWW-Authenticate"); len(challenges) > 0 {
			entry = strings.Join(challenges, " and ")
		}
		mu.Lock()
		defer mu.Unlock()
		log = append(log, entry)
	}))
	api.TLS = &tls.Config{Certificates: []tls.Certificate{p.certificate}}
	api.StartTLS()
	t.Cleanup(api.Close)
	return api.URL + "/orders?page=1", func() []string {
		mu.Lock()
		defer mu.Unlock()
		return log
	}
}

// TestDPoPClients has clients of others get a token that is bound to their key, and call the API with it twice:
// unchanged, and by the scheme and proofs that they make on their own.
func TestDPoPClients(t *testing.T) {
	p := startProvider(t, rsaKey(t, "rsa-1"))
	const (
		accepted = "accepted"
		wanted   = `DPoP error="use_dpop_nonce", error_description="The DPoP proof needs the nonce of this answer", scope="read:orders", algs="ES256"`
	)
	for _, c := range []struct {
		name, algorithm string
		dpop            verifier.DPoP
		calls           []string // of one client
	}{
		{"allowed", "ES256", verifier.DPoP{}, []string{accepted, accepted}},
		{"required", "ES256", verifier.DPoP{Mode: verifier.DPoPRequired}, []string{accepted, accepted}},
		{"nonce offered", "ES256", verifier.DPoP{Nonce: verifier.NonceOffered}, []string{accepted, accepted}},
		{"nonce required", "ES256", verifier.DPoP{Nonce: verifier.NonceRequired}, []string{wanted, accepted, accepted}},
		{"JWS-19 Ed25519, where EdDSA is configured", "Ed25519", verifier.DPoP{Algorithms: []string{"EdDSA"}}, []string{accepted, accepted}},
		{"JWS-19 Ed25519, which is configured", "Ed25519", verifier.DPoP{Algorithms: []string{"Ed25519"}}, []string{accepted, accepted}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, _ := newVerifier(t, p, func(config *verifier.Config) { config.DPoP = c.dpop })
			api, answers := startAPI(t, p, v)
			settings, err := json.Marshal(map[string]string{
				"issuer": p.URL, "client_id": clientID, "client_secret": clientSecret, "resource": apiRS256, "api": api, "algorithm": c.algorithm,
			})
			if err != nil {
				t.Fatal(err)
			}
			script := node(t, "clients.mjs", settings)
			script.Env = append(script.Env, "NODE_EXTRA_CA_CERTS="+p.CAFile)
			out, err := script.Output()
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			var wantLines, calls []string
			for _, name := range []string{"openid-client", "oauth4webapi", "dpop"} {
				wantLines = append(wantLines, fmt.Sprintf(`{"name":%q,"type":"dpop","statuses":[200,200]}`, name))
				calls = append(calls, c.calls...)
			}
			if diff := cmp.Diff(wantLines, lines); diff != "" {
				t.Errorf("clients (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(calls, answers()); diff != "" {
				t.Errorf("answers of the API (-want +got):\n%s", diff)
			}
			t.Logf("clients: %s", strings.Join(lines, " "))
			t.Logf("answers: %s", strings.Join(answers(), "; "))
		})
	}
}
