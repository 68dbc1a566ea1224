package jwk

import (
	"crypto/sha256"
	"encoding/base64"
)

// Thumbprint returns the key's SHA-256 thumbprint (RFC 7638 section 3) in base64url.
func (k *Key) Thumbprint() string {
	sum := k.public.thumbprint()
	const length = (sha256.Size*8 + 5) / 6
	return string(base64.RawURLEncoding.AppendEncode(make([]byte, 0, length), sum[:]))
}

// membersLength is about the most that the members of a thumbprint take, but for very large RSA keys.
const membersLength = 1024

// appendMember appends to what a thumbprint is the hash of: the text up to a value, and the value in base64url. That is
// the key's required members and no others, in the order of their names and without white space (RFC 7638 section 3).
func appendMember(members []byte, before string, value []byte) []byte {
	return base64.RawURLEncoding.AppendEncode(append(members, before...), value)
}

// sumMembers closes the last value and the object.
func sumMembers(members []byte) [sha256.Size]byte { return sha256.Sum256(append(members, `"}`...)) }
