package idtoken

import (
	"context"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/internal/jws"
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
	"github.com/holdfast-go/holdfast/verifier/internal/keyring"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
)

// A Verifier verifies the ID tokens that one issuer makes for one client. It does not change, and is safe for
// concurrent use.
type Verifier struct {
	form         jwt.Form
	clientSecret []byte // of HS256, nil if the issuer's keys sign
	keys         jwt.Keys
	source       keyring.Source // of the issuer's keys
	claims       claims
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

// verify is the way that every token goes. It stops at the first fault.
func (v *Verifier) verify(ctx context.Context, token string, expect Expect) (*Verified, *verifier.Error) {
	if expect.MaxAge != nil && *expect.MaxAge < 0 {
		return nil, misconfigured(&verifier.FieldError{Field: "Expect.MaxAge", Err: settings.ErrNegative})
	}
	if fault := v.form.CheckSize(token); fault != nil {
		return nil, refused(fault)
	}
	message, fault := v.form.Parse(token)
	if fault != nil {
		return nil, refused(fault)
	}
	r := &jwt.Reader{Claims: message.Payload}
	if v.claims.checkIssuer(r); r.Fault != nil {
		return nil, refused(r.Fault)
	}
	if fault := v.checkSignature(ctx, message); fault != nil {
		return nil, refused(fault)
	}
	verified := v.claims.read(r)
	if expect.check(r, verified, v.claims.times(), message.Algorithm); r.Fault != nil {
		return nil, refused(r.Fault)
	}
	return verified, nil
}

// checkSignature verifies the token with a key of the issuer, or with the client's secret where that is configured
// (OpenID Connect Core section 3.1.3.7, items 6 to 8).
func (v *Verifier) checkSignature(ctx context.Context, message *jws.Message) *jwt.Fault {
	if v.clientSecret != nil {
		if !message.VerifyHS256(v.clientSecret) {
			return &jwt.Fault{Code: jwt.CodeSignature, Rule: "JWS-16", Detail: "the signature is not that of the client's secret"}
		}
		return nil
	}
	named, fault := v.keys.Named(message)
	if fault != nil {
		return fault
	}
	keys, fault := v.keys.Find(ctx, v.source, named)
	if fault != nil {
		return fault
	}
	_, fault = v.keys.Signer(message, keys)
	return fault
}
