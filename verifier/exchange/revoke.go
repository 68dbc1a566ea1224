package exchange

import "context"

// The hints of RFC 7009 section 2.1.
const (
	HintAccessToken  = "access_token"
	HintRefreshToken = "refresh_token"
)

// A RevokeRequest names a token that is to end (RFC 7009 section 2.1).
type RevokeRequest struct {
	// Token is an access token or refresh token that was issued to this client, without the word Bearer. It is required.
	Token string
	// TokenTypeHint says which it is, such as [HintRefreshToken]; it may be empty.
	TokenTypeHint string
}

// Revoke ends a token at the issuer (RFC 7009), as at logout. That it returns nil means that the issuer does not accept
// the token any more, also where it never knew it (section 2.2). An API that verifies tokens by the issuer's keys, as
// Holdfast does, still accepts an access token until it expires: revoke the refresh token, and keep access tokens short.
func (c *Client) Revoke(ctx context.Context, r RevokeRequest) error {
	p := parameters{}
	p.token("Token", "token", r.Token)
	p.set("token_type_hint", r.TokenTypeHint)
	if p.fault != nil {
		return p.fault
	}
	_, err := ask(ctx, c, revocationEndpoint,
		func(url string) (*request, *Error) { return c.prepare(url, p.form, nil) },
		func(_ context.Context, came response) (struct{}, *Error) { return struct{}{}, came.failure() })
	return err
}
