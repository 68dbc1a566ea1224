package verifier_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/verifier"
)

func TestUnsafeDecodeUnverified(t *testing.T) {
	const s3cr3t = "eyJ4IjoiczNjcjN0In0" // {"x":"s3cr3t"}
	var header struct {
		Algorithm string `json:"alg"`
		KeyID     string `json:"kid"`
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	// {"alg":"HS256","kid":"k","typ":"anything"}.{"iss":"https://evil.example"}
	const good = "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsiLCJ0eXAiOiJhbnl0aGluZyJ9.eyJpc3MiOiJodHRwczovL2V2aWwuZXhhbXBsZSJ9.c2ln"
	if err := verifier.UnsafeDecodeUnverified(good, &header, &claims); err != nil ||
		header.Algorithm != "HS256" || header.KeyID != "k" || claims.Issuer != "https://evil.example" {
		t.Errorf("got %+v, %+v, %v", header, claims, err)
	}
	if err := verifier.UnsafeDecodeUnverified(good, nil, nil); err != nil {
		t.Errorf("without targets: %v", err)
	}
	var number struct {
		Issuer int `json:"iss"`
	}
	for name, c := range map[string]struct {
		token  string
		target any
		code   verifier.Code
		rule   string
	}{
		"CRED-09 too large":             {good + strings.Repeat("A", 16<<10), nil, verifier.CodeTokenTooLarge, "CRED-09"},
		"JWS-01 opaque":                 {"s3cr3t", nil, verifier.CodeTokenMalformed, "JWS-01"},
		"JWS-02 padding":                {"eyJhbGciOiJIUzI1NiJ9==." + s3cr3t + ".c2ln", nil, verifier.CodeTokenMalformed, "JWS-02"},
		"JWS-05 a name twice":           {"eyJhbGciOiJIUzI1NiIsImFsZyI6Im5vbmUifQ." + s3cr3t + ".c2ln", nil, verifier.CodeTokenMalformed, "JWS-05"},
		"JWS-18 encrypted":              {"eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0." + s3cr3t + ".c2ln", nil, verifier.CodeTokenMalformed, "JWS-18"},
		"CLAIM-CUST-01 of another type": {good, &number, verifier.CodeClaimsUndecodable, "CLAIM-CUST-01"},
	} {
		err := verifier.UnsafeDecodeUnverified(c.token, nil, c.target)
		e, ok := errors.AsType[*verifier.Error](err)
		if !ok || e.Code != c.code || e.Rule != c.rule || strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), "evil") {
			t.Errorf("%s: %v, want %s (%s)", name, err, c.code, c.rule)
		}
	}
}
