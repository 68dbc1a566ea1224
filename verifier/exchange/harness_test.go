package exchange_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/exchange"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	issuerURL = "https://issuer.example/"
	tokenURL  = "https://issuer.example/token"
	secret    = "s3cr3t:+%"
	userToken = "the-users-token"
	issued    = "the-issued-token"
)

// noon is when the tests' clocks stand.
var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// An endpoint is a token endpoint that keeps what it was sent, and answers with the first of answers that is left; the
// last one stays.
type endpoint struct {
	mu      sync.Mutex // guards what follows
	sent    []ports.TokenRequest
	answers []ports.TokenResponse
	err     error // instead of an answer
}

func (e *endpoint) PostForm(ctx context.Context, r ports.TokenRequest) (ports.TokenResponse, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sent = append(e.sent, r)
	if e.err != nil {
		return ports.TokenResponse{}, e.err
	}
	answer := e.answers[0]
	e.answers = e.answers[min(1, len(e.answers)-1):]
	return answer, ctx.Err()
}

// requests returns what was sent.
func (e *endpoint) requests() []ports.TokenRequest {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.sent)
}

// ok is an answer of status 200.
func ok(body string) ports.TokenResponse { return ports.TokenResponse{Status: 200, Body: []byte(body)} }

// good is a whole answer.
var good = ok(`{"access_token":"` + issued + `","token_type":"Bearer","issued_token_type":"` + accessTokenType + `","expires_in":300}`)

// newClient returns a client and its endpoint, which gives those answers, good ones by default.
func newClient(t testing.TB, edit func(*exchange.Config), answers ...ports.TokenResponse) (*exchange.Client, *endpoint) {
	t.Helper()
	if len(answers) == 0 {
		answers = []ports.TokenResponse{good}
	}
	e := &endpoint{answers: answers}
	config := exchange.Config{
		Endpoint:         e,
		TokenEndpointURL: tokenURL,
		ClientID:         "client:1",
		ClientSecret:     secret,
		Clock:            verifiertest.NewClock(noon),
	}
	if edit != nil {
		edit(&config)
	}
	client, err := exchange.New(nil, config)
	if err != nil {
		t.Fatal(err)
	}
	return client, e
}

// newVerifier returns a verifier that names the issuer which fetcher publishes.
func newVerifier(t *testing.T, fetcher ports.Fetcher) *verifier.Verifier {
	t.Helper()
	v, err := verifier.New(verifier.Config{
		Domain: issuerURL, Audiences: []string{"https://api.example"}, Fetcher: fetcher, Clock: verifiertest.NewClock(noon),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

// checkError wants an *exchange.Error of that class, code, rule and status, that tells none of the secrets.
func checkError(t *testing.T, err error, want exchange.Error) {
	t.Helper()
	got, ok := errors.AsType[*exchange.Error](err)
	if !ok {
		t.Fatalf("the error is %v, want %s", err, want.Code)
	}
	if got.Class != want.Class || got.Code != want.Code || got.Rule != want.Rule || got.Status != want.Status {
		t.Errorf("the error is %s, %s, rule %q, status %d, want %s, %s, rule %q, status %d (%v)",
			got.Class, got.Code, got.Rule, got.Status, want.Class, want.Code, want.Rule, want.Status, err)
	}
	if want.Description != "" && got.Description != want.Description {
		t.Errorf("the description is %q, want %q", got.Description, want.Description)
	}
	if !errors.Is(err, want.Class) || !errors.Is(err, want.Code) {
		t.Errorf("errors.Is does not find class and code of %v", err)
	}
	for _, told := range []string{secret, url.QueryEscape(secret), userToken, issued} {
		if strings.Contains(err.Error(), told) {
			t.Errorf("XCHG-15 the error tells a secret: %v", err)
		}
	}
}

// rsaKey is made once: RSA keys take a while.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })

func ecKey(curve elliptic.Curve) *ecdsa.PrivateKey {
	return must(ecdsa.GenerateKey(curve, rand.Reader))
}

func edKey() crypto.Signer {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	return must(private, err)
}
