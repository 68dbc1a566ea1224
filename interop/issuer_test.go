package interop

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/adapters/httpfetch"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

const (
	apiRS256 = "https://api.example/RS256"
	apiES256 = "https://api.example/ES256"
	otherAPI = "https://other.example/RS256"
)

// newVerifier returns a verifier of the provider's tokens, and a count of the fetches it makes.
func newVerifier(t *testing.T, p *provider, edit func(*verifier.Config)) (*verifier.Verifier, *atomic.Int64) {
	t.Helper()
	client := p.client()
	t.Cleanup(client.CloseIdleConnections)
	fetcher, err := httpfetch.New(httpfetch.Config{Client: client})
	if err != nil {
		t.Fatal(err)
	}
	fetches := &atomic.Int64{}
	config := verifier.Config{
		Domains:        []ports.Domain{{Issuer: p.URL, Exact: true}},
		Audiences:      []string{apiRS256, apiES256},
		Algorithms:     []string{"RS256", "ES256"},
		RequireProfile: true,
		Fetcher: ports.FetcherFunc(func(ctx context.Context, url string) (ports.Document, error) {
			fetches.Add(1)
			return fetcher.Fetch(ctx, url)
		}),
	}
	if edit != nil {
		edit(&config)
	}
	v, err := verifier.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v, fetches
}

// want verifies a token and returns the outcome.
func want(t *testing.T, v *verifier.Verifier, what, token string, code verifier.Code) {
	t.Helper()
	verified, err := v.VerifyAccessToken(t.Context(), token)
	switch {
	case code == "" && err == nil:
		t.Logf("accepted: %s (client %s, scopes %v)", what, verified.ClientID, verified.Scopes)
		if verified.ClientID != clientID || len(verified.Scopes) != 1 || verified.Scopes[0] != "read:orders" {
			t.Errorf("claims are %+v", verified)
		}
	case code != "" && errors.Is(err, code):
		t.Logf("rejected: %s (%v)", what, err)
	default:
		t.Errorf("%s: error is %v, want %q", what, err, code)
	}
}

func TestTokensOfOIDCProvider(t *testing.T) {
	p := startProvider(t, rsaKey(t, "rsa-1"), ecKey(t, "ec-1"))
	v, _ := newVerifier(t, p, nil)

	good := p.token(t, apiRS256)
	want(t, v, "an RS256 token", good, "")
	curve := p.token(t, apiES256)
	want(t, v, "an ES256 token", curve, "")

	parts := strings.Split(good, ".")
	want(t, v, "a token with a changed payload", parts[0]+"."+moreScope(t, parts[1])+"."+parts[2], verifier.CodeSignature)
	want(t, v, "a token with a changed signature", changeSignature(t, good), verifier.CodeSignature)
	want(t, v, "an ES256 token with a changed signature", changeSignature(t, curve), verifier.CodeSignature)
	want(t, v, "a token without its signature", parts[0]+"."+parts[1]+".", verifier.CodeTokenMalformed)
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`))
	want(t, v, "a token rewritten to alg none", none+"."+parts[1]+"."+parts[2], verifier.CodeAlgorithm)
	want(t, v, "the signature of another token", parts[0]+"."+parts[1]+"."+strings.Split(p.token(t, apiRS256), ".")[2], verifier.CodeSignature)
	want(t, v, "a token for another audience", p.token(t, otherAPI), verifier.CodeAudience)

	later, _ := newVerifier(t, p, func(c *verifier.Config) { c.Clock = verifiertest.NewClock(time.Now().Add(5 * time.Minute)) })
	want(t, later, "a token that expired", good, verifier.CodeExpired)
	elsewhere, fetches := newVerifier(t, p, func(c *verifier.Config) { c.Domains = []ports.Domain{{Issuer: "tenant.example"}} })
	want(t, elsewhere, "a token of an issuer that is not allowed", good, verifier.CodeIssuer)
	if fetches.Load() != 0 {
		t.Errorf("%d requests left the process for an issuer that is not allowed", fetches.Load())
	}
}

// changeSignature flips one bit of a token's signature.
func changeSignature(t *testing.T, token string) string {
	t.Helper()
	end := strings.LastIndex(token, ".") + 1
	signature, err := base64.RawURLEncoding.DecodeString(token[end:])
	if err != nil {
		t.Fatal(err)
	}
	signature[len(signature)-1] ^= 1
	return token[:end] + base64.RawURLEncoding.EncodeToString(signature)
}

// moreScope writes another scope into a payload.
func moreScope(t *testing.T, payload string) string {
	t.Helper()
	claims, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(claims), "read:orders", "write:orders", 1)
	if changed == string(claims) {
		t.Fatal("no scope in the token")
	}
	return base64.RawURLEncoding.EncodeToString([]byte(changed))
}

func TestRotationOfOIDCProvider(t *testing.T) {
	clock := verifiertest.NewClock(time.Now())
	first, second := rsaKey(t, "rsa-1"), rsaKey(t, "rsa-2")
	p := startProvider(t, first)
	v, fetches := newVerifier(t, p, func(c *verifier.Config) { c.Clock = clock })
	old := p.token(t, apiRS256)
	want(t, v, "a token of the first key", old, "")

	p.rotate(t, second, first)
	fetches.Store(0)
	rotated := p.token(t, apiRS256)
	want(t, v, "a token of the second key, never seen before", rotated, "")
	want(t, v, "a token of the first key, still published", old, "")
	if fetches.Load() != 2 {
		t.Errorf("%d fetches, want one refresh: metadata and keys", fetches.Load())
	}

	p.rotate(t, second)
	clock.Advance(2 * time.Minute) // past the cooldown, and more than a minute after the tokens were issued
	// Past the soft TTL the token would have expired by its own time, so a key ID that no one knows has the keys
	// fetched ahead of time.
	unknown := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"at+jwt","kid":"unknown"}`)) + old[strings.Index(old, "."):]
	want(t, v, "a token of a key that no one knows", unknown, verifier.CodeKeyUnknown)
	want(t, v, "a token of the first key, withdrawn", old, verifier.CodeKeyUnknown)
	want(t, v, "a token of the second key", rotated, "")
}
