package httpguard

import (
	"cmp"
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
	// PathPrefixes maps path prefixes as they reach this process to the public ones, for a proxy that rewrites
	// paths. The longest one that fits holds. What a router or http.StripPrefix in this process takes off the path
	// does not belong here: the guard reads the path that was received.
	PathPrefixes map[string]string
	// Hosts are the hosts that clients know this API by: api.example, with a port unless it is the scheme's
	// (api.example:8443), or *.api.example for one label in front. A request for another host that has a DPoP proof,
	// or whose issuers a Resolver names, is answered 421 (PROXY-05).
	//
	// Empty means the host of [verifier.Config.Resource], if that is set, and otherwise any. With any host, a proof
	// is compared with a URL whose host the same client has sent: a proof that was made for another server passes
	// here, with its token, if this API accepts that token. Set Hosts, PublicURL or Resource wherever tokens of one
	// audience are sent to more than one server. It can't be combined with PublicURL, which is the one host.
	Hosts []string
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

// New returns a guard that asks v. Its error is a [*verifier.FieldError], which names the field that can't work.
func New(v *verifier.Verifier, config Config) (*Guard, error) {
	if v == nil {
		return nil, errors.New("httpguard: a verifier is required")
	}
	metadata, _ := v.ResourceMetadata()
	location, err := newLocation(config, metadata.Resource)
	if err != nil {
		return nil, fmt.Errorf("httpguard: %w", err)
	}
	logger := config.Logger
	switch {
	case logger == nil:
		logger = slog.New(slog.DiscardHandler)
	case logger.Handler() == nil:
		return nil, fmt.Errorf("httpguard: %w", fault("Logger", "has no handler: make it by slog.New, or leave it nil"))
	}
	return &Guard{verifier: v, optional: config.Optional, location: location, logger: logger}, nil
}

// fault says which field of Config can't work, and why.
func fault(field, reason string) error {
	return &verifier.FieldError{Field: field, Err: errors.New(reason)}
}

// Handler returns a handler that calls next for requests that may pass and whose token has all of scopes. Challenges name
// the scopes, so that a client asks for them at once. Put what answers CORS preflight requests in front of it: browsers send those without credentials.
func (g *Guard) Handler(next http.Handler, scopes ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		verified, err := g.verify(r, scopes)
		switch {
		case err == nil:
			setAll(w.Header(), verified.Header)
			next.ServeHTTP(w, r.WithContext(NewContext(r.Context(), verified)))
		case g.optional && len(scopes) == 0 && errors.Is(err, verifier.CodeCredentialsMissing):
			next.ServeHTTP(w, r)
		default:
			g.Refuse(w, r, err)
		}
	})
}

// verify asks the verifier about the request as its client sent it. The URL is worked out only where it counts
// (PROXY-07): what proxies forward of it does not matter for a Bearer request.
func (g *Guard) verify(r *http.Request, scopes []string) (*verifier.Verified, error) {
	request := verifier.Request{
		Method: cmp.Or(r.Method, http.MethodGet), // as net/http reads an empty one
		URL:    receivedTarget(r),
		Header: r.Header,
		Form:   r.PostForm,
		Scopes: scopes,
	}
	var err error
	if g.verifier.NeedsURL(request) {
		if request.URL, err = g.location.url(r); err != nil {
			return nil, g.refusal(err)
		}
	}
	if request.ClientCertificate, err = g.location.certificate(r); err != nil {
		return nil, g.refusal(err)
	}
	return g.verifier.VerifyRequest(r.Context(), request)
}

// refusal makes the answer to a request that is refused before its credentials are looked at.
func (g *Guard) refusal(err error) *verifier.Error {
	var broken *requestError
	switch {
	case !errors.As(err, &broken):
		return g.verifier.Malformed("", err.Error())
	case broken.rule == ruleHosts:
		return g.verifier.Misdirected(broken.rule, broken.detail)
	}
	return g.verifier.Malformed(broken.rule, broken.detail)
}

type verifiedKey struct{}

// NewContext returns a context in which [From] finds verified: for adapters that carry a token to handlers on a way of
// their own, and for tests of handlers.
func NewContext(ctx context.Context, verified *verifier.Verified) context.Context {
	return context.WithValue(ctx, verifiedKey{}, verified)
}

// From returns the verified token of a request that passed a [Guard]. It reports false for an anonymous request, which
// only an optional guard lets pass.
func From(ctx context.Context) (*verifier.Verified, bool) {
	verified, ok := ctx.Value(verifiedKey{}).(*verifier.Verified)
	return verified, ok
}

// Refuse logs why a request may not pass, and answers it as the [*verifier.Error] in err says; any other error is
// answered 500. It is for handlers behind the guard that refuse on their own.
func (g *Guard) Refuse(w http.ResponseWriter, r *http.Request, err error) {
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
// on their own. [Guard.Refuse] logs the refusal as well.
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
