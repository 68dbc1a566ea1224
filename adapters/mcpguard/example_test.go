package mcpguard_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/adapters/mcpguard"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// hello greets who calls it.
func hello(ctx context.Context, _ *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
	token, _ := httpguard.From(ctx)
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "hello, " + token.Subject}}}, nil, nil
}

// newVerifier accepts tokens of a test issuer. In production the Fetcher is an httpfetch.Fetcher and the Domain your issuer's.
func newVerifier(issuer *verifiertest.Issuer, resource string) (*verifier.Verifier, error) {
	return verifier.New(verifier.Config{
		Domain: "tenant.example", Audiences: []string{resource}, Resource: resource, Fetcher: issuer, InsecureAllowLoopbackHTTP: true,
	})
}

// A server with one tool, and the SDK's client. The guard takes three lines.
func Example() {
	issuer, err := verifiertest.NewIssuer("https://tenant.example/")
	if err != nil {
		fmt.Println(err)
		return
	}
	listener := httptest.NewUnstartedServer(nil)
	resource := "http://" + listener.Listener.Addr().String() + "/mcp"
	v, err := newVerifier(issuer, resource)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.Close()
	server := mcp.NewServer(&mcp.Implementation{Name: "greeter", Version: "1"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "hello"}, hello)

	mux := http.NewServeMux()
	guard, err := mcpguard.New(v, server, mcpguard.Config{Scopes: []string{"mcp"}}) // 1
	if err != nil {
		fmt.Println(err)
		return
	}
	mux.Handle("/mcp", guard)                                      // 2
	mux.Handle("/.well-known/oauth-protected-resource/mcp", guard) // 3

	listener.Config.Handler = mux
	listener.Start()
	defer listener.Close()
	defer guard.Close()

	token, err := issuer.Token(verifiertest.Claims{"aud": resource, "sub": "ada", "scope": "mcp"})
	if err != nil {
		fmt.Println(err)
		return
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "client", Version: "1"}, nil)
	ctx := context.Background()
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: resource, HTTPClient: &http.Client{Transport: bearer(token)}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "hello"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Content[0].(*mcp.TextContent).Text)
	// Output: hello, ada
}

// TestExampleTakesThreeLines counts those of the example that name the guard, which README.md and the guide show. Ending its
// sessions is left out, as they do.
func TestExampleTakesThreeLines(t *testing.T) {
	text, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	if lines := regexp.MustCompile(`(?m)^\t(guard, err := |mux\.Handle\(.*guard\)).*$`).FindAll(text, -1); len(lines) != 3 {
		t.Errorf("the guard takes %d lines: %q", len(lines), lines)
	}
}
