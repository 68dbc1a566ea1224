package jws

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
)

// TestRFCExamples holds the examples that the RFCs print, each with what must become of it here and why.
func TestRFCExamples(t *testing.T) {
	content, err := os.ReadFile("testdata/rfc/examples.json")
	if err != nil {
		t.Fatal(err)
	}
	var examples []struct {
		Source, Text, JWS, Thumbprint, Verifies, Why string
		Key                                          json.RawMessage
	}
	if err := json.Unmarshal(content, &examples); err != nil {
		t.Fatal(err)
	}
	for _, e := range examples {
		t.Run(e.Source+" "+e.Text, func(t *testing.T) {
			key, keyErr := jwk.Parse(string(e.Key))
			if e.Thumbprint != "" && (keyErr != nil || key.Thumbprint() != e.Thumbprint) {
				t.Errorf("thumbprint is not %s, %v", e.Thumbprint, keyErr)
			}
			signed, _, formFault := parseForm(e.JWS)
			signature := keyErr == nil && formFault == nil && signed.Verify(key, nil)
			message, fault := Parse(e.JWS)
			whole := signature && fault == nil
			want := map[string][2]bool{
				"yes": {true, true}, "only its signature": {true, false}, "no": {}, "only by its secret": {},
			}[e.Verifies]
			if signature != want[0] || whole != want[1] {
				t.Errorf("signature %v, whole %v (%v, %v), want %s; %s", signature, whole, keyErr, fault, e.Verifies, e.Why)
			}
			if e.Verifies != "only by its secret" {
				return
			}
			var symmetric struct{ K string }
			if err := json.Unmarshal(e.Key, &symmetric); err != nil {
				t.Fatal(err)
			}
			secret, err := base64.RawURLEncoding.DecodeString(symmetric.K)
			if err != nil || fault != nil {
				t.Fatal(err, fault)
			}
			if !message.VerifyHS256(secret) || message.VerifyHS256(append(secret, 0, 1)) {
				t.Error("its secret does not verify it, or another does")
			}
		})
	}
	// A bit that is changed in any of them is a rejection (JWS-17).
	for _, e := range examples {
		key, err := jwk.Parse(string(e.Key))
		if err != nil || !strings.HasPrefix(e.Verifies, "yes") {
			continue
		}
		for i := range e.JWS {
			flipped := []byte(e.JWS)
			if flipped[i] = 'A'; e.JWS[i] == 'A' {
				flipped[i] = 'B'
			}
			if message, fault := Parse(string(flipped)); fault == nil && message.Verify(key, nil) {
				t.Errorf("%s verifies with character %d changed", e.Source, i)
			}
		}
	}
}
