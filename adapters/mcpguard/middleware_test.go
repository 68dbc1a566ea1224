package mcpguard

import (
	"context"
	"log/slog"
	"net/url"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/holdfast-go/holdfast/verifier"
)

// TestCallsThatTheBodyHid hands the middleware calls as a parser might read them that this package's reading of the body
// missed. No such body is known: both use the SDK's decoder.
func TestCallsThatTheBodyHid(t *testing.T) {
	server := mcp.NewServer(&mcp.Implementation{Name: "tools", Version: "1"}, nil)
	_, there := mcp.NewInMemoryTransports()
	session, err := server.Connect(t.Context(), there, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	g := &Guard{
		scopes: []string{"mcp"}, tools: map[string]Tool{"whoami": {}, "write": {Route: verifier.Route{Scopes: []string{"write"}}}},
		audit: slog.New(slog.DiscardHandler),
	}
	sender := caller{token: &verifier.Verified{Subject: "ada", Scopes: []string{"mcp"}}}
	for tool, want := range map[string]bool{"whoami": true, "write": false, "purge": false} {
		ran := false
		handle := g.middleware(func(context.Context, string, mcp.Request) (mcp.Result, error) {
			ran = true
			return nil, nil
		})
		_, err := handle(t.Context(), methodCallTool, &mcp.CallToolRequest{
			Session: session, Params: &mcp.CallToolParamsRaw{Name: tool},
			Extra: &mcp.RequestExtra{TokenInfo: &auth.TokenInfo{Extra: map[string]any{senderKey: sender}}},
		})
		if ran != want || (err == nil) != want {
			t.Errorf("%s ran: %t, %v", tool, ran, err)
		}
	}
}

// TestOwnOrigin: browsers write an origin in lower case (RFC 6454 section 4), whatever the configuration does.
func TestOwnOrigin(t *testing.T) {
	if own := newOrigins(&url.URL{Scheme: "https", Host: "Tools.Example:8443", Path: "/mcp"}, nil)[0]; own != "https://tools.example:8443" {
		t.Errorf("the resource's origin is %s", own)
	}
}
