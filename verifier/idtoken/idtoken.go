package idtoken

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/internal/jws"
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
	"github.com/holdfast-go/holdfast/verifier/internal/keyring"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// A Verifier verifies the ID tokens that one issuer makes for one client. It does not change, and is safe for
// concurrent use.
type Verifier struct {
	issuer           string
	clientID         string
	trustedAudiences []string
	algorithms       []string
	clientSecret     []byte // of HS256, nil if the issuer's keys sign
	allowNoKeyID     bool
	leeway           time.Duration
	maxTokenBytes    int

	keys  *keyring.Ring
	clock ports.Clock
}

// hs256 is accepted only where the client's secret is configured.
const hs256 = "HS256"

// Verify decides whether token says who logged in, in the login that expect tells of. Its errors are of type
// [*verifier.Error].
//
// It does not check first use: a nonce must be good for one login, which is the application's to see to.
func (v *Verifier) Verify(ctx context.Context, token string, expect Expect) (*Verified, error) {
	verified, err := v.verify(ctx, token, expect)
	if err != nil {
		return nil, err
	}
	return verified, nil
}

// verify is the one way that every token goes. The first fault ends it.
func (v *Verifier) verify(ctx context.Context, token string, expect Expect) (*Verified, *verifier.Error) {
	if expect.MaxAge != nil && *expect.MaxAge < 0 {
		return nil, misconfigured(&verifier.FieldError{Field: "Expect.MaxAge", Err: errNegative})
	}
	message, err := v.parse(token)
	if err != nil {
		return nil, err
	}
	if err := v.checkIssuer(message.Payload); err != nil {
		return nil, err
	}
	if err := v.checkSignature(ctx, message); err != nil {
		return nil, err
	}
	verified, err := v.checkClaims(message.Payload)
	if err != nil {
		return nil, err
	}
	if err := v.checkLogin(verified, expect, message.Algorithm); err != nil {
		return nil, err
	}
	return verified, nil
}

// parse checks all of a token that needs no key.
func (v *Verifier) parse(token string) (*jws.Message, *verifier.Error) {
	if len(token) > v.maxTokenBytes {
		return nil, fail(verifier.CodeTokenTooLarge, "CRED-09", "the token is over the size bound")
	}
	message, fault := jws.Parse(token)
	switch {
	case fault == jws.ErrType:
		return nil, fail(verifier.CodeTokenType, fault.Rule, fault.Error())
	case fault != nil:
		return nil, fail(verifier.CodeTokenMalformed, fault.Rule, fault.Error())
	case !slices.Contains(v.algorithms, message.Algorithm):
		return nil, fail(verifier.CodeAlgorithm, "IDTOK-01", "alg is not one of those configured")
	case message.Type != "" && message.Type != "jwt":
		// RFC 8725 section 3.11: access tokens are at+jwt, logout tokens logout+jwt, and so on.
		return nil, fail(verifier.CodeTokenType, "IDTOK-11", "typ is that of another kind of JWT")
	}
	return message, nil
}

// checkIssuer compares iss (OpenID Connect Core section 3.1.3.7, item 2) before the issuer's keys are asked for, so
// that another's token costs it nothing.
func (v *Verifier) checkIssuer(payload strictjson.Object) *verifier.Error {
	issuer, found, err := text(payload, "iss", "IDTOK-02")
	switch {
	case err != nil:
		return err
	case !found:
		return missing("IDTOK-02", "iss")
	case issuer != v.issuer:
		return fail(verifier.CodeIssuer, "IDTOK-02", fmt.Sprintf("iss is not %q", v.issuer))
	}
	return nil
}

// checkSignature verifies the token with a key of the issuer, or with the client's secret where that is configured
// (OpenID Connect Core section 3.1.3.7, items 6 to 8).
func (v *Verifier) checkSignature(ctx context.Context, message *jws.Message) *verifier.Error {
	if v.clientSecret != nil {
		if !message.VerifyHS256(v.clientSecret) {
			return fail(verifier.CodeSignature, "JWS-16", "the signature is not that of the client's secret")
		}
		return nil
	}
	if !message.HasKeyID && !v.allowNoKeyID {
		return fail(verifier.CodeKeyIDMissing, "KEYS-01", "the header has no kid")
	}
	named := keyring.Selector{KeyID: message.KeyID, HasKeyID: message.HasKeyID, Algorithm: message.Algorithm}
	named.IssuedAt, _, _ = jwt.Date(message.Payload, "iat")
	keys, err := v.keys.Keys(ctx, v.issuer, named)
	if err != nil {
		return keysFailed(err)
	}
	switch _, fault := message.Signer(keys); fault {
	case nil:
		return nil
	case jws.ErrKeyFit:
		return fail(verifier.CodeAlgorithm, fault.Rule, fault.Error())
	default:
		return fail(verifier.CodeSignature, fault.Rule, fault.Error())
	}
}
