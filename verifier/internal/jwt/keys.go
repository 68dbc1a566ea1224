package jwt

import (
	"context"
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/jws"
	"github.com/holdfast-go/holdfast/verifier/internal/keyring"
	"github.com/holdfast-go/holdfast/verifier/internal/quote"
)

// Keys verifies signatures by the keys of issuers.
type Keys struct {
	Ring *keyring.Ring
	// AllowMissingID accepts a token without kid if its issuer has exactly one key that fits its alg.
	AllowMissingID bool
	// Signatures verifies signatures; nil is the standard library.
	Signatures *jwk.Verifier
	// UnknownRule is broken by a token whose issuer has no such key.
	UnknownRule string
}

// Named says which key signed a token by its own account.
func (k *Keys) Named(message *jws.Message) (keyring.Selector, *Fault) {
	if !message.HasKeyID && !k.AllowMissingID {
		return keyring.Selector{}, &Fault{Code: CodeKeyIDMissing, Rule: "KEYS-01", Detail: "the header has no kid"}
	}
	named := keyring.Selector{KeyID: message.KeyID, HasKeyID: message.HasKeyID, Algorithm: message.Algorithm}
	named.IssuedAt, _, _ = Date(message.Payload, "iat")
	return named, nil
}

// Find returns the issuer's keys that a token names, and of no other issuer (RFC 8725 section 3.8). The issuer is one that
// is allowed.
func (k *Keys) Find(ctx context.Context, issuer keyring.Source, named keyring.Selector) ([]*jwk.Key, *Fault) {
	keys, err := k.Ring.Keys(ctx, issuer, named)
	if err == nil {
		return keys, nil
	}
	fault := k.NotFound(err)
	switch {
	case fault.Code != CodeKeyUnknown:
	case named.HasKeyID:
		fault.Detail = "the issuer has no key of kid " + quote.Text(named.KeyID)
	default:
		fault.Detail = "the token has no kid, and the issuer does not have exactly one key that fits " + named.Algorithm
	}
	return nil, fault
}

// NotFound says what an error of the keyring means: a bad token only if the issuer was asked.
func (k *Keys) NotFound(err error) *Fault {
	switch {
	case errors.Is(err, keyring.ErrUnknownKey):
		return &Fault{Code: CodeKeyUnknown, Rule: k.UnknownRule, Detail: err.Error()}
	case errors.As(err, new(*keyring.UnavailableError)):
		return &Fault{Code: CodeIssuerUnavailable, Err: err}
	}
	return &Fault{Code: CodeCanceled, Err: err}
}

// RetryAfter is the value of the Retry-After field of an answer because of err (RFC 9110 section 10.2.3): whole seconds,
// at least one.
func RetryAfter(err error) string {
	wait := time.Second
	if unavailable, ok := errors.AsType[*keyring.UnavailableError](err); ok {
		wait = unavailable.RetryAfter
	}
	return strconv.Itoa(max(1, int(math.Ceil(wait.Seconds()))))
}

// Signer verifies the signature with one of the keys that the token names, and returns that key.
func (k *Keys) Signer(message *jws.Message, keys []*jwk.Key) (*jwk.Key, *Fault) {
	key, fault := message.Signer(keys, k.Signatures)
	switch fault {
	case nil:
		return key, nil
	case jws.ErrKeyFit:
		return nil, &Fault{Code: CodeAlgorithm, Rule: fault.Rule, Detail: fault.Error()}
	default:
		return nil, &Fault{Code: CodeSignature, Rule: fault.Rule, Detail: fault.Error()}
	}
}
