package idtoken_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/idtoken"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	issuerURL = "https://issuer.example/"
	clientID  = "client-1"
	secret    = "0123456789abcdef0123456789abcdef" // 32 bytes
	absent    = verifiertest.Absent
)

type claims = verifiertest.Claims

// noon is when the tests' clocks stand.
var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// key returns a key to sign with, made once for each name: RSA keys take a while.
var key = func() func(t testing.TB, algorithm, id string) *verifiertest.Key {
	var mu sync.Mutex
	keys := make(map[string]*verifiertest.Key)
	return func(t testing.TB, algorithm, id string) *verifiertest.Key {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if keys[algorithm+id] == nil {
			made := verifiertest.MustKey(t, algorithm, id)
			keys[algorithm+id] = made
		}
		return keys[algorithm+id]
	}
}()

// An environment is a verifier of ID tokens with its issuer and a clock that both go by.
type environment struct {
	*idtoken.Verifier
	issuer *verifiertest.Issuer
	clock  *verifiertest.Clock
}

// newEnvironment returns a verifier of the issuer's ID tokens, which edit may configure otherwise.
func newEnvironment(t testing.TB, edit func(*idtoken.Config)) *environment {
	t.Helper()
	clock := verifiertest.NewClock(noon)
	issuer := newIssuer(t, issuerURL, clock)
	config := idtoken.Config{ClientID: clientID}
	if edit != nil {
		edit(&config)
	}
	ids, err := idtoken.New(newVerifier(t, issuer, clock, nil), config)
	if err != nil {
		t.Fatal(err)
	}
	return &environment{Verifier: ids, issuer: issuer, clock: clock}
}

func newIssuer(t testing.TB, url string, clock ports.Clock) *verifiertest.Issuer {
	t.Helper()
	issuer := verifiertest.MustIssuer(t, url, key(t, "RS256", "key-1"))
	issuer.Clock = clock
	return issuer
}

// newVerifier returns a verifier that has keys and a clock to lend.
func newVerifier(t testing.TB, fetcher ports.Fetcher, clock ports.Clock, edit func(*verifier.Config)) *verifier.Verifier {
	t.Helper()
	config := verifier.Config{
		Domain:    issuerURL,
		Audiences: []string{"https://api.example"},
		Fetcher:   fetcher,
		Clock:     clock,
	}
	if edit != nil {
		edit(&config)
	}
	v, err := verifier.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

// token returns the issuer's ID token with these claims on top of good ones.
func (env *environment) token(t testing.TB, changes claims) string {
	t.Helper()
	all := claims{"aud": clientID}
	maps.Copy(all, changes)
	minted, err := env.issuer.IDToken(all)
	if err != nil {
		t.Fatal(err)
	}
	return minted
}

// payload returns good claims, as the issuer writes them.
func (env *environment) payload(t testing.TB) []byte {
	t.Helper()
	payload, err := env.issuer.Payload(claims{"aud": clientID})
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// sign returns a token of good claims by the key, with these changes of a good header.
func (env *environment) sign(t testing.TB, key *verifiertest.Key, changes map[string]any) string {
	t.Helper()
	header := map[string]any{"alg": key.Algorithm, "kid": key.ID, "typ": "JWT"}
	maps.Copy(header, changes)
	signed, err := key.Sign(written(t, header), env.payload(t))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// signHS256 returns a token of good claims, signed with a secret.
func (env *environment) signHS256(t testing.TB, secret string, header map[string]any) string {
	t.Helper()
	return signPayload(t, secret, header, env.payload(t))
}

func signPayload(t testing.TB, secret string, header map[string]any, payload []byte) string {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode(written(t, header)) + "." + encode(payload)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}

func written(t testing.TB, header map[string]any) []byte {
	t.Helper()
	maps.DeleteFunc(header, func(_ string, value any) bool { return value == absent })
	encoded, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// verify verifies a token, and sees that there is either an ID token or an error.
func (env *environment) verify(t testing.TB, token string, expect idtoken.Expect) (*idtoken.Verified, error) {
	t.Helper()
	verified, err := env.Verify(t.Context(), token, expect)
	if (verified == nil) == (err == nil) {
		t.Fatalf("Verify = %v, %v: neither or both", verified, err)
	}
	return verified, err
}

// wantCode checks that err is of exactly that code, or nil where code is empty, and of the rule that the test's name
// begins with.
func wantCode(t *testing.T, err error, code verifier.Code, name string) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Errorf("rejected: %v", err)
		}
		return
	}
	var e *verifier.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %v (%T), want code %s", err, err, code)
	}
	if e.Code != code || !errors.Is(err, code) || !errors.Is(err, e.Class) {
		t.Errorf("error is %v, want code %s", err, code)
	}
	if rule, _, _ := strings.Cut(name, " "); e.Rule != rule {
		t.Errorf("error is %v, want one of rule %s", err, rule)
	}
}
