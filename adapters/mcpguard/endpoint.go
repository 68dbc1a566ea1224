package mcpguard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/verifier"
)

const sessionField = "Mcp-Session-Id"

// admit lets the SDK see requests whose token is good, if their caller may send them: in no session, or in its own.
func (g *Guard) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := httpguard.From(r.Context()) // always there: the guard is not optional
		sender, err := newCaller(token)
		if err == nil {
			err = g.mayAct(sender)
		}
		if err != nil {
			g.guard.Refuse(w, r, err)
			return
		}
		if id := r.Header.Get(sessionField); g.stateful && id != "" {
			if err := g.sessions.use(id, sender.party); err != nil {
				if errors.Is(err, errNotOwner) {
					g.audit.LogAttrs(r.Context(), slog.LevelWarn, "session of another party", sender.attributes(id)...)
				}
				// The client can't tell which it is, and begins a session of its own.
				http.Error(w, "session not found", http.StatusNotFound)
				return
			}
		}
		r = r.WithContext(context.WithValue(r.Context(), callerKey{}, sender))
		switch r.Method {
		case http.MethodPost:
			g.admitMessages(w, r, sender, next)
		case http.MethodGet:
			serveUntilExpiry(w, r, token, next)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// admitMessages lets the SDK see the messages in the body of a POST, unless the caller may not call a tool.
func (g *Guard) admitMessages(w http.ResponseWriter, r *http.Request, sender caller, next http.Handler) {
	id := r.Header.Get(sessionField)
	if g.stateful && id == "" && !g.sessions.room(sender.party) {
		g.guard.Refuse(w, r, busy())
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, g.maxBody))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		http.Error(w, http.StatusText(http.StatusRequestEntityTooLarge), http.StatusRequestEntityTooLarge)
		return
	case err != nil || !json.Valid(body): // the SDK ignores what comes after a first value
		http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	read := readMessages(body)
	if g.stateful && read.listens { // it would last as long as the session
		http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		return
	}
	for _, tool := range read.tools {
		if err := g.mayCall(sender, tool); err != nil {
			g.log(r.Context(), sender, tool, id, err)
			g.guard.Refuse(w, r, err)
			return
		}
	}
	if read.listens {
		serveUntilExpiry(w, r, sender.token, next)
		return
	}
	next.ServeHTTP(w, r)
}

// serveUntilExpiry ends an event stream when the verifier would refuse its token. The client resumes it with a new one.
func serveUntilExpiry(w http.ResponseWriter, r *http.Request, token *verifier.Verified, next http.Handler) {
	ctx, cancel := token.UntilExpiry(r.Context())
	defer cancel()
	next.ServeHTTP(w, r.WithContext(ctx))
}

// busy is the answer to one who would begin a session while there are as many as there may be.
func busy() *verifier.Error {
	return &verifier.Error{
		Class: verifier.Undecidable, Code: CodeSessions, Detail: "as many sessions are open as Config.MaxSessions permits, or the guard is closed",
		Status: http.StatusServiceUnavailable, OAuthError: "temporarily_unavailable", Description: "No session can begin at the moment",
		Header: map[string][]string{"Cache-Control": {"no-store"}, "Retry-After": {"10"}},
	}
}

// messages are what counts in a body before the SDK reads it.
type messages struct {
	tools   []string // names of tools that are called
	listens bool     // the answer is an event stream without an end
}

// readMessages finds calls in a JSON-RPC message, or in a batch of them, which is one JSON value. It uses the SDK's decoder, so
// that both mean the same. What it can't read has no calls: the SDK refuses it, and its calls would meet the middleware.
func readMessages(body []byte) messages {
	var batch []json.RawMessage
	if json.Unmarshal(body, &batch) != nil {
		batch = []json.RawMessage{body}
	}
	var found messages
	for _, raw := range batch {
		message, err := jsonrpc.DecodeMessage(raw)
		request, ok := message.(*jsonrpc.Request)
		if err != nil || !ok {
			continue
		}
		switch request.Method {
		case methodCallTool:
			found.tools = append(found.tools, toolName(request.Params))
		case methodListen:
			found.listens = true
		}
	}
	return found
}

const (
	methodCallTool = "tools/call"
	methodListen   = "subscriptions/listen"
)

// toolName returns the name member of params. A map has it by its exact spelling, unlike a struct.
func toolName(params json.RawMessage) string {
	var members map[string]json.RawMessage
	var name string
	if json.Unmarshal(params, &members) != nil || json.Unmarshal(members["name"], &name) != nil {
		return ""
	}
	return name
}

// callerKey is where the caller is in the context of a request that was admitted.
type callerKey struct{}

// senderKey is where it is in [auth.TokenInfo.Extra], for the middleware.
const senderKey = "holdfast.caller"

// withTokenInfo hands the caller to the SDK, which binds the session to its UserID as well. The SDK has one way to be
// given it: a middleware that reads a Bearer token from the header. It gets an Authorization field of that form, and
// next the request as it was.
func withTokenInfo(next http.Handler) http.Handler {
	type requestKey struct{}
	restore := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		original := r.Context().Value(requestKey{}).(*http.Request)
		next.ServeHTTP(w, original.WithContext(r.Context()))
	})
	describe := func(ctx context.Context, _ string, _ *http.Request) (*auth.TokenInfo, error) {
		sender := ctx.Value(callerKey{}).(caller)
		return &auth.TokenInfo{
			UserID: sender.String(), Scopes: sender.token.Scopes, Expiration: sender.token.ExpiresAt,
			Extra: map[string]any{senderKey: sender},
		}, nil
	}
	// Whether the token is still good was decided by the verifier's clock.
	options := &auth.RequireBearerTokenOptions{ClockSkew: math.MaxInt64}
	bridge := auth.RequireBearerToken(describe, options)(restore)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown := r.WithContext(context.WithValue(r.Context(), requestKey{}, r))
		shown.Header = http.Header{"Authorization": {"Bearer verified"}}
		bridge.ServeHTTP(w, shown)
	})
}
