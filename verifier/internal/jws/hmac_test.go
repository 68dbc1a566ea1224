package jws

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"testing"
)

// Wycheproof's vectors of HS256, as an ID token by a client's secret would meet them.
func TestWycheproofHS256(t *testing.T) {
	const (
		same    = "the vector is the valid one of tc 357, its padding lost"
		illegal = "JWS-02: a character outside of the alphabet"
	)
	// Where the outcome here is another than Wycheproof's, and why.
	deviates := map[int]string{367: same, 370: same, 372: illegal, 373: illegal}
	ran := 0
	for _, group := range load(t, "json_web_signature_test.json").TestGroups {
		var secret struct{ Alg, K string }
		if group.Private == nil {
			continue
		}
		if err := json.Unmarshal(group.Private, &secret); err != nil {
			t.Fatal(err)
		}
		if secret.Alg != "HS256" {
			continue
		}
		key, err := base64.RawURLEncoding.DecodeString(secret.K)
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range group.Tests {
			ran++
			message, _, fault := parseForm(test.JWS)
			got := fault == nil && message.VerifyHS256(key)
			if want := (test.Result == "valid") != (deviates[test.ID] != ""); got != want {
				t.Errorf("tc %d (%s, %s, %s): verifies is %v", test.ID, group.Comment, test.Comment, test.Result, got)
			}
		}
	}
	if ran == 0 {
		t.Error("no vector was run")
	}
}

// A key is good for one algorithm (RFC 8725 section 3.1), whatever the bytes of the signature are.
func TestHS256IsWhatTheHeaderSays(t *testing.T) {
	secret := []byte("0123456789abcdef0123456789abcdef")
	for alg, want := range map[string]bool{"HS256": true, "HS384": false, "RS256": false, "none": false} {
		encode := base64.RawURLEncoding.EncodeToString
		signed := encode([]byte(`{"alg":"`+alg+`"}`)) + "." + encode([]byte("{}"))
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(signed))
		message, fault := Parse(signed + "." + encode(mac.Sum(nil)))
		if fault != nil {
			t.Fatal(fault)
		}
		if got := message.VerifyHS256(secret); got != want {
			t.Errorf("JWS-11: %s verifies by HS256: %v", alg, got)
		}
	}
}
