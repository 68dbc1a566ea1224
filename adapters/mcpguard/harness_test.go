package mcpguard_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/adapters/mcpguard"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A site is a protected MCP server on a real listener, with its issuer.
type site struct {
	url      string // of the endpoint
	origin   string
	issuer   *verifiertest.Issuer
	verifier *verifier.Verifier
	server   *mcp.Server
	guard    *mcpguard.Guard
	log      *logBuffer
	tools    *recorder
}

// setting is what a test changes of the usual site.
type setting struct {
	config  mcpguard.Config
	server  *mcp.Server // in place of one with the usual tools
	fetcher ports.Fetcher
	handler func(s *site) http.Handler // instead of the guard
}

func newSite(t *testing.T, with setting) *site {
	t.Helper()
	s := &site{log: &logBuffer{}, tools: &recorder{}}
	key, err := verifiertest.NewKey("ES256", "key-1")
	if err != nil {
		t.Fatal(err)
	}
	if s.issuer, err = verifiertest.NewIssuer("https://issuer.example/", key); err != nil {
		t.Fatal(err)
	}
	if with.fetcher == nil {
		with.fetcher = s.issuer
	}
	listener := httptest.NewUnstartedServer(nil)
	s.origin = "http://" + listener.Listener.Addr().String()
	s.url = s.origin + "/mcp"
	s.verifier, err = verifier.New(verifier.Config{
		Domain: "https://issuer.example/", Audiences: []string{s.url}, Fetcher: with.fetcher, Algorithms: []string{"ES256"},
		Resource: s.url, InsecureAllowLoopbackHTTP: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.verifier.Close() })
	if s.server = with.server; s.server == nil {
		s.server = newServer(s.tools)
	}
	if with.handler != nil {
		listener.Config.Handler = with.handler(s)
	} else {
		with.config.HTTP.Logger = slog.New(slog.NewTextHandler(s.log, nil))
		if s.guard, err = mcpguard.New(s.verifier, s.server, with.config); err != nil {
			t.Fatal(err)
		}
		listener.Config.Handler = s.guard
	}
	listener.Start()
	t.Cleanup(func() {
		if s.guard != nil {
			_ = s.guard.Close()
		}
		listener.CloseClientConnections()
		listener.Close()
	})
	return s
}

// newServer returns a server with the tools whoami, write and purge, which say as whom they ran.
func newServer(ran *recorder) *mcp.Server {
	server := mcp.NewServer(&mcp.Implementation{Name: "tools", Version: "1"}, nil)
	for _, name := range []string{"whoami", "write", "purge"} {
		mcp.AddTool(server, &mcp.Tool{Name: name}, func(ctx context.Context, r *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
			as := "nobody"
			if token, ok := httpguard.From(ctx); ok {
				as = token.Subject + " " + strings.Join(token.Scopes, "+")
			}
			ran.note(name + " as " + as)
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: as}}}, nil, nil
		})
	}
	return server
}

// token returns one that is good for the site, of the subject ada and the client app unless claims say otherwise.
func (s *site) token(t *testing.T, claims verifiertest.Claims) string {
	t.Helper()
	all := verifiertest.Claims{"aud": s.url, "sub": "ada", "client_id": "app", "scope": "mcp"}
	for name, value := range claims {
		all[name] = value
	}
	token, err := s.issuer.Token(all)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// connect has the SDK's own client begin a session.
func (s *site) connect(t *testing.T, transport http.RoundTripper) (*mcp.ClientSession, error) {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "client", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: s.url, HTTPClient: &http.Client{Transport: transport}, MaxRetries: -1,
	}, nil)
	if err == nil {
		t.Cleanup(func() { _ = session.Close() })
	}
	return session, err
}

func mustConnect(t *testing.T, s *site, transport http.RoundTripper) *mcp.ClientSession {
	t.Helper()
	session, err := s.connect(t, transport)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// call returns the text that a tool answers.
func call(t *testing.T, session *mcp.ClientSession, tool string) (string, error) {
	t.Helper()
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool})
	if err != nil {
		return "", err
	}
	return result.Content[0].(*mcp.TextContent).Text, nil
}

// carry sends a Bearer token with each request. It may be exchanged for another.
type carry struct {
	mu    sync.Mutex
	token string
}

func bearer(token string) *carry { return &carry{token: token} }

func (c *carry) renew(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token = token
}

func (c *carry) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+c.token)
	return http.DefaultTransport.RoundTrip(r)
}

// request is one that no client of the SDK would send.
type request struct {
	method, token, session, body string
	header                       http.Header
}

const (
	whoami   = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"whoami","arguments":{}}}`
	beginMsg = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"raw","version":"1"}}}`
)

// send sends r and returns the answer, whose body is read.
func (s *site) send(t *testing.T, r request) (*http.Response, string) {
	t.Helper()
	answer := s.open(t, r)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

func (s *site) open(t *testing.T, r request) *http.Response {
	t.Helper()
	if r.method == "" {
		r.method = http.MethodPost
	}
	made, err := http.NewRequestWithContext(t.Context(), r.method, s.url, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	made.Header.Set("Accept", "application/json, text/event-stream")
	made.Header.Set("Content-Type", "application/json")
	if r.token != "" {
		made.Header.Set("Authorization", "Bearer "+r.token)
	}
	if r.session != "" {
		made.Header.Set("Mcp-Session-Id", r.session)
	}
	for name, values := range r.header {
		made.Header[name] = values
	}
	if host := r.header.Get("Host"); host != "" {
		made.Host = host
	}
	answer, err := http.DefaultClient.Do(made)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// begin begins a session by hand and returns its ID.
func (s *site) begin(t *testing.T, token string) string {
	t.Helper()
	answer, body := s.send(t, request{token: token, body: beginMsg})
	id := answer.Header.Get("Mcp-Session-Id")
	if answer.StatusCode != http.StatusOK || id == "" {
		t.Fatalf("initialize is answered %d %s", answer.StatusCode, body)
	}
	return id
}

// beginWhenFree is begin after another session, which is forgotten a moment after its DELETE is answered.
func (s *site) beginWhenFree(t *testing.T, token string) string {
	t.Helper()
	for {
		answer, body := s.send(t, request{token: token, body: beginMsg})
		switch answer.StatusCode {
		case http.StatusOK:
			return answer.Header.Get("Mcp-Session-Id")
		case http.StatusServiceUnavailable:
			time.Sleep(time.Millisecond)
		default:
			t.Fatalf("initialize is answered %d %s", answer.StatusCode, body)
		}
	}
}

// A recorder notes which tools ran.
type recorder struct {
	mu  sync.Mutex
	ran []string
}

func (r *recorder) note(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ran = append(r.ran, what)
}

func (r *recorder) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ran = nil
}

func (r *recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return fmt.Sprint(r.ran)
}

// A logBuffer is written and read by several goroutines.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// lines returns those that have text.
func (l *logBuffer) lines(text string) []string {
	var found []string
	for line := range strings.Lines(l.String()) {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

func withOptional() httpguard.Config { return httpguard.Config{Optional: true} }

func withPublicURL(url string) httpguard.Config { return httpguard.Config{PublicURL: url} }
