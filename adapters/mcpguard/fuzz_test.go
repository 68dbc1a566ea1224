package mcpguard_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/holdfast-go/holdfast/adapters/mcpguard"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// FuzzBodies sends calls of write that might hide from one parser or another. None may run, and what the guard finds in a body
// is all that the SDK finds there: otherwise a client would be told a JSON-RPC error in place of 403.
func FuzzBodies(f *testing.F) {
	for _, body := range []string{
		`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"write","Name":"whoami","arguments":{}}}`,
		`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"Name":"whoami","name":"write","arguments":{}}}`,
		`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"whoami","name":"write","arguments":{}}}`,
		`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"write","name":"whoami","arguments":{}},"params":{"name":"write"}}`,
		`{"jsonrpc":"2.0","id":7,"method":"tools/list","method":"tools/call","params":{"name":"write","arguments":{}}}`,
		`{"jsonrpc":"2.0","id":7,"method":"tools/call","method":"tools/list","params":{"name":"write","arguments":{}}}`,
		`{"jsonrpc":"2.0","id":7,"method":"tools\u002fcall","params":{"n\u0061me":"wr\u0069te","arguments":{}}}`,
		`{"jsonrpc":"2.0","id":7,"METHOD":"tools/list","method":"tools/call","params":{"name":"write","arguments":{}}}`,
		"\ufeff" + callOf("write"),
		callOf("write") + callOf("whoami"),
		callOf("whoami") + callOf("write"),
		"[" + callOf("whoami") + "]" + callOf("write"),
		"[" + callOf("write") + "]" + callOf("whoami"),
		" \n[" + callOf("write") + "]",
		"[[" + callOf("write") + "]]",
		`{"jsonrpc":"2.0","method":"tools/call","params":{"name":"write","arguments":{}}}`,
		`{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{"name":"write","arguments":{}}}`,
		`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":[{"name":"write"}]}`,
	} {
		f.Add(body)
	}
	issuer, err := verifiertest.NewIssuer("https://issuer.example/")
	if err != nil {
		f.Fatal(err)
	}
	v, err := verifier.New(verifier.Config{
		Domain: "https://issuer.example/", Audiences: []string{"https://tools.example/mcp"}, Fetcher: issuer, Resource: "https://tools.example/mcp",
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = v.Close() })
	token, err := issuer.Token(verifiertest.Claims{"aud": "https://tools.example/mcp", "scope": "mcp"})
	if err != nil {
		f.Fatal(err)
	}
	var ran recorder
	config := graded()
	config.Transport = &mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true}
	guard, err := mcpguard.New(v, newServer(&ran), config)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body string) {
		ran.forget()
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/mcp", strings.NewReader(body))
		request.Header = http.Header{
			"Accept": {"application/json, text/event-stream"}, "Content-Type": {"application/json"}, "Authorization": {"Bearer " + token},
		}
		answer := httptest.NewRecorder()
		guard.ServeHTTP(answer, request)
		if tools := ran.String(); strings.Contains(tools, "write") || strings.Contains(tools, "purge") {
			t.Fatalf("tools ran: %s", tools)
		}
		if strings.Contains(answer.Body.String(), "The caller is not allowed to do this") && answer.Code != http.StatusForbidden {
			t.Errorf("the SDK found a call that the guard did not: %d %s", answer.Code, answer.Body)
		}
	})
}
