package main

import (
	"maps"
	"net/http"
	"time"

	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// bearerRequests are requests with Bearer tokens (RFC 6750).
func bearerRequests(tenant, stranger *issuer.Server) []request {
	expired := verifiertest.Claims{"exp": time.Now().Add(-time.Minute).Unix()}
	otherAudience := verifiertest.Claims{"aud": "https://other.example"}
	moreScope := verifiertest.Claims{"scope": "read:orders write:orders"}
	garbage := func(verifiertest.Claims) (string, error) { return "garbage", nil }

	return []request{
		{"no token", "GET", "/hello", func(string, http.Header) (http.Header, error) { return nil, nil }, 401, ""},
		{"good token", "GET", "/hello", bearer(tenant.Token, nil), 200, ""},
		{"expired token", "GET", "/hello", bearer(tenant.Token, expired), 401, "invalid_token"},
		{"tampered token", "GET", "/hello", bearer(tampered(tenant), nil), 401, "invalid_token"},
		{"token for another audience", "GET", "/hello", bearer(tenant.Token, otherAudience), 401, "invalid_token"},
		{"token of a foreign issuer", "GET", "/hello", bearer(stranger.Token, nil), 401, "invalid_token"},
		{"garbage", "GET", "/hello", bearer(garbage, nil), 401, "invalid_token"},
		{"token without the scope", "POST", "/orders", bearer(tenant.Token, nil), 403, "insufficient_scope"},
		{"token with the scope", "POST", "/orders", bearer(tenant.Token, moreScope), 200, ""},
	}
}

// A mint makes a token of claims.
type mint func(verifiertest.Claims) (string, error)

// bearer makes a header with a token of good claims, with these on top.
func bearer(token mint, claims verifiertest.Claims) func(string, http.Header) (http.Header, error) {
	all := verifiertest.Claims{"aud": audience, "scope": "read:orders"}
	maps.Copy(all, claims)
	return func(string, http.Header) (http.Header, error) {
		sent, err := token(all)
		return http.Header{"Authorization": {"Bearer " + sent}}, err
	}
}

// tampered changes one character in the middle of a token.
func tampered(tenant *issuer.Server) mint {
	return func(claims verifiertest.Claims) (string, error) {
		good, err := tenant.Token(claims)
		if err != nil {
			return "", err
		}
		middle := len(good) / 2
		replacement := "A"
		if good[middle] == 'A' {
			replacement = "B"
		}
		return good[:middle] + replacement + good[middle+1:], nil
	}
}

// rotationRequests follow a rotation of the issuer's keys, of which the API knows nothing.
func rotationRequests(tenant *issuer.Server) []request {
	rotated := func(claims verifiertest.Claims) (string, error) {
		key, err := verifiertest.NewKey("RS256", "key-2")
		if err != nil {
			return "", err
		}
		tenant.SetKeys(key)
		return tenant.Token(claims)
	}
	return []request{{"token of a rotated key", "GET", "/hello", bearer(rotated, nil), 200, ""}}
}
