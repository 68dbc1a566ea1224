// Command jwx is an API behind github.com/lestrrat-go/jwx, as a target of holdfast-conform: jwt.Parse with the cached key
// set of jwk.Cache and the validators for issuer and audience, as its documentation shows.
package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/interop/foreign/go/internal/api"
	"github.com/lestrrat-go/httprc/v3"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

func main() {
	newKeys := api.Once(func() (jwk.Set, error) {
		url, err := api.JWKSURL()
		if err != nil {
			return nil, err
		}
		cache, err := jwk.NewCache(context.Background(), httprc.NewClient())
		if err != nil {
			return nil, err
		}
		// Register waits for the first set that can be read.
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if err := cache.Register(ctx, url, jwk.WithHTTPClient(api.Client())); err != nil {
			return nil, err
		}
		return cache.CachedSet(url)
	})
	api.Verify(func(_ *http.Request, token string) ([]string, error) {
		keys, err := newKeys()
		if err != nil {
			return nil, err
		}
		verified, err := jwt.Parse([]byte(token), jwt.WithKeySet(keys), jwt.WithIssuer(api.Issuer),
			jwt.WithAudience(api.Audience), jwt.WithRequiredClaim(jwt.ExpirationKey))
		if err != nil {
			return nil, err
		}
		var scope string
		if verified.Has("scope") {
			err = verified.Get("scope", &scope)
		}
		return strings.Fields(scope), err
	})
}
