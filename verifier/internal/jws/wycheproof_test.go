package jws

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
)

// The vectors of Project Wycheproof are an outside opinion of what a JWS library must take and refuse.
type vectors struct {
	NumberOfTests int `json:"numberOfTests"`
	TestGroups    []struct {
		Comment string          `json:"comment"`
		Public  json.RawMessage `json:"public"`
		Private json.RawMessage `json:"private"`
		Tests   []struct {
			ID      int    `json:"tcId"`
			Comment string `json:"comment"`
			JWS     string `json:"jws"`
			Result  string `json:"result"`
		} `json:"tests"`
	} `json:"testGroups"`
}

func load(t *testing.T, name string) vectors {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", "wycheproof", name))
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(content, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// verifies is what a verifier does with one key set and one JWS: the key that kid names, or the only one, if the alg
// fits.
func verifies(keys json.RawMessage, compact string) bool {
	var isSet struct{ Keys []json.RawMessage }
	if json.Unmarshal(keys, &isSet); isSet.Keys == nil {
		keys = json.RawMessage(fmt.Sprintf(`{"keys":[%s]}`, keys))
	}
	set, _, err := jwk.ParseSet(keys, 100, jwk.Signatures)
	if err != nil {
		return false
	}
	message, _, fault := parseForm(compact)
	if fault != nil {
		return false
	}
	candidates := set.Sole(message.Algorithm)
	if message.HasKeyID {
		candidates = set.ByID(message.KeyID)
	}
	for _, key := range candidates {
		if message.Verify(key, nil) {
			return true
		}
	}
	return false
}

func TestWycheproof(t *testing.T) {
	const (
		empty = "JWS-01: a JWT has a payload"
		alg   = "JWS-11: the key's own alg is another one"
		es521 = "KEYS-08: ES521 is not a registered algorithm"
		roca  = "the key is weak (ROCA): an issuer's own affair, as the requirements do not ask for the check"
	)
	// Where the outcome here is another than Wycheproof's, and why.
	deviations := map[string]map[int]string{
		"json_web_signature_test.json": {
			259: empty, 264: empty, 268: empty, 272: empty, 320: empty, 325: empty,
			346: alg, 350: alg, 347: es521, 351: es521,
		},
		"json_web_key_test.json": {7: roca},
	}
	for name, deviates := range deviations {
		t.Run(name, func(t *testing.T) {
			v := load(t, name)
			ran := 0
			for _, group := range v.TestGroups {
				keys, symmetric := group.Public, false
				if keys == nil {
					keys, symmetric = group.Private, true
				}
				for _, test := range group.Tests {
					ran++
					// HMAC is never accepted (JWS-10), so every vector of a symmetric key is
					// invalid here.
					want := (test.Result == "valid") != (deviates[test.ID] != "") && !symmetric
					if got := verifies(keys, test.JWS); got != want {
						t.Errorf("tc %d (%s, %s, %s): verifies is %v", test.ID, group.Comment, test.Comment, test.Result, got)
					}
				}
			}
			if ran != v.NumberOfTests {
				t.Errorf("ran %d of %d", ran, v.NumberOfTests)
			}
		})
	}
}
