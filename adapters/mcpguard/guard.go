package mcpguard

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/verifier"
)

// Config says what requests need. Its zero value lets every good token pass that its subject uses itself.
type Config struct {
	// Scopes are what every request needs, all of them.
	Scopes []string
	// Actors are the parties that may act for the subject of a token: the outermost act claim (RFC 8693 section 4.1),
	// compared by issuer and subject. A token that names another one is answered 403. Empty means that none may, so
	// that a token with an act claim is refused.
	Actors []verifier.Actor
	// Tools says what calls of tools need besides, by the tool's name. Nil means nothing. Otherwise a tool that is not
	// named can't be called, so that a misspelled name opens nothing; the zero [Tool] needs nothing more.
	Tools map[string]Tool

	// Origins are the origins of web pages that may send requests, such as https://inspector.example. The origin of
	// the resource itself always may. Requests of other pages are answered 403, as the protocol's transport demands
	// against DNS rebinding. Requests without an Origin header field do not come from a page's script.
	Origins []string
	// MaxSessions bounds the sessions that are open at once. Over it, a new one is answered 503. Zero means 10,000.
	MaxSessions int
	// MaxSessionsPerCaller bounds those of one caller (issuer, subject, client and acting party). Over it, the one that
	// was used longest ago is closed. Zero means 32.
	MaxSessionsPerCaller int

	// HTTP is how requests are read: URL, proxies, client certificates, log of refusals. Optional can't be set.
	HTTP httpguard.Config
	// Transport is handed to the SDK, with these changes: a SessionTimeout of zero means 1 hour, and a negative
	// MaxRequestBodyBytes is an error. Nil means the SDK's defaults.
	Transport *mcp.StreamableHTTPOptions
	// Audit is told of each call of a tool, allowed or refused, at level Info, and of each request for a session of
	// another party at Warn. Nil means HTTP.Logger.
	Audit *slog.Logger
}

// A Tool says what a call of a tool needs, besides what every request does.
type Tool struct {
	// Route is what the token needs. Challenges name its scopes and those of [Config.Scopes], which every request needs.
	verifier.Route
	// Actors are those of [Config.Actors] that may call the tool. Empty means all of them. The subject itself may in any
	// case.
	Actors []verifier.Actor
}

// route returns what a call of the tool needs, with the scopes that every request does: the challenge names these too, so
// that a client does not trade one for the other.
func (t Tool) route(scopes []string) verifier.Route {
	route := t.Route
	route.Scopes = slices.Concat(scopes, route.Scopes)
	return route
}

const (
	defaultMaxSessions          = 10_000
	defaultMaxSessionsPerCaller = 32
	defaultSessionTimeout       = time.Hour
)

// A Guard is the handler of a protected MCP server: its endpoint and, at the well-known path of its resource, its
// metadata. It is safe for concurrent use.
type Guard struct {
	guard        *httpguard.Guard
	metadataPath string
	metadata     http.Handler
	endpoint     http.Handler

	scopes   []string
	actors   []verifier.Actor
	tools    map[string]Tool // nil if any may be called
	stateful bool
	maxBody  int64
	sessions *sessions
	audit    *slog.Logger
}

// New returns a guard in front of server, which is to be served by this guard only: requests that reach it on another way
// are refused. Add other middleware to the server before. The error is a [*verifier.FieldError], which names the field
// that can't work.
func New(v *verifier.Verifier, server *mcp.Server, config Config) (*Guard, error) {
	g, err := newGuard(v, server, config)
	if err != nil {
		return nil, fmt.Errorf("mcpguard: %w", err)
	}
	return g, nil
}

func newGuard(v *verifier.Verifier, server *mcp.Server, config Config) (*Guard, error) {
	if v == nil || server == nil {
		return nil, errors.New("a verifier and a server are required")
	}
	described, ok := v.ResourceMetadata()
	if !ok {
		return nil, fault("Resource", "is empty in the verifier's Config: set it to the URL of the MCP endpoint, which clients look up (RFC 9728), or take the verifier that For returns")
	}
	if err := config.check(v); err != nil {
		return nil, err
	}
	resource, err := url.Parse(described.Resource)
	if err != nil {
		return nil, err
	}
	address, err := url.Parse(described.Address())
	if err != nil {
		return nil, err
	}
	guard, err := httpguard.New(v, config.HTTP)
	if field, found := errors.AsType[*verifier.FieldError](err); found {
		return nil, &verifier.FieldError{Field: "HTTP." + field.Field, Err: field.Err}
	} else if err != nil {
		return nil, err
	}
	options := transport(config.Transport)
	g := &Guard{
		guard:        guard,
		metadataPath: address.Path,
		metadata:     guard.ResourceMetadata(config.allScopes()...),
		scopes:       slices.Clone(config.Scopes),
		actors:       slices.Clone(config.Actors),
		tools:        maps.Clone(config.Tools),
		stateful:     !options.Stateless,
		maxBody:      options.MaxRequestBodyBytes,
		sessions: newSessions(
			cmp.Or(config.MaxSessions, defaultMaxSessions),
			cmp.Or(config.MaxSessionsPerCaller, defaultMaxSessionsPerCaller)),
		audit: cmp.Or(config.Audit, config.HTTP.Logger, slog.New(slog.DiscardHandler)),
	}
	server.AddReceivingMiddleware(g.middleware)
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, options)
	pages := newOrigins(resource, config.Origins)
	g.endpoint = pages.handler(guard.Handler(g.admit(withTokenInfo(handler)), config.Scopes...))
	return g, nil
}

// ServeHTTP answers requests for the metadata and for the MCP endpoint.
func (g *Guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == g.metadataPath {
		g.metadata.ServeHTTP(w, r)
		return
	}
	g.endpoint.ServeHTTP(w, r)
}

// Close ends all sessions, and with them the event streams that [http.Server.Shutdown] would wait for. Sessions that begin
// afterwards are refused. It returns when calls under way have ended, and always nil.
func (g *Guard) Close() error {
	g.sessions.close()
	return nil
}

// check finds what can't work.
func (c Config) check(v *verifier.Verifier) error {
	switch {
	case c.HTTP.Optional:
		return fault("HTTP.Optional", "can't be set: there are no anonymous calls")
	case c.MaxSessions < 0:
		return fault("MaxSessions", fmt.Sprintf("is %d: it must not be negative", c.MaxSessions))
	case c.MaxSessionsPerCaller < 0:
		return fault("MaxSessionsPerCaller", fmt.Sprintf("is %d: it must not be negative", c.MaxSessionsPerCaller))
	case c.Transport != nil && c.Transport.MaxRequestBodyBytes < 0:
		return fault("Transport.MaxRequestBodyBytes", "is negative, which is no bound: leave it zero for the SDK's, or set one")
	case c.Audit != nil && c.Audit.Handler() == nil:
		return fault("Audit", "has no handler: make it by slog.New, or leave it nil")
	}
	for i, origin := range c.Origins {
		if u, err := url.Parse(origin); err != nil || u.Host == "" || origin != u.Scheme+"://"+u.Host || origin != strings.ToLower(origin) {
			return fault(fmt.Sprintf("Origins[%d]", i), fmt.Sprintf("is %q, not an origin such as https://inspector.example", origin))
		}
	}
	if err, found := errors.AsType[*verifier.FieldError](v.CheckRoute(verifier.Route{Scopes: c.Scopes})); found {
		return err
	}
	if err := checkActors("Actors", c.Actors, c.Actors); err != nil {
		return err
	}
	for name, tool := range c.Tools {
		field := fmt.Sprintf("Tools[%q]", name)
		if err := checkActors(field+".Actors", tool.Actors, c.Actors); err != nil {
			return err
		}
		if err, found := errors.AsType[*verifier.FieldError](v.CheckRoute(tool.route(nil))); found {
			return &verifier.FieldError{Field: field + "." + err.Field, Err: err.Err}
		}
	}
	return nil
}

// checkActors wants each actor to be one, and one of those allowed.
func checkActors(field string, actors, allowed []verifier.Actor) error {
	for i, actor := range actors {
		field := fmt.Sprintf("%s[%d]", field, i)
		switch {
		case actor.Subject == "":
			return fault(field, "has no Subject")
		case !slices.Contains(allowed, actor):
			return fault(field, "is not in Config.Actors, so its tokens are refused before the tool is looked at")
		}
	}
	return nil
}

// allScopes are what clients may ask for.
func (c Config) allScopes() []string {
	all := slices.Clone(c.Scopes)
	for _, tool := range c.Tools {
		all = slices.Concat(all, tool.Scopes, tool.AnyScope)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// transport returns the options for the SDK.
func transport(given *mcp.StreamableHTTPOptions) *mcp.StreamableHTTPOptions {
	var options mcp.StreamableHTTPOptions
	if given != nil {
		options = *given
	}
	options.SessionTimeout = cmp.Or(options.SessionTimeout, defaultSessionTimeout)
	options.MaxRequestBodyBytes = cmp.Or(options.MaxRequestBodyBytes, mcp.DefaultMaxRequestBodyBytes)
	return &options
}

// fault says which field can't work, and why.
func fault(field, reason string) error {
	return &verifier.FieldError{Field: field, Err: errors.New(reason)}
}
