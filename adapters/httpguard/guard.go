package httpguard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	// PublicURL is the base that clients know this API by, for a process behind a proxy: it replaces scheme and
	// host, and its path goes in front of the request's. DPoP proofs are for the URL that the client sees. Empty
	// means the URL of the connection, or what Proxies forward.
	PublicURL string
	// PathPrefixes maps path prefixes as this process sees them to the public ones, for a proxy that rewrites
	// paths. The longest one that fits holds.
	PathPrefixes map[string]string
	// Proxies says whose word counts for the URL and the client's certificate.
	Proxies Proxies
	// Logger is told of each request that may not pass, and why: rejected ones at level Info, undecidable ones at
	// Warn, misconfiguration at Error. Nil means that nothing is logged. No token is ever logged.
	Logger *slog.Logger
}

// A Guard lets requests pass by a verifier's word. It is safe for concurrent use.
type Guard struct {
	verifier *verifier.Verifier
	optional bool
	location *location
	logger   *slog.Logger
}

// New returns a guard that asks v. Its error names the field that can't work.
func New(v *verifier.Verifier, config Config) (*Guard, error) {
	if v == nil {
		return nil, errors.New("httpguard: a verifier is required")
	}
	location, err := newLocation(config)
	if err != nil {
		return nil, fmt.Errorf("httpguard: %w", err)
	}
	logger := config.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &Guard{verifier: v, optional: config.Optional, location: location, logger: logger}, nil
}

// Handler returns a handler that calls next for requests that may pass and whose token has all of scopes. Put what
// answers CORS preflight requests in front of it: browsers send those without credentials.
func (g *Guard) Handler(next http.Handler, scopes ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		verified, err := g.verify(r)
		if err == nil {
			err = verified.RequireScopes(scopes...)
		}
		switch {
		case err == nil:
			setAll(w.Header(), verified.Header)
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), verifiedKey{}, verified)))
		case g.optional && len(scopes) == 0 && errors.Is(err, verifier.CodeCredentialsMissing):
			next.ServeHTTP(w, r)
		default:
			g.refuse(w, r, err)
		}
	})
}

// verify asks the verifier about the request as its client sent it.
func (g *Guard) verify(r *http.Request) (*verifier.Verified, error) {
	url, err := g.location.url(r)
	if err != nil {
		return nil, g.malformed(err)
	}
	certificate, err := g.location.certificate(r)
	if err != nil {
		return nil, g.malformed(err)
	}
	return g.verifier.VerifyRequest(r.Context(), verifier.Request{
		Method:            r.Method,
		URL:               url,
		Header:            r.Header,
		ClientCertificate: certificate,
		Form:              r.PostForm,
	})
}

// malformed makes the answer to a request that is no good before its credentials are looked at.
func (g *Guard) malformed(err error) *verifier.Error {
	var request *errRequest
	if errors.As(err, &request) {
		return g.verifier.Malformed(request.rule, request.detail)
	}
	return g.verifier.Malformed("", err.Error())
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

// Refuse writes the answer that e calls for: for handlers that call a verifier, or [verifier.Verified.RequireScopes],
// on their own.
func Refuse(w http.ResponseWriter, e *verifier.Error) {
	content, err := json.Marshal(body{Error: e.OAuthError, Description: e.Description})
	if err != nil {
		content = []byte("{}")
	}
	header := w.Header()
	setAll(header, e.Header)
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(content)))
	w.WriteHeader(e.Status)
	// A client that has gone away is not waiting for the rest.
	_, _ = w.Write(content)
}

func setAll(header http.Header, fields map[string][]string) {
	for name, values := range fields {
		header[http.CanonicalHeaderKey(name)] = values
	}
}
