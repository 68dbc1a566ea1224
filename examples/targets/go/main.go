// Command go is an API for holdfast-conform, on go-oidc and net/http. Put your own verifier in place of check.
//
//	go build -o target . && holdfast-conform run -dpop disabled -- ./target
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
)

// check returns the scopes of a good token.
func check(ctx context.Context, token string) ([]string, error) {
	provider, err := oidc.NewProvider(ctx, os.Getenv("HOLDFAST_ISSUER")) // an API of yours keeps it
	if err != nil {
		return nil, err
	}
	verified, err := provider.Verifier(&oidc.Config{ClientID: os.Getenv("HOLDFAST_AUDIENCE"), SupportedSigningAlgs: []string{"RS256"}}).Verify(ctx, token)
	if err != nil {
		return nil, err
	}
	var claims struct{ Scope string }
	err = verified.Claims(&claims)
	return strings.Fields(claims.Scope), err
}

func main() {
	certificate, err := os.ReadFile(os.Getenv("HOLDFAST_CA_FILE"))
	if err != nil || os.Getenv("HOLDFAST_DPOP") != "disabled" {
		log.Fatal("this API takes only Bearer tokens: play with -dpop disabled ", err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	refuse := func(w http.ResponseWriter, status int, challenge string) {
		w.Header().Set("WWW-Authenticate", challenge)
		w.WriteHeader(status)
	}
	http.HandleFunc("/health", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			refuse(w, http.StatusUnauthorized, `Bearer realm="api"`)
		} else if scopes, err := check(oidc.ClientContext(r.Context(), client), strings.TrimLeft(token, " ")); err != nil {
			refuse(w, http.StatusUnauthorized, `Bearer error="invalid_token"`)
		} else if r.URL.Path == "/scoped" && !slices.Contains(scopes, "read:conformance") {
			refuse(w, http.StatusForbidden, `Bearer error="insufficient_scope", scope="read:conformance"`)
		}
	})
	log.Fatal(http.ListenAndServe(os.Getenv("HOLDFAST_LISTEN"), nil))
}
