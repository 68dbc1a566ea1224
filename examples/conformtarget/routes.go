package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

// needs is what the paths below /route need besides a good token.
var needs = map[string]verifier.Route{
	"/route/gold":          {RequiredValues: []ports.RequiredValue{{Claim: "tier", OneOf: []string{"gold"}}}},
	"/route/permitted":     {RequiredValues: []ports.RequiredValue{{Claim: "permissions", ContainsAny: []string{"orders:refund", "admin"}}}},
	"/route/tier":          {RequiredClaims: []string{"tier"}},
	"/route/either":        {Scopes: []string{"api"}, AnyScope: []string{"read", "admin"}},
	"/route/dpop":          {DPoP: true},
	"/route/certificate":   {CertificateBound: true},
	"/route/recent":        {MaxAge: time.Minute},
	"/route/strong":        {ACRValues: []string{"mfa", "phr"}},
	"/route/recent-strong": {MaxAge: time.Minute, ACRValues: []string{"mfa", "phr"}},
	"/route/customer": {AuthorizationDetails: []verifier.AuthorizationDetail{
		{Type: "customer", Actions: []string{"read", "write"}, DataTypes: []string{"contacts"}},
	}},
	"/route/one-detail": {DetailsPolicy: oneDetail},
}

// routes serves what the catalogue asks for. It is no ServeMux, which would redirect paths that are not clean.
func routes(guard *httpguard.Guard) (http.Handler, error) {
	ok := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }
	paths := map[string]http.Handler{
		"/health": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Holdfast-Powers", "all")
			ok(w, r)
		}),
		"/scoped": guard.Handler(http.HandlerFunc(ok), "read:conformance"),
		"/client": guard.Handler(http.HandlerFunc(tellClient)),
		"/actors": guard.Handler(tellActors(guard)),
	}
	for path, route := range needs {
		own, err := guard.For(route)
		if err != nil && !route.CertificateBound && !route.DPoP { // which need what may be off
			return nil, err
		}
		if err == nil {
			paths[path] = own.Handler(http.HandlerFunc(ok))
		}
	}
	resource := guard.Handler(http.HandlerFunc(ok))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if handler, known := paths[r.URL.Path]; known {
			handler.ServeHTTP(w, r)
			return
		}
		if strings.HasPrefix(r.URL.Path, "/.well-known/") {
			guard.ResourceMetadata("read:conformance").ServeHTTP(w, r)
			return
		}
		resource.ServeHTTP(w, r)
	}), nil
}

func oneDetail(details verifier.AuthorizationDetails) error {
	if len(details) != 1 {
		return errors.New("there is not one detail")
	}
	return nil
}

func tellClient(w http.ResponseWriter, r *http.Request) {
	verified, _ := httpguard.From(r.Context())
	tell(w, map[string]string{"client": verified.ClientID})
}

type actor struct {
	Issuer  string `json:"iss"`
	Subject string `json:"sub"`
}

func tellActors(guard *httpguard.Guard) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		verified, _ := httpguard.From(r.Context())
		chain, err := verified.DelegationChain()
		if err != nil {
			guard.Refuse(w, r, err)
			return
		}
		actors := []actor{}
		for _, a := range chain {
			actors = append(actors, actor(a))
		}
		tell(w, map[string][]actor{"actors": actors})
	})
}

func tell(w http.ResponseWriter, what any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(what)
}
