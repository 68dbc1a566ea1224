package mcpguard_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/holdfast-go/holdfast/adapters/mcpguard"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// TestAnswers: what a request without a good token gets. No body says more than the fixed texts.
func TestAnswers(t *testing.T) {
	up := newSite(t, setting{config: mcpguard.Config{Scopes: []string{"mcp"}}})
	down := newSite(t, setting{
		config: mcpguard.Config{Scopes: []string{"mcp"}},
		fetcher: ports.FetcherFunc(func(context.Context, string) (ports.Document, error) {
			return ports.Document{}, errors.New("dial tcp 10.1.2.3:443: connection refused")
		}),
	})
	for _, c := range []struct {
		name      string
		site      *site
		token     func(*site) string
		status    int
		challenge string // of Bearer, without resource_metadata
		body      string
	}{
		{"CRED-01 no token", up, func(*site) string { return "" }, 401, `Bearer realm="api", scope="mcp"`,
			`{"error_description":"An access token is needed"}`},
		{"JWS-01 no JWT", up, func(*site) string { return "stolen" }, 401,
			`Bearer error="invalid_token", error_description="The access token is malformed", scope="mcp"`,
			`{"error":"invalid_token","error_description":"The access token is malformed"}`},
		{"CLAIM-EXP-02 expired", up, func(s *site) string {
			return s.token(t, verifiertest.Claims{"exp": time.Now().Add(-time.Minute).Unix()})
		}, 401, `Bearer error="invalid_token", error_description="The access token expired", scope="mcp"`,
			`{"error":"invalid_token","error_description":"The access token expired"}`},
		{"CLAIM-AUD-02 for another server", up, func(s *site) string {
			return s.token(t, verifiertest.Claims{"aud": s.origin + "/other"})
		}, 401, `Bearer error="invalid_token", error_description="The access token is for another audience", scope="mcp"`,
			`{"error":"invalid_token","error_description":"The access token is for another audience"}`},
		{"CLAIM-SCP-02 without the scope", up, func(s *site) string {
			return s.token(t, verifiertest.Claims{"scope": "other"})
		}, 403, `Bearer error="insufficient_scope", error_description="The access token lacks a needed scope", scope="mcp"`,
			`{"error":"insufficient_scope","error_description":"The access token lacks a needed scope"}`},
		{"CHAL-09 issuer down", down, func(s *site) string { return s.token(t, nil) }, 503, "",
			`{"error":"temporarily_unavailable","error_description":"The token can't be verified at the moment"}`},
		{"ACT-03 malformed act", up, func(s *site) string {
			return s.token(t, verifiertest.Claims{"act": "agent"})
		}, 401, `Bearer error="invalid_token", error_description="The access token has a malformed claim"`,
			`{"error":"invalid_token","error_description":"The access token has a malformed claim"}`},
		{"ACT-01 an actor that is not configured", up, func(s *site) string {
			return s.token(t, verifiertest.Claims{"act": map[string]any{"sub": "agent-1"}})
		}, 403, "", `{"error":"access_denied","error_description":"The caller is not allowed to do this"}`},
		{"a token that names no one", up, func(s *site) string {
			return s.token(t, verifiertest.Claims{"sub": verifiertest.Absent, "client_id": verifiertest.Absent})
		}, 403, "", `{"error":"access_denied","error_description":"The caller is not allowed to do this"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			token := c.token(c.site)
			for _, r := range []request{{body: beginMsg}, {body: whoami}, {method: http.MethodGet}, {method: http.MethodDelete}} {
				r.token = token
				answer, body := c.site.send(t, r)
				if answer.StatusCode != c.status || body != c.body {
					t.Errorf("%s is answered %d %s, want %d %s", r.method, answer.StatusCode, body, c.status, c.body)
				}
				want := c.challenge
				if want != "" {
					want += `, resource_metadata="` + c.site.origin + `/.well-known/oauth-protected-resource/mcp"`
				}
				if got := answer.Header.Get("WWW-Authenticate"); got != want {
					t.Errorf("the first challenge is %s, want %s", got, want)
				}
				if retry := answer.Header.Get("Retry-After"); (retry != "") != (c.status == 503) {
					t.Errorf("Retry-After is %q", retry)
				}
			}
		})
	}
	if ran := up.tools.String() + down.tools.String(); ran != "[][]" {
		t.Errorf("tools ran: %s", ran)
	}
}

// TestMetadata: clients find the issuer and all scopes, a script in a browser too.
func TestMetadata(t *testing.T) {
	s := newSite(t, setting{config: mcpguard.Config{
		Scopes: []string{"mcp"}, Tools: map[string]mcpguard.Tool{"whoami": {}, "write": {Route: verifier.Route{Scopes: []string{"write", "mcp"}}}},
	}})
	const path = "/.well-known/oauth-protected-resource/mcp"
	answer, err := http.Get(s.origin + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var got map[string]any
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"resource": s.url, "authorization_servers": []any{"https://issuer.example/"}, "scopes_supported": []any{"mcp", "write"},
		"bearer_methods_supported": []any{"header"}, "dpop_signing_alg_values_supported": []any{"ES256"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("META-02: (-want +got):\n%s", diff)
	}
	preflight, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, s.origin+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	preflight.Header = http.Header{"Origin": {"https://page.example"}, "Access-Control-Request-Method": {"GET"}, "Access-Control-Request-Headers": {"mcp-protocol-version"}}
	permitted, err := http.DefaultClient.Do(preflight)
	if err != nil {
		t.Fatal(err)
	}
	defer permitted.Body.Close()
	if permitted.StatusCode != http.StatusNoContent || permitted.Header.Get("Access-Control-Allow-Headers") != "*" {
		t.Errorf("META-01: the preflight is answered %d %v", permitted.StatusCode, permitted.Header)
	}
}

// TestOrigins: a page of another origin gets nothing, and one that is configured can read what it must.
func TestOrigins(t *testing.T) {
	const inspector = "https://inspector.example"
	s := newSite(t, setting{config: mcpguard.Config{Origins: []string{inspector}}})
	token := s.token(t, nil)
	for _, c := range []struct {
		name   string
		origin []string
		want   int
	}{
		{"no origin", nil, 200},
		{"its own", []string{s.origin}, 200},
		{"configured", []string{inspector}, 200},
		{"of another page", []string{"https://evil.example"}, 403},
		{"with the host that a name was made to resolve to", []string{"http://evil.example"}, 403},
		{"null", []string{"null"}, 403},
		{"a prefix of a configured one", []string{"https://inspector.example.evil.example"}, 403},
		{"of another port", []string{inspector + ":8443"}, 403},
		{"two", []string{inspector, "https://evil.example"}, 403},
		{"empty", []string{""}, 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			header := http.Header{}
			if c.origin != nil {
				header["Origin"] = c.origin
			}
			answer, body := s.send(t, request{token: token, body: beginMsg, header: header})
			if answer.StatusCode != c.want {
				t.Errorf("answered %d %s, want %d", answer.StatusCode, body, c.want)
			}
			allowed := ""
			if c.want == 200 && c.origin != nil {
				allowed = c.origin[0]
			}
			if got := answer.Header.Get("Access-Control-Allow-Origin"); got != allowed {
				t.Errorf("Access-Control-Allow-Origin is %q, want %q", got, allowed)
			}
		})
	}
	preflight := request{method: http.MethodOptions, header: http.Header{
		"Origin": {inspector}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"authorization, mcp-session-id"},
	}}
	answer, _ := s.send(t, preflight)
	if answer.StatusCode != http.StatusNoContent || !strings.Contains(answer.Header.Get("Access-Control-Allow-Headers"), "Mcp-Session-Id") {
		t.Errorf("a preflight is answered %d %v", answer.StatusCode, answer.Header)
	}
	preflight.header["Origin"] = []string{"https://evil.example"}
	if answer, _ := s.send(t, preflight); answer.StatusCode != http.StatusForbidden {
		t.Errorf("the preflight of another page is answered %d", answer.StatusCode)
	}
}

// TestRebinding: on a loopback address, the SDK refuses requests whose Host is a name of elsewhere. The guard leaves that on.
func TestRebinding(t *testing.T) {
	s := newSite(t, setting{})
	answer, body := s.send(t, request{token: s.token(t, nil), body: beginMsg, header: http.Header{"Host": {"evil.example"}}})
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("answered %d %s, want 403", answer.StatusCode, body)
	}
}

// TestNew: each field that can't work is named.
func TestNew(t *testing.T) {
	s := newSite(t, setting{})
	agent := []verifier.Actor{{Subject: "agent-1"}}
	for field, config := range map[string]mcpguard.Config{
		"HTTP.Optional":                 {HTTP: withOptional()},
		"HTTP.PublicURL":                {HTTP: withPublicURL("tools.example")},
		"MaxSessions":                   {MaxSessions: -1},
		"MaxSessionsPerCaller":          {MaxSessionsPerCaller: -1},
		"Transport.MaxRequestBodyBytes": {Transport: &mcp.StreamableHTTPOptions{MaxRequestBodyBytes: -1}},
		"Scopes[1]":                     {Scopes: []string{"mcp", "a b"}},
		"Origins[0]":                    {Origins: []string{"inspector.example"}},
		"Origins[1]":                    {Origins: []string{"https://a.example", "https://b.example/"}},
		"Actors[0]":                     {Actors: []verifier.Actor{{Issuer: "https://issuer.example/"}}},
		`Tools["write"].Actors[0]`:      {Actors: agent, Tools: map[string]mcpguard.Tool{"write": {Actors: []verifier.Actor{{Subject: "agent-2"}}}}},
		`Tools["write"].Scopes[1]`:      {Tools: map[string]mcpguard.Tool{"write": {Route: verifier.Route{Scopes: []string{"write", "a b"}}}}},
		`Tools["write"].MaxAge`:         {Tools: map[string]mcpguard.Tool{"write": {Route: verifier.Route{MaxAge: -time.Minute}}}},
		`Tools["write"].ACRValues[0]`:   {Tools: map[string]mcpguard.Tool{"write": {Route: verifier.Route{ACRValues: []string{""}}}}},
	} {
		t.Run(field, func(t *testing.T) {
			_, err := mcpguard.New(s.verifier, newServer(&recorder{}), config)
			wantField(t, err, field)
		})
	}
	t.Run("Resource", func(t *testing.T) {
		v, err := verifier.New(verifier.Config{Domain: "https://issuer.example/", Audiences: []string{"a"}, Fetcher: s.issuer})
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		_, err = mcpguard.New(v, newServer(&recorder{}), mcpguard.Config{})
		wantField(t, err, "Resource")
	})
	t.Run("Tools[...].DPoP", func(t *testing.T) {
		v, err := verifier.New(verifier.Config{
			Domain: "https://issuer.example/", Audiences: []string{"a"}, Fetcher: s.issuer, Resource: "https://tools.example/mcp",
			DPoP: verifier.DPoP{Mode: verifier.DPoPDisabled},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		_, err = mcpguard.New(v, newServer(&recorder{}), mcpguard.Config{Tools: map[string]mcpguard.Tool{"write": {Route: verifier.Route{DPoP: true}}}})
		wantField(t, err, `Tools["write"].DPoP`)
	})
	if _, err := mcpguard.New(nil, newServer(&recorder{}), mcpguard.Config{}); err == nil {
		t.Error("no verifier is accepted")
	}
	if _, err := mcpguard.New(s.verifier, nil, mcpguard.Config{}); err == nil {
		t.Error("no server is accepted")
	}
}

func wantField(t *testing.T, err error, field string) {
	t.Helper()
	var fault *verifier.FieldError
	if !errors.As(err, &fault) || fault.Field != field {
		t.Errorf("the error is %v, want one of %s", err, field)
	}
}
