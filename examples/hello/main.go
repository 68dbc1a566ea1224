// Command hello is the smallest API that Holdfast protects; README.md shows it. Replace the issuer and the audience by yours.
package main

import (
	"errors"
	"fmt"
	"log"
	"net/http"

	"github.com/holdfast-go/holdfast/adapters/httpfetch"
	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/verifier"
)

func main() {
	fetcher, err1 := httpfetch.New(httpfetch.Config{})
	v, err2 := verifier.New(verifier.Config{Domain: "tenant.us.auth0.com", Audiences: []string{"https://api.example.com"}, Fetcher: fetcher})
	guard, err3 := httpguard.New(v, httpguard.Config{PublicURL: "https://api.example.com"})
	if err := errors.Join(err1, err2, err3); err != nil {
		log.Fatal(err)
	}
	http.Handle("/orders", guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := httpguard.From(r.Context())
		fmt.Fprintln(w, "orders of", token.Subject)
	}), "read:orders"))
	log.Fatal(http.ListenAndServe("localhost:8080", nil))
}
