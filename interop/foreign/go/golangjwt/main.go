// Command golangjwt is an API behind github.com/golang-jwt/jwt with the keys of github.com/MicahParks/keyfunc, as a target
// of holdfast-conform: jwt.Parse with the options of its documentation for the method, issuer, audience and expiry, and
// keyfunc's default HTTP client storage, which refreshes on an unknown key ID.
package main

import (
	"context"
	"net/http"
	"strings"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"github.com/holdfast-go/holdfast/interop/foreign/go/internal/api"
)

// claims are the registered ones and the scope.
type claims struct {
	jwt.RegisteredClaims
	Scope string `json:"scope"`
}

func main() {
	newKeys := api.Once(func() (keyfunc.Keyfunc, error) {
		url, err := api.JWKSURL()
		if err != nil {
			return nil, err
		}
		return keyfunc.NewDefaultOverrideCtx(context.Background(), []string{url}, keyfunc.Override{Client: api.Client()})
	})
	api.Verify(func(_ *http.Request, token string) ([]string, error) {
		keys, err := newKeys()
		if err != nil {
			return nil, err
		}
		var c claims
		_, err = jwt.ParseWithClaims(token, &c, keys.Keyfunc, jwt.WithValidMethods([]string{"RS256"}),
			jwt.WithIssuer(api.Issuer), jwt.WithAudience(api.Audience), jwt.WithExpirationRequired())
		return strings.Fields(c.Scope), err
	})
}
