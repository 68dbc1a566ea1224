package mcpguard_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/adapters/mcpguard"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// TestSeveralServers has one verifier serve two MCP servers of a process, each to tokens of its own.
func TestSeveralServers(t *testing.T) {
	issuer := verifiertest.MustIssuer(t, "https://issuer.example/", verifiertest.MustKey(t, "ES256", "key-1"))
	mux := http.NewServeMux()
	listener := httptest.NewServer(mux)
	defer listener.Close()
	files, mail := listener.URL+"/files", listener.URL+"/mail"
	v, err := verifier.New(verifier.Config{
		Domain: "issuer.example", Audiences: []string{files, mail}, Fetcher: issuer, Algorithms: []string{"ES256"}, InsecureAllowLoopbackHTTP: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	for path, resource := range map[string]verifier.Resource{
		"/files": {Identifier: files},
		"/mail":  {Identifier: mail, Scopes: []string{"send"}, Name: verifier.Localized{"": "Mail"}},
	} {
		own, err := v.For(resource)
		if err != nil {
			t.Fatal(err)
		}
		guard, err := mcpguard.New(own, newServer(&recorder{}), mcpguard.Config{Scopes: []string{"mcp"}})
		if err != nil {
			t.Fatal(err)
		}
		defer guard.Close()
		mux.Handle(path, guard)
		mux.Handle("/.well-known/oauth-protected-resource"+path, guard)
	}
	for _, c := range []struct {
		name, url, aud string
		status         int
	}{
		{"META-05 files", files, files, 200},
		{"META-05 mail", mail, mail, 200},
		{"META-05 mail with a token for files", mail, files, 401},
		{"META-05 files with a token for mail", files, mail, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &site{url: c.url}
			token := issuer.MustToken(t, verifiertest.Claims{"aud": c.aud, "sub": "ada", "client_id": "app", "scope": "mcp"})
			answer, body := s.send(t, request{token: token, body: beginMsg})
			challenge := ""
			if c.status == 401 {
				challenge = `Bearer error="invalid_token", error_description="The access token is for another audience", scope="mcp", resource_metadata="` +
					strings.Replace(c.url, listener.URL, listener.URL+"/.well-known/oauth-protected-resource", 1) + `"`
			}
			if got := answer.Header.Get("WWW-Authenticate"); answer.StatusCode != c.status || got != challenge {
				t.Errorf("answered %d %s with %s, want %d with %s", answer.StatusCode, body, got, c.status, challenge)
			}
		})
	}
	for path, want := range map[string]map[string]string{
		"/files": {"resource": `"` + files + `"`, "scopes_supported": `["mcp"]`},
		"/mail":  {"resource": `"` + mail + `"`, "scopes_supported": `["send"]`, "resource_name": `"Mail"`},
	} {
		got := metadataAt(t, listener.URL+"/.well-known/oauth-protected-resource"+path)
		for member, value := range want {
			if string(got[member]) != value {
				t.Errorf("META-02: %s of %s is %s, want %s", member, path, got[member], value)
			}
		}
	}
}

func metadataAt(t *testing.T, url string) map[string]json.RawMessage {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var got map[string]json.RawMessage
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	return got
}

// TestMetadataOfAResolver: META-02: the protocol demands authorization_servers, also where a resolver names the issuers.
func TestMetadataOfAResolver(t *testing.T) {
	const resource = "https://tools.example/mcp"
	v, err := verifier.New(verifier.Config{
		Audiences: []string{resource}, Fetcher: verifiertest.MustIssuer(t, "https://issuer.example/", verifiertest.MustKey(t, "ES256", "key-1")),
		Resolver: ports.DomainResolverFunc(func(context.Context, ports.DomainQuery) ([]ports.Domain, error) { return nil, nil }),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	own, err := v.For(verifier.Resource{Identifier: resource, AuthorizationServers: []string{"https://issuer.example/"}})
	if err != nil {
		t.Fatal(err)
	}
	guard, err := mcpguard.New(own, newServer(&recorder{}), mcpguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer guard.Close()
	listener := httptest.NewServer(guard)
	defer listener.Close()
	got := metadataAt(t, listener.URL+"/.well-known/oauth-protected-resource/mcp")
	if want := `["https://issuer.example/"]`; string(got["authorization_servers"]) != want {
		t.Errorf("authorization_servers is %s, want %s", got["authorization_servers"], want)
	}
}

// TestAuthorizationDetailsForATool: RAR-03: a tool can need more than scopes say.
func TestAuthorizationDetailsForATool(t *testing.T) {
	s := newSite(t, setting{config: mcpguard.Config{Scopes: []string{"mcp"}, Tools: map[string]mcpguard.Tool{
		"whoami": {}, "write": {Route: verifier.Route{AuthorizationDetails: []verifier.AuthorizationDetail{{Type: "files", Actions: []string{"write"}}}}},
	}}})
	for action, status := range map[string]int{"write": 200, "read": 403} {
		token := s.token(t, verifiertest.Claims{"authorization_details": []map[string]any{{"type": "files", "actions": []string{action}}}})
		session := s.begin(t, token)
		answer, body := s.send(t, request{token: token, session: session, body: callOf("write")})
		want := ""
		if status == 403 {
			want = `Bearer error="insufficient_scope", error_description="The access token lacks needed authorization details", scope="mcp", resource_metadata="` +
				s.origin + `/.well-known/oauth-protected-resource/mcp"`
		}
		if got := answer.Header.Get("WWW-Authenticate"); answer.StatusCode != status || got != want {
			t.Errorf("with %s: answered %d %s with %s, want %d with %s", action, answer.StatusCode, body, got, status, want)
		}
		if answer, body := s.send(t, request{token: token, session: session, body: whoami}); answer.StatusCode != 200 {
			t.Errorf("a tool that needs nothing is answered %d %s", answer.StatusCode, body)
		}
	}
}
