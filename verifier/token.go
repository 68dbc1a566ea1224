package verifier

import (
	"crypto/sha256"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/keyring"
)

// A signedToken is a token whose form and signature are good, and what it says. It does not change.
type signedToken struct {
	policy *policy // by which it was verified
	says   Verified
	claims signedClaims
	bound  binding
	// boundFault is why what it is bound to can't be read; nil in a token that is remembered.
	boundFault *Error

	key       *jwk.Key // the one that verified it
	keyID     string   // by which it names the key
	algorithm string

	digest   *[sha256.Size]byte // of its compact form; nil unless it is remembered, and bound to a key
	seal     seal               // of its compact form; zero unless it is remembered
	hasKeyID bool
}

// named is how the token names its key.
func (t *signedToken) named() keyring.Selector {
	return keyring.Selector{KeyID: t.keyID, HasKeyID: t.hasKeyID, Algorithm: t.algorithm, IssuedAt: t.says.IssuedAt}
}

// A seal is the GMAC of a compact token (NIST SP 800-38D) under a key that only this memory has: a nonce and a tag. To
// whoever does not have the key, another token fits it by chance only, of 1 in 2^118 for one of 16 KiB.
type seal [12 + 16]byte

// settle prepares a token to be remembered: nothing of its header is kept, nor what was parsed, since the garbage collector
// would walk it.
func (t *signedToken) settle() {
	t.claims.parsed = nil
	t.keyID, t.algorithm = strings.Clone(t.keyID), strings.Clone(t.algorithm)
	if t.key != nil && t.key.ID == t.keyID {
		t.keyID = t.key.ID // one text for all tokens of the key
	}
}

// size is about how many bytes it holds.
func (t *signedToken) size() int64 {
	const (
		itself   = 768 // with its place in the memory
		eachText = 16  // in a slice; its text is part of the payload
	)
	size := itself + eachText*(len(t.says.Audiences)+len(t.says.Scopes)) + len(t.claims.payload) + len(t.keyID)
	if strings.Contains(t.claims.payload, `\`) {
		size += len(t.claims.payload) // what has escapes is there twice
	}
	return int64(size + 2*t.claims.roomToDecode())
}

// verified returns what the token says, for one caller to keep.
func (t *signedToken) verified() *Verified {
	if t.claims.parsed != nil {
		return &t.says // it is not remembered, so the caller is the only one
	}
	says := t.says
	texts := slices.Concat(says.Audiences, says.Scopes)
	n := len(says.Audiences)
	if says.Audiences = texts[:n:n]; says.Scopes != nil {
		says.Scopes = texts[n:]
	}
	return &says
}
