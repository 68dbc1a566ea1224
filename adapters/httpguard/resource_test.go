package httpguard_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

const (
	ordersAPI   = audience + "/orders"
	tenantAPI   = audience + "/users?tenant=1"
	wellKnown   = "/.well-known/oauth-protected-resource"
	ordersDoc   = `{"resource":"https://api.example/orders","authorization_servers":["https://issuer.example/"],"scopes_supported":["read:orders"],"bearer_methods_supported":["header"],"dpop_signing_alg_values_supported":["ES256"]}`
	tenantDoc   = `{"resource":"https://api.example/users?tenant=1","authorization_servers":["https://issuer.example/"],"scopes_supported":["users"],"bearer_methods_supported":["header"],"dpop_signing_alg_values_supported":["ES256"],"resource_name":"Users","resource_name#de":"Nutzer"}`
	notFound    = "404 page not found\n"
	notAMethod  = "Method Not Allowed\n"
	anyMetadata = "GET, HEAD, OPTIONS"
)

// newResources returns an issuer, and guards of the resources of one verifier of its tokens.
func newResources(t *testing.T, resources ...verifier.Resource) (*verifiertest.Issuer, []*httpguard.Guard) {
	t.Helper()
	issuer := newIssuer(t)
	v, err := verifier.New(verifier.Config{Domain: "issuer.example", Audiences: []string{audience, ordersAPI, tenantAPI}, Algorithms: []string{"ES256"}, Fetcher: issuer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	var guards []*httpguard.Guard
	for _, resource := range resources {
		own, err := v.For(resource)
		if err != nil {
			t.Fatal(err)
		}
		guard, err := httpguard.New(own, httpguard.Config{})
		if err != nil {
			t.Fatal(err)
		}
		guards = append(guards, guard)
	}
	return issuer, guards
}

// TestResourceMetadata serves two resources of one process over a listener.
func TestResourceMetadata(t *testing.T) {
	_, guards := newResources(t, verifier.Resource{Identifier: ordersAPI},
		verifier.Resource{Identifier: tenantAPI, Scopes: []string{"users"}, Name: verifier.Localized{"": "Users", "de": "Nutzer"}})
	mux := http.NewServeMux()
	for _, guard := range guards {
		mux.Handle(guard.ResourceMetadataPath(), guard.ResourceMetadata("read:orders"))
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	send := func(t *testing.T, method, target string, header http.Header) (*http.Response, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL+target, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header = header
		answer, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer, string(body)
	}
	answer, _ := send(t, "GET", wellKnown+"/orders", nil)
	tag := answer.Header.Get("ETag")
	public := http.Header{"Content-Type": {"application/json"}, "Cache-Control": {"public, max-age=3600"}, "Access-Control-Allow-Origin": {"*"}}
	for _, c := range []struct {
		name, method, target string
		header               http.Header
		status               int
		body                 string
		want                 http.Header
	}{
		{"META-01 served", "GET", wellKnown + "/orders", nil, 200, ordersDoc, public},
		{"META-01 of another resource, with its query", "GET", wellKnown + "/users?tenant=1", nil, 200, tenantDoc, public},
		{"META-01 of another query", "GET", wellKnown + "/users?tenant=2", nil, 404, notFound, nil},
		{"META-01 of no query", "GET", wellKnown + "/users", nil, 404, notFound, nil},
		{"META-01 of no resource", "GET", wellKnown, nil, 404, notFound, nil},
		{"META-01 without a body", "HEAD", wellKnown + "/orders", nil, 200, "", public},
		{"META-01 unchanged", "GET", wellKnown + "/orders", http.Header{"If-None-Match": {tag}}, 304, "", http.Header{"Etag": {tag}, "Access-Control-Allow-Origin": {"*"}}},
		{"META-01 changed", "GET", wellKnown + "/orders", http.Header{"If-None-Match": {`"x"`}}, 200, ordersDoc, public},
		{"META-01 another method", "POST", wellKnown + "/orders", nil, 405, notAMethod, http.Header{"Allow": {anyMetadata}}},
		{"META-01 preflight", "OPTIONS", wellKnown + "/orders", http.Header{
			"Origin": {"https://app.example"}, "Access-Control-Request-Method": {"GET"}, "Access-Control-Request-Headers": {"mcp-protocol-version"},
		}, 204, "", http.Header{
			"Access-Control-Allow-Origin": {"*"}, "Access-Control-Allow-Methods": {"GET, HEAD"}, "Access-Control-Allow-Headers": {"*"},
			"Access-Control-Max-Age": {"3600"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer, body := send(t, c.method, c.target, c.header)
			if answer.StatusCode != c.status || body != c.body {
				t.Errorf("the answer is %d %s, want %d %s", answer.StatusCode, body, c.status, c.body)
			}
			for name, want := range c.want {
				if diff := cmp.Diff(want, answer.Header[name]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
			if answer.StatusCode == 200 && answer.ContentLength != int64(len(ordersDoc)) && answer.ContentLength != int64(len(tenantDoc)) {
				t.Errorf("Content-Length is %d", answer.ContentLength)
			}
		})
	}
}

// TestNoResourceMetadata: META-02: without a resource there is nothing to tell.
func TestNoResourceMetadata(t *testing.T) {
	guard := newEnvironment(t).guard(t, httpguard.Config{}, nil)
	if path := guard.ResourceMetadataPath(); path != "" {
		t.Errorf("the path is %q", path)
	}
	for _, method := range []string{"GET", "OPTIONS"} {
		answer := httptest.NewRecorder()
		guard.ResourceMetadata("read:orders").ServeHTTP(answer, httptest.NewRequest(method, wellKnown, nil))
		if answer.Code != 404 || answer.Body.String() != notFound {
			t.Errorf("%s is answered %d %s", method, answer.Code, answer.Body)
		}
	}
}

// TestResources has two guards of one verifier: a token of one resource does not pass the other's guard, and each challenge
// names the metadata of its own.
func TestResources(t *testing.T) {
	issuer, guards := newResources(t, verifier.Resource{Identifier: ordersAPI}, verifier.Resource{Identifier: tenantAPI, Audiences: []string{audience}})
	admin, err := guards[1].For(verifier.Route{Scopes: []string{"admin"}})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/orders", guards[0].Handler(greet))
	mux.Handle("/users", guards[1].Handler(greet))
	mux.Handle("/admin", guards[1].Handler(admin.Handler(greet)))
	mux.Handle("/both", guards[0].Handler(guards[1].Handler(greet)))
	const orders, users = `resource_metadata="https://api.example` + wellKnown + `/orders"`, `resource_metadata="https://api.example` + wellKnown + `/users?tenant=1"`
	const wrong = `Bearer error="invalid_token", error_description="The access token is for another audience", `
	for _, c := range []struct {
		name, path, aud string
		status          int
		challenge       string // the first
	}{
		{"META-05 its own", "/orders", ordersAPI, 200, ""},
		{"META-05 the other's", "/orders", audience, 401, wrong + orders},
		{"META-05 the other one's own", "/users", audience, 200, ""},
		{"META-05 the first's", "/users", ordersAPI, 401, wrong + users},
		{"META-05 neither's", "/users", tenantAPI, 401, wrong + users},
		{"META-05 a guard in a guard", "/both", ordersAPI, 401, wrong + users},
		{"META-03 a scope", "/admin", audience, 403,
			`Bearer error="insufficient_scope", error_description="The access token lacks a needed scope", scope="admin", ` + users},
		{"META-03 no token", "/admin", "", 401, `Bearer realm="api", ` + users},
	} {
		t.Run(c.name, func(t *testing.T) {
			request := httptest.NewRequest("GET", c.path, nil)
			if c.aud != "" {
				request.Header.Set("Authorization", "Bearer "+mint(t, issuer, verifiertest.Claims{"aud": c.aud}))
			}
			recorder := httptest.NewRecorder()
			mux.ServeHTTP(recorder, request)
			if challenge := recorder.Header().Get("WWW-Authenticate"); recorder.Code != c.status || challenge != c.challenge {
				t.Errorf("answered %d %s, want %d %s", recorder.Code, challenge, c.status, c.challenge)
			}
		})
	}
}
