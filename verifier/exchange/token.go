package exchange

import (
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// A Token is what the token endpoint issued (RFC 6749 section 5.1, RFC 8693 section 2.2.1). It prints, is logged, and
// is written as JSON, without its secrets: to keep it, keep its fields.
type Token struct {
	// AccessToken is the token; what it is, is in IssuedTokenType after an exchange. It is never empty, and has
	// only printable ASCII characters.
	AccessToken string `json:"-"`
	// TokenType is how it is to be used: Bearer, DPoP (compared without case), or N_A for one that is not an access token.
	TokenType string
	// IssuedTokenType is the URI of what was issued in exchange (RFC 8693 section 3).
	IssuedTokenType string
	// Scope holds the granted scopes, separated by spaces. One that the answer does not name is the scope that was
	// asked for (RFC 6749 section 5.1), while an empty one is none: [Token.Has] tells them apart.
	Scope string
	// IDToken is the ID token, unverified: package idtoken verifies it.
	IDToken string `json:"-"`
	// RefreshToken is the token to get the next one with. An empty one in the answer to a refresh means that the old
	// one stays good.
	RefreshToken string `json:"-"`
	// ExpiresAt is when the access token ends, by the client's clock when the request was sent. An issuer that does
	// not say is taken to mean an hour.
	ExpiresAt time.Time
	// ExpiresIn is how long the access token was good for when it was issued: what the answer says as expires_in, or an
	// hour.
	ExpiresIn time.Duration

	members []string // the optional members that the answer had
}

// Has reports whether the answer had an optional member, also an empty one: scope, token_type, issued_token_type,
// expires_in, id_token or refresh_token.
func (t Token) Has(member string) bool { return slices.Contains(t.members, member) }

// Format prints the token without its secrets, by whatever verb.
func (t Token) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "{type:%.64q scope:%.512q expires:%s}", t.TokenType, t.Scope, t.ExpiresAt.Format(time.RFC3339))
}

// LogValue is the token without its secrets.
func (t Token) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("type", t.TokenType),
		slog.String("scope", t.Scope),
		slog.Time("expires", t.ExpiresAt),
	)
}

// accessOnly is the token without what it says of the user's login (rule XCHG-12).
func (t Token) accessOnly() *Token {
	t.IDToken, t.RefreshToken = "", ""
	t.members = slices.DeleteFunc(slices.Clone(t.members), func(member string) bool {
		return member == "id_token" || member == "refresh_token"
	})
	return &t
}
