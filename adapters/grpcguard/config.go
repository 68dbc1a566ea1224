package grpcguard

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/verifier"
)

// Config says how a [Guard] treats calls. Its zero value lets nothing pass without a good token.
type Config struct {
	// PublicURLs are the URLs that clients call this server by, such as https://api.example or
	// https://api.example:8443, or https://*.api.example for one label in front. DPoP proofs are for them. Where
	// there are several, or one with a *, the call's :authority chooses, and a call for another host that has a DPoP
	// proof, or whose issuers a Resolver names, is rejected (PROXY-05).
	//
	// Empty means the scheme and host of [verifier.Config.Resource], or of the resource of [verifier.Verifier.For]. One of both is required unless DPoP is
	// disabled and there is no Resolver.
	PublicURLs []string
	// Open lists the methods that need no token, by their full names: for example
	// grpc_health_v1.Health_Check_FullMethodName, or that of server reflection. Their calls pass as they are, and
	// [From] reports false for them.
	Open []string
	// Scopes lists what tokens must permit, by the full name of a method (Orders_List_FullMethodName in generated
	// code), or by the name of a service (Orders_ServiceDesc.ServiceName), for its methods that have no entry. An
	// entry without scopes means that any good token will do.
	//
	// Nil means that any good token will do for every method, unless Routes is set. Otherwise a call of a method that is
	// neither here nor in Routes or Open gets Internal, so that a misspelt or forgotten name opens nothing.
	Scopes map[string][]string
	// Routes lists, by the same names, what calls need where that is more than scopes: DPoP or step-up, say. A name is in
	// Scopes or in Routes. A method that is here is never reached anonymously.
	Routes map[string]verifier.Route
	// Optional lets a call without authorization metadata pass as anonymous, for methods that show more to those who
	// are known: [From] then reports false. Credentials that are sent must be good all the same, and a method that
	// needs scopes is never reached anonymously.
	Optional bool
	// EndStreams ends the context of a stream when its token expires, and lets no message of it pass after that. The
	// client gets Unauthenticated, as it would for a new call. Otherwise a stream goes on for as long as its client
	// and its method want: the token is verified once, at its beginning.
	//
	// A method that waits for a message, and not for its context, is only interrupted by the next message.
	EndStreams bool
	// Logger is told of each call that may not pass, and why: rejected ones at level Info, undecidable ones at
	// Warn, misconfiguration at Error. Nil means that nothing is logged. No token is ever logged.
	Logger *slog.Logger
}

// New returns a guard that asks v. Its error is a [*verifier.FieldError], which names the field that can't work.
func New(v *verifier.Verifier, config Config) (*Guard, error) {
	if v == nil {
		return nil, errors.New("grpcguard: a verifier is required")
	}
	g := &Guard{verifier: v, optional: config.Optional, endStreams: config.EndStreams, logger: config.Logger}
	if err := g.configure(config); err != nil {
		return nil, fmt.Errorf("grpcguard: %w", err)
	}
	return g, nil
}

func (g *Guard) configure(config Config) (err error) {
	switch {
	case config.Logger == nil:
		g.logger = slog.New(slog.DiscardHandler)
	case config.Logger.Handler() == nil:
		return fault("Logger", "has no handler: make it by slog.New, or leave it nil")
	}
	if err := g.setMethods(config); err != nil {
		return err
	}
	metadata, _ := g.verifier.ResourceMetadata()
	if g.urls, err = newPublicURLs(config.PublicURLs, metadata.Resource); err != nil {
		return err
	}
	withProof := verifier.Request{Header: map[string][]string{"authorization": {""}, "dpop": {""}}}
	if len(g.urls) == 0 && g.verifier.NeedsURL(withProof) {
		return fault("PublicURLs", "is required, since the verifier accepts DPoP or has a Resolver: the URL that clients call, such as "+
			"https://api.example. Or set verifier.Config.Resource, or DPoP.Mode to verifier.DPoPDisabled")
	}
	return nil
}

// setMethods reads Open, Scopes and Routes.
func (g *Guard) setMethods(config Config) error {
	g.open = make(map[string]bool)
	for i, method := range config.Open {
		if !isFullMethod(method) {
			return fault(fmt.Sprintf("Open[%d]", i), fmt.Sprintf("%q is not the full name of a method, such as /grpc.health.v1.Health/Check", method))
		}
		g.open[method] = true
	}
	if config.Scopes == nil && config.Routes == nil {
		return nil
	}
	g.needs = make(map[string]need)
	for name, scopes := range config.Scopes {
		if err := g.checkName("Scopes", name); err != nil {
			return err
		}
		route := verifier.Route{Scopes: slices.Clone(scopes)}
		if err, found := errors.AsType[*verifier.FieldError](g.verifier.CheckRoute(route)); found {
			return &verifier.FieldError{Field: fmt.Sprintf("Scopes[%q]%s", name, strings.TrimPrefix(err.Field, "Scopes")), Err: err.Err}
		}
		g.needs[name] = need{route, len(scopes) == 0}
	}
	for name, route := range config.Routes {
		if err := g.checkName("Routes", name); err != nil {
			return err
		}
		if _, twice := g.needs[name]; twice {
			return fault("Routes", fmt.Sprintf("%q is in Scopes too", name))
		}
		if err, found := errors.AsType[*verifier.FieldError](g.verifier.CheckRoute(route)); found {
			return &verifier.FieldError{Field: fmt.Sprintf("Routes[%q].%s", name, err.Field), Err: err.Err}
		}
		g.needs[name] = need{route, false}
	}
	return nil
}

// checkName checks a name of Scopes or Routes.
func (g *Guard) checkName(field, name string) error {
	switch {
	case !isFullMethod(name) && (name == "" || strings.Contains(name, "/")):
		return fault(field, fmt.Sprintf("%q is neither the full name of a method, such as /orders.v1.Orders/List, nor the name of a service, such as orders.v1.Orders", name))
	case g.open[name]:
		return fault(field, fmt.Sprintf("%q is in Open too", name))
	}
	return nil
}

// isFullMethod reports whether name is a path of gRPC, /service/method, that can be read in one way.
func isFullMethod(name string) bool {
	path, rooted := strings.CutPrefix(name, "/")
	service, method, separated := strings.Cut(path, "/")
	for _, c := range []byte(name) {
		if c <= ' ' || c > '~' || strings.IndexByte(`?#%\`, c) >= 0 {
			return false
		}
	}
	return rooted && separated && service != "" && method != "" && !strings.Contains(method, "/")
}

// fault says which field of Config can't work, and why.
func fault(field, reason string) error {
	return &verifier.FieldError{Field: field, Err: errors.New(reason)}
}
