package verifier

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// claims reads the payload of a token whose signature is good.
type claims struct {
	strictjson.Object
}

// text returns a claim that is a string, and whether it is there.
func (c claims) text(name, rule string) (string, bool, *Error) {
	text, found, err := jwt.Text(c.Object, name)
	if err != nil {
		return "", false, malformed(rule, name, err.Error())
	}
	return text, found, nil
}

// date returns a claim that is a NumericDate, and whether it is there.
func (c claims) date(name, rule string) (time.Time, bool, *Error) {
	date, found, err := jwt.Date(c.Object, name)
	if err == jwt.ErrRange {
		rule = "CLAIM-EXP-03"
	}
	if err != nil {
		return time.Time{}, false, malformed(rule, name, err.Error())
	}
	return date, found, nil
}

// audiences returns aud.
func (c claims) audiences() ([]string, *Error) {
	value, found := c.Lookup("aud")
	if !found {
		return nil, missing("CLAIM-AUD-01", "aud")
	}
	audiences, ok := jwt.Audiences(value)
	if !ok {
		return nil, malformed("CLAIM-AUD-03", "aud", "is neither a string nor a non-empty array of strings")
	}
	return audiences, nil
}

// readClaims takes over what a token says whose signature is good, and checks all of it that time does not change:
// what may change is left to [Verifier.judge].
func (v *Verifier) readClaims(verified *Verified, issuer string, payload strictjson.Object) *Error {
	c := claims{payload}
	verified.Issuer, verified.payload = issuer, payload.Raw()
	var err *Error
	if err = v.checkKind(c); err != nil {
		return err
	}
	if verified.Audiences, err = c.audiences(); err != nil {
		return err
	}
	if err = readTimes(c, verified); err != nil {
		return err
	}
	if err = readIdentity(c, verified); err != nil {
		return err
	}
	v.readScopes(c, verified)
	if err = v.checkRequired(c); err != nil {
		return err
	}
	return v.checkOrganization(verified)
}

// judge checks what may be true of a token now and not later, or under one policy and not another.
func (v *Verifier) judge(allowed domain, verified *Verified) *Error {
	if err := checkAudience(verified, allowed.audiences); err != nil {
		return err
	}
	return v.checkTimes(verified)
}

// checkKind keeps JWTs of other kinds out that an issuer signs with the same key and that don't say so in typ (RFC 8725
// section 3.12): an ID token says who logged in at a client; a security event token (RFC 8417 section 2.2), such as a
// logout token, says what happened. Neither is a permission to use an API.
func (v *Verifier) checkKind(c claims) *Error {
	if _, found := c.Lookup("events"); found {
		return fail(CodeTokenType, "TYP-06", "the token has events, as logout tokens and other security event tokens have")
	}
	if v.allowIDTokens {
		return nil
	}
	for _, mark := range []string{"nonce", "at_hash", "c_hash"} {
		if _, found := c.Lookup(mark); found {
			return fail(CodeTokenType, "TYP-05", "the token has the marks of an ID token")
		}
	}
	return nil
}

func checkAudience(verified *Verified, allowed []string) *Error {
	for _, audience := range allowed {
		if slices.Contains(verified.Audiences, audience) {
			return nil
		}
	}
	return fail(CodeAudience, "CLAIM-AUD-02", fmt.Sprintf("aud has none of %q", allowed))
}

// readTimes takes over exp (RFC 7519 section 4.1.4), nbf (4.1.5), which may be absent, and iat (4.1.6).
func readTimes(c claims, verified *Verified) *Error {
	var (
		found bool
		err   *Error
	)
	if verified.ExpiresAt, found, err = c.date("exp", "CLAIM-EXP-01"); err != nil {
		return err
	} else if !found {
		return missing("CLAIM-EXP-01", "exp")
	}
	if verified.NotBefore, _, err = c.date("nbf", "CLAIM-NBF-01"); err != nil {
		return err
	}
	if verified.IssuedAt, found, err = c.date("iat", "CLAIM-IAT-01"); err != nil {
		return err
	} else if !found {
		return missing("CLAIM-IAT-01", "iat")
	}
	return nil
}

// maxAhead is how far clocks may differ, on top of the leeway, before an iat or nbf in the future is a fault. Many
// issuers write the same second into both.
const maxAhead = time.Minute

// checkTimes compares exp, nbf and iat with the clock. An absent nbf is the zero time, which is always in the past.
func (v *Verifier) checkTimes(verified *Verified) *Error {
	now := v.clock.Now()
	switch {
	case !now.Before(verified.ExpiresAt.Add(v.leeway)):
		return fail(CodeExpired, "CLAIM-EXP-02", "exp is past")
	case verified.NotBefore.After(now.Add(maxAhead + v.leeway)):
		return fail(CodeNotYetValid, "CLAIM-NBF-01", "nbf is still to come")
	case verified.IssuedAt.After(now.Add(maxAhead + v.leeway)):
		return fail(CodeIssuedInFuture, "CLAIM-IAT-02", "iat is in the future")
	case v.maxTokenAge > 0 && now.After(verified.IssuedAt.Add(v.maxTokenAge+v.leeway)):
		return fail(CodeTooOld, "CLAIM-IAT-02", "iat is over the maximum token age ago")
	}
	return nil
}

// readIdentity takes over who the token is about, as far as it says so.
func readIdentity(c claims, verified *Verified) *Error {
	var clientID, authorizedParty string
	for _, claim := range []struct {
		name, rule string
		into       *string
	}{
		{"sub", "CLAIM-SUB-01", &verified.Subject},
		{"client_id", "TYP-04", &clientID},
		{"azp", "TYP-04", &authorizedParty},
		{"jti", "TYP-04", &verified.TokenID},
		{"org_id", "CLAIM-ORG-01", &verified.OrganizationID},
		{"org_name", "CLAIM-ORG-01", &verified.OrganizationName},
	} {
		var err *Error
		if *claim.into, _, err = c.text(claim.name, claim.rule); err != nil {
			return err
		}
	}
	if verified.ClientID = clientID; clientID == "" {
		verified.ClientID = authorizedParty
	}
	return nil
}

// readScopes takes over the scopes. Ones that can't be read are a fault only where scopes are needed.
func (v *Verifier) readScopes(c claims, verified *Verified) {
	name := v.scopeClaim
	if name == "" {
		name = "scope"
	}
	value, found := c.Lookup(name)
	if !found {
		return
	}
	if list, isText := value.Text(); isText {
		verified.Scopes = strings.FieldsFunc(list, func(r rune) bool { return r == ' ' })
		return
	}
	scopes, areTexts := value.Strings()
	if v.scopeClaim == "" || !areTexts {
		verified.malformedScopes = name
		return
	}
	verified.Scopes = scopes
}

// profileClaims are required by RFC 9068 section 2.2.
var profileClaims = []string{"iss", "exp", "aud", "sub", "client_id", "iat", "jti"}

func (v *Verifier) checkRequired(c claims) *Error {
	if v.requireProfile {
		for _, name := range profileClaims {
			if !c.has(name) {
				return missing("TYP-04", name)
			}
		}
	}
	for _, name := range v.requiredClaims {
		if !c.has(name) {
			return missing("CLAIM-REQ-01", name)
		}
	}
	return nil
}

// has reports whether a claim is present and not null.
func (c claims) has(name string) bool {
	value, found := c.Lookup(name)
	return found && value.Kind() != strictjson.Null
}

// checkOrganization holds org_id or org_name against the configured organization.
func (v *Verifier) checkOrganization(verified *Verified) *Error {
	if !jwt.OfOrganization(v.organization, verified.OrganizationID, verified.OrganizationName) {
		return fail(CodeOrganization, "CLAIM-ORG-01", "the token is not for the configured organization")
	}
	return nil
}
