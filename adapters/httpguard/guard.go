package httpguard

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"

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
	// Empty means the host of the verifier's resource, if it has one (Config.Resource, For), and otherwise any. With any host, a proof
	// is compared with a URL whose host the same client has sent: a proof that was made for another server passes
	// here, with its token, if this API accepts that token. Set Hosts, PublicURL or Resource wherever tokens of one
	// audience are sent to more than one server. It can't be combined with PublicURL, which is the one host.
	Hosts []string
	// Proxies says whose word counts for the URL and the client's certificate.
	Proxies Proxies
	// Refuse writes the answer to a request that may not pass: as problem details, as HTML, or as a redirect to a
	// log-in page. The header fields that the answer needs are set before it is called. The status is that of the
	// refusal if it writes none, or one of success. Nil means the JSON of [Refuse].
	Refuse func(http.ResponseWriter, *http.Request, Refusal)
	// Logger is told of each request that may not pass, and why: rejected ones at level Info, undecidable ones at
	// Warn, misconfiguration at Error. The attributes are method, path, status, class, code, rule and err. Nil means
	// that nothing is logged. No token and no query is ever logged.
	Logger *slog.Logger
}

// A Guard lets requests pass by a verifier's word. It is safe for concurrent use.
type Guard struct {
	verifier *verifier.Verifier
	optional bool
	route    verifier.Route
	parent   *Guard // the one that For was called on, itself otherwise
	location *location
	write    func(http.ResponseWriter, *http.Request, Refusal)
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
	g := &Guard{verifier: v, optional: config.Optional, location: location, write: config.Refuse, logger: logger}
	g.parent = g
	return g, nil
}

// For returns a guard that also demands what a route needs, of every request: its Handler, Require, Admit and Verify take
// further scopes as those of g do. It shares g's verifier, and counts as the same guard inside other handlers: see
// [Guard.Handler]. No anonymous request passes it, whatever [Config.Optional] says.
//
// Its error names the fields of the route that can't work, as a [*verifier.FieldError] each. It is called on a guard of
// [New] only, since routes are not added up.
func (g *Guard) For(route verifier.Route) (*Guard, error) {
	if g.parent != g {
		return nil, errors.New("httpguard: For is called on a guard that For has returned: call it on the one of New")
	}
	if err := g.verifier.CheckRoute(route); err != nil {
		return nil, fmt.Errorf("httpguard: %w", err)
	}
	own := *g
	own.route, own.optional = route, false
	return &own, nil
}

// needs returns the guard's route with further scopes.
func (g *Guard) needs(scopes []string) verifier.Route {
	route := g.route
	if route.Scopes == nil {
		route.Scopes = scopes
	} else {
		route.Scopes = slices.Concat(route.Scopes, scopes)
	}
	return route
}

// fault says which field of Config can't work, and why.
func fault(field, reason string) error {
	return &verifier.FieldError{Field: field, Err: errors.New(reason)}
}

// Handler returns a handler that calls next for requests that may pass and whose token has all of scopes. Challenges name
// the scopes, so that a client asks for them at once. Put what answers CORS preflight requests in front of it: browsers
// send those without credentials.
//
// Inside a handler of the same guard the token is not verified again, only what the route needs: so scopes and the rest
// of [verifier.Route] can be asked for by groups of routes and by routes, and a DPoP proof is used once.
func (g *Guard) Handler(next http.Handler, scopes ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r, ok := g.Admit(w, r, scopes...); ok {
			next.ServeHTTP(w, r)
		}
	})
}

// Require returns [Guard.Handler] as middleware, for routers that take it: r.Use(guard.Require("read:orders")).
func (g *Guard) Require(scopes ...string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler { return g.Handler(next, scopes...) }
}

// Admit is [Guard.Handler] for frameworks whose middleware is not net/http's. It reports whether the request may pass, and
// returns it with the token in its context. Otherwise the request is answered.
func (g *Guard) Admit(w http.ResponseWriter, r *http.Request, scopes ...string) (*http.Request, bool) {
	verified, err := g.admitted(r), error(nil)
	before := verified != nil
	if before {
		err = verified.Require(g.needs(scopes))
	} else {
		verified, err = g.Verify(r, scopes...)
	}
	switch {
	case err == nil && before:
		return r, true
	case err == nil:
		setAll(w.Header(), verified.Header)
		return g.admit(r, verified), true
	case g.optional && len(scopes) == 0 && errors.Is(err, verifier.CodeCredentialsMissing):
		return r, true
	}
	g.Refuse(w, r, err)
	return r, false
}

// Verify decides whether a request may pass, with all that the guard knows of its URL, its proxies and its client's
// certificate, and whether its token has all of scopes. Set the header fields of what it returns in the answer. Its errors
// are of type [*verifier.Error]; [Guard.Refuse] answers them.
//
// The request must have the header, the TLS state and the RequestURI that the server received. A DPoP proof is used up:
// the same request does not pass twice.
func (g *Guard) Verify(r *http.Request, scopes ...string) (*verifier.Verified, error) {
	request := verifier.Request{
		Method: cmp.Or(r.Method, http.MethodGet), // as net/http reads an empty one
		URL:    receivedTarget(r),
		Header: r.Header,
		Form:   r.PostForm,
		Route:  g.needs(scopes),
	}
	var err error
	// The URL is worked out only where it counts (PROXY-07): what proxies forward of it does not matter for a Bearer
	// request.
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
