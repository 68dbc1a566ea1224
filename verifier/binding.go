package verifier

import (
	"crypto/sha256"
	"encoding/base64"

	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// A binding is what a token is bound to (RFC 7800), by the methods that are understood.
type binding struct {
	jkt  string // thumbprint of a DPoP key (RFC 9449 section 6.1)
	x5tS string // hash of a client certificate (RFC 8705 section 3.1)
}

// readBinding reads cnf, and fails closed: what can't be read, or binds the token by a method that is not
// understood, makes it worthless here.
func readBinding(payload strictjson.Object) (binding, *Error) {
	value, found := payload.Lookup("cnf")
	if !found {
		return binding{}, nil
	}
	cnf, err := value.Object()
	if err != nil {
		return binding{}, confirmationNotSatisfied.fail("DPOP-BIND-02", "cnf is not an object")
	}
	var bound binding
	understood := 0
	for _, method := range []struct {
		name string
		into *string
	}{{"jkt", &bound.jkt}, {"x5t#S256", &bound.x5tS}} {
		value, found := cnf.Lookup(method.name)
		if !found {
			continue
		}
		understood++
		if *method.into, _ = value.Text(); !isSHA256(*method.into) {
			return binding{}, confirmationNotSatisfied.fail("DPOP-BIND-02", "cnf."+method.name+" is not a SHA-256 in base64url")
		}
	}
	if understood == 0 || understood < cnf.Len() {
		return binding{}, confirmationNotSatisfied.fail("DPOP-BIND-03", "cnf has no confirmation method, or one that is not understood")
	}
	return bound, nil
}

// isSHA256 reports whether s is a hash of 32 bytes in canonical base64url.
func isSHA256(s string) bool {
	var hash [sha256.Size]byte
	if len(s) != base64.RawURLEncoding.EncodedLen(len(hash)) {
		return false
	}
	n, err := base64.RawURLEncoding.Strict().Decode(hash[:], []byte(s))
	return err == nil && n == len(hash)
}
