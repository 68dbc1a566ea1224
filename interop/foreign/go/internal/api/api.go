// Package api is what the Go targets share: an API that takes Bearer tokens, and a client that trusts the issuer. For a
// library that only verifies a token it is the glue: it takes the token from the request and writes the challenges.
package api

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// Scope is what /scoped needs.
const Scope = "read:conformance"

// Settings of the environment.
var (
	Issuer   = os.Getenv("HOLDFAST_ISSUER")
	Audience = os.Getenv("HOLDFAST_AUDIENCE")
	Client   = sync.OnceValue(client)
)

// client trusts the issuer's certificate.
func client() *http.Client {
	certificate, err := os.ReadFile(os.Getenv("HOLDFAST_CA_FILE"))
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(certificate) {
		log.Fatalf("HOLDFAST_CA_FILE must be a file with a certificate: %v", err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	return &http.Client{Timeout: 10 * time.Second, Transport: transport}
}

// Once returns make's first success. It asks again after a failure, so that an API starts while its issuer is away.
func Once[T any](make func() (T, error)) func() (T, error) {
	var lock sync.Mutex
	var value T
	done := false
	return func() (T, error) {
		lock.Lock()
		defer lock.Unlock()
		if done {
			return value, nil
		}
		made, err := make()
		if err == nil {
			value, done = made, true
		}
		return made, err
	}
}

// Verify serves an API behind a function that verifies a token and returns its scopes.
func Verify(verify func(r *http.Request, token string) (scopes []string, err error)) {
	Serve(func(scope string, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			token, err := bearer(r)
			if err != nil {
				refuse(w, http.StatusBadRequest, `Bearer error="invalid_request"`)
			} else if token == "" {
				refuse(w, http.StatusUnauthorized, `Bearer realm="api"`)
			} else if scopes, err := verify(r, token); err != nil {
				refuse(w, http.StatusUnauthorized, `Bearer error="invalid_token"`)
			} else if scope != "" && !slices.Contains(scopes, scope) {
				refuse(w, http.StatusForbidden, fmt.Sprintf(`Bearer error="insufficient_scope", scope=%q`, scope))
			} else {
				next.ServeHTTP(w, r)
			}
		})
	})
}

// bearer returns the token of a request, empty if it has none.
func bearer(r *http.Request) (string, error) {
	fields := r.Header.Values("Authorization")
	if len(fields) > 1 {
		return "", errors.New("several Authorization fields")
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", nil
	}
	if token = strings.TrimLeft(token, " "); token == "" {
		return "", errors.New("no token")
	}
	return token, nil
}

func refuse(w http.ResponseWriter, status int, challenge string) {
	w.Header().Set("WWW-Authenticate", challenge)
	w.WriteHeader(status)
}

// Serve serves an API behind a middleware, made for a scope or for none.
func Serve(guard func(scope string, next http.Handler) http.Handler) {
	if os.Getenv("HOLDFAST_DPOP") != "disabled" {
		log.Fatal("this API takes only Bearer tokens: play with -dpop disabled")
	}
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux := http.NewServeMux()
	mux.Handle("/health", ok)
	mux.Handle("/resource", guard("", ok))
	mux.Handle("/resource/", guard("", ok))
	mux.Handle("/scoped", guard(Scope, ok))
	server := &http.Server{Addr: os.Getenv("HOLDFAST_LISTEN"), Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.ListenAndServe())
}
