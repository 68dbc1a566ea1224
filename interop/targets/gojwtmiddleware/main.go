// Command gojwtmiddleware is an API behind github.com/auth0/go-jwt-middleware, as a target of holdfast-conform. It is
// set up as the README's "Production Example" and "DPoP" show. The middleware leaves the scope to the application: the
// check and its answer are this command's own.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	jwtmiddleware "github.com/auth0/go-jwt-middleware/v3"
	"github.com/auth0/go-jwt-middleware/v3/core"
	"github.com/auth0/go-jwt-middleware/v3/jwks"
	"github.com/auth0/go-jwt-middleware/v3/validator"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gojwtmiddleware:", err)
		os.Exit(1)
	}
}

func run() error {
	middleware, err := newMiddleware()
	if err != nil {
		return err
	}
	resource := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", resource)
	mux.Handle("/resource", middleware.CheckJWT(resource))
	mux.Handle("/resource/", middleware.CheckJWT(resource))
	mux.Handle("GET /scoped", middleware.CheckJWT(needScope("read:conformance", resource)))
	server := &http.Server{Addr: os.Getenv("HOLDFAST_LISTEN"), Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	return server.ListenAndServe()
}

var modes = map[string]core.DPoPMode{
	"allowed":  jwtmiddleware.DPoPAllowed,
	"required": jwtmiddleware.DPoPRequired,
	"disabled": jwtmiddleware.DPoPDisabled,
}

func newMiddleware() (*jwtmiddleware.JWTMiddleware, error) {
	mode, known := modes[os.Getenv("HOLDFAST_DPOP")]
	if !known {
		return nil, errors.New("HOLDFAST_DPOP must be allowed, required or disabled")
	}
	issuer, err := url.Parse(os.Getenv("HOLDFAST_ISSUER"))
	if err != nil {
		return nil, err
	}
	client, err := clientThatTrusts(os.Getenv("HOLDFAST_CA_FILE"))
	if err != nil {
		return nil, err
	}
	provider, err := jwks.NewCachingProvider(jwks.WithIssuerURL(issuer), jwks.WithCustomClient(client))
	if err != nil {
		return nil, err
	}
	jwtValidator, err := validator.New(
		validator.WithKeyFunc(provider.KeyFunc),
		validator.WithAlgorithm(validator.RS256),
		validator.WithIssuer(issuer.String()),
		validator.WithAudience(os.Getenv("HOLDFAST_AUDIENCE")),
		validator.WithCustomClaims(func() *scopes { return &scopes{} }),
	)
	if err != nil {
		return nil, err
	}
	return jwtmiddleware.New(jwtmiddleware.WithValidator(jwtValidator), jwtmiddleware.WithDPoPMode(mode))
}

// clientThatTrusts returns an HTTP client for the issuer, with the timeout of the middleware's own.
func clientThatTrusts(file string) (*http.Client, error) {
	certificate, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(certificate) {
		return nil, errors.New("HOLDFAST_CA_FILE has no certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	return &http.Client{Timeout: 30 * time.Second, Transport: transport}, nil
}

// scopes are the claims that the application reads itself.
type scopes struct {
	Scope string `json:"scope"`
}

// Validate accepts every token: what a route needs is not known yet.
func (*scopes) Validate(context.Context) error { return nil }

func needScope(needed string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, err := jwtmiddleware.GetClaims[*validator.ValidatedClaims](r.Context())
		if err != nil {
			http.Error(w, "no claims", http.StatusInternalServerError)
			return
		}
		custom, ok := claims.CustomClaims.(*scopes)
		if !ok || !slices.Contains(strings.Fields(custom.Scope), needed) {
			scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`%s error="insufficient_scope", scope=%q`, scheme, needed))
			http.Error(w, "insufficient scope", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
