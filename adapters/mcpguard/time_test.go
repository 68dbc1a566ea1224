package mcpguard_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/holdfast-go/holdfast/adapters/mcpguard"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// leeway is that of the verifier in a bubble.
const leeway = 5 * time.Minute

// inBubble runs test in fake time, with a guard that is called directly.
func inBubble(t *testing.T, config mcpguard.Config, test func(t *testing.T, s *bubbled)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		issuer, err := verifiertest.NewIssuer("https://issuer.example/")
		if err != nil {
			t.Fatal(err)
		}
		v, err := verifier.New(verifier.Config{
			Domain: "https://issuer.example/", Audiences: []string{"https://tools.example/mcp"}, Fetcher: issuer,
			Resource: "https://tools.example/mcp", Leeway: leeway, MaxTokenAge: 30 * time.Hour,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		guard, err := mcpguard.New(v, newServer(&recorder{}), config)
		if err != nil {
			t.Fatal(err)
		}
		defer guard.Close()
		test(t, &bubbled{guard, issuer})
	})
}

type bubbled struct {
	guard  *mcpguard.Guard
	issuer *verifiertest.Issuer
}

func (s *bubbled) serve(ctx context.Context, r request) *httptest.ResponseRecorder {
	made := httptest.NewRequestWithContext(ctx, r.method, "/mcp", strings.NewReader(r.body))
	made.Header = http.Header{
		"Accept": {"application/json, text/event-stream"}, "Content-Type": {"application/json"},
		"Authorization": {"Bearer " + r.token}, "Mcp-Session-Id": {r.session},
	}
	if r.session == "" {
		made.Header.Del("Mcp-Session-Id")
	}
	for name, values := range r.header {
		made.Header[name] = values
	}
	answer := httptest.NewRecorder()
	s.guard.ServeHTTP(answer, made)
	return answer
}

// token returns one that is good for so long.
func (s *bubbled) token(t *testing.T, lasts time.Duration) string {
	t.Helper()
	token, err := s.issuer.Token(verifiertest.Claims{
		"aud": "https://tools.example/mcp", "iat": time.Now().Add(-time.Hour).Unix(), "exp": time.Now().Add(lasts).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (s *bubbled) begin(t *testing.T, token string) string {
	t.Helper()
	answer := s.serve(t.Context(), request{method: http.MethodPost, token: token, body: beginMsg})
	id := answer.Header().Get("Mcp-Session-Id")
	if answer.Code != http.StatusOK || id == "" {
		t.Fatalf("initialize is answered %d %s", answer.Code, answer.Body)
	}
	return id
}

const listen = `{"jsonrpc":"2.0","id":3,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},` +
	`"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
	`"io.modelcontextprotocol/clientInfo":{"name":"raw","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}`

// TestStreamsEndWithTheToken: an event stream does not outlive the token that it was opened with, by the verifier's leeway and MaxTokenAge.
func TestStreamsEndWithTheToken(t *testing.T) {
	stateful := mcp.StreamableHTTPOptions{SessionTimeout: 48 * time.Hour}
	listening := http.Header{"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"subscriptions/listen"}}
	for _, c := range []struct {
		name        string
		transport   mcp.StreamableHTTPOptions
		open        request
		lasts, want time.Duration
	}{
		{"CLAIM-EXP-02 the session's stream", stateful, request{method: http.MethodGet}, time.Hour, time.Hour + leeway},
		{"CLAIM-EXP-02 within the leeway", stateful, request{method: http.MethodGet}, -time.Minute, leeway - time.Minute},
		{"CLAIM-IAT-02 of a token that lasts for longer than it may be old", stateful, request{method: http.MethodGet}, 40 * time.Hour, 29*time.Hour + leeway},
		{"a subscription without a session", mcp.StreamableHTTPOptions{Stateless: true},
			request{method: http.MethodPost, body: listen, header: listening}, time.Hour, time.Hour + leeway},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, mcpguard.Config{Transport: &c.transport}, func(t *testing.T, s *bubbled) {
				c.open.token = s.token(t, c.lasts)
				if !c.transport.Stateless {
					c.open.session = s.begin(t, s.token(t, 40*time.Hour))
				}
				opened := time.Now()
				ended := make(chan time.Duration, 1)
				go func() {
					answer := s.serve(t.Context(), c.open)
					if answer.Code != http.StatusOK {
						t.Errorf("the stream is answered %d %s", answer.Code, answer.Body)
					}
					ended <- time.Since(opened)
				}()
				// A stream that does not end is found by the deadlock.
				if lasted := <-ended; lasted != c.want {
					t.Errorf("the stream lasted %s, want %s", lasted, c.want)
				}
			})
		})
	}
}

// TestIdleSessions: a session that is not used ends, by default after an hour, and its place is free.
func TestIdleSessions(t *testing.T) {
	inBubble(t, mcpguard.Config{MaxSessions: 1}, func(t *testing.T, s *bubbled) {
		token := s.token(t, 40*time.Hour)
		use := func(id string) int {
			return s.serve(t.Context(), request{method: http.MethodPost, token: token, session: id, body: whoami}).Code
		}
		id := s.begin(t, token)
		time.Sleep(time.Hour - time.Second)
		if code := use(id); code != http.StatusOK {
			t.Errorf("a second before its end the session is answered %d", code)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if code := use(id); code != http.StatusNotFound {
			t.Errorf("at its end the session is answered %d", code)
		}
		s.begin(t, token)
	})
}

// TestClose ends streams and lets no session begin.
func TestClose(t *testing.T) {
	inBubble(t, mcpguard.Config{}, func(t *testing.T, s *bubbled) {
		token := s.token(t, 40*time.Hour)
		id := s.begin(t, token)
		ended := make(chan int, 1)
		go func() { ended <- s.serve(t.Context(), request{method: http.MethodGet, token: token, session: id}).Code }()
		synctest.Wait()
		if err := s.guard.Close(); err != nil {
			t.Error(err)
		}
		if code := <-ended; code != http.StatusOK {
			t.Errorf("the stream was answered %d", code)
		}
		if answer := s.serve(t.Context(), request{method: http.MethodPost, token: token, body: beginMsg}); answer.Code != http.StatusServiceUnavailable {
			t.Errorf("afterwards initialize is answered %d", answer.Code)
		}
	})
}
