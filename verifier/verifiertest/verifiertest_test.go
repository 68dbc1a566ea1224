package verifiertest_test

import (
	"context"
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
