// Command gooidc is an API behind github.com/coreos/go-oidc, as a target of holdfast-conform: the provider's verifier, with
// the API's audience as ClientID, as its README shows for a token from a request. It is a verifier of ID tokens that many
// APIs use for access tokens.
package main

import (
	"context"
	"net/http"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/holdfast-go/holdfast/interop/foreign/go/internal/api"
)

func main() {
	newVerifier := api.Once(func() (*oidc.IDTokenVerifier, error) {
		provider, err := oidc.NewProvider(oidc.ClientContext(context.Background(), api.Client()), api.Issuer)
		if err != nil {
			return nil, err
		}
		return provider.Verifier(&oidc.Config{ClientID: api.Audience}), nil
	})
	api.Verify(func(r *http.Request, token string) ([]string, error) {
		verifier, err := newVerifier()
		if err != nil {
			return nil, err
		}
		verified, err := verifier.Verify(r.Context(), token)
		if err != nil {
			return nil, err
		}
		var claims struct {
			Scope string `json:"scope"`
		}
		err = verified.Claims(&claims)
		return strings.Fields(claims.Scope), err
	})
}
