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
	// tokens that come through the browser.
	AccessToken, Code string
	// ACRValues are the authentication contexts of which acr must be one.
	ACRValues []string
	// AMR are the methods of authentication (RFC 8176), all of which amr must name, for example mfa.
	AMR []string
}

// check compares a token that is valid in itself with what the login asked for. Alg is that of its signature.
func (e Expect) check(r *jwt.Reader, verified *Verified, times jwt.Times, alg string) {
	e.checkNonce(r, verified)
	e.checkAge(r, verified, times)
	if !jwt.OfOrganization(e.Organization, verified.OrganizationID, verified.OrganizationName) {
		r.Refuse(verifier.CodeOrganization, "IDTOK-08", "the token is not for the organization of the request")
	}
	checkHash(r, "at_hash", alg, e.AccessToken)
	checkHash(r, "c_hash", alg, e.Code)
	e.checkAuthentication(r, verified)
}

// checkNonce ties the token to the request (OpenID Connect Core section 3.1.3.7, item 11).
func (e Expect) checkNonce(r *jwt.Reader, verified *Verified) {
	switch {
	case e.Nonce == "":
	case verified.Nonce == "":
		r.Missing("nonce", "IDTOK-06")
	case subtle.ConstantTimeCompare([]byte(verified.Nonce), []byte(e.Nonce)) != 1:
		r.Refuse(CodeNonce, "IDTOK-06", "nonce is not that of the request")
	}
}

// checkAge checks auth_time (OpenID Connect Core section 3.1.3.7, item 13).
func (e Expect) checkAge(r *jwt.Reader, verified *Verified, times jwt.Times) {
	switch {
	case e.MaxAge == nil:
	case verified.AuthTime.IsZero():
		r.Missing("auth_time", "IDTOK-07")
	case times.Longer(verified.AuthTime, *e.MaxAge):
		r.Refuse(CodeAuthTime, "IDTOK-07", "auth_time is over the maximum age ago")
	}
}

// checkHash compares at_hash or c_hash with what came with the token (OpenID Connect Core sections 3.1.3.8 and
// 3.3.2.10).
func checkHash(r *jwt.Reader, claim, alg, companion string) {
	if companion == "" {
		return
	}
	hash := r.NeedText(claim, "IDTOK-09")
	if subtle.ConstantTimeCompare([]byte(hash), []byte(jwk.TokenHash(alg, companion))) != 1 {
		r.Refuse(CodeTokenHash, "IDTOK-09", claim+" is that of another")
	}
}

// checkAuthentication checks acr and amr (OpenID Connect Core section 3.1.3.7, item 12).
func (e Expect) checkAuthentication(r *jwt.Reader, verified *Verified) {
	if len(e.ACRValues) > 0 && !slices.Contains(e.ACRValues, verified.ACR) {
		r.Refuse(CodeAuthentication, "IDTOK-10", "acr is not one of those asked for")
	}
	for _, method := range e.AMR {
		if !slices.Contains(verified.AMR, method) {
			r.Refuse(CodeAuthentication, "IDTOK-10", "amr lacks a method that was asked for")
		}
	}
}
