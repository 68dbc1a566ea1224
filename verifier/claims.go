package verifier

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// claims checks what a token with a valid signature says.
type claims struct {
	clock          ports.Clock
	leeway         time.Duration
	maxTokenAge    time.Duration // zero where only exp decides
	requireProfile bool
	organization   string
	allowIDTokens  bool
}

func newClaims(c *checker) claims {
	if c.Organization != "" && settings.Blank(c.Organization) {
		c.Fault("Organization", errors.New("is blank: no token is for it; leave it empty if tokens of any organization will do"))
	}
	return claims{
		clock:          c.Clock,
		leeway:         c.Duration("Leeway"),
		maxTokenAge:    c.Duration("MaxTokenAge"),
		requireProfile: c.RequireProfile,
		organization:   c.Organization,
		allowIDTokens:  c.InsecureAllowIDTokens,
	}
}

// profileClaims are required by RFC 9068 section 2.2.
var profileClaims = paths("iss", "exp", "aud", "sub", "client_id", "iat", "jti")

// read copies what a token says, and checks all of it that does not depend on the time, which is left to [claims.check].
func (c *claims) read(p *policy, says *Verified, payload strictjson.Object) *Error {
	r := &jwt.Reader{Claims: payload}
	if err := c.checkKind(r); err != nil {
		return err
	}
	says.Audiences = p.readAudiences(r)
	says.ExpiresAt = r.NeedDate("exp", "CLAIM-EXP-01") // RFC 7519 section 4.1.4
	says.NotBefore = r.Date("nbf", "CLAIM-NBF-01")     // 4.1.5
	says.IssuedAt = r.NeedDate("iat", "CLAIM-IAT-01")  // 4.1.6
	says.Subject = r.Text("sub", "CLAIM-SUB-01")
	p.checkSubject(r, says.Subject)
	says.ClientID = p.readClient(r)
	says.TokenID = r.Text("jti", "TYP-04")
	says.OrganizationID = r.Text("org_id", "CLAIM-ORG-01")
	says.OrganizationName = r.Text("org_name", "CLAIM-ORG-01")
	p.readScopes(payload, says)
	says.readAuthentication(payload)
	if c.requireProfile {
		r.Need("TYP-04", profileClaims)
	}
	if r.Fault != nil {
		return refused(r.Fault)
	}
	if err := p.required.check(payload); err != nil {
		return err
	}
	if err := p.checkBinding(says); err != nil {
		return err
	}
	if !jwt.OfOrganization(c.organization, says.OrganizationID, says.OrganizationName) {
		return organizationMismatch.fail("CLAIM-ORG-01", fmt.Sprintf("the token is not for the organization %q of Config.Organization", c.organization))
	}
	return nil
}

// check checks what may be true of a token now and not later.
func (c *claims) check(says *Verified) *Error {
	times := jwt.Times{Now: c.clock.Now(), Leeway: c.leeway}
	switch {
	case times.Past(says.ExpiresAt):
		return tokenExpired.fail("CLAIM-EXP-02", times.SayPast(says.ExpiresAt))
	case times.ToCome(says.NotBefore, jwt.Ahead):
		return tokenNotYetValid.fail("CLAIM-NBF-01", times.SayToCome("nbf", says.NotBefore, jwt.Ahead))
	case times.ToCome(says.IssuedAt, jwt.Ahead):
		return tokenIssuedInFuture.fail("CLAIM-IAT-02", times.SayToCome("iat", says.IssuedAt, jwt.Ahead))
	case c.maxTokenAge > 0 && times.Longer(says.IssuedAt, c.maxTokenAge):
		return tokenTooOld.fail("CLAIM-IAT-02", times.SayLonger("iat", says.IssuedAt, c.maxTokenAge)+" of MaxTokenAge")
	}
	return nil
}

// checkKind keeps JWTs of other kinds out that an issuer signs with the same key and that don't say so in typ (RFC 8725
// section 3.12): an ID token says who logged in at a client; a security event token (RFC 8417 section 2.2), such as a
// logout token, says what happened. Neither is a permission to use an API.
func (c *claims) checkKind(r *jwt.Reader) *Error {
	switch {
	case r.Has("events"):
		return tokenTypeNotAccepted.fail("TYP-06", "the token has events, as logout tokens and other security event tokens have")
	case !c.allowIDTokens && slices.ContainsFunc([]string{"nonce", "at_hash", "c_hash"}, r.Has):
		return tokenTypeNotAccepted.fail("TYP-05", "the token has nonce, at_hash or c_hash, as ID tokens have: send the access token; if access tokens have them, set InsecureAllowIDTokens")
	}
	return nil
}
