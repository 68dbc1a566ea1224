package verifier

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// A Class says what an [*Error] means for the request, whatever went wrong. It is an error itself, so that
// errors.Is(err, verifier.Undecidable) tells.
type Class string

const (
	// Rejected: the request is bad and the same request will be rejected again (400, 401, 403, 421).
	Rejected Class = "rejected"
	// Undecidable: the issuer, or something else that the answer depends on, is out of reach. The token may well be
	// good: a client should try again later, and must not be logged out (503).
	Undecidable Class = "undecidable"
	// Misconfigured: the application is set up wrongly (500, or an error of [New]).
	Misconfigured Class = "misconfigured"
)

// Error returns the class.
func (c Class) Error() string { return string(c) }

// A Code says what went wrong, in a word that stays the same over releases. It is an error itself, so that
// errors.Is(err, verifier.CodeExpired) tells.
type Code string

// The codes of class [Rejected].
const (
	CodeCredentialsMissing Code = "credentials_missing"        // the request has no Authorization header field
	CodeSchemeNotOffered   Code = "scheme_not_offered"         // it uses a scheme that is not offered
	CodeRequestMalformed   Code = "request_malformed"          // its credentials can't be read, or are sent twice
	CodeMisdirected        Code = "request_misdirected"        // it is for a host that the API does not serve
	CodeTokenTooLarge      Code = "token_too_large"            // the token is over the size bound
	CodeTokenMalformed     Code = "token_malformed"            // the token is no strict compact JWS of a JSON object
	CodeAlgorithm          Code = "algorithm_not_allowed"      // its alg is not configured, or does not fit the key
	CodeTokenType          Code = "token_type_not_accepted"    // it is a JWT of another kind
	CodeIssuer             Code = "issuer_not_allowed"         // its issuer is not one of those allowed
	CodeKeyIDMissing       Code = "key_id_missing"             // it does not name its key
	CodeKeyUnknown         Code = "key_unknown"                // its issuer has no such key
	CodeSignature          Code = "signature_invalid"          // its key did not sign it
	CodeClaimMissing       Code = "claim_missing"              // a claim that is required is absent
	CodeClaimMalformed     Code = "claim_malformed"            // a claim is of the wrong type or out of range
	CodeAudience           Code = "audience_mismatch"          // it is for somebody else
	CodeExpired            Code = "token_expired"              // exp is past
	CodeNotYetValid        Code = "token_not_yet_valid"        // nbf is still to come
	CodeIssuedInFuture     Code = "token_issued_in_future"     // iat is further ahead than clocks differ
	CodeTooOld             Code = "token_too_old"              // iat is longer ago than the configured maximum
	CodeOrganization       Code = "organization_mismatch"      // it is for another organization
	CodeConfirmation       Code = "confirmation_not_satisfied" // it is bound to a key (cnf) that was not proved
	CodeProof              Code = "dpop_proof_invalid"         // the DPoP proof is missing or bad
	CodeProofReplayed      Code = "dpop_proof_replayed"        // the DPoP proof was used before
	CodeNonce              Code = "dpop_nonce_needed"          // the DPoP proof needs a nonce of the server's
	CodeClaimsUndecodable  Code = "claims_undecodable"         // its claims do not fit the caller's type
	CodeActorMalformed     Code = "actor_malformed"            // its act claim can't be read
	CodeScope              Code = "scope_insufficient"         // it lacks a scope that is needed
)

// The codes of class [Undecidable].
const (
	CodeIssuerUnavailable   Code = "issuer_unavailable"       // the issuer's keys can't be had now
	CodeResolverUnavailable Code = "resolver_unavailable"     // the domain resolver said that it can't tell now
	CodeReplayStore         Code = "replay_store_unavailable" // it can't be told whether the DPoP proof was used before
	CodeProofShare          Code = "dpop_proof_share_used_up" // the DPoP proof's key has used up its share of the replay store
	CodeCanceled            Code = "canceled"                 // the caller's context ended before there was an answer
)

// The codes of class [Misconfigured].
const (
	CodeConfig            Code = "config_invalid"     // New was given a configuration that can't work
	CodeResolver          Code = "resolver_failed"    // the domain resolver failed, or returned nothing of use
	CodeRequestIncomplete Code = "request_incomplete" // the caller left out what a DPoP proof is compared with
)

// Error returns the code.
func (c Code) Error() string { return string(c) }

// An Error says why a request may not pass, to the program (Class, Code), to the operator (Error, Rule, the wrapped
// cause) and to the client (Status, Header, OAuthError, Description). The client's part is made of fixed texts and of
// configuration; neither part holds anything of the token.
//
// errors.Is finds its class, its code and its cause.
type Error struct {
	Class Class
	Code  Code
	// Rule is the ID of the rule that was broken, as docs/rules.md lists it; empty where there is none.
	Rule string
	// Detail says what is wrong, for the operator.
	Detail string
	// Err is the cause, if there is one.
	Err error

	// Status is the HTTP status of the answer.
	Status int
	// Header holds the header fields of the answer: WWW-Authenticate, one value a challenge, for Rejected, with
	// DPoP-Nonce where one is wanted; Retry-After for Undecidable; Cache-Control always.
	Header map[string][]string
	// OAuthError is the error code of the answer by RFC 6750 section 3.1, empty where no credentials were sent.
	OAuthError string
	// Description is the fixed text that goes with the code.
	Description string
}

// Error returns the code, the rule, the detail and the cause.
func (e *Error) Error() string {
	text := "holdfast: " + string(e.Code)
	if e.Rule != "" {
		text += " (" + e.Rule + ")"
	}
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the class, the code and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Class, e.Code}
	}
	return []error{e.Class, e.Code, e.Err}
}

// A FieldError says which field of a [Config] can't work, and why.
type FieldError struct {
	// Field is the path of the field, as in Domains[1].Issuer.
	Field string
	Err   error
}

// Error returns the field and the reason.
func (e *FieldError) Error() string { return e.Field + " " + e.Err.Error() }

// Unwrap returns the reason.
func (e *FieldError) Unwrap() error { return e.Err }

// An answer is what a client is told of an error: the same for each code, so that it tells no more than the code does.
type answer struct {
	class       Class
	status      int
	oauthError  string
	description string
}

// The error codes of RFC 6750 section 3.1, and those of RFC 6749 section 4.1.2.1 for what is not the client's fault.
const (
	invalidRequest         = "invalid_request"
	invalidToken           = "invalid_token"
	insufficientScope      = "insufficient_scope"
	temporarilyUnavailable = "temporarily_unavailable"
	serverError            = "server_error"

	// RFC 9449 section 12.2.
	invalidDPoPProof = "invalid_dpop_proof"
	useDPoPNonce     = "use_dpop_nonce"
)

func badToken(description string) answer {
	return answer{Rejected, 401, invalidToken, description}
}

var (
	unavailable = answer{Undecidable, 503, temporarilyUnavailable, "The token can't be verified at the moment"}
	misdeployed = answer{Misconfigured, 500, serverError, "The server is misconfigured"}
)

var answers = map[Code]answer{
	CodeCredentialsMissing: {Rejected, 401, "", "An access token is needed"},
	CodeSchemeNotOffered:   {Rejected, 401, "", "An access token is needed"},
	CodeRequestMalformed:   {Rejected, 400, invalidRequest, "The request is malformed"},
	CodeMisdirected:        {Rejected, 421, invalidRequest, "The request is for another host"},
	CodeTokenTooLarge:      badToken("The access token is too large"),
	CodeTokenMalformed:     badToken("The access token is malformed"),
	CodeAlgorithm:          badToken("The access token's signature algorithm is not accepted"),
	CodeTokenType:          badToken("The token is not an access token"),
	CodeIssuer:             badToken("The access token's issuer is not accepted"),
	CodeKeyIDMissing:       badToken("The access token does not name its key"),
	CodeKeyUnknown:         badToken("The access token's key is unknown"),
	CodeSignature:          badToken("The access token's signature is invalid"),
	CodeClaimMissing:       badToken("The access token lacks a required claim"),
	CodeClaimMalformed:     badToken("The access token has a malformed claim"),
	CodeAudience:           badToken("The access token is for another audience"),
	CodeExpired:            badToken("The access token expired"),
	CodeNotYetValid:        badToken("The access token is not valid yet"),
	CodeIssuedInFuture:     badToken("The access token was issued in the future"),
	CodeTooOld:             badToken("The access token is too old"),
	CodeOrganization:       badToken("The access token is for another organization"),
	CodeConfirmation:       badToken("The access token is bound to a key that was not proved"),
	CodeClaimsUndecodable:  badToken("The access token has a malformed claim"),
	CodeActorMalformed:     badToken("The access token has a malformed claim"),
	CodeProof:              {Rejected, 401, invalidDPoPProof, "The DPoP proof is invalid"},
	CodeProofReplayed:      {Rejected, 401, invalidDPoPProof, "The DPoP proof was used before"},
	CodeNonce:              {Rejected, 401, useDPoPNonce, "The DPoP proof needs the nonce of this answer"},
	CodeScope:              {Rejected, 403, insufficientScope, "The access token lacks a needed scope"},

	CodeIssuerUnavailable:   unavailable,
	CodeResolverUnavailable: unavailable,
	CodeReplayStore:         unavailable,
	CodeProofShare:          unavailable,
	CodeCanceled:            unavailable,

	CodeConfig:            misdeployed,
	CodeResolver:          misdeployed,
	CodeRequestIncomplete: misdeployed,
}

// fail makes an error that breaks rule. Its header fields depend on the request and are added by answer. A code
// without an answer is a defect of this package, which a test finds; here it ends the request with status 500.
func fail(code Code, rule, detail string) *Error {
	a, found := answers[code]
	if !found {
		a = misdeployed
	}
	return &Error{
		Class: a.class, Code: code, Rule: rule, Detail: detail,
		Status: a.status, OAuthError: a.oauthError, Description: a.description,
	}
}

// because adds the cause.
func (e *Error) because(cause error) *Error {
	e.Err = cause
	return e
}

// retryAfter is the value of a Retry-After field (RFC 9110 section 10.2.3): whole seconds, at least one.
func retryAfter(wait time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(wait.Seconds()))))
}

// missing and malformed say so of a claim that is named by the rules or by the configuration.
func missing(rule, claim string) *Error {
	return fail(CodeClaimMissing, rule, fmt.Sprintf("claim %q is missing", claim))
}

func malformed(rule, claim, fault string) *Error {
	return fail(CodeClaimMalformed, rule, fmt.Sprintf("claim %q %s", claim, fault))
}
