// Command mcpsdk is an API behind auth.RequireBearerToken of github.com/modelcontextprotocol/go-sdk, as a target of
// holdfast-conform. The middleware takes the token, the scopes and the expiry, and writes the answers; the token's
// verifier is the application's, here that of github.com/coreos/go-oidc.
package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/holdfast-go/holdfast/interop/foreign/go/internal/api"
	"github.com/modelcontextprotocol/go-sdk/auth"
)

func main() {
	newVerifier := api.Once(func() (*oidc.IDTokenVerifier, error) {
		provider, err := oidc.NewProvider(oidc.ClientContext(context.Background(), api.Client()), api.Issuer)
		if err != nil {
			return nil, err
		}
		return provider.Verifier(&oidc.Config{ClientID: api.Audience}), nil
	})
	verify := func(ctx context.Context, token string, _ *http.Request) (*auth.TokenInfo, error) {
		verifier, err := newVerifier()
		if err != nil {
			return nil, err // 500: what the SDK answers for an error that is not ErrInvalidToken
		}
		verified, err := verifier.Verify(ctx, token)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", auth.ErrInvalidToken, err)
		}
		var claims struct {
			Scope string `json:"scope"`
		}
		if err := verified.Claims(&claims); err != nil {
			return nil, fmt.Errorf("%w: %w", auth.ErrInvalidToken, err)
		}
		return &auth.TokenInfo{Scopes: strings.Fields(claims.Scope), Expiration: verified.Expiry, UserID: verified.Subject}, nil
	}
	api.Serve(func(scope string, next http.Handler) http.Handler {
		options := &auth.RequireBearerTokenOptions{ResourceMetadataURL: "https://api.conformance.example/.well-known/oauth-protected-resource"}
		if scope != "" {
			options.Scopes = []string{scope}
		}
		return auth.RequireBearerToken(verify, options)(next)
	})
}
