package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/adapters/httpfetch"
	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/exchange"
)

// An api verifies the tokens that it is called with, and calls the next one on behalf of their users.
type api struct {
	name, audience string
	server         *httptest.Server
	verifier       *verifier.Verifier
	tokens         *exchange.Client
	next           *api // nil for the last one
}

// A sight is what an API sees of a call.
type sight struct {
	API    string           `json:"api"`
	User   string           `json:"user"`
	Client string           `json:"client"`
	Actor  verifier.Actor   `json:"actor,omitzero"`
	Chain  []verifier.Actor `json:"chain,omitempty"`
}

func (s sight) equal(other sight) bool {
	return s.API == other.API && s.User == other.User && s.Client == other.Client && s.Actor == other.Actor &&
		slices.Equal(s.Chain, other.Chain)
}

// startAPI starts an API, and registers it at the issuer as the client that exchanges the API's tokens.
func startAPI(tenant *issuer.Server, name string, next *api) (*api, error) {
	a := &api{name: name, audience: "https://" + name + ".example", next: next}
	const secret = "a secret that each API would have for itself"
	if err := tenant.Register(issuer.Client{ID: name, Secret: secret, Audience: a.audience}); err != nil {
		return nil, err
	}
	fetcher, err := httpfetch.New(httpfetch.Config{Client: tenant.Client()}) // trusts the test issuer's certificate
	if err != nil {
		return nil, err
	}
	a.verifier, err = verifier.New(verifier.Config{
		Domain: tenant.URL, Audiences: []string{a.audience}, Fetcher: fetcher,
	})
	if err != nil {
		return nil, err
	}
	a.tokens, err = exchange.New(a.verifier, exchange.Config{Endpoint: fetcher, ClientID: name, ClientSecret: secret})
	if err != nil {
		return nil, errors.Join(err, a.verifier.Close())
	}
	guard, err := httpguard.New(a.verifier, httpguard.Config{})
	if err != nil {
		return nil, errors.Join(err, a.verifier.Close())
	}
	a.server = httptest.NewServer(guard.Handler(http.HandlerFunc(a.serve), scope))
	return a, nil
}

func (a *api) close() {
	a.server.Close()
	_ = a.verifier.Close()
}

// serve answers with what this API sees, and what the next ones see.
func (a *api) serve(w http.ResponseWriter, r *http.Request) {
	seen, err := a.handle(r)
	if err != nil {
		var refusal *verifier.Error
		if errors.As(err, &refusal) { // a malformed act claim
			httpguard.Refuse(w, refusal)
			return
		}
		http.Error(w, fmt.Sprintf("API %s can't ask the next one", a.name), http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(seen)
}

func (a *api) handle(r *http.Request) ([]sight, error) {
	token, _ := httpguard.From(r.Context())
	actor, err := token.Actor()
	if err != nil {
		return nil, err
	}
	chain, err := token.DelegationChain()
	if err != nil {
		return nil, err
	}
	seen := []sight{{API: a.name, User: token.Subject, Client: token.ClientID, Actor: actor, Chain: chain}}
	if a.next == nil {
		return seen, nil
	}
	issued, err := a.exchange(r.Context(), bearer(r), a.next.audience)
	if err != nil {
		return nil, err
	}
	further, err := a.next.call(r.Context(), issued.AccessToken)
	return append(seen, further...), err
}

// bearer returns the token of a request that passed a guard, which found exactly one.
func bearer(r *http.Request) string {
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimLeft(token, " ")
}

// exchange gets a token for another API with the one that this API was called with.
func (a *api) exchange(ctx context.Context, token, audience string) (*exchange.Token, error) {
	return a.tokens.OnBehalfOf(ctx, exchange.OnBehalfOfRequest{AccessToken: token, Audience: audience, Scope: scope})
}

// maxAnswer bounds what is read of an API's answer.
const maxAnswer = 64 << 10

// call calls this API, and returns what it and those after it see.
func (a *api) call(ctx context.Context, token string) ([]sight, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.server.URL, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := a.server.Client().Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("API %s answers %d", a.name, answer.StatusCode)
	}
	var seen []sight
	err = json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&seen)
	return seen, err
}
