package grpcguard_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/adapters/grpcguard"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

func TestNew(t *testing.T) {
	b := newBench(t)
	const listed = "/orders.v1.Orders/List"
	noDPoP := func(c *verifier.Config) { c.DPoP.Mode = verifier.DPoPDisabled }
	resolver := func(c *verifier.Config) {
		c.Domain, c.DPoP.Mode = "", verifier.DPoPDisabled
		c.Resolver = ports.DomainResolverFunc(func(context.Context, ports.DomainQuery) ([]ports.Domain, error) { return nil, nil })
	}
	urls := []string{publicURL}
	for _, c := range []struct {
		name     string
		config   grpcguard.Config
		verifier func(*verifier.Config)
		field    string // that can't work, empty if all can
		says     string
	}{
		{name: "one URL", config: grpcguard.Config{PublicURLs: urls}},
		{name: "no URL, with a resource", verifier: func(c *verifier.Config) { c.Resource = "https://api.example" }},
		{name: "no URL, DPoP disabled", verifier: noDPoP},
		{name: "no URL", field: "PublicURLs", says: "DPoPDisabled"},
		{name: "no URL, a resolver", verifier: resolver, field: "PublicURLs", says: "Resolver"},
		{name: "a host", config: grpcguard.Config{PublicURLs: []string{publicURL, "api.eu.example:443"}}, field: "PublicURLs[1]", says: `"api.eu.example:443"`},
		{name: "a target of grpc-go's", config: grpcguard.Config{PublicURLs: []string{"dns:///api.example"}}, field: "PublicURLs[0]"},
		{name: "a query", config: grpcguard.Config{PublicURLs: []string{"https://api.example?x"}}, field: "PublicURLs[0]"},
		{name: "a user", config: grpcguard.Config{PublicURLs: []string{"https://me@api.example"}}, field: "PublicURLs[0]"},
		{name: "a star inside", config: grpcguard.Config{PublicURLs: []string{"https://api.*.example"}}, field: "PublicURLs[0]"},
		{name: "two stars", config: grpcguard.Config{PublicURLs: []string{"https://*.*.example"}}, field: "PublicURLs[0]"},
		{name: "one host twice", config: grpcguard.Config{PublicURLs: []string{publicURL, "https://API.example:443/v1"}}, field: "PublicURLs[1]"},
		{name: "one host twice by schemes", config: grpcguard.Config{PublicURLs: []string{publicURL, "http://api.example"}}, field: "PublicURLs[1]"},
		{name: "a host and one label in front", config: grpcguard.Config{PublicURLs: []string{publicURL, "https://*.api.example"}}},
		{name: "an open method", config: grpcguard.Config{PublicURLs: urls, Open: []string{listed}}},
		{name: "an open service", config: grpcguard.Config{PublicURLs: urls, Open: []string{"orders.v1.Orders"}}, field: "Open[0]", says: `"orders.v1.Orders"`},
		{name: "an open prefix", config: grpcguard.Config{PublicURLs: urls, Open: []string{listed, "/orders.v1.Orders/"}}, field: "Open[1]"},
		{name: "all open", config: grpcguard.Config{PublicURLs: urls, Open: []string{"/"}}, field: "Open[0]"},
		{name: "an open path of three", config: grpcguard.Config{PublicURLs: urls, Open: []string{"/v1" + listed}}, field: "Open[0]"},
		{name: "scopes", config: grpcguard.Config{PublicURLs: urls, Scopes: map[string][]string{listed: {"read:orders"}, "orders.v1.Orders": nil}}},
		{name: "scopes of a method without slash", config: grpcguard.Config{PublicURLs: urls, Scopes: map[string][]string{"orders.v1.Orders/List": nil}}, field: "Scopes"},
		{name: "scopes of nothing", config: grpcguard.Config{PublicURLs: urls, Scopes: map[string][]string{"": nil}}, field: "Scopes"},
		{name: "an empty scope", config: grpcguard.Config{PublicURLs: urls, Scopes: map[string][]string{listed: {""}}}, field: `Scopes["` + listed + `"][0]`},
		{name: "two scopes in one", config: grpcguard.Config{PublicURLs: urls, Scopes: map[string][]string{listed: {"a", "a b"}}}, field: `Scopes["` + listed + `"][1]`},
		{name: "scopes of an open method", config: grpcguard.Config{PublicURLs: urls, Open: []string{listed}, Scopes: map[string][]string{listed: {"a"}}}, field: "Scopes"},
		{name: "routes", config: grpcguard.Config{PublicURLs: urls, Routes: map[string]verifier.Route{listed: {DPoP: true}, "orders.v1.Orders": {}}}},
		{name: "a route of nothing", config: grpcguard.Config{PublicURLs: urls, Routes: map[string]verifier.Route{"": {}}}, field: "Routes"},
		{name: "a route of an open method", config: grpcguard.Config{PublicURLs: urls, Open: []string{listed}, Routes: map[string]verifier.Route{listed: {}}}, field: "Routes"},
		{name: "a route of a method with scopes", config: grpcguard.Config{PublicURLs: urls, Scopes: map[string][]string{listed: nil},
			Routes: map[string]verifier.Route{listed: {}}}, field: "Routes"},
		{name: "a route that can't work", config: grpcguard.Config{PublicURLs: urls, Routes: map[string]verifier.Route{listed: {MaxAge: -1}}},
			field: `Routes["` + listed + `"].MaxAge`},
		{name: "a logger without a handler", config: grpcguard.Config{PublicURLs: urls, Logger: new(slog.Logger)}, field: "Logger"},
	} {
		t.Run(c.name, func(t *testing.T) {
			policy := verifier.Config{Domain: "issuer.example", Audiences: []string{audience}, Fetcher: b.issuer}
			if c.verifier != nil {
				c.verifier(&policy)
			}
			v, err := verifier.New(policy)
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			_, err = grpcguard.New(v, c.config)
			fault, ok := errors.AsType[*verifier.FieldError](err)
			switch {
			case c.field == "" && err != nil:
				t.Errorf("got %v", err)
			case c.field != "" && (!ok || fault.Field != c.field || !strings.Contains(err.Error(), c.says)):
				t.Errorf("got %v, want a fault of %s that says %s", err, c.field, c.says)
			}
		})
	}
	if guard, err := grpcguard.New(nil, grpcguard.Config{}); guard != nil || err == nil {
		t.Errorf("without a verifier: %v, %v", guard, err)
	}
}
