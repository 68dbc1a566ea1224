package exchange

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/internal/keyring"
)

// The codes of this package's own.
const (
	CodeConfig   = verifier.CodeConfig   // New was given a configuration that can't work
	CodeCanceled = verifier.CodeCanceled // the caller's context was cancelled before there was an answer

	CodeArgument        verifier.Code = "invalid_argument"       // a request that is not sent, since it can't be right
	CodeNoTokenEndpoint verifier.Code = "token_endpoint_missing" // the issuer's metadata name no token endpoint
	CodeSigning         verifier.Code = "signing_failed"         // a key of the client did not sign
	CodeTimeout         verifier.Code = "timeout_error"          // there was no answer in time
	CodeNetwork         verifier.Code = "network_error"          // there was no whole answer for another reason
	CodeInvalidJSON     verifier.Code = "invalid_json"           // the answer is not a JSON object
	CodeInvalidResponse verifier.Code = "invalid_response"       // the answer is JSON, but not a token response
	CodeUnexpected      verifier.Code = "unexpected_status"      // a redirect, or another status that a token endpoint has no use for
	CodeTokenEndpoint   verifier.Code = "token_endpoint_error"   // an error without a code that can be read
	CodeSubject         verifier.Code = "subject_mismatch"       // UserInfo is about somebody else

	CodeNoRevocationEndpoint verifier.Code = "revocation_endpoint_missing" // as CodeNoTokenEndpoint, for Revoke
	CodeRevocationEndpoint   verifier.Code = "revocation_endpoint_error"   // as CodeTokenEndpoint, for Revoke
	CodeNoUserInfoEndpoint   verifier.Code = "userinfo_endpoint_missing"   // as CodeNoTokenEndpoint, for UserInfo
	CodeUserInfoEndpoint     verifier.Code = "userinfo_endpoint_error"     // as CodeTokenEndpoint, for UserInfo
)

// The codes that issuers use, by RFC 6749 section 5.2, RFC 6750 section 3.1, RFC 7009 section 2.2.1, RFC 8693 section
// 2.2.2 and RFC 9449 section 5. They use others too.
const (
	CodeInvalidRequest       verifier.Code = "invalid_request"
	CodeInvalidClient        verifier.Code = "invalid_client"
	CodeInvalidGrant         verifier.Code = "invalid_grant"
	CodeUnauthorizedClient   verifier.Code = "unauthorized_client"
	CodeUnsupportedGrantType verifier.Code = "unsupported_grant_type"
	CodeInvalidScope         verifier.Code = "invalid_scope"
	CodeInvalidTarget        verifier.Code = "invalid_target"
	CodeInvalidToken         verifier.Code = "invalid_token"
	CodeInsufficientScope    verifier.Code = "insufficient_scope"
	CodeUnsupportedTokenType verifier.Code = "unsupported_token_type"
	CodeInvalidDPoPProof     verifier.Code = "invalid_dpop_proof"
	CodeUseDPoPNonce         verifier.Code = "use_dpop_nonce"
)

// An Error says why there is no token. It holds no token and no credentials.
//
// errors.Is finds its class, its code and its cause: for example [context.DeadlineExceeded].
type Error struct {
	Class verifier.Class
	// Code is the issuer's error code (RFC 6749 section 5.2), or one of this package's.
	Code verifier.Code
	// Rule is the ID of the rule that was broken, as docs/rules.md lists it; empty where there is none.
	Rule string
	// Description is the issuer's text, printable and of at most 256 characters, or says what is wrong in words of
	// this package. It is for the operator.
	Description string
	// Status is the HTTP status of the issuer's error; 504 where the issuer did not answer in time and 502 where its
	// answer can't be used, such as a gateway's page; 400 for a request that was not sent.
	Status int
	// RetryAfter is how long to wait before asking again, zero if nothing is known of that. It is what the issuer's
	// Retry-After says (RFC 9110 section 10.2.3) or, with status 429, when its rate limit is reset, but at most 5
	// minutes. In an error of [Source.Token] it is how long the source does not ask, which may be a tenth more.
	RetryAfter time.Duration
	// Err is the cause, if there is one.
	Err error
}

// Error returns the code, the rule, the description and the cause.
func (e *Error) Error() string { return e.common().Error() }

// Unwrap returns the class, the code and the cause.
func (e *Error) Unwrap() []error { return e.common().Unwrap() }

// common is what an error has in common with those of package verifier.
func (e *Error) common() *verifier.Error {
	return &verifier.Error{Class: e.Class, Code: e.Code, Rule: e.Rule, Detail: e.Description, Err: e.Err}
}

// misconfigured tells all that is wrong with a configuration.
func misconfigured(faults error) *Error {
	return &Error{Class: verifier.Misconfigured, Code: CodeConfig, Status: 500, Err: faults}
}

// badArgument says which field of a request can't be right.
func badArgument(rule, field string, fault error) *Error {
	return &Error{
		Class: verifier.Rejected, Code: CodeArgument, Rule: rule, Status: 400,
		Err: &verifier.FieldError{Field: field, Err: fault},
	}
}

// unusable is an answer that can't be used, of whatever status.
func unusable(code verifier.Code, rule, fault string) *Error {
	return &Error{Class: verifier.Undecidable, Code: code, Rule: rule, Description: fault, Status: 502}
}

// unanswered says why there was no whole answer within ctx.
func unanswered(ctx context.Context, cause error) *Error {
	e := &Error{Class: verifier.Undecidable, Code: CodeNetwork, Rule: "XCHG-11", Status: 502, Err: cause}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		e.Code, e.Rule, e.Status = CodeCanceled, "", 503
	case errors.Is(ctx.Err(), context.DeadlineExceeded), isTimeout(cause):
		e.Code, e.Status = CodeTimeout, 504
	}
	// The cause may be of an adapter that does not care what it wraps.
	if ended := ctx.Err(); ended != nil && !errors.Is(cause, ended) {
		e.Err = errors.Join(ended, cause)
	}
	return e
}

// isTimeout reports whether time was up for the endpoint or its connection, by the convention of package net.
func isTimeout(cause error) bool {
	told, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](cause)
	return ok && told.Timeout() || errors.Is(cause, context.DeadlineExceeded)
}

// unlocated passes on why the issuer's metadata can't be had.
func unlocated(ctx context.Context, cause error) *Error {
	failed, ok := errors.AsType[*verifier.Error](cause)
	if !ok || ctx.Err() != nil {
		return unanswered(ctx, cause)
	}
	e := &Error{
		Class: failed.Class, Code: failed.Code, Rule: failed.Rule, Description: failed.Detail, Status: failed.Status,
		Err: failed.Err,
	}
	if unavailable, ok := errors.AsType[*keyring.UnavailableError](failed.Err); ok {
		e.RetryAfter = min(unavailable.RetryAfter, maxRetryAfter)
	}
	return e
}
