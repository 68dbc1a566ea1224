package idtoken

import (
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
)

// The codes of class [verifier.Rejected] that only ID tokens have. Where a fault is one of access tokens too, its code
// is the one of package verifier.
const (
	CodeAuthorizedParty verifier.Code = "authorized_party_mismatch"   // it was issued to another client
	CodeNonce           verifier.Code = "nonce_mismatch"              // it is the answer to another request
	CodeAuthTime        verifier.Code = "authentication_too_old"      // the user authenticated longer ago than asked for
	CodeTokenHash       verifier.Code = "token_hash_mismatch"         // it came with another access token or code
	CodeAuthentication  verifier.Code = "authentication_not_as_asked" // acr or amr is not one of those asked for
)

// answer is an error as an application's login answers it: the same for each class.
func answer(class verifier.Class, code verifier.Code, status int, description string) *verifier.Error {
	return &verifier.Error{
		Class: class, Code: code, Status: status, Description: description,
		Header: map[string][]string{"Cache-Control": {"no-store"}},
	}
}

// fail makes an error of class Rejected that breaks rule.
func fail(code verifier.Code, rule, detail string) *verifier.Error {
	e := answer(verifier.Rejected, code, 400, "The ID token is not accepted")
	e.Rule, e.Detail = rule, detail
	return e
}

// misconfigured reports what the application got wrong.
func misconfigured(cause error) *verifier.Error {
	e := answer(verifier.Misconfigured, verifier.CodeConfig, 500, "The server is misconfigured")
	e.Err = cause
	return e
}

// refused makes a fault of the front that tokens of all kinds have in common an error. Where it has a cause there are no
// keys, and the token may well be good.
func refused(fault *jwt.Fault) *verifier.Error {
	code := verifier.Code(fault.Code)
	if fault.Err == nil {
		return fail(code, fault.Rule, fault.Detail)
	}
	e := answer(verifier.Undecidable, code, 503, "The ID token can't be verified at the moment")
	e.Err, e.Header["Retry-After"] = fault.Err, []string{jwt.RetryAfter(fault.Err)}
	return e
}
