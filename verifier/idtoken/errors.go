package idtoken

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/internal/keyring"
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

// fail makes an error that breaks rule.
func fail(code verifier.Code, rule, detail string) *verifier.Error {
	return &verifier.Error{
		Class: verifier.Rejected, Code: code, Rule: rule, Detail: detail,
		Status:      400,
		Header:      map[string][]string{"Cache-Control": {"no-store"}},
		Description: "The ID token is not accepted",
	}
}

// missing and malformed say so of a claim that is named by the rules.
func missing(rule, claim string) *verifier.Error {
	return fail(verifier.CodeClaimMissing, rule, fmt.Sprintf("claim %q is missing", claim))
}

func malformed(rule, claim, fault string) *verifier.Error {
	return fail(verifier.CodeClaimMalformed, rule, fmt.Sprintf("claim %q %s", claim, fault))
}

// misconfigured tells of what the application got wrong.
func misconfigured(cause error) *verifier.Error {
	return &verifier.Error{
		Class: verifier.Misconfigured, Code: verifier.CodeConfig, Err: cause,
		Status:      500,
		Header:      map[string][]string{"Cache-Control": {"no-store"}},
		Description: "The server is misconfigured",
	}
}

// undecidable says that the token may well be good.
func undecidable(code verifier.Code, cause error, wait time.Duration) *verifier.Error {
	return &verifier.Error{
		Class: verifier.Undecidable, Code: code, Err: cause,
		Status: 503,
		Header: map[string][]string{
			"Cache-Control": {"no-store"},
			// RFC 9110 section 10.2.3: whole seconds.
			"Retry-After": {strconv.Itoa(max(1, int(math.Ceil(wait.Seconds()))))},
		},
		Description: "The ID token can't be verified at the moment",
	}
}

// keysFailed says what a missing key means: the token is bad only if the issuer was asked.
func keysFailed(err error) *verifier.Error {
	var unavailable *keyring.UnavailableError
	switch {
	case errors.Is(err, keyring.ErrUnknownKey):
		return fail(verifier.CodeKeyUnknown, "IDTOK-12", "the issuer has no key of that kid")
	case errors.As(err, &unavailable):
		return undecidable(verifier.CodeIssuerUnavailable, err, unavailable.RetryAfter)
	}
	return undecidable(verifier.CodeCanceled, err, time.Second)
}
