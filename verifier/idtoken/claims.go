package idtoken

import (
	"slices"
	"time"
	"unicode/utf8"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// text returns a claim that is a string, and whether it is there.
func text(payload strictjson.Object, name, rule string) (string, bool, *verifier.Error) {
	text, found, err := jwt.Text(payload, name)
	if err != nil {
		return "", false, malformed(rule, name, err.Error())
	}
	return text, found, nil
}

// date returns a claim that is a NumericDate, and whether it is there.
func date(payload strictjson.Object, name, rule string) (time.Time, bool, *verifier.Error) {
	date, found, err := jwt.Date(payload, name)
	if err == jwt.ErrRange {
		rule = "CLAIM-EXP-03"
	}
	if err != nil {
		return time.Time{}, false, malformed(rule, name, err.Error())
	}
	return date, found, nil
}

// checkClaims judges what every ID token must say, in the order of the rules. The signature is good.
func (v *Verifier) checkClaims(payload strictjson.Object) (*Verified, *verifier.Error) {
	verified := &Verified{Issuer: v.issuer, payload: payload}
	for _, check := range []func(strictjson.Object, *Verified) *verifier.Error{
		checkKind,
		checkSubject,
		v.checkAudiences,
		v.checkAuthorizedParty,
		v.checkTimes,
		readLogin,
		readProfile,
	} {
		if err := check(payload, verified); err != nil {
			return nil, err
		}
	}
	return verified, nil
}

// checkKind keeps logout tokens out, which are otherwise much the same (OpenID Connect Back-Channel Logout section
// 2.4), and security events (RFC 8417 section 2.2).
func checkKind(payload strictjson.Object, _ *Verified) *verifier.Error {
	if _, found := payload.Lookup("events"); found {
		return fail(verifier.CodeTokenType, "IDTOK-11", "the token has the events of a logout token")
	}
	return nil
}

// maxSubject bounds sub (OpenID Connect Core section 2).
const maxSubject = 255

func checkSubject(payload strictjson.Object, verified *Verified) *verifier.Error {
	subject, found, err := text(payload, "sub", "IDTOK-02")
	switch {
	case err != nil:
		return err
	case !found:
		return missing("IDTOK-02", "sub")
	case subject == "" || utf8.RuneCountInString(subject) > maxSubject:
		return malformed("IDTOK-02", "sub", "is empty or over 255 characters")
	}
	verified.Subject = subject
	return nil
}

// checkAudiences judges aud (OpenID Connect Core section 3.1.3.7, item 3).
func (v *Verifier) checkAudiences(payload strictjson.Object, verified *Verified) *verifier.Error {
	value, found := payload.Lookup("aud")
	if !found {
		return missing("IDTOK-03", "aud")
	}
	audiences, ok := jwt.Audiences(value)
	if !ok {
		return malformed("IDTOK-03", "aud", "is neither a string nor a non-empty array of strings")
	}
	if !slices.Contains(audiences, v.clientID) {
		return fail(verifier.CodeAudience, "IDTOK-03", "aud does not have the client's ID")
	}
	for _, audience := range audiences {
		if audience != v.clientID && !slices.Contains(v.trustedAudiences, audience) {
			return fail(verifier.CodeAudience, "IDTOK-03", "aud has an audience that is not trusted")
		}
	}
	verified.Audiences = audiences
	return nil
}

// checkAuthorizedParty judges azp (OpenID Connect Core section 3.1.3.7, items 4 and 5).
func (v *Verifier) checkAuthorizedParty(payload strictjson.Object, verified *Verified) *verifier.Error {
	party, found, err := text(payload, "azp", "IDTOK-04")
	switch {
	case err != nil:
		return err
	case !found && len(verified.Audiences) > 1:
		return missing("IDTOK-04", "azp")
	case found && party != v.clientID:
		return fail(CodeAuthorizedParty, "IDTOK-04", "azp is not the client's ID")
	}
	verified.AuthorizedParty = party
	return nil
}

// maxAhead is how far clocks may differ, on top of the leeway, before an iat in the future is a fault.
const maxAhead = time.Minute

// checkTimes judges exp and iat (OpenID Connect Core section 3.1.3.7, items 9 and 10), and nbf, which any JWT may have
// (RFC 7519 section 4.1.5).
func (v *Verifier) checkTimes(payload strictjson.Object, verified *Verified) *verifier.Error {
	now := v.clock.Now()
	expires, found, err := date(payload, "exp", "IDTOK-05")
	switch {
	case err != nil:
		return err
	case !found:
		return missing("IDTOK-05", "exp")
	case !now.Before(expires.Add(v.leeway)):
		return fail(verifier.CodeExpired, "IDTOK-05", "exp is past")
	}
	issued, found, err := date(payload, "iat", "IDTOK-05")
	switch {
	case err != nil:
		return err
	case !found:
		return missing("IDTOK-05", "iat")
	case issued.After(now.Add(maxAhead + v.leeway)):
		return fail(verifier.CodeIssuedInFuture, "CLAIM-IAT-02", "iat is in the future")
	}
	notBefore, found, err := date(payload, "nbf", "CLAIM-NBF-01")
	switch {
	case err != nil:
		return err
	case found && notBefore.After(now.Add(v.leeway)):
		return fail(verifier.CodeNotYetValid, "CLAIM-NBF-01", "nbf is still to come")
	}
	verified.ExpiresAt, verified.IssuedAt = expires, issued
	return nil
}

// readLogin takes over what the token says of the login, as far as it does. [Verifier.checkLogin] judges it.
func readLogin(payload strictjson.Object, verified *Verified) *verifier.Error {
	var err *verifier.Error
	if verified.AuthTime, _, err = date(payload, "auth_time", "IDTOK-07"); err != nil {
		return err
	}
	for _, claim := range []struct {
		name, rule string
		into       *string
	}{
		{"nonce", "IDTOK-06", &verified.Nonce},
		{"org_id", "IDTOK-08", &verified.OrganizationID},
		{"org_name", "IDTOK-08", &verified.OrganizationName},
		{"acr", "IDTOK-10", &verified.ACR},
	} {
		if *claim.into, _, err = text(payload, claim.name, claim.rule); err != nil {
			return err
		}
	}
	if value, found := payload.Lookup("amr"); found {
		var areTexts bool
		if verified.AMR, areTexts = value.Strings(); !areTexts {
			return malformed("IDTOK-10", "amr", "is not an array of strings")
		}
	}
	return nil
}

// readProfile takes over what a page shows of the user. Nothing is decided by it, so that what can't be read is only
// left out.
func readProfile(payload strictjson.Object, verified *Verified) *verifier.Error {
	verified.SessionID, _ = payload.Text("sid")
	verified.Name, _ = payload.Text("name")
	verified.Email, _ = payload.Text("email")
	emailVerified, _ := payload.Lookup("email_verified")
	verified.EmailVerified, _ = emailVerified.Bool()
	return nil
}
