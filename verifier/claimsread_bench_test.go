package verifier_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// realistic are claims as Auth0 writes them for a user with 20 permissions: a token of about 1.4 kB.
func realistic() verifiertest.Claims {
	permissions := make([]string, 20)
	for i := range permissions {
		permissions[i] = fmt.Sprintf("%s:resource-%02d", []string{"read", "create", "update", "delete"}[i%4], i)
	}
	return verifiertest.Claims{
		"sub": "auth0|5f7c8ec7c33c6c004bbafe82", "aud": []string{audience, "https://tenant.eu.auth0.com/userinfo"},
		"azp": "my_client_id_of_32_characters_xy", "scope": "openid profile email offline_access",
		"permissions": permissions, "https://acme.example/tenant": "tenant-4711", "jti": "0b3f1c1e-7a3e-4b6e-9c0d-1d2e3f405162",
	}
}

// readClaims are three claims that an API reads.
type readClaims struct {
	Permissions []string `json:"permissions"`
	Tenant      string   `json:"https://acme.example/tenant"`
	Client      string   `json:"azp"`
}

// BenchmarkClaimsRead also measures bare cryptography, since only ratios within one run say anything.
func BenchmarkClaimsRead(b *testing.B) {
	for _, c := range []struct {
		name   string
		config func(*verifier.Config)
		read   func(*verifier.Verified) error
	}{
		{name: "never seen", config: forgetful},
		{name: "never seen, read", config: forgetful, read: decodeClaims},
		{name: "seen"},
		{name: "seen, read", read: decodeClaims},
	} {
		be := newEnvironment(b, c.config)
		sent := token(b, be.issuer, realistic())
		request := get("Bearer " + sent)
		do := func() {
			verified, err := be.VerifyRequest(context.Background(), request)
			if err == nil && c.read != nil {
				err = c.read(verified)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		for range 3 {
			do()
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				do()
			}
		})
		if c.name == "never seen" {
			b.Run(fmt.Sprintf("bare cryptography, %d bytes", len(sent)), func(b *testing.B) { bare(b, sent) })
		}
	}
}

func decodeClaims(verified *verifier.Verified) error {
	var claims readClaims
	return verified.Decode(&claims)
}

// bare verifies the signature, and does nothing else.
func bare(b *testing.B, sent string) {
	public := key(b, "RS256", "key-1").Public().(*rsa.PublicKey)
	signed, encoded := sent[:strings.LastIndexByte(sent, '.')], sent[strings.LastIndexByte(sent, '.')+1:]
	for b.Loop() {
		signature, err := base64.RawURLEncoding.DecodeString(encoded)
		if err != nil {
			b.Fatal(err)
		}
		digest := sha256.Sum256([]byte(signed))
		if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature); err != nil {
			b.Fatal(err)
		}
	}
}
