package jws

import "github.com/holdfast-go/holdfast/verifier/internal/jwk"

// The faults that [Message.Signer] returns, as they are.
var (
	ErrKeyFit    = &Error{"JWS-11", "alg does not fit the key that kid names"}
	ErrSignature = &Error{"JWS-16", "the signature is not that of the key"}
)

// maxKeyTries bounds how many keys of one kid are tried on one token.
const maxKeyTries = 4

// Signer returns the key that the message was signed with, of those that its header names. By may be nil.
func (m *Message) Signer(keys []*jwk.Key, by *jwk.Verifier) (*jwk.Key, *Error) {
	tried := 0
	for _, key := range keys {
		if !key.Fits(m.Algorithm) {
			continue
		}
		if m.Verify(key, by) {
			return key, nil
		}
		if tried++; tried == maxKeyTries {
			break
		}
	}
	if tried == 0 {
		return nil, ErrKeyFit
	}
	return nil, ErrSignature
}
