package idtoken

import (
	"crypto/subtle"
	"slices"
	"time"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
)

// Expect is what one login asked for, and what came with its token. What is empty is not checked.
type Expect struct {
	// Nonce is the nonce of the authentication request, from the session that it was kept in. A callback without
	// such a session must be turned away before this: an empty nonce is one that was not sent.
	Nonce string
	// MaxAge is the max_age of the request: how long ago, at most, the user may have authenticated. Zero is a
	// maximum age too (the user had to authenticate again); nil means that none was asked for. Negative is an error.
	MaxAge *time.Duration
	// Organization is the Auth0 organization of the request: an ID (org_...), compared exactly with org_id, or a
	// name, whose lower case is compared with org_name.
	Organization string
	// AccessToken and Code are what came with the ID token, whose at_hash and c_hash must then be theirs (OpenID
	// Connect Core section 3.3.2.11). In the code flow an issuer may leave both out, and many do: they are for
	// tokens that come by way of the browser.
	AccessToken, Code string
	// ACRValues are the authentication contexts of which acr must be one.
	ACRValues []string
	// AMR are the methods of authentication (RFC 8176), all of which amr must name, for example mfa.
	AMR []string
}

// checkLogin holds a token, which is good in itself, against what the login asked for.
func (v *Verifier) checkLogin(verified *Verified, expect Expect, alg string) *verifier.Error {
	for _, check := range []func(*Verified, Expect) *verifier.Error{
		checkNonce,
		v.checkAge,
		checkOrganization,
		func(verified *Verified, expect Expect) *verifier.Error {
			return checkHash(verified, "at_hash", alg, expect.AccessToken)
		},
		func(verified *Verified, expect Expect) *verifier.Error {
			return checkHash(verified, "c_hash", alg, expect.Code)
		},
		checkAuthentication,
	} {
		if err := check(verified, expect); err != nil {
			return err
		}
	}
	return nil
}

// checkNonce ties the token to the request (OpenID Connect Core section 3.1.3.7, item 11).
func checkNonce(verified *Verified, expect Expect) *verifier.Error {
	switch {
	case expect.Nonce == "":
		return nil
	case verified.Nonce == "":
		return refused(jwt.Missing("nonce", "IDTOK-06"))
	case subtle.ConstantTimeCompare([]byte(verified.Nonce), []byte(expect.Nonce)) != 1:
		return fail(CodeNonce, "IDTOK-06", "nonce is not that of the request")
	}
	return nil
}

// checkAge judges auth_time (OpenID Connect Core section 3.1.3.7, item 13).
func (v *Verifier) checkAge(verified *Verified, expect Expect) *verifier.Error {
	switch {
	case expect.MaxAge == nil:
		return nil
	case verified.AuthTime.IsZero():
		return refused(jwt.Missing("auth_time", "IDTOK-07"))
	case jwt.Times{Now: v.clock.Now(), Leeway: v.leeway}.Longer(verified.AuthTime, *expect.MaxAge):
		return fail(CodeAuthTime, "IDTOK-07", "auth_time is over the maximum age ago")
	}
	return nil
}

// checkOrganization compares org_id or org_name with the expected organization.
func checkOrganization(verified *Verified, expect Expect) *verifier.Error {
	if !jwt.OfOrganization(expect.Organization, verified.OrganizationID, verified.OrganizationName) {
		return fail(verifier.CodeOrganization, "IDTOK-08", "the token is not for the organization of the request")
	}
	return nil
}

// checkHash holds at_hash or c_hash against what came with the token (OpenID Connect Core sections 3.1.3.8 and
// 3.3.2.10).
func checkHash(verified *Verified, claim, alg, companion string) *verifier.Error {
	if companion == "" {
		return nil
	}
	claims := jwt.Reader{Claims: verified.payload}
	hash := claims.NeedText(claim, "IDTOK-09")
	switch {
	case claims.Fault != nil:
		return refused(claims.Fault)
	case subtle.ConstantTimeCompare([]byte(hash), []byte(jwk.TokenHash(alg, companion))) != 1:
		return fail(CodeTokenHash, "IDTOK-09", claim+" is that of another")
	}
	return nil
}

// checkAuthentication judges acr and amr (OpenID Connect Core section 3.1.3.7, item 12).
func checkAuthentication(verified *Verified, expect Expect) *verifier.Error {
	if len(expect.ACRValues) > 0 && !slices.Contains(expect.ACRValues, verified.ACR) {
		return fail(CodeAuthentication, "IDTOK-10", "acr is not one of those asked for")
	}
	for _, method := range expect.AMR {
		if !slices.Contains(verified.AMR, method) {
			return fail(CodeAuthentication, "IDTOK-10", "amr lacks a method that was asked for")
		}
	}
	return nil
}
