package idtoken

import (
	"slices"
	"unicode/utf8"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// checkClaims checks what every ID token must say, in the order of the rules. The signature is good.
func (v *Verifier) checkClaims(claims *jwt.Reader) (*Verified, *verifier.Error) {
	verified := &Verified{Issuer: v.issuer, payload: claims.Claims}
	for _, check := range []func(*jwt.Reader, *Verified) *verifier.Error{
		checkKind,
		checkSubject,
		v.checkAudiences,
		v.checkAuthorizedParty,
		v.checkTimes,
		readLogin,
	} {
		err := check(claims, verified)
		if claims.Fault != nil {
			return nil, refused(claims.Fault)
		}
		if err != nil {
			return nil, err
		}
	}
	readProfile(claims.Claims, verified)
	return verified, nil
}

// checkKind keeps logout tokens out, which are otherwise much the same (OpenID Connect Back-Channel Logout section
// 2.4), and security events (RFC 8417 section 2.2).
func checkKind(claims *jwt.Reader, _ *Verified) *verifier.Error {
	if _, found := claims.Claims.Lookup("events"); found {
		return fail(verifier.CodeTokenType, "IDTOK-11", "the token has the events of a logout token")
	}
	return nil
}

// maxSubject bounds sub (OpenID Connect Core section 2).
const maxSubject = 255

func checkSubject(claims *jwt.Reader, verified *Verified) *verifier.Error {
	verified.Subject = claims.NeedText("sub", "IDTOK-02")
	if verified.Subject == "" || utf8.RuneCountInString(verified.Subject) > maxSubject {
		claims.Malformed("sub", "IDTOK-02", "is empty or over 255 characters")
	}
	return nil
}

// checkAudiences checks aud (OpenID Connect Core section 3.1.3.7, item 3).
func (v *Verifier) checkAudiences(claims *jwt.Reader, verified *Verified) *verifier.Error {
	verified.Audiences = claims.NeedAudiences("IDTOK-03", "IDTOK-03")
	if !slices.Contains(verified.Audiences, v.clientID) {
		return fail(verifier.CodeAudience, "IDTOK-03", "aud does not have the client's ID")
	}
	for _, audience := range verified.Audiences {
		if audience != v.clientID && !slices.Contains(v.trustedAudiences, audience) {
			return fail(verifier.CodeAudience, "IDTOK-03", "aud has an audience that is not trusted")
		}
	}
	return nil
}

// checkAuthorizedParty checks azp (OpenID Connect Core section 3.1.3.7, items 4 and 5).
func (v *Verifier) checkAuthorizedParty(claims *jwt.Reader, verified *Verified) *verifier.Error {
	_, found := claims.Claims.Lookup("azp")
	if verified.AuthorizedParty = claims.Text("azp", "IDTOK-04"); found && verified.AuthorizedParty != v.clientID {
		return fail(CodeAuthorizedParty, "IDTOK-04", "azp is not the client's ID")
	}
	if !found && len(verified.Audiences) > 1 {
		claims.Missing("azp", "IDTOK-04")
	}
	return nil
}

// checkTimes checks exp and iat (OpenID Connect Core section 3.1.3.7, items 9 and 10), and nbf, which any JWT may have
// (RFC 7519 section 4.1.5).
func (v *Verifier) checkTimes(claims *jwt.Reader, verified *Verified) *verifier.Error {
	times := jwt.Times{Now: v.clock.Now(), Leeway: v.leeway}
	if verified.ExpiresAt = claims.NeedDate("exp", "IDTOK-05"); times.Past(verified.ExpiresAt) {
		return fail(verifier.CodeExpired, "IDTOK-05", "exp is past")
	}
	if verified.IssuedAt = claims.NeedDate("iat", "IDTOK-05"); times.ToCome(verified.IssuedAt, jwt.Ahead) {
		return fail(verifier.CodeIssuedInFuture, "CLAIM-IAT-02", "iat is in the future")
	}
	if times.ToCome(claims.Date("nbf", "CLAIM-NBF-01"), 0) {
		return fail(verifier.CodeNotYetValid, "CLAIM-NBF-01", "nbf is still to come")
	}
	return nil
}

// readLogin copies what the token says of the login, as far as it does. [Verifier.checkLogin] checks it.
func readLogin(claims *jwt.Reader, verified *Verified) *verifier.Error {
	verified.AuthTime = claims.Date("auth_time", "IDTOK-07")
	verified.Nonce = claims.Text("nonce", "IDTOK-06")
	verified.OrganizationID = claims.Text("org_id", "IDTOK-08")
	verified.OrganizationName = claims.Text("org_name", "IDTOK-08")
	verified.ACR = claims.Text("acr", "IDTOK-10")
	if value, found := claims.Claims.Lookup("amr"); found {
		var areTexts bool
		if verified.AMR, areTexts = value.Strings(); !areTexts {
			claims.Malformed("amr", "IDTOK-10", "is not an array of strings")
		}
	}
	return nil
}

// readProfile copies what a page shows of the user. Nothing is decided by it, so that what can't be read is only left
// out.
func readProfile(payload strictjson.Object, verified *Verified) {
	verified.SessionID, _ = payload.Text("sid")
	verified.Name, _ = payload.Text("name")
	verified.Email, _ = payload.Text("email")
	emailVerified, _ := payload.Lookup("email_verified")
	verified.EmailVerified, _ = emailVerified.Bool()
}
