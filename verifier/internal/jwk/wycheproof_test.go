package jwk

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// The vectors of Project Wycheproof are an outside opinion of which signatures are good.
func TestWycheproof(t *testing.T) {
	for _, c := range []struct{ alg, name string }{
		{"ES256", "ecdsa_secp256r1_sha256_p1363_test.json"},
		{"RS256", "rsa_signature_2048_sha256_test.json"},
		{"EdDSA", "ed25519_test.json"},
		{"Ed25519", "ed25519_test.json"},
	} {
		alg, name := c.alg, c.name
		t.Run(alg, func(t *testing.T) {
			content, err := os.ReadFile(filepath.Join("testdata", "wycheproof", name))
			if err != nil {
				t.Fatal(err)
			}
			var vectors struct {
				NumberOfTests int `json:"numberOfTests"`
				TestGroups    []struct {
					PublicKeyPEM string `json:"publicKeyPem"`
					Tests        []struct {
						ID                        int `json:"tcId"`
						Comment, Msg, Sig, Result string
					}
				}
			}
			if err := json.Unmarshal(content, &vectors); err != nil {
				t.Fatal(err)
			}
			ran := 0
			for _, group := range vectors.TestGroups {
				set, err := ParseStatic([]byte(group.PublicKeyPEM), Signatures)
				if err != nil {
					t.Fatal(err)
				}
				for _, test := range group.Tests {
					ran++
					message, err1 := hex.DecodeString(test.Msg)
					signature, err2 := hex.DecodeString(test.Sig)
					if err1 != nil || err2 != nil {
						t.Fatal(err1, err2)
					}
					got := set.WithoutID()[0].Verify(alg, message, signature)
					// "acceptable" marks a legacy form that must not be needed: here, missing NULL
					// parameters of the digest's algorithm.
					if want := test.Result == "valid"; got != want {
						t.Errorf("tc %d (%s, %s): verifies is %v", test.ID, test.Comment, test.Result, got)
					}
				}
			}
			if ran != vectors.NumberOfTests {
				t.Errorf("ran %d of %d", ran, vectors.NumberOfTests)
			}
		})
	}
}
