package httpguard_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/verifier"
)

func TestResourceMetadata(t *testing.T) {
	const path = "/.well-known/oauth-protected-resource/orders"
	for _, c := range []struct {
		name, resource, method string
		status                 int
		body                   string
	}{
		{
			name: "META-01 served", resource: audience + "/orders", method: "GET", status: http.StatusOK,
			body: `{"resource":"https://api.example/orders","authorization_servers":["https://issuer.example/"],"scopes_supported":["read:orders"],"bearer_methods_supported":["header"],"dpop_signing_alg_values_supported":["ES256"]}`,
		},
		{name: "META-01 another method", resource: audience + "/orders", method: "POST", status: http.StatusMethodNotAllowed, body: "Method Not Allowed\n"},
		{name: "META-01 preflight", resource: audience + "/orders", method: "OPTIONS", status: http.StatusNoContent},
		{name: "META-02 no resource, preflight", method: "OPTIONS", status: http.StatusNotFound, body: "404 page not found\n"},
		{name: "META-02 no resource", method: "GET", status: http.StatusNotFound, body: "404 page not found\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := verifier.New(verifier.Config{Domain: "issuer.example", Audiences: []string{audience}, Fetcher: newIssuer(t), Resource: c.resource})
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			guard, err := httpguard.New(v, httpguard.Config{})
			if err != nil {
				t.Fatal(err)
			}
			answer := httptest.NewRecorder()
			guard.ResourceMetadata("read:orders").ServeHTTP(answer, httptest.NewRequest(c.method, path, nil))
			if answer.Code != c.status || answer.Body.String() != c.body {
				t.Errorf("the answer is %d %s, want %d %s", answer.Code, answer.Body, c.status, c.body)
			}
			header := answer.Header()
			if c.status < 300 && header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("META-01: no script may read it: %v", header)
			}
			if c.status == http.StatusNoContent && (header.Get("Access-Control-Allow-Headers") != "*" || header.Get("Access-Control-Allow-Methods") != "GET, HEAD") {
				t.Errorf("META-01: the preflight permits nothing: %v", header)
			}
			if c.status == http.StatusOK && (header.Get("Content-Type") != "application/json" || header.Get("Cache-Control") != "public, max-age=3600") {
				t.Errorf("META-01: the header is %v", header)
			}
		})
	}
}
