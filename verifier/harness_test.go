package verifier_test

import (
	"context"
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
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	issuerURL = "https://issuer.example/"
	audience  = "https://api.example"
)

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

// An environment is a verifier with its issuer and a clock that both go by.
type environment struct {
	*verifier.Verifier
	issuer *verifiertest.Issuer
	clock  *verifiertest.Clock
}

// byDefault leaves the bounds of waits at their defaults, for tests in a bubble, whose time does not pass by itself.
func byDefault(c *verifier.Config) {
	c.Keys, c.ResolverTimeout = verifier.KeyPolicy{}, 0
}

// newEnvironment returns a verifier of the issuer's tokens, which edit may configure otherwise.
func newEnvironment(t testing.TB, edit func(*verifier.Config)) *environment {
	t.Helper()
	clock := verifiertest.NewClock(noon)
	issuer := newIssuer(t, issuerURL, clock, key(t, "RS256", "key-1"))
	config := verifier.Config{
		Domain:    issuerURL,
		Audiences: []string{audience},
		Fetcher:   issuer,
		Clock:     clock,
		// On a busy machine an answer from memory can take long. Tests of these bounds set their own.
		Keys:            verifier.KeyPolicy{WaitTimeout: time.Minute, FetchTimeout: time.Minute},
		ResolverTimeout: time.Minute,
	}
	if edit != nil {
		edit(&config)
	}
	v, err := verifier.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return &environment{Verifier: v, issuer: issuer, clock: clock}
}

func newIssuer(t testing.TB, url string, clock ports.Clock, keys ...*verifiertest.Key) *verifiertest.Issuer {
	t.Helper()
	issuer := verifiertest.MustIssuer(t, url, keys...)
	issuer.Clock = clock
	return issuer
}

// token returns the issuer's token with these claims on top of good ones.
func token(t testing.TB, issuer *verifiertest.Issuer, claims verifiertest.Claims) string {
	t.Helper()
	all := verifiertest.Claims{"aud": audience}
	maps.Copy(all, claims)
	minted := issuer.MustToken(t, all)
	return minted
}

// A header is a token's header before it is written.
type header map[string]any

// sign returns a token of the key with this header on top of a good one, and this payload, or a good one where it is
// empty.
func sign(t testing.TB, issuer *verifiertest.Issuer, key *verifiertest.Key, h header, payload string) string {
	t.Helper()
	all := header{"alg": key.Algorithm, "kid": key.ID, "typ": "at+jwt"}
	maps.Copy(all, h)
	maps.DeleteFunc(all, func(_ string, value any) bool { return value == verifiertest.Absent })
	encoded, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return signRaw(t, issuer, key, string(encoded), payload)
}

// signRaw is sign with the header's very bytes.
func signRaw(t testing.TB, issuer *verifiertest.Issuer, key *verifiertest.Key, header, payload string) string {
	t.Helper()
	if payload == "" {
		good, err := issuer.Payload(verifiertest.Claims{"aud": audience})
		if err != nil {
			t.Fatal(err)
		}
		payload = string(good)
	}
	signed, err := key.Sign([]byte(header), []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// wantCode checks that err is of exactly that code, or nil where code is empty.
func wantCode(t testing.TB, err error, code verifier.Code) {
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
}

// wantRule checks that an error is of the rule that the test's name begins with, or of another one if that is named.
func wantRule(t *testing.T, err error, name, another string) {
	t.Helper()
	rule, _, _ := strings.Cut(name, " ")
	if another != "" {
		rule = another
	}
	var e *verifier.Error
	if errors.As(err, &e) && e.Rule != rule {
		t.Errorf("error is %v, want one of rule %s", err, rule)
	}
}

func verify(t testing.TB, env *environment, token string) (*verifier.Verified, error) {
	t.Helper()
	verified, err := env.VerifyAccessToken(context.Background(), token)
	if (verified == nil) == (err == nil) {
		t.Fatalf("VerifyAccessToken = %v, %v: neither or both", verified, err)
	}
	return verified, err
}

// refusal returns err as the error that the verifier documents.
func refusal(t testing.TB, err error) *verifier.Error {
	t.Helper()
	var e *verifier.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %v (%T)", err, err)
	}
	return e
}
