package handlertest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// The issuer and audience of a token whose claims name no other.
const (
	Issuer   = "https://issuer.example/"
	Audience = "https://api.example"
)

// Verified returns what a handler gets for a Bearer token with these claims. It has iss, sub (user-1), aud, iat, jti and
// exp, in five minutes, unless claims has them or sets them to [verifiertest.Absent]; claims is not changed. The token is
// signed and verified, so that Decode, Require and what else a Verified does are as in production.
//
// It is the caller's own: set its Scheme and Thumbprint for a handler that looks at them, or its Scopes where they are in a
// claim that your verifier is configured for.
//
// Outside of a test, and for claims that no verifier accepts, it panics, as [net/http/httptest.NewRequest] does. It is safe
// for concurrent use.
func Verified(claims map[string]any) *verifier.Verified {
	if !testing.Testing() {
		panic("handlertest: Verified was called outside of a test")
	}
	verified, err := verify(claims)
	if err != nil {
		panic(fmt.Sprintf("handlertest: the claims %v: %v", claims, err))
	}
	return verified
}

// One key serves all: the tokens never leave this package.
var newKey = sync.OnceValues(func() (*verifiertest.Key, error) { return verifiertest.NewKey("ES256", "key-1") })

func verify(claims map[string]any) (*verifier.Verified, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	jwk, err := key.JWK()
	if err != nil {
		return nil, err
	}
	issuer, err := verifiertest.NewIssuer(Issuer, key)
	if err != nil {
		return nil, err
	}
	all := verifiertest.Claims{"aud": Audience}
	for name, value := range claims {
		all[name] = value
	}
	name, audiences, err := addressed(issuer, all)
	if err != nil {
		return nil, err
	}
	v, err := verifier.New(verifier.Config{
		Domains: []ports.Domain{{
			Issuer: name, Exact: true, Audiences: audiences,
			Keys: ports.KeySource{Static: fmt.Appendf(nil, `{"keys":[%s]}`, jwk)},
		}},
		Algorithms: []string{key.Algorithm},
	})
	if err != nil {
		return nil, err
	}
	defer v.Close()
	token, err := issuer.Token(all)
	if err != nil {
		return nil, err
	}
	return v.VerifyAccessToken(context.Background(), token)
}

// addressed returns whose tokens have such claims, and for whom they are.
func addressed(issuer *verifiertest.Issuer, claims verifiertest.Claims) (name string, audiences []string, err error) {
	payload, err := issuer.Payload(claims)
	if err != nil {
		return "", nil, err
	}
	var token struct {
		Issuer    string   `json:"iss"`
		Audiences audience `json:"aud"`
	}
	err = json.Unmarshal(payload, &token)
	return token.Issuer, token.Audiences, err
}

// An audience is a string or an array of strings (RFC 7519 section 4.1.3).
type audience []string

func (a *audience) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(a))
}
