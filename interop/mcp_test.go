package interop

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/adapters/mcpguard"
	"github.com/holdfast-go/holdfast/verifier"
)

// startMCP serves an MCP server under the issuer's certificate, and returns the URL of its endpoint.
func startMCP(t *testing.T, i *tokenIssuer, protect func(*verifier.Verifier, *mcp.Server) (http.Handler, error)) string {
	t.Helper()
	listener := httptest.NewUnstartedServer(nil)
	url := "https://" + listener.Listener.Addr().String() + "/mcp"
	v, _ := newVerifier(t, i.provider, func(c *verifier.Config) { c.Audiences, c.Resource = []string{url}, url })
	server := mcp.NewServer(&mcp.Implementation{Name: "tools", Version: "1"}, nil)
	for _, name := range []string{"whoami", "publish"} {
		mcp.AddTool(server, &mcp.Tool{Name: name}, func(ctx context.Context, _ *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
			token, _ := httpguard.From(ctx)
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: token.Subject + " with " + strings.Join(token.Scopes, " ")}}}, nil, nil
		})
	}
	var err error
	if listener.Config.Handler, err = protect(v, server); err != nil {
		t.Fatal(err)
	}
	listener.TLS = &tls.Config{Certificates: []tls.Certificate{i.certificate}}
	listener.StartTLS()
	t.Cleanup(func() {
		listener.CloseClientConnections()
		listener.Close()
	})
	return url
}

// TestTypeScriptClientOfMCP has the protocol's official client find the issuer, register, log in (PKCE), call tools, renew its
// token, and ask for more scopes when a tool wants them. Then another user tries to use its session.
func TestTypeScriptClientOfMCP(t *testing.T) {
	public := registered("mcp-app", "authorization_code")
	delete(public, "client_secret")
	public["token_endpoint_auth_method"] = "none"
	public["redirect_uris"], public["response_types"] = []string{callbackURL}, []string{"code"}
	i := startTokenIssuer(t, public)
	guarded := startMCP(t, i, func(v *verifier.Verifier, server *mcp.Server) (http.Handler, error) {
		guard, err := mcpguard.New(v, server, mcpguard.Config{
			Scopes: []string{"mcp"}, Tools: map[string]mcpguard.Tool{"whoami": {}, "publish": {Scopes: []string{"publish"}}},
		})
		t.Cleanup(func() { _ = guard.Close() })
		return guard, err
	})
	unguarded := startMCP(t, i, func(v *verifier.Verifier, server *mcp.Server) (http.Handler, error) {
		guard, err := httpguard.New(v, httpguard.Config{})
		if err != nil {
			return nil, err
		}
		mux := http.NewServeMux()
		mux.Handle("/mcp", guard.Handler(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil), "mcp"))
		mux.Handle("/.well-known/oauth-protected-resource/mcp", guard.ResourceMetadata("mcp"))
		return mux, nil
	})
	settings, err := json.Marshal(map[string]string{"guarded": guarded, "unguarded": unguarded, "client_id": "mcp-app"})
	if err != nil {
		t.Fatal(err)
	}
	script := node(t, "mcp-client.mjs", settings)
	script.Env = append(script.Env, "NODE_EXTRA_CA_CERTS="+i.CAFile)
	out, err := script.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("the client says %s: %v", out, err)
	}
	const noSession = "Error: Streamable HTTP error: Error POSTing to endpoint: session not found\n"
	want := map[string]string{
		"login": "1 for mcp", "call": "ada with mcp", "refreshed": "ada with mcp, same session, 1 login",
		"stepUp": "eve with mcp publish", "steppedUp": "2 for mcp publish",
		"stolen": noSession, "unharmed": "ada with mcp", "stolenUnguarded": "ada with mcp", "ended": noSession,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the result of each step (-want +got):\n%s", diff)
	}
}
