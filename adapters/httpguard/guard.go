package httpguard

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/holdfast-go/holdfast/verifier"
)

// Config says how a [Guard] treats requests. Its zero value lets nothing pass without a good token.
type Config struct {
	// Optional lets a request without an Authorization header field pass as anonymous, for handlers that show more
	// to those who are known: [From] then reports false. Credentials that are sent must be good all the same, and a
	// handler that needs scopes is never reached anonymously.
	Optional bool
	// Logger is told of each request that may not pass, and why: rejected ones at level Info, undecidable ones at Warn,
	// misconfiguration at Error. Nil means that nothing is logged. No token is ever logged.
	Logger *slog.Logger
}

// A Guard lets requests pass by a verifier's word. It is safe for concurrent use.
type Guard struct {
	verifier *verifier.Verifier
	optional bool
	logger   *slog.Logger
}

// New returns a guard that asks v.
func New(v *verifier.Verifier, config Config) (*Guard, error) {
	if v == nil {
		return nil, errors.New("httpguard: a verifier is required")
	}
	logger := config.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &Guard{verifier: v, optional: config.Optional, logger: logger}, nil
}

// Handler returns a handler that calls next for requests that may pass and whose token has all of scopes. Put what
// answers CORS preflight requests in front of it: browsers send those without credentials.
func (g *Guard) Handler(next http.Handler, scopes ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		verified, err := g.verifier.VerifyRequest(r.Context(), verifier.Request{
			Method: r.Method,
			URL:    requestURL(r),
			Header: r.Header,
			Form:   r.PostForm,
		})
		if err == nil {
			err = verified.RequireScopes(scopes...)
		}
		switch {
		case err == nil:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), verifiedKey{}, verified)))
		case g.optional && len(scopes) == 0 && errors.Is(err, verifier.CodeCredentialsMissing):
			next.ServeHTTP(w, r)
		default:
			g.refuse(w, r, err)
		}
	})
}

type verifiedKey struct{}

// From returns the verified token of a request that passed a [Guard]. It reports false for an anonymous request, which
// only an optional guard lets pass.
func From(ctx context.Context) (*verifier.Verified, bool) {
	verified, ok := ctx.Value(verifiedKey{}).(*verifier.Verified)
	return verified, ok
}

// refuse logs why a request may not pass and answers it.
func (g *Guard) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var refusal *verifier.Error
	if !errors.As(err, &refusal) {
		refusal = &verifier.Error{Class: verifier.Misconfigured, Err: err, Status: http.StatusInternalServerError, OAuthError: "server_error"}
	}
	g.logger.LogAttrs(r.Context(), levels[refusal.Class], "request refused",
		slog.Int("status", refusal.Status),
		slog.String("class", string(refusal.Class)),
		slog.String("code", string(refusal.Code)),
		slog.String("rule", refusal.Rule),
		slog.Any("err", err))
	Refuse(w, refusal)
}

var levels = map[verifier.Class]slog.Level{
	verifier.Rejected:      slog.LevelInfo,
	verifier.Undecidable:   slog.LevelWarn,
	verifier.Misconfigured: slog.LevelError,
}

// body is the body of an answer, in the form of RFC 6749 section 5.2.
type body struct {
	Error       string `json:"error,omitempty"`
	Description string `json:"error_description,omitempty"`
}

// Refuse writes the answer that e calls for: for handlers that call a verifier, or [verifier.Verified.RequireScopes], on
// their own.
func Refuse(w http.ResponseWriter, e *verifier.Error) {
	content, err := json.Marshal(body{Error: e.OAuthError, Description: e.Description})
	if err != nil {
		content = []byte("{}")
	}
	header := w.Header()
	for name, values := range e.Header {
		header[http.CanonicalHeaderKey(name)] = values
	}
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(content)))
	w.WriteHeader(e.Status)
	// A client that has gone away is not waiting for the rest.
	_, _ = w.Write(content)
}

// requestURL is the URL of the connection: its scheme by TLS, its host as received.
func requestURL(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + r.URL.RequestURI()
}
