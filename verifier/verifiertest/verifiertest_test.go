package verifiertest_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

const issuerURL = "https://issuer.example/"

// An issuer that has withdrawn all its keys publishes an empty set: a situation that tests are about.
func TestFaultIssuerWithoutKeys(t *testing.T) {
	issuer := verifiertest.MustIssuer(t, issuerURL, verifiertest.MustKey(t, "ES256", "key-1"))
	for name, keys := range map[string][]*verifiertest.Key{"none": nil, "nil": {nil}} {
		t.Run(name, func(t *testing.T) {
			issuer.SetKeys(keys...)
			document, err := issuer.Fetch(context.Background(), issuerURL+"jwks")
			if err != nil || string(document.Body) != `{"keys":[]}` {
				t.Errorf("the key set is %s, %v", document.Body, err)
			}
			if _, err := issuer.Fetch(context.Background(), issuerURL+".well-known/openid-configuration"); err != nil {
				t.Errorf("the metadata can't be fetched: %v", err)
			}
			if token, err := issuer.Token(nil); err == nil {
				t.Errorf("Token = %s", token)
			}
			if token, err := issuer.IDToken(nil); err == nil {
				t.Errorf("IDToken = %s", token)
			}
		})
	}
	key := verifiertest.MustKey(t, "ES256", "key-1")
	issuer.SetKeys(key)
	if _, err := issuer.Token(nil); err != nil {
		t.Errorf("with a key again: %v", err)
	}
}

func TestSetKeysKeepsNothingOfTheCallers(t *testing.T) {
	issuer := verifiertest.MustIssuer(t, issuerURL, verifiertest.MustKey(t, "ES256", "key-1"))
	key := verifiertest.MustKey(t, "ES256", "key-1")
	keys := []*verifiertest.Key{key}
	issuer.SetKeys(keys...)
	keys[0] = nil
	if got := issuer.Keys(); len(got) != 1 || got[0] != key {
		t.Errorf("the keys are %v", got)
	}
}

func TestNilIsAnErrorAndNoPanic(t *testing.T) {
	if _, err := verifiertest.NewIssuer(issuerURL, verifiertest.MustKey(t, "ES256", "key-1"), nil); err == nil {
		t.Error("NewIssuer takes a nil key")
	}
	issuer := verifiertest.MustIssuer(t, issuerURL, verifiertest.MustKey(t, "ES256", "key-1"))
	issuer.Clock = (*verifiertest.Clock)(nil)
	if _, err := issuer.Token(nil); err == nil {
		t.Error("Token reads a nil clock")
	}
	for name, prover := range map[string]verifiertest.Prover{
		"no key":      {},
		"a nil clock": {Key: verifiertest.MustKey(t, "ES256", "key-1"), Clock: (*verifiertest.Clock)(nil)},
	} {
		if _, err := prover.Proof("GET", issuerURL, "", nil, nil); err == nil {
			t.Errorf("Proof takes %s", name)
		}
	}
	if _, err := (&verifiertest.Prover{}).Thumbprint(); err == nil {
		t.Error("Thumbprint takes no key")
	}
}

// Strict servers compare htu with what RFC 9449 section 4.2 says it is.
func TestFaultProverWritesTheTargetWithoutQuery(t *testing.T) {
	prover := verifiertest.Prover{Key: verifiertest.MustKey(t, "ES256", "key-1")}
	for url, want := range map[string]string{
		"https://api.example/orders":         "https://api.example/orders",
		"https://api.example/orders?page=2":  "https://api.example/orders",
		"https://api.example/orders#x":       "https://api.example/orders",
		"https://api.example/a/?b=/c#d?e":    "https://api.example/a/",
		"https://api.example":                "https://api.example/",
		"https://api.example?page=2":         "https://api.example/",
		"https://api.example#x":              "https://api.example/",
		"https://api.example:8443":           "https://api.example:8443/",
		"https://api.example/?q=https://x.y": "https://api.example/",
		"no URL":                             "no URL",
	} {
		if got := target(t, prover, url, nil); got != want {
			t.Errorf("DPOP-CLM-05: htu for %s is %s, want %s", url, got, want)
		}
	}
	// What a test asks for is written as it is.
	if got := target(t, prover, issuerURL, verifiertest.Claims{"htu": "https://api.example?x"}); got != "https://api.example?x" {
		t.Errorf("htu is %s", got)
	}
}

// target returns the htu of a proof.
func target(t *testing.T, prover verifiertest.Prover, url string, claims verifiertest.Claims) string {
	t.Helper()
	proof := prover.MustProof(t, "GET", url, "", nil, claims)
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(proof, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var read struct{ HTU string }
	if err := json.Unmarshal(payload, &read); err != nil {
		t.Fatal(err)
	}
	return read.HTU
}

func TestPublicKey(t *testing.T) {
	key, err := verifiertest.NewKey("Ed25519", "key-1")
	if err != nil {
		t.Fatal(err)
	}
	other, err := verifiertest.NewKey("ES256", "key-1")
	if err != nil {
		t.Fatal(err)
	}
	public, err := verifiertest.NewPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	sign := func(k *verifiertest.Key, header string) string {
		compact, err := k.Sign([]byte(header), []byte(`{"sub":"client-1"}`))
		if err != nil {
			t.Fatal(err)
		}
		return compact
	}
	good := sign(key, `{"alg":"Ed25519"}`)
	if payload, err := public.Open(good); err != nil || string(payload) != `{"sub":"client-1"}` {
		t.Errorf("Open = %s, %v", payload, err)
	}
	for name, compact := range map[string]string{
		"another key": sign(other, `{"alg":"ES256"}`), "another alg": sign(key, `{"alg":"ES256"}`), "no alg": sign(key, `{}`), "a header that is not JSON": sign(key, `x`),
		"four segments": good + ".AA", "no signature": good[:strings.LastIndexByte(good, '.')+1], "padding": good + "=", "nothing": "",
	} {
		if payload, err := public.Open(compact); err == nil || payload != nil {
			t.Errorf("%s: Open = %s, %v", name, payload, err)
		}
	}
	if _, err := verifiertest.NewPublicKey("key"); err == nil {
		t.Error("a string is taken for a public key")
	}
	if _, err := verifiertest.NewKey("HS256", "k"); err == nil || !strings.Contains(err.Error(), `"HS256"`) {
		t.Errorf("NewKey for HS256: %v", err)
	}
	// OpenID Connect Core appendix A.3, by SHA-256.
	if got := other.TokenHash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"); got != "77QmUPtjPfzWtF2AnpK9RQ" {
		t.Errorf("IDTOK-09: the hash is %s", got)
	}
}

// A key of a signer of one's own signs as those that NewKey makes, and one that no verifier accepts is refused.
func TestKeyFrom(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := verifiertest.KeyFrom(private, "ES256", "hsm")
	if err != nil {
		t.Fatal(err)
	}
	signed, err := key.Sign([]byte(`{"alg":"ES256"}`), []byte("payload"))
	if err != nil {
		t.Fatal(err)
	}
	public, err := verifiertest.NewPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	if payload, err := public.Open(signed); err != nil || string(payload) != "payload" {
		t.Errorf("Open = %q, %v", payload, err)
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verifiertest.KeyFrom(small, "RS256", "small"); err == nil {
		t.Error("an RSA key of 1024 bits is accepted")
	}
}
