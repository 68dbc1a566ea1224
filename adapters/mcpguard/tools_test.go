package mcpguard_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/adapters/mcpguard"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// graded needs more for write than for whoami, and does not list purge.
func graded() mcpguard.Config {
	return mcpguard.Config{
		Scopes: []string{"mcp"},
		Actors: []verifier.Actor{{Subject: "agent-1"}, {Subject: "agent-2"}},
		Tools: map[string]mcpguard.Tool{
			"whoami": {},
			"write":  {Route: verifier.Route{Scopes: []string{"write"}}, Actors: []verifier.Actor{{Subject: "agent-1"}}},
		},
	}
}

func callOf(tool string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":%q,"arguments":{}}}`, tool)
}

// TestTools: who may call which tool. What is refused never reaches the server.
func TestTools(t *testing.T) {
	act := func(sub string) map[string]any { return map[string]any{"sub": sub} }
	const stepUp = `Bearer error="insufficient_scope", error_description="The access token lacks a needed scope", scope="mcp write"`
	for _, c := range []struct {
		name      string
		claims    verifiertest.Claims
		body      string
		status    int
		challenge string
	}{
		{"a tool that needs nothing more", nil, callOf("whoami"), 200, ""},
		{"CLAIM-SCP-02 a tool that needs a scope", nil, callOf("write"), 403, stepUp},
		{"CLAIM-SCP-02 with the scope", verifiertest.Claims{"scope": "mcp write"}, callOf("write"), 200, ""},
		{"a tool that is not listed", verifiertest.Claims{"scope": "mcp write"}, callOf("purge"), 403, ""},
		{"a tool that does not exist", nil, callOf("nothing"), 403, ""},
		{"no name", nil, `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{}}`, 403, ""},
		{"another method", nil, `{"jsonrpc":"2.0","id":7,"method":"tools/list"}`, 200, ""},
		{"in a batch", nil, "[" + callOf("whoami") + "," + callOf("write") + "]", 403, stepUp},
		{"a batch of what is allowed", nil, "[" + callOf("whoami") + "]", 200, ""},
		{"ACT-01 an actor that may act", verifiertest.Claims{"act": act("agent-2")}, callOf("whoami"), 200, ""},
		{"ACT-01 an actor that may call the tool", verifiertest.Claims{"act": act("agent-1"), "scope": "mcp write"}, callOf("write"), 200, ""},
		{"ACT-01 an actor that may not call the tool", verifiertest.Claims{"act": act("agent-2"), "scope": "mcp write"}, callOf("write"), 403, ""},
		{"ACT-02 an actor of before does not count", verifiertest.Claims{
			"act": map[string]any{"sub": "agent-2", "act": act("agent-1")}, "scope": "mcp write",
		}, callOf("write"), 403, ""},
		{"ACT-05 an actor of another issuer", verifiertest.Claims{
			"act": map[string]any{"sub": "agent-1", "iss": "https://other.example"},
		}, callOf("whoami"), 403, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, setting{config: graded()})
			token := s.token(t, c.claims)
			// Not in its session where the token may have none, to see that the call is refused by itself.
			session := s.begin(t, s.token(t, verifiertest.Claims{"act": actorOf(c.claims)}))
			answer, body := s.send(t, request{token: token, session: session, body: c.body})
			if answer.StatusCode != c.status {
				t.Errorf("answered %d %s, want %d", answer.StatusCode, body, c.status)
			}
			want := c.challenge
			if want != "" {
				want += `, resource_metadata="` + s.origin + `/.well-known/oauth-protected-resource/mcp"`
			}
			if got := strings.Join(answer.Header.Values("WWW-Authenticate"), "|"); got != want {
				t.Errorf("challenge is %s, want %s", got, want)
			}
			if ran := s.tools.String(); c.status == 403 && ran != "[]" {
				t.Errorf("tools ran: %s", ran)
			}
		})
	}
}

// actorOf returns an actor for the token that begins the session: the same, if sessions may be its.
func actorOf(claims verifiertest.Claims) any {
	if actor, ok := claims["act"].(map[string]any); ok && actor["iss"] == nil {
		return map[string]any{"sub": actor["sub"]}
	}
	return verifiertest.Absent
}

// TestStepUpForATool: the challenge names what the tool needs of the login, and the scopes.
func TestStepUpForATool(t *testing.T) {
	config := mcpguard.Config{Scopes: []string{"mcp"}, Tools: map[string]mcpguard.Tool{"whoami": {}, "write": {Route: verifier.Route{MaxAge: time.Minute, ACRValues: []string{"mfa"}}}}}
	s := newSite(t, setting{config: config})
	const failed = `Bearer error="insufficient_user_authentication", error_description="Another authentication of the user is needed", scope="mcp", `
	recent := time.Now().Unix()
	for name, c := range map[string]struct {
		claims verifiertest.Claims
		status int
	}{
		"STEP-01 recent":             {verifiertest.Claims{"acr": "mfa", "auth_time": recent}, 200},
		"STEP-01 long ago":           {verifiertest.Claims{"acr": "mfa", "auth_time": recent - 3600}, 401},
		"STEP-02 another context":    {verifiertest.Claims{"acr": "pwd", "auth_time": recent}, 401},
		"STEP-02 no word of a login": {nil, 401},
	} {
		t.Run(name, func(t *testing.T) {
			token := s.token(t, c.claims)
			answer, body := s.send(t, request{token: token, session: s.begin(t, token), body: callOf("write")})
			want := ""
			if c.status == 401 {
				want = failed + `resource_metadata="` + s.origin + `/.well-known/oauth-protected-resource/mcp", acr_values="mfa", max_age="60"`
			}
			if got := strings.Join(answer.Header.Values("WWW-Authenticate"), "|"); answer.StatusCode != c.status || got != want {
				t.Errorf("answered %d %s with %s, want %d with %s", answer.StatusCode, body, got, c.status, want)
			}
		})
	}
}

// TestDPoPForATool: the tool wants a token that is bound to a key, whoever sends it.
func TestDPoPForATool(t *testing.T) {
	s := newSite(t, setting{config: mcpguard.Config{Tools: map[string]mcpguard.Tool{"whoami": {}, "write": {Route: verifier.Route{DPoP: true}}}}})
	token := s.token(t, nil)
	answer, body := s.send(t, request{token: token, session: s.begin(t, token), body: callOf("write")})
	want := `DPoP algs="ES256", resource_metadata="` + s.origin + `/.well-known/oauth-protected-resource/mcp"`
	if got := answer.Header.Values("WWW-Authenticate"); answer.StatusCode != http.StatusUnauthorized || len(got) != 1 || got[0] != want {
		t.Errorf("DPOP-REQ-06 Bearer is answered %d %s with %q, want 401 with %q", answer.StatusCode, body, got, want)
	}
	key, err := verifiertest.NewKey("ES256", "")
	if err != nil {
		t.Fatal(err)
	}
	sender := &proving{prover: &verifiertest.Prover{Key: key}}
	thumbprint, err := sender.prover.Thumbprint()
	if err != nil {
		t.Fatal(err)
	}
	sender.token = s.token(t, verifiertest.Claims{"cnf": map[string]any{"jkt": thumbprint}})
	if as, err := call(t, mustConnect(t, s, sender), "write"); err != nil || as != "ada mcp" {
		t.Errorf("with DPoP the tool ran as %q, %v", as, err)
	}
}

// proving sends a DPoP proof with each request.
type proving struct {
	prover *verifiertest.Prover
	token  string
}

func (p *proving) RoundTrip(r *http.Request) (*http.Response, error) {
	proof, err := p.prover.Proof(r.Method, r.URL.String(), p.token, nil, nil)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "DPoP "+p.token)
	r.Header.Set("DPoP", proof)
	return http.DefaultTransport.RoundTrip(r)
}

// TestOtherTransport: what does not come through the guard is refused.
func TestOtherTransport(t *testing.T) {
	s := newSite(t, setting{})
	here, there := mcp.NewInMemoryTransports()
	session, err := s.server.Connect(t.Context(), there, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	client := mcp.NewClient(&mcp.Implementation{Name: "client", Version: "1"}, nil)
	if connected, err := client.Connect(t.Context(), here, nil); err == nil {
		defer connected.Close()
		result, err := connected.CallTool(t.Context(), &mcp.CallToolParams{Name: "whoami"})
		t.Errorf("a client without a token is connected, and its call is answered %v, %v", result, err)
	}
	if ran := s.tools.String(); ran != "[]" {
		t.Errorf("tools ran: %s", ran)
	}
}

// TestTokenInfo: the SDK gets the caller for its own check of sessions, and tools get what they would without a guard.
func TestTokenInfo(t *testing.T) {
	server := mcp.NewServer(&mcp.Implementation{Name: "tools", Version: "1"}, nil)
	var got *mcp.RequestExtra
	mcp.AddTool(server, &mcp.Tool{Name: "whoami"}, func(_ context.Context, r *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
		got = r.Extra
		return &mcp.CallToolResult{}, nil, nil
	})
	s := newSite(t, setting{server: server, config: mcpguard.Config{Actors: []verifier.Actor{{Subject: "agent-1"}}}})
	users := make(map[string]bool)
	for _, claims := range []verifiertest.Claims{nil, {"sub": "eve"}, {"client_id": "other"}, {"act": map[string]any{"sub": "agent-1"}}} {
		token := s.token(t, claims)
		if answer, body := s.send(t, request{token: token, session: s.begin(t, token), body: whoami}); answer.StatusCode != http.StatusOK {
			t.Fatalf("answered %d %s", answer.StatusCode, body)
		}
		users[got.TokenInfo.UserID] = true
		if sent := got.Header.Get("Authorization"); sent != "Bearer "+token {
			t.Errorf("the tool sees %q as Authorization", sent)
		}
		if !slices.Equal(got.TokenInfo.Scopes, []string{"mcp"}) || time.Until(got.TokenInfo.Expiration) < time.Minute {
			t.Errorf("the tool sees the token %+v", got.TokenInfo)
		}
	}
	if len(users) != 4 || users[""] {
		t.Errorf("four callers have the user IDs %v", users)
	}
}

// TestLargeBody: a body is not read further than its bound.
func TestLargeBody(t *testing.T) {
	config := graded()
	config.Transport = &mcp.StreamableHTTPOptions{MaxRequestBodyBytes: 1000}
	s := newSite(t, setting{config: config})
	token := s.token(t, nil)
	session := s.begin(t, token)
	for size, want := range map[int]int{1000: http.StatusOK, 1001: http.StatusRequestEntityTooLarge} {
		answer, body := s.send(t, request{token: token, session: session, body: callOf("whoami") + strings.Repeat(" ", size-len(callOf("whoami")))})
		if answer.StatusCode != want || want == http.StatusRequestEntityTooLarge && body != "Request Entity Too Large\n" {
			t.Errorf("a body of %d bytes is answered %d %q, want %d", size, answer.StatusCode, body, want)
		}
	}
}

// TestAudit: one line a call, with who and what, and nothing that is secret or the client's text.
func TestAudit(t *testing.T) {
	s := newSite(t, setting{config: graded()})
	token := s.token(t, verifiertest.Claims{"act": map[string]any{"sub": "agent-1", "act": map[string]any{"sub": "before"}}})
	session := s.begin(t, token)
	s.send(t, request{token: token, session: session, body: strings.Replace(callOf("whoami"), `"arguments":{}`, `"arguments":{"pin":"s3cr3t"}`, 1)})
	s.send(t, request{token: token, session: session, body: callOf("write")})
	s.send(t, request{token: token, session: session, body: callOf(strings.Repeat("x\n", 5000))})
	lines := s.log.lines(`msg="tool call"`)
	if len(lines) != 3 {
		t.Fatalf("%d lines of calls, want 3:\n%s", len(lines), s.log)
	}
	const who = `issuer=https://issuer.example/ subject=ada client=app actor=agent-1 actor_issuer="" scheme=Bearer session=`
	for i, want := range []string{"decision=allowed tool=whoami " + who, "decision=refused tool=write " + who, "decision=refused tool="} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("line %d is %s, want %s", i, lines[i], want)
		}
		if len(lines[i]) > 1000 {
			t.Errorf("line %d has %d bytes", i, len(lines[i]))
		}
	}
	for _, secret := range []string{token, session, "s3cr3t"} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log has %s", secret)
		}
	}
}

// TestStateless: the SDK's mode without sessions, and its newest protocol, which has none.
func TestStateless(t *testing.T) {
	config := graded()
	config.Transport = &mcp.StreamableHTTPOptions{Stateless: true}
	s := newSite(t, setting{config: config})
	session := mustConnect(t, s, bearer(s.token(t, nil)))
	if as, err := call(t, session, "whoami"); err != nil || as != "ada mcp" {
		t.Errorf("the tool ran as %q, %v", as, err)
	}
	if as, err := call(t, session, "write"); err == nil {
		t.Errorf("the tool ran as %q", as)
	}
	answer, body := s.send(t, request{token: s.token(t, verifiertest.Claims{"sub": "mallory"}), session: "any", body: whoami})
	if answer.StatusCode != http.StatusOK || !strings.Contains(body, "mallory mcp") {
		t.Errorf("answered %d %s", answer.StatusCode, body)
	}
}

// What a tool or a prompt returns of a verifier is for the operator, and its client sees the fixed text.
func TestErrorsOfTheVerifierAreNotTold(t *testing.T) {
	server := mcp.NewServer(&mcp.Implementation{Name: "tools", Version: "1"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "whoami"}, func(ctx context.Context, _ *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
		token, _ := httpguard.From(ctx)
		return nil, nil, token.Require(verifier.Route{RequiredClaims: []string{"internal_tier"}})
	})
	server.AddPrompt(&mcp.Prompt{Name: "report"}, func(ctx context.Context, _ *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		token, _ := httpguard.From(ctx)
		return nil, token.RequireScopes("internal:scope")
	})
	s := newSite(t, setting{server: server, config: mcpguard.Config{Scopes: []string{"mcp"}}})
	ada := s.token(t, nil)
	session := s.begin(t, ada)
	for body, want := range map[string]string{
		whoami: "The access token lacks a needed claim",
		`{"jsonrpc":"2.0","id":7,"method":"prompts/get","params":{"name":"report"}}`: "The access token lacks a needed scope",
	} {
		_, told := s.send(t, request{token: ada, session: session, body: body})
		if strings.Contains(told, "internal") || !strings.Contains(told, want) {
			t.Errorf("told %s, want %q", told, want)
		}
	}
	if log := s.log.String(); !strings.Contains(log, "internal_tier") || !strings.Contains(log, "internal:scope") {
		t.Errorf("the log does not say why: %s", log)
	}
}

// A stream of its own would last as long as the session, whatever its client does.
func TestSessionsHaveNoStreamsBesides(t *testing.T) {
	s := newSite(t, setting{config: mcpguard.Config{Scopes: []string{"mcp"}}})
	ada := s.token(t, nil)
	session := s.begin(t, ada)
	answer, body := s.send(t, request{token: ada, session: session,
		body: `{"jsonrpc":"2.0","id":7,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true}}}`})
	if answer.StatusCode != http.StatusBadRequest {
		t.Errorf("answered %d %s", answer.StatusCode, body)
	}
}
