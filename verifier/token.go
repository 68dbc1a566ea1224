package verifier

import (
	"crypto/sha256"
	"slices"

	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/keyring"
)

// A signedToken is a token whose form and signature are good, and what it says. It does not change.
type signedToken struct {
	policy *policy // by which it was verified
	says   Verified
	bound  binding
	// boundFault is why what it is bound to can't be read; nil in a token that is remembered.
	boundFault *Error

	named keyring.Selector // by which it names its key
	key   *jwk.Key         // the one that verified it

	length int               // of its compact form
	digest [sha256.Size]byte // of its compact form, zero unless it is remembered
}

// size is about how many bytes it holds.
func (t *signedToken) size() int64 {
	const (
		itself   = 1024
		eachText = 16 // in a slice; its text is part of the token's
	)
	texts := len(t.says.Audiences) + len(t.says.Scopes)
	// Header and payload are kept as long as a part of them is, and what has escapes is there twice.
	return int64(itself + eachText*texts + 2*t.length)
}

// verified returns what the token says, for one caller to keep.
func (t *signedToken) verified() *Verified {
	says := t.says
	says.CertificateThumbprint = t.bound.x5tS
	texts := slices.Concat(says.Audiences, says.Scopes)
	n := len(says.Audiences)
	if says.Audiences = texts[:n:n]; says.Scopes != nil {
		says.Scopes = texts[n:]
	}
	return &says
}
