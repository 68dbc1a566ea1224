// Command cap is an API behind github.com/hashicorp/cap/jwt, which verifies the tokens of Vault's JWT login, as a target of
// holdfast-conform: a key set of OIDC discovery and a validator with the expected issuer, audience and algorithm, as the
// package's examples show.
package main

import (
	"context"
	"net/http"
	"os"
	"strings"

	"github.com/hashicorp/cap/jwt"
	"github.com/holdfast-go/holdfast/interop/foreign/go/internal/api"
)

func main() {
	newValidator := api.Once(func() (*jwt.Validator, error) {
		certificate, err := os.ReadFile(os.Getenv("HOLDFAST_CA_FILE"))
		if err != nil {
			return nil, err
		}
		keys, err := jwt.NewOIDCDiscoveryKeySet(context.Background(), api.Issuer, string(certificate))
		if err != nil {
			return nil, err
		}
		return jwt.NewValidator(keys)
	})
	expected := jwt.Expected{Issuer: api.Issuer, Audiences: []string{api.Audience}, SigningAlgorithms: []jwt.Alg{jwt.RS256}}
	api.Verify(func(r *http.Request, token string) ([]string, error) {
		validator, err := newValidator()
		if err != nil {
			return nil, err
		}
		claims, err := validator.Validate(r.Context(), token, expected)
		if err != nil {
			return nil, err
		}
		scope, _ := claims["scope"].(string)
		return strings.Fields(scope), nil
	})
}
