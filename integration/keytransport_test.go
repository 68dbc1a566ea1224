package integration

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/holdfast-go/holdfast/adapters/httpfetch"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A bearer is the transport of docs/guide/issuers.md: it sends a token of its own to one host.
type bearer struct {
	host, tokenFile string
	next            http.RoundTripper
}

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "https" && r.URL.Host == b.host {
		token, err := os.ReadFile(b.tokenFile) // it is renewed
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+string(token))
	}
	return b.next.RoundTrip(r)
}

// TestKeySetOverAuthenticatedTransport gets keys as from the API server of Kubernetes, which wants a bearer token and has
// a certificate authority of its own (DISC-17). No other host gets the token, also if the API server redirects to it.
func TestKeySetOverAuthenticatedTransport(t *testing.T) {
	const issuerName = "kubernetes/serviceaccount"
	issuer := verifiertest.MustIssuer(t, issuerName)
	keys := func(w http.ResponseWriter) {
		document, err := issuer.Fetch(context.Background(), issuerName+"/jwks")
		if err != nil || !json.Valid(document.Body) {
			t.Errorf("the issuer's keys: %v", err)
		}
		_, _ = w.Write(document.Body)
	}
	var leaked atomic.Bool
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			leaked.Store(true)
		}
		keys(w)
	}))
	t.Cleanup(elsewhere.Close)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer service-account":
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
		case r.URL.Path == "/moved":
			http.Redirect(w, r, elsewhere.URL+"/keys", http.StatusFound)
		default:
			keys(w)
		}
	}))
	t.Cleanup(server.Close)
	tokenFile := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(tokenFile, []byte("service-account"), 0o600); err != nil {
		t.Fatal(err)
	}
	host := server.Listener.Addr().String()
	for name, c := range map[string]struct {
		host, path string
		good       bool
	}{
		"authenticated": {host, "/openid/v1/jwks", true},
		"redirected":    {host, "/moved", true},
		"anonymous":     {"other.example", "/openid/v1/jwks", false},
	} {
		t.Run(name, func(t *testing.T) {
			fetcher, err := httpfetch.New(httpfetch.Config{Client: &http.Client{Transport: bearer{c.host, tokenFile, server.Client().Transport}}})
			if err != nil {
				t.Fatal(err)
			}
			v, err := verifier.New(verifier.Config{
				Domains: []ports.Domain{{
					Issuer: issuerName, Exact: true, Audiences: []string{"https://api.example"},
					Keys: ports.KeySource{JWKSURL: server.URL + c.path},
				}},
				Fetcher: fetcher,
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { v.Close() })
			_, err = v.VerifyAccessToken(t.Context(), issuer.MustToken(t, verifiertest.Claims{"aud": "https://api.example"}))
			if (err == nil) != c.good {
				t.Errorf("VerifyAccessToken = %v", err)
			}
		})
	}
	if leaked.Load() {
		t.Error("another host got the bearer token")
	}
}
