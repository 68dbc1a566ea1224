package mcpguard_test

import (
	"context"
	"net/http"
	"regexp"
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

// httpguardOnly is the composition that looks right and is not: every request has a good token, and nothing says that a
// session is its owner's.
func httpguardOnly(s *site) http.Handler {
	guard, err := httpguard.New(s.verifier, httpguard.Config{})
	if err != nil {
		panic(err)
	}
	return guard.Handler(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s.server }, nil), "mcp")
}

// TestSessionOfAnother has Mallory send her own good token with the ID of Ada's session.
func TestSessionOfAnother(t *testing.T) {
	mallory := verifiertest.Claims{"sub": "mallory"}
	t.Run("with httpguard only, the tool runs as Ada", func(t *testing.T) {
		s := newSite(t, setting{handler: httpguardOnly})
		id := s.begin(t, s.token(t, nil))
		answer, body := s.send(t, request{token: s.token(t, mallory), session: id, body: whoami})
		if answer.StatusCode != http.StatusOK || !strings.Contains(body, "ada mcp") {
			t.Errorf("the attack is answered %d %s: the test does not show what the guard is for", answer.StatusCode, body)
		}
	})

	s := newSite(t, setting{config: mcpguard.Config{
		Scopes: []string{"mcp"}, Transport: &mcp.StreamableHTTPOptions{EventStore: mcp.NewMemoryEventStore(nil)},
	}})
	ada := s.token(t, nil)
	id := s.begin(t, ada)
	_, events := s.send(t, request{token: ada, session: id, body: whoami})
	found := regexp.MustCompile(`(?m)^id: (\w+)_\d+$`).FindStringSubmatch(events)
	if found == nil {
		t.Fatalf("the answer has no event ID: %s", events)
	}
	resume := request{method: http.MethodGet, header: http.Header{"Last-Event-Id": {found[1] + "_0"}}}
	s.tools.forget()
	for name, claims := range map[string]verifiertest.Claims{
		"another subject": mallory,
		"another client":  {"client_id": "other-app"},
		"no client":       {"client_id": verifiertest.Absent},
	} {
		for _, r := range []request{
			{body: whoami},
			{body: beginMsg},
			{body: `{"jsonrpc":"2.0","id":9,"result":{}}`}, // an answer to what the server asked
			{body: "[" + whoami + "]"},
			{method: http.MethodGet},
			resume,
			{method: http.MethodDelete},
		} {
			r.token, r.session = s.token(t, claims), id
			owned, ownedBody := s.send(t, r)
			r.session = "00000000000000000000000000"
			unknown, unknownBody := s.send(t, r)
			if owned.StatusCode != http.StatusNotFound || owned.StatusCode != unknown.StatusCode || ownedBody != unknownBody {
				t.Errorf("%s: %s %s is answered %d %q, and for an unknown session %d %q: want 404 for both",
					name, r.method, r.body, owned.StatusCode, ownedBody, unknown.StatusCode, unknownBody)
			}
		}
	}
	if ran := s.tools.String(); ran != "[]" {
		t.Errorf("tools ran: %s", ran)
	}
	if told := s.log.lines(`level=WARN msg="session of another party"`); len(told) != 3*7 || !strings.Contains(s.log.String(), "subject=mallory") {
		t.Errorf("the operator is told %d times of 21 attempts:\n%s", len(told), s.log)
	}
	answer, body := s.send(t, request{token: ada, session: id, body: whoami})
	if answer.StatusCode != http.StatusOK || !strings.Contains(body, "ada mcp") {
		t.Errorf("afterwards the owner is answered %d %s", answer.StatusCode, body)
	}
	resume.token, resume.session = ada, id
	if answer, body := s.send(t, resume); answer.StatusCode != http.StatusOK {
		t.Errorf("the owner resumes a stream and is answered %d %s", answer.StatusCode, body)
	}
}

// TestSessionOfAnotherActor: who acts for Ada has no part in a session that Ada, or another one acting for her, has begun.
func TestSessionOfAnotherActor(t *testing.T) {
	agents := []verifier.Actor{{Subject: "agent-1"}, {Subject: "agent-2"}, {Issuer: "https://other.example", Subject: "agent-1"}}
	s := newSite(t, setting{config: mcpguard.Config{Actors: agents}})
	act := func(claim any) string { return s.token(t, verifiertest.Claims{"act": claim}) }
	tokens := []string{
		s.token(t, nil),
		act(map[string]any{"sub": "agent-1"}),
		act(map[string]any{"sub": "agent-2"}),
		act(map[string]any{"sub": "agent-1", "iss": "https://other.example"}),
	}
	for i, owner := range tokens {
		id := s.begin(t, owner)
		for j, sender := range tokens {
			want := http.StatusNotFound
			if i == j {
				want = http.StatusOK
			}
			if answer, body := s.send(t, request{token: sender, session: id, body: whoami}); answer.StatusCode != want {
				t.Errorf("token %d in the session of token %d is answered %d %s, want %d", j, i, answer.StatusCode, body, want)
			}
		}
	}
}

// TestRenewedToken: the SDK's client goes on in its session with a new token, and tools see that one.
func TestRenewedToken(t *testing.T) {
	s := newSite(t, setting{config: mcpguard.Config{Scopes: []string{"mcp"}}})
	tokens := bearer(s.token(t, nil))
	session := mustConnect(t, s, tokens)
	if as, err := call(t, session, "whoami"); as != "ada mcp" || err != nil {
		t.Fatalf("the tool ran as %q, %v", as, err)
	}
	tokens.renew(s.token(t, verifiertest.Claims{"scope": "mcp more"}))
	if as, err := call(t, session, "whoami"); as != "ada mcp+more" || err != nil {
		t.Errorf("with a new token the tool ran as %q, %v", as, err)
	}
}

// TestSessionEnds: after DELETE there is no session, and its place is free.
func TestSessionEnds(t *testing.T) {
	s := newSite(t, setting{config: mcpguard.Config{MaxSessions: 1}})
	token := s.token(t, nil)
	for range 3 {
		id := s.beginWhenFree(t, token)
		if answer, body := s.send(t, request{token: s.token(t, verifiertest.Claims{"sub": "eve"}), body: beginMsg}); answer.StatusCode != http.StatusServiceUnavailable ||
			answer.Header.Get("Retry-After") != "10" || body != `{"error":"temporarily_unavailable","error_description":"No session can begin at the moment"}` {
			t.Fatalf("one session too many is answered %d %s %v", answer.StatusCode, body, answer.Header)
		}
		if answer, body := s.send(t, request{method: http.MethodDelete, token: token, session: id}); answer.StatusCode != http.StatusNoContent {
			t.Fatalf("DELETE is answered %d %s", answer.StatusCode, body)
		}
		if answer, _ := s.send(t, request{token: token, session: id, body: whoami}); answer.StatusCode != http.StatusNotFound {
			t.Errorf("a call in the ended session is answered %d", answer.StatusCode)
		}
	}
}

// TestSessionsOfOneCaller: over the bound, the one used longest ago is closed; others' sessions are not touched.
func TestSessionsOfOneCaller(t *testing.T) {
	s := newSite(t, setting{config: mcpguard.Config{MaxSessionsPerCaller: 2}})
	ada, eve := s.token(t, nil), s.token(t, verifiertest.Claims{"sub": "eve"})
	hers := s.begin(t, eve)
	first, second := s.begin(t, ada), s.begin(t, ada)
	s.send(t, request{token: ada, session: first, body: whoami})
	third := s.begin(t, ada)
	for _, c := range []struct {
		name, token, id string
		want            int
	}{
		{"used again", ada, first, 200}, {"used longest ago", ada, second, 404}, {"new", ada, third, 200}, {"another's", eve, hers, 200},
	} {
		if answer, body := s.send(t, request{token: c.token, session: c.id, body: whoami}); answer.StatusCode != c.want {
			t.Errorf("the session that is %s is answered %d %s, want %d", c.name, answer.StatusCode, body, c.want)
		}
	}
}

// TestSessionsThatCannotClose: calls under way keep a session that has to make room. It serves its owner no more, who
// can't heap up such sessions.
func TestSessionsThatCannotClose(t *testing.T) {
	server := mcp.NewServer(&mcp.Implementation{Name: "tools", Version: "1"}, nil)
	entered, leave := make(chan bool), make(chan bool)
	mcp.AddTool(server, &mcp.Tool{Name: "hang"}, func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
		entered <- true
		<-leave
		return &mcp.CallToolResult{}, nil, nil
	})
	s := newSite(t, setting{server: server, config: mcpguard.Config{MaxSessionsPerCaller: 1}})
	token := s.token(t, nil)
	first := s.begin(t, token)
	hanging := make(chan *http.Response, 1)
	go func() { hanging <- s.open(t, request{token: token, session: first, body: callOf("hang")}) }()
	<-entered

	second := s.begin(t, token)
	const list = `{"jsonrpc":"2.0","id":8,"method":"tools/list"}`
	if answer, _ := s.send(t, request{token: token, session: first, body: list}); answer.StatusCode != http.StatusNotFound {
		t.Errorf("the session that is being closed is answered %d", answer.StatusCode)
	}
	if answer, _ := s.send(t, request{token: token, body: beginMsg}); answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a third session is answered %d while the first can't close", answer.StatusCode)
	}
	if answer, _ := s.send(t, request{token: token, session: second, body: list}); answer.StatusCode != http.StatusOK {
		t.Errorf("the second session is answered %d", answer.StatusCode)
	}
	s.begin(t, s.token(t, verifiertest.Claims{"sub": "eve"}))

	leave <- true
	(<-hanging).Body.Close()
	s.beginWhenFree(t, token)
	for len(slices.Collect(server.Sessions())) > 2 { // the SDK's own: one of Ada's and one of Eve's
		time.Sleep(time.Millisecond)
	}
}
