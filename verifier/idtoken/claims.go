package idtoken

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
	"github.com/holdfast-go/holdfast/verifier/internal/quote"
)

// claims checks what every ID token must say.
type claims struct {
	issuer           string
	clientID         string
	trustedAudiences []string
	leeway           time.Duration
	clock            ports.Clock
}

// checkIssuer compares iss (OpenID Connect Core section 3.1.3.7, item 2) before the issuer's keys are asked for, so
// that another's token costs it nothing.
func (c *claims) checkIssuer(r *jwt.Reader) {
	if iss := r.NeedText("iss", "IDTOK-02"); iss != c.issuer {
		cure := issuerurl.Cure(iss, func(identifier string) bool { return identifier == c.issuer })
		r.Refuse(verifier.CodeIssuer, "IDTOK-02", fmt.Sprintf("iss is %s, not %q%s", quote.Text(iss), c.issuer, cure))
	}
}

// read copies what the token says and checks it in the order of the rules. The signature is valid.
func (c *claims) read(r *jwt.Reader) *Verified {
	verified := &Verified{Issuer: c.issuer, payload: r.Claims}
	checkKind(r)
	readSubject(r, verified)
	c.readAudiences(r, verified)
	c.readAuthorizedParty(r, verified)
	c.readTimes(r, verified)
	readLogin(r, verified)
	readProfile(r, verified)
	return verified
}

// times are those to compare the token's with.
func (c *claims) times() jwt.Times { return jwt.Times{Now: c.clock.Now(), Leeway: c.leeway} }

// checkKind keeps logout tokens out, which are otherwise much the same (OpenID Connect Back-Channel Logout section
// 2.4), and security events (RFC 8417 section 2.2).
func checkKind(r *jwt.Reader) {
	if r.Has("events") {
		r.Refuse(verifier.CodeTokenType, "IDTOK-11", "the token has the events of a logout token")
	}
}

// maxSubject bounds sub (OpenID Connect Core section 2).
const maxSubject = 255

func readSubject(r *jwt.Reader, verified *Verified) {
	verified.Subject = r.NeedText("sub", "IDTOK-02")
	if verified.Subject == "" || utf8.RuneCountInString(verified.Subject) > maxSubject {
		r.Malformed("sub", "IDTOK-02", "is empty or over 255 characters")
	}
}

// readAudiences checks aud (OpenID Connect Core section 3.1.3.7, item 3).
func (c *claims) readAudiences(r *jwt.Reader, verified *Verified) {
	verified.Audiences = r.NeedAudiences("IDTOK-03", "IDTOK-03")
	if !slices.Contains(verified.Audiences, c.clientID) {
		r.Refuse(verifier.CodeAudience, "IDTOK-03", fmt.Sprintf("aud is %s, without the ClientID %q", quote.Few(verified.Audiences), c.clientID))
	}
	for _, audience := range verified.Audiences {
		if audience != c.clientID && !slices.Contains(c.trustedAudiences, audience) {
			r.Refuse(verifier.CodeAudience, "IDTOK-03", fmt.Sprintf("aud has %s too, which is not in TrustedAudiences", quote.Text(audience)))
		}
	}
}

// readAuthorizedParty checks azp (OpenID Connect Core section 3.1.3.7, items 4 and 5).
func (c *claims) readAuthorizedParty(r *jwt.Reader, verified *Verified) {
	switch verified.AuthorizedParty = r.Text("azp", "IDTOK-04"); {
	case !r.Has("azp") && len(verified.Audiences) > 1:
		r.Missing("azp", "IDTOK-04")
	case r.Has("azp") && verified.AuthorizedParty != c.clientID:
		r.Refuse(CodeAuthorizedParty, "IDTOK-04", "azp is not the client's ID")
	}
}

// readTimes checks exp and iat (OpenID Connect Core section 3.1.3.7, items 9 and 10), and nbf, which any JWT may have
// (RFC 7519 section 4.1.5).
func (c *claims) readTimes(r *jwt.Reader, verified *Verified) {
	times := c.times()
	if verified.ExpiresAt = r.NeedDate("exp", "IDTOK-05"); times.Past(verified.ExpiresAt) {
		r.Refuse(verifier.CodeExpired, "IDTOK-05", times.SayPast(verified.ExpiresAt))
	}
	if verified.IssuedAt = r.NeedDate("iat", "IDTOK-05"); times.ToCome(verified.IssuedAt, jwt.Ahead) {
		r.Refuse(verifier.CodeIssuedInFuture, "CLAIM-IAT-02", times.SayToCome("iat", verified.IssuedAt, jwt.Ahead))
	}
	if notBefore := r.Date("nbf", "CLAIM-NBF-01"); times.ToCome(notBefore, 0) {
		r.Refuse(verifier.CodeNotYetValid, "CLAIM-NBF-01", times.SayToCome("nbf", notBefore, 0))
	}
}

// readLogin copies what the token says of the login, as far as it does. See [login].
func readLogin(r *jwt.Reader, verified *Verified) {
	verified.AuthTime = r.Date("auth_time", "IDTOK-07")
	verified.Nonce = r.Text("nonce", "IDTOK-06")
	verified.OrganizationID = r.Text("org_id", "IDTOK-08")
	verified.OrganizationName = r.Text("org_name", "IDTOK-08")
	verified.ACR = r.Text("acr", "IDTOK-10")
	if value, found := r.Claims.Lookup("amr"); found {
		var areTexts bool
		if verified.AMR, areTexts = value.Strings(); !areTexts {
			r.Malformed("amr", "IDTOK-10", "is not an array of strings")
		}
	}
}

// readProfile copies what a page shows of the user. Nothing is decided by it, so that what can't be read is only left
// out.
func readProfile(r *jwt.Reader, verified *Verified) {
	verified.SessionID, _ = r.Claims.Text("sid")
	verified.Name, _ = r.Claims.Text("name")
	verified.Email, _ = r.Claims.Text("email")
	emailVerified, _ := r.Claims.Lookup("email_verified")
	verified.EmailVerified, _ = emailVerified.Bool()
}
