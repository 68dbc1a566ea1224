package interop

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/adapters/mcpguard"
	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// startMCP serves an MCP server under the issuer's certificate, and returns the URL of its endpoint.
func startMCP(t *testing.T, i *tokenIssuer, protect func(*verifier.Verifier, *mcp.Server) (http.Handler, error)) string {
	t.Helper()
	listener := httptest.NewUnstartedServer(nil)
	url := "https://" + listener.Listener.Addr().String() + "/mcp"
	v, _ := newVerifier(t, i.provider, func(c *verifier.Config) { c.Audiences, c.Resource = []string{url}, url })
	server := newMCPServer()
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

// newMCPServer has the tools whoami and publish, which say as whom they ran.
func newMCPServer() *mcp.Server {
	server := mcp.NewServer(&mcp.Implementation{Name: "tools", Version: "1"}, nil)
	for _, name := range []string{"whoami", "publish"} {
		mcp.AddTool(server, &mcp.Tool{Name: name}, func(ctx context.Context, _ *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
			token, _ := httpguard.From(ctx)
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: token.Subject + " with " + strings.Join(token.Scopes, " ")}}}, nil, nil
		})
	}
	return server
}

// startGuardedMCP serves one behind a guard, at an issuer with the public client mcp-app.
func startGuardedMCP(t *testing.T) (i *tokenIssuer, endpoint string) {
	t.Helper()
	public := registered("mcp-app", "authorization_code")
	delete(public, "client_secret")
	public["token_endpoint_auth_method"] = "none"
	public["redirect_uris"], public["response_types"] = []string{callbackURL}, []string{"code"}
	i = startTokenIssuer(t, public)
	return i, startMCP(t, i, func(v *verifier.Verifier, server *mcp.Server) (http.Handler, error) {
		guard, err := mcpguard.New(v, server, mcpguard.Config{
			Scopes: []string{"mcp"}, Tools: map[string]mcpguard.Tool{"whoami": {}, "publish": {Route: verifier.Route{Scopes: []string{"publish"}}}},
		})
		t.Cleanup(func() { _ = guard.Close() })
		return guard, err
	})
}

// TestTypeScriptClientOfMCP has the protocol's official client find the issuer, register, log in (PKCE), call tools, renew its
// token, and ask for more scopes when a tool wants them. Then another user tries to use its session.
func TestTypeScriptClientOfMCP(t *testing.T) {
	i, guarded := startGuardedMCP(t)
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

// TestGoClientOfMCP has the SDK's own client log in, and ask for more scopes when a tool wants them.
func TestGoClientOfMCP(t *testing.T) {
	i, endpoint := startGuardedMCP(t)
	browser := i.provider.client()
	defer browser.CloseIdleConnections()
	browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), callbackURL) {
			return http.ErrUseLastResponse
		}
		return nil
	}
	var err error
	if browser.Jar, err = cookiejar.New(nil); err != nil {
		t.Fatal(err)
	}
	var asked []string
	login, err := auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		PreregisteredClient: &oauthex.ClientCredentials{ClientID: "mcp-app", Issuer: i.URL},
		RedirectURL:         callbackURL, Client: browser,
		AuthorizationCodeFetcher: func(ctx context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, args.URL, nil)
			if err != nil {
				return nil, err
			}
			asked = append(asked, sortedScopes(request.URL.Query().Get("scope")))
			answer, err := browser.Do(request)
			if err != nil {
				return nil, err
			}
			defer answer.Body.Close()
			back, err := answer.Location()
			if err != nil {
				return nil, err
			}
			sent := back.Query()
			return &auth.AuthorizationResult{Code: sent.Get("code"), State: sent.Get("state"), Iss: sent.Get("iss")}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "client", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: endpoint, HTTPClient: browser, OAuthHandler: login}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	for _, step := range []struct{ tool, want string }{{"whoami", "ada with mcp"}, {"publish", "ada with mcp publish"}} {
		result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: step.tool})
		if err != nil {
			t.Fatalf("%s: %v", step.tool, err)
		}
		who, scopes, _ := strings.Cut(result.Content[0].(*mcp.TextContent).Text, " with ")
		if got := who + " with " + sortedScopes(scopes); got != step.want {
			t.Errorf("%s ran as %q, want %q", step.tool, got, step.want)
		}
	}
	if diff := cmp.Diff([]string{"mcp", "mcp publish"}, asked); diff != "" {
		t.Errorf("scopes of the logins (-want +got):\n%s", diff)
	}
}

// sortedScopes returns a scope value in alphabetical order. The Go client joins the scopes of a challenge with its own in any order.
func sortedScopes(scope string) string {
	fields := strings.Fields(scope)
	slices.Sort(fields)
	return strings.Join(fields, " ")
}

// TestMCPInABrowser has a page of a configured origin begin a session and call a tool, which takes CORS preflights and readable
// header fields, and read the metadata. A page of another origin learns nothing.
func TestMCPInABrowser(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<!doctype html><title>page</title>")
	})
	configured, other := httptest.NewServer(page), httptest.NewServer(page)
	t.Cleanup(configured.Close)
	t.Cleanup(other.Close)
	tenant := issuer.StartTest(t)
	listener := httptest.NewUnstartedServer(nil)
	endpoint := "http://" + listener.Listener.Addr().String() + "/mcp"
	v := tenant.Verifier(t, verifier.Config{Audiences: []string{endpoint}, Resource: endpoint, InsecureAllowLoopbackHTTP: true})
	guard, err := mcpguard.New(v, newMCPServer(), mcpguard.Config{Scopes: []string{"mcp"}, Origins: []string{configured.URL}})
	if err != nil {
		t.Fatal(err)
	}
	listener.Config.Handler = guard
	listener.Start()
	t.Cleanup(func() {
		_ = guard.Close()
		listener.CloseClientConnections()
		listener.Close()
	})
	token, err := tenant.Token(verifiertest.Claims{"aud": endpoint, "sub": "ada", "scope": "mcp"})
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf(`(async () => {
		const seen = {};
		const send = async (name, token, session, body) => {
			const headers = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', 'MCP-Protocol-Version': '2025-06-18' };
			if (token) headers.Authorization = 'Bearer ' + token;
			if (session) headers['Mcp-Session-Id'] = session;
			try {
				const answer = await fetch(%[1]q, { method: 'POST', headers, body: JSON.stringify(body) });
				seen[name] = String(answer.status);
				return answer;
			} catch (error) {
				seen[name] = error.name;
			}
		};
		const refused = await send('without token', '', '', {});
		seen.challenge = String((refused?.headers.get('WWW-Authenticate') ?? '').includes('resource_metadata='));
		const begun = await send('begin', %[2]q, '', { jsonrpc: '2.0', id: 1, method: 'initialize',
			params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'page', version: '1' } } });
		const session = begun?.headers.get('Mcp-Session-Id');
		const called = await send('call', %[2]q, session, { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'whoami', arguments: {} } });
		seen.answer = String((await called?.text() ?? '').includes('ada with mcp'));
		const metadata = await fetch(%[3]q, { headers: { 'MCP-Protocol-Version': '2025-06-18' } });
		seen.metadata = (await metadata.json()).resource;
		return seen;
	})()`, endpoint, token, strings.Replace(endpoint, "/mcp", "/.well-known/oauth-protected-resource/mcp", 1))
	const blocked = "TypeError" // what fetch throws of an answer that the page may not have
	tab := openTab(t)
	for origin, want := range map[string]map[string]string{
		configured.URL: {"without token": "401", "challenge": "true", "begin": "200", "call": "200", "answer": "true", "metadata": endpoint},
		other.URL:      {"without token": blocked, "challenge": "false", "begin": blocked, "call": blocked, "answer": "false", "metadata": endpoint},
	} {
		tab.open(t, origin)
		got, err := chromedp.Run(tab.context, chromedp.Evaluate[map[string]string](script, chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what a page of %s sees (-want +got):\n%s", origin, diff)
		}
	}
}
