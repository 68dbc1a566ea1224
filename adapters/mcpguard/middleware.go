package mcpguard

import (
	"context"
	"errors"
	"log/slog"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/verifier"
)

// middleware decides about what the SDK has read. Nothing reaches the server that did not pass the guard: a request has
// no caller if it came over another transport. The context of next has the token of the request itself; that of the SDK
// has the values of the request that began the session.
func (g *Guard) middleware(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, request mcp.Request) (mcp.Result, error) {
		sender, ok := senderOf(request)
		if !ok {
			return nil, refused("Authorization is required")
		}
		session, _ := request.GetSession().(*mcp.ServerSession)
		switch params := request.GetParams().(type) {
		case *mcp.InitializeParams:
			if session.ID() != "" && !g.sessions.begin(session, sender.party) {
				return nil, refused("No session can begin at the moment")
			}
		case *mcp.CallToolParamsRaw:
			err := g.mayCall(sender, params.Name)
			g.log(ctx, sender, params.Name, session.ID(), err)
			if err != nil {
				return nil, refused("The caller is not allowed to do this")
			}
		}
		if method == methodListen && session.ID() != "" {
			return nil, refused("A session has its own stream")
		}
		result, err := next(httpguard.NewContext(ctx, sender.token), method, request)
		return g.told(ctx, sender, method, session.ID(), result, err)
	}
}

// told replaces what a method says by a [verifier.Error], which is for the operator, by the text for clients.
func (g *Guard) told(ctx context.Context, sender caller, method, session string, result mcp.Result, err error) (mcp.Result, error) {
	failed := err
	called, _ := result.(*mcp.CallToolResult)
	if called != nil && failed == nil {
		failed = called.GetError()
	}
	refusal, ours := errors.AsType[*verifier.Error](failed)
	if !ours {
		return result, err
	}
	g.log(ctx, sender, method, session, refusal)
	if err != nil {
		return nil, refused(refusal.Description)
	}
	return &mcp.CallToolResult{IsError: true, Content: []mcp.Content{&mcp.TextContent{Text: refusal.Description}}}, nil
}

// senderOf returns who sent a request, if it came through a guard.
func senderOf(request mcp.Request) (caller, bool) {
	extra := request.GetExtra()
	if extra == nil || extra.TokenInfo == nil {
		return caller{}, false
	}
	sender, ok := extra.TokenInfo.Extra[senderKey].(caller)
	return sender, ok
}

func refused(message string) error {
	return &jsonrpc.Error{Code: jsonrpc.CodeInvalidRequest, Message: message}
}

// longestToolName bounds what a log line has of a name that a client made up, in bytes.
const longestToolName = 128

// log writes the line of a call, whose refusal is nil if it may run.
func (g *Guard) log(ctx context.Context, sender caller, tool, session string, refusal error) {
	line := []slog.Attr{slog.String("decision", "allowed"), slog.String("tool", tool[:min(len(tool), longestToolName)])}
	line = append(line, sender.attributes(session)...)
	if refusal != nil {
		line[0] = slog.String("decision", "refused")
		line = append(line, slog.Any("err", refusal))
	}
	g.audit.LogAttrs(ctx, slog.LevelInfo, "tool call", line...)
}

// attributes say who calls, in which session.
func (c caller) attributes(session string) []slog.Attr {
	return []slog.Attr{
		slog.String("issuer", c.issuer),
		slog.String("subject", c.subject),
		slog.String("client", c.client),
		slog.String("actor", c.actor.Subject),
		slog.String("actor_issuer", c.actor.Issuer),
		slog.String("scheme", string(c.token.Scheme)),
		slog.String("session", sessionHash(session)),
	}
}
