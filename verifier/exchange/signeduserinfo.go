package exchange

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
	"github.com/holdfast-go/holdfast/verifier/internal/keyring"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
	"github.com/holdfast-go/holdfast/verifier/internal/shared"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// signedUserInfo verifies UserInfo answers that are signed.
type signedUserInfo struct {
	form     jwt.Form
	keys     jwt.Keys
	source   keyring.Source
	issuer   string
	clientID string
	clock    ports.Clock
}

// newSignedUserInfo returns nil where answers are not signed.
func newSignedUserInfo(check *settings.Checker, algorithm, clientID string, clock ports.Clock, lent shared.Verifier) *signedUserInfo {
	const field = "UserInfoAlgorithm"
	if algorithm == "" {
		return nil
	}
	if err := jwk.CheckAlgorithm(algorithm); err != nil {
		check.Fault(field, err)
	}
	if lent.Domain == "" {
		check.Fault(field, errors.New("is set, and there is no verifier with a Domain whose keys could be used"))
		return nil
	}
	return &signedUserInfo{
		form: jwt.Form{
			Algorithms: jwk.Allowed([]string{algorithm}), AlgorithmRule: "XCHG-22", Types: []string{"jwt", ""}, TypeRule: "XCHG-22",
		},
		keys:   jwt.Keys{Ring: lent.Keys, Signatures: lent.Signatures, UnknownRule: "XCHG-22", AllowMissingID: true},
		source: lent.Source(lent.Domain), issuer: lent.Domain, clientID: clientID, clock: clock,
	}
}

// verify verifies a signed answer: OpenID Connect Core section 5.3.2.
func (r *signedUserInfo) verify(ctx context.Context, compact string) (strictjson.Object, *jwt.Fault) {
	const rule = "XCHG-22"
	var none strictjson.Object
	message, fault := r.form.Parse(compact)
	if fault != nil {
		return none, fault
	}
	claims := &jwt.Reader{Claims: message.Payload}
	if claims.NeedText("iss", rule) != r.issuer {
		claims.Refuse(verifier.CodeIssuer, rule, fmt.Sprintf("iss is not %q", r.issuer))
	}
	if claims.Fault != nil {
		return none, claims.Fault
	}
	named, fault := r.keys.Named(message)
	if fault != nil {
		return none, fault
	}
	keys, fault := r.keys.Find(ctx, r.source, named)
	if fault != nil {
		return none, fault
	}
	if _, fault = r.keys.Signer(message, keys); fault != nil {
		return none, fault
	}
	if audiences := claims.NeedAudiences(rule, rule); !slices.Contains(audiences, r.clientID) {
		claims.Refuse(verifier.CodeAudience, rule, "aud does not have the client's ID")
	}
	times := jwt.Times{Now: r.clock.Now(), Leeway: time.Minute}
	if exp := claims.Date("exp", rule); claims.Has("exp") && times.Past(exp) {
		claims.Refuse(verifier.CodeExpired, rule, times.SayPast(exp))
	}
	return claims.Claims, claims.Fault
}
