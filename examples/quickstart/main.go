// Command quickstart shows Holdfast's main job in one go: it starts an issuer (over TLS) and an API that Holdfast
// protects, both on this machine, sends the API good and bad requests, and prints what was expected and what came. It
// exits 0 only if all is as expected.
package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"

	"github.com/holdfast-go/holdfast/adapters/httpfetch"
	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/verifier"
)

const audience = "https://api.example"

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(out io.Writer) error {
	tenant, err := issuer.Start()
	if err != nil {
		return err
	}
	defer tenant.Close()
	stranger, err := issuer.Start()
	if err != nil {
		return err
	}
	defer stranger.Close()

	api, closeAPI, err := protectedAPI(tenant)
	if err != nil {
		return err
	}
	defer closeAPI()
	dpop, err := newDPoPClient(tenant)
	if err != nil {
		return err
	}
	return show(out, api.URL, slices.Concat(bearerRequests(tenant, stranger), dpop.requests(), rotationRequests(tenant)))
}

// protectedAPI is what an API's author writes: a fetcher, a verifier, and a guard in front of a handler.
func protectedAPI(tenant *issuer.Server) (api *httptest.Server, closeAPI func(), err error) {
	fetcher, err := httpfetch.New(httpfetch.Config{Client: tenant.Client()}) // the client trusts the test issuer's certificate
	if err != nil {
		return nil, nil, err
	}
	config := verifier.Config{Domain: tenant.URL, Audiences: []string{audience}, Fetcher: fetcher}
	v, err := verifier.New(config)
	if err != nil {
		return nil, nil, err
	}
	guard, err := httpguard.New(v, httpguard.Config{})
	if err != nil {
		return nil, nil, err
	}

	// The same again for handlers that want the server's nonces in DPoP proofs.
	config.DPoP.Nonce = verifier.NonceRequired
	strict, err := verifier.New(config)
	if err != nil {
		return nil, nil, err
	}
	strictGuard, err := httpguard.New(strict, httpguard.Config{})
	if err != nil {
		return nil, nil, err
	}

	greet := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := httpguard.From(r.Context())
		fmt.Fprintf(w, "hello, %s", token.Subject)
	})
	mux := http.NewServeMux()
	mux.Handle("GET /hello", guard.Handler(greet))
	mux.Handle("POST /orders", guard.Handler(greet, "write:orders"))
	mux.Handle("GET /account", strictGuard.Handler(greet))
	api = httptest.NewServer(mux)
	return api, func() { api.Close(); v.Close(); strict.Close() }, nil
}
