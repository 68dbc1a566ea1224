package jwk

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Each row is held to all that an algorithm needs, so that a new one is tested without a line here: a test key is made,
// written and read; it signs and verifies, by its own algorithm and no other; and its thumbprint is no other key's,
// since a family without a thumbprint of its own would let each of its keys satisfy the cnf.jkt of any other.
func TestEachAlgorithm(t *testing.T) {
	signed := []byte("header.payload")
	seen := make(map[string]string)
	for _, alg := range Algorithms() {
		for n := range 2 {
			name := fmt.Sprint(alg, " key ", n)
			private, err := Generate(alg)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			made, err := New(private.Public())
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			key, err := ParseEmbedded(string(made.Members()))
			if err != nil {
				t.Fatalf("%s: %s: %v", name, made.Members(), err)
			}
			if thumbprint := key.Thumbprint(); thumbprint != made.Thumbprint() || len(thumbprint) != 43 || seen[thumbprint] != "" {
				t.Errorf("DPOP-BIND-01: the thumbprint of %s is %q, that of %q", name, thumbprint, seen[thumbprint])
			} else {
				seen[thumbprint] = name
			}
			if first := key.DefaultAlgorithm(); !byName[first].is(byName[alg]) && byName[first].kty != "RSA" {
				t.Errorf("XCHG-02: %s signs by %s where no algorithm is named", name, first)
			}
			signature, err := key.Sign(alg, private, signed)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, other := range algorithms {
				if got := key.Verify(other.name, signed, signature); got != byName[alg].is(other) {
					t.Errorf("JWS-11: a signature by %s verifies as %s: %v", name, other.name, got)
				}
			}
			signature[len(signature)/2] ^= 1
			if key.Verify(alg, signed, signature) {
				t.Errorf("JWS-16: a changed signature by %s verifies", name)
			}
			if hash := TokenHash(alg, "value"); len(hash) < 22 || hash == TokenHash(alg, "Value") {
				t.Errorf("IDTOK-09: the hash by %s is %q", name, hash)
			}
		}
	}
}

// The at_hash of OpenID Connect Core appendix A.3, by RS256.
func TestTokenHash(t *testing.T) {
	if got := TokenHash("RS256", "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"); got != "77QmUPtjPfzWtF2AnpK9RQ" {
		t.Errorf("IDTOK-09: at_hash is %s", got)
	}
}

func TestCheckAlgorithm(t *testing.T) {
	for name, want := range map[string]string{
		"RS256": "", "EdDSA": "", "Ed25519": "",
		"HS256": `is "HS256", not one of RS256, `, "none": `is "none", not one of`, "rs256": `is "rs256", not one of`,
		"ed25519": `is "ed25519", not one of`, "Ed448": `is "Ed448", not one of`, "": `is "", not one of`,
	} {
		if err := CheckAlgorithm(name); (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("JWS-08: CheckAlgorithm(%q) = %v, want %q", name, err, want)
		}
	}
}

// What a Go release lacks is refused by name, and only there.
func TestAlgorithmsOfLaterGoReleases(t *testing.T) {
	for _, a := range algorithms {
		err := CheckAlgorithm(a.name)
		want := fmt.Sprintf("is %s, which needs Go %s or newer, and with GOFIPS140 a newer module than v1.0.0: build the program with that", a.name, a.since)
		switch {
		case a.built() != slices.Contains(Algorithms(), a.name):
			t.Errorf("Algorithms has %s: %v", a.name, !a.built())
		case a.built() && err != nil, !a.built() && (err == nil || err.Error() != want):
			t.Errorf("JWS-08: CheckAlgorithm(%s) = %v", a.name, err)
		case a.built() != (a.since == "" || !strings.HasPrefix(runtime.Version(), "go1.26")):
			t.Errorf("%s is there: %v, with %s", a.name, a.built(), runtime.Version())
		}
		if _, err := Generate(a.name); (err == nil) != a.built() {
			t.Errorf("Generate(%s): %v", a.name, err)
		}
	}
}

func TestAllowed(t *testing.T) {
	for _, c := range []struct{ configured, want string }{
		{"RS256", "RS256"},
		{"ES256 EdDSA RS256", "ES256 EdDSA Ed25519 RS256"},
		{"EdDSA Ed25519", "EdDSA Ed25519"},
		{"Ed25519 EdDSA", "Ed25519 EdDSA"},
		{"Ed25519", "Ed25519"},
		{"RS256 RS256", "RS256"},
	} {
		if got := strings.Join(Allowed(strings.Fields(c.configured)), " "); got != c.want {
			t.Errorf("JWS-08: of %s: %s, want %s", c.configured, got, c.want)
		}
	}
}
