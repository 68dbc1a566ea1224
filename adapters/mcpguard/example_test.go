package mcpguard_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

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
	// guard
	guard, err := mcpguard.New(v, server, mcpguard.Config{Scopes: []string{"mcp"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux.Handle("/mcp", guard)
	mux.Handle("/.well-known/oauth-protected-resource/mcp", guard)
	// end

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
