package idtoken

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/internal/jws"
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
)

// A Verifier verifies the ID tokens that one issuer makes for one client. It does not change, and is safe for
// concurrent use.
type Verifier struct {
	issuer           string
	clientID         string
	trustedAudiences []string
	form             jwt.Form
	clientSecret     []byte // of HS256, nil if the issuer's keys sign
	keys             jwt.Keys
	leeway           time.Duration
	clock            ports.Clock
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
		return nil, misconfigured(&verifier.FieldError{Field: "Expect.MaxAge", Err: settings.ErrNegative})
	}
	if fault := v.form.CheckSize(token); fault != nil {
		return nil, refused(fault)
	}
	message, fault := v.form.Parse(token)
	if fault != nil {
		return nil, refused(fault)
	}
	claims := &jwt.Reader{Claims: message.Payload}
	if err := v.checkIssuer(claims); err != nil {
		return nil, err
	}
	if fault := v.checkSignature(ctx, message); fault != nil {
		return nil, refused(fault)
	}
	verified, err := v.checkClaims(claims)
	if err != nil {
		return nil, err
	}
	if err := v.checkLogin(verified, expect, message.Algorithm); err != nil {
		return nil, err
	}
	return verified, nil
}

// checkIssuer compares iss (OpenID Connect Core section 3.1.3.7, item 2) before the issuer's keys are asked for, so
// that another's token costs it nothing.
func (v *Verifier) checkIssuer(claims *jwt.Reader) *verifier.Error {
	issuer := claims.NeedText("iss", "IDTOK-02")
	switch {
	case claims.Fault != nil:
		return refused(claims.Fault)
	case issuer != v.issuer:
		return fail(verifier.CodeIssuer, "IDTOK-02", fmt.Sprintf("iss is not %q", v.issuer))
	}
	return nil
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
	keys, fault := v.keys.Find(ctx, v.issuer, named)
	if fault != nil {
		return fault
	}
	_, fault = jwt.Signer(message, keys)
	return fault
}
