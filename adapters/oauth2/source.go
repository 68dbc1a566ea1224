package oauth2

import (
	"context"
	"errors"

	"github.com/holdfast-go/holdfast/verifier/exchange"
	xoauth2 "golang.org/x/oauth2"
)

// NewTokenSource returns the tokens of source as golang.org/x/oauth2 wants them. It is safe for concurrent use.
//
// A TokenSource is given no context. It waits as long as the request for a token may take, which for methods of an
// [exchange.Client] is its Config.Timeout, and at most exchange.SourceConfig.Timeout. Its errors are those of
// [exchange.Source.Token]; an HTTP client wraps them in a *url.Error. While the source waits after a failure, they come
// at once, and an [exchange.Error] says in RetryAfter for how long. Without a source every call is an error.
func NewTokenSource(source *exchange.Source) xoauth2.TokenSource { return tokenSource{source} }

type tokenSource struct{ source *exchange.Source }

var errNoSource = errors.New("holdfast/oauth2: NewTokenSource was given no source")

func (s tokenSource) Token() (*xoauth2.Token, error) {
	if s.source == nil {
		return nil, errNoSource
	}
	token, err := s.source.Token(context.Background())
	if err != nil {
		return nil, err
	}
	return NewToken(token), nil
}

// NewToken returns token as golang.org/x/oauth2 wants it. Its optional members scope, issued_token_type and id_token
// are found by Extra where the answer had them.
func NewToken(token *exchange.Token) *xoauth2.Token {
	converted := &xoauth2.Token{
		AccessToken:  token.AccessToken,
		TokenType:    token.TokenType,
		RefreshToken: token.RefreshToken,
		Expiry:       token.ExpiresAt,
	}
	extra := make(map[string]any)
	for name, value := range map[string]string{
		"scope": token.Scope, "issued_token_type": token.IssuedTokenType, "id_token": token.IDToken,
	} {
		if token.Has(name) {
			extra[name] = value
		}
	}
	return converted.WithExtra(extra)
}
