package dpop_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/verifier/dpop"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// rfcThumbprint is the jkt that RFC 9449 section 6.1 prints for the key of its examples.
const rfcThumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"

// TestRFC9449Examples holds the proofs that the RFC prints.
func TestRFC9449Examples(t *testing.T) {
	content, err := os.ReadFile("testdata/rfc9449.json")
	if err != nil {
		t.Fatal(err)
	}
	var examples []struct {
		Source, Method, URL, AccessToken, JTI, Proof string
		IAT                                          int64
	}
	if err := json.Unmarshal(content, &examples); err != nil {
		t.Fatal(err)
	}
	for _, e := range examples {
		issued := time.Unix(e.IAT, 0)
		checker, err := dpop.New(dpop.Config{Clock: verifiertest.NewClock(issued.Add(time.Minute))})
		if err != nil {
			t.Fatal(err)
		}
		good := dpop.Request{Method: e.Method, URL: e.URL, AccessToken: e.AccessToken}
		t.Run(e.Source, func(t *testing.T) {
			proof, err := checker.Check(e.Proof, good)
			if err != nil {
				t.Fatal(err)
			}
			if proof.Thumbprint != rfcThumbprint || proof.ID != e.JTI || !proof.IssuedAt.Equal(issued) {
				t.Errorf("proof is %+v", proof)
			}
		})
		for name, c := range map[string]struct {
			edit func(*dpop.Request)
			rule string
		}{
			"DPOP-CLM-02 another method": {func(r *dpop.Request) { r.Method = "PUT" }, "DPOP-CLM-02"},
			"DPOP-CLM-04 another path":   {func(r *dpop.Request) { r.URL += "s" }, "DPOP-CLM-04"},
			"DPOP-CLM-10 another token":  {func(r *dpop.Request) { r.AccessToken += "x" }, "DPOP-CLM-10"},
		} {
			t.Run(e.Source+" "+name, func(t *testing.T) {
				other := good
				c.edit(&other)
				_, err := checker.Check(e.Proof, other)
				wantRule(t, err, c.rule)
			})
		}
	}
}
