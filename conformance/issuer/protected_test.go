package issuer_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// newOrders stands for an API under test: it is given its verifier. A real one has httpguard in front of its handlers,
// which this module may not import.
func newOrders(v *verifier.Verifier) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		verified, err := v.VerifyRequest(r.Context(), verifier.Request{
			Method: r.Method, URL: "http://" + r.Host + r.URL.String(), Header: r.Header,
		})
		if err == nil {
			err = verified.RequireScopes("read:orders")
		}
		var refusal *verifier.Error
		if errors.As(err, &refusal) {
			w.WriteHeader(refusal.Status)
			return
		}
		_, _ = io.WriteString(w, "orders of "+verified.Subject)
	})
}

// How an API's author tests a handler that wants access tokens: the issuer, the API, and the tokens.
func TestAnAPI(t *testing.T) {
	tenant := issuer.StartTest(t)
	orders := newOrders(tenant.Verifier(t, verifier.Config{Audiences: []string{api}}))

	for _, c := range []struct {
		name   string
		claims verifiertest.Claims
		status int
	}{
		{"a good token", verifiertest.Claims{"aud": api, "scope": "read:orders"}, http.StatusOK},
		{"a token for another API", verifiertest.Claims{"aud": api + "/v2", "scope": "read:orders"}, http.StatusUnauthorized},
		{"a token without expiry", verifiertest.Claims{"aud": api, "exp": verifiertest.Absent}, http.StatusUnauthorized},
		{"a token without the scope", verifiertest.Claims{"aud": api}, http.StatusForbidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			token := tenant.MustToken(t, c.claims)
			request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/orders", nil)
			request.Header.Set("Authorization", "Bearer "+token)
			answer := httptest.NewRecorder()
			orders.ServeHTTP(answer, request)
			if answer.Code != c.status {
				t.Errorf("status %d, want %d", answer.Code, c.status)
			}
		})
	}
}
