package jws

import (
	"crypto/hmac"
	"crypto/sha256"
)

// VerifyHS256 reports whether the message says HS256 and was signed by it with secret (RFC 7518 section 3.2). It is for
// ID tokens, where a client's secret is configured as the key; no key of package jwk verifies an HMAC.
func (m *Message) VerifyHS256(secret []byte) bool {
	mac := hmac.New(sha256.New, secret)
	mac.Write(m.signed)
	return m.Algorithm == "HS256" && hmac.Equal(mac.Sum(nil), m.signature)
}
