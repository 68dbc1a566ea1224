package routers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	coder "github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/verifier"
)

// streams sends the time until the token expires: as events, and over WebSockets of two libraries.
func streams(guard *httpguard.Guard) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /events", guard.Handler(http.HandlerFunc(events)))
	mux.Handle("GET /gorilla", guard.Handler(http.HandlerFunc(gorillaSocket)))
	mux.Handle("GET /coder", guard.Handler(http.HandlerFunc(coderSocket)))
	return mux
}

// events are server-sent events.
func events(w http.ResponseWriter, r *http.Request) {
	token, _ := httpguard.From(r.Context())
	ctx, cancel := token.UntilExpiry(r.Context())
	defer cancel()
	w.Header().Set("Content-Type", "text/event-stream")
	stream := http.NewResponseController(w)
	_ = ticks(ctx, func(now string) error {
		fmt.Fprintf(w, "data: %s\n\n", now)
		return stream.Flush()
	})
	if errors.Is(context.Cause(ctx), verifier.CodeExpired) {
		fmt.Fprint(w, "event: expired\ndata: come back with a new token\n\n")
	}
}

func gorillaSocket(w http.ResponseWriter, r *http.Request) {
	// The request's context does not end when the connection does, which the upgrade takes from the server: writing
	// fails then.
	token, _ := httpguard.From(r.Context())
	ctx, cancel := token.UntilExpiry(r.Context())
	defer cancel()
	socket, err := (&gorilla.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return // answered
	}
	defer socket.Close()
	if ticks(ctx, func(now string) error { return socket.WriteMessage(gorilla.TextMessage, []byte(now)) }) == nil {
		bye := gorilla.FormatCloseMessage(gorilla.ClosePolicyViolation, "token expired")
		_ = socket.WriteControl(gorilla.CloseMessage, bye, time.Now().Add(time.Second))
	}
}

func coderSocket(w http.ResponseWriter, r *http.Request) {
	token, _ := httpguard.From(r.Context())
	ctx, cancel := token.UntilExpiry(r.Context())
	defer cancel()
	socket, err := coder.Accept(w, r, nil)
	if err != nil {
		return // answered
	}
	if ticks(ctx, func(now string) error { return socket.Write(r.Context(), coder.MessageText, []byte(now)) }) == nil {
		_ = socket.Close(coder.StatusPolicyViolation, "token expired")
	}
	_ = socket.CloseNow()
}

// ticks sends the time at once and then ten times a second, until the context ends, or it can't be sent.
func ticks(ctx context.Context, send func(string) error) error {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		if err := send(time.Now().Format(time.RFC3339Nano)); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
