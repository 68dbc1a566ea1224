package verifier

import "github.com/holdfast-go/holdfast/verifier/internal/jwt"

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
	CodeClient             Code = "client_mismatch"            // it was issued to another client
	CodeClaimValue         Code = "claim_mismatch"             // a claim has another value than is required
	CodeOrganization       Code = "organization_mismatch"      // it is for another organization
	CodeConfirmation       Code = "confirmation_not_satisfied" // it is bound to a key (cnf) that was not proved
	CodeProof              Code = "dpop_proof_invalid"         // the DPoP proof is missing or bad
	CodeProofReplayed      Code = "dpop_proof_replayed"        // the DPoP proof was used before
	CodeNonce              Code = "dpop_nonce_needed"          // the DPoP proof needs a nonce of the server's
	CodeClaimsUndecodable  Code = "claims_undecodable"         // its claims do not fit the caller's type
	CodeActorMalformed     Code = "actor_malformed"            // its act claim can't be read
	CodeScope              Code = "scope_insufficient"         // it lacks a scope that is needed
	CodeClaims             Code = "claims_insufficient"        // it lacks a claim, or a value of one, that the route needs
	CodeDetails            Code = "details_insufficient"       // its authorization_details do not permit what is needed
	CodeStepUp             Code = "step_up_needed"             // its user authenticated too long ago, or too weakly
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
// configuration, and holds nothing of the token (rule CHAL-03).
//
// The operator's part is fit for a log. Of the token it names only what says who made it for what, and when: alg, typ, kid, iss
// and aud where they are not those expected, quoted in ASCII and bounded (256 bytes of each text, five of several), and the
// times exp, nbf and iat. What says whom it is about or what it permits is not in it: no other claim's value, be it sub,
// jti, the client, a scope or a claim of the application's, and neither the token nor its signature.
//
// errors.Is finds its class, its code and its cause.
type Error struct {
	Class Class
	Code  Code
	// Rule is the ID of the rule that was broken, as docs/rules.md lists it; empty where there is none.
	Rule string
	// Detail says what is wrong, what was expected and the likely cure, for the operator. Its wording may change.
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

// An answer is an error without what differs from one request to another: the same for each code, so that a client is
// told no more than the code.
type answer Error

// The error codes of RFC 6750 section 3.1, and those of RFC 6749 section 4.1.2.1 for what is not the client's fault.
const (
	invalidRequest         = "invalid_request"
	invalidToken           = "invalid_token"
	insufficientScope      = "insufficient_scope"
	temporarilyUnavailable = "temporarily_unavailable"
	serverError            = "server_error"

	// RFC 9470 section 3.
	insufficientUserAuthentication = "insufficient_user_authentication"

	// RFC 9449 section 12.2.
	invalidDPoPProof = "invalid_dpop_proof"
	useDPoPNonce     = "use_dpop_nonce"
)

// What clients are told of a server that can't decide.
const (
	unavailable   = "The token can't be verified at the moment"
	misconfigured = "The server is misconfigured"
)

// The table of answers. An [Error] is made only of one of its rows, so that no error can have a code without an answer.
// Rows without a name are found by the code of a fault: see refused.
var (
	credentialsMissing       = row(Rejected, CodeCredentialsMissing, 401, "", "An access token is needed")
	schemeNotOffered         = row(Rejected, CodeSchemeNotOffered, 401, "", "An access token is needed")
	requestMalformed         = row(Rejected, CodeRequestMalformed, 400, invalidRequest, "The request is malformed")
	requestMisdirected       = row(Rejected, CodeMisdirected, 421, invalidRequest, "The request is for another host")
	tokenTooLarge            = row(Rejected, CodeTokenTooLarge, 401, invalidToken, "The access token is too large")
	_                        = row(Rejected, CodeTokenMalformed, 401, invalidToken, "The access token is malformed")
	_                        = row(Rejected, CodeAlgorithm, 401, invalidToken, "The access token's signature algorithm is not accepted")
	tokenTypeNotAccepted     = row(Rejected, CodeTokenType, 401, invalidToken, "The token is not an access token")
	issuerNotAllowed         = row(Rejected, CodeIssuer, 401, invalidToken, "The access token's issuer is not accepted")
	_                        = row(Rejected, CodeKeyIDMissing, 401, invalidToken, "The access token does not name its key")
	_                        = row(Rejected, CodeKeyUnknown, 401, invalidToken, "The access token's key is unknown")
	_                        = row(Rejected, CodeSignature, 401, invalidToken, "The access token's signature is invalid")
	_                        = row(Rejected, CodeClaimMissing, 401, invalidToken, "The access token lacks a required claim")
	_                        = row(Rejected, CodeClaimMalformed, 401, invalidToken, "The access token has a malformed claim")
	audienceMismatch         = row(Rejected, CodeAudience, 401, invalidToken, "The access token is for another audience")
	tokenExpired             = row(Rejected, CodeExpired, 401, invalidToken, "The access token expired")
	tokenNotYetValid         = row(Rejected, CodeNotYetValid, 401, invalidToken, "The access token is not valid yet")
	tokenIssuedInFuture      = row(Rejected, CodeIssuedInFuture, 401, invalidToken, "The access token was issued in the future")
	tokenTooOld              = row(Rejected, CodeTooOld, 401, invalidToken, "The access token is too old")
	clientMismatch           = row(Rejected, CodeClient, 401, invalidToken, "The access token was issued to another client")
	claimMismatch            = row(Rejected, CodeClaimValue, 401, invalidToken, "A claim of the access token has another value than is required")
	organizationMismatch     = row(Rejected, CodeOrganization, 401, invalidToken, "The access token is for another organization")
	confirmationNotSatisfied = row(Rejected, CodeConfirmation, 401, invalidToken, "The access token is bound to a key that was not proved")
	_                        = row(Rejected, CodeClaimsUndecodable, 401, invalidToken, "The access token has a malformed claim")
	actorMalformed           = row(Rejected, CodeActorMalformed, 401, invalidToken, "The access token has a malformed claim")
	proofInvalid             = row(Rejected, CodeProof, 401, invalidDPoPProof, "The DPoP proof is invalid")
	proofReplayed            = row(Rejected, CodeProofReplayed, 401, invalidDPoPProof, "The DPoP proof was used before")
	nonceNeeded              = row(Rejected, CodeNonce, 401, useDPoPNonce, "The DPoP proof needs the nonce of this answer")
	scopeInsufficient        = row(Rejected, CodeScope, 403, insufficientScope, "The access token lacks a needed scope")
	claimsInsufficient       = row(Rejected, CodeClaims, 403, insufficientScope, "The access token lacks a needed claim")
	detailsInsufficient      = row(Rejected, CodeDetails, 403, insufficientScope, "The access token lacks needed authorization details")
	stepUpNeeded             = row(Rejected, CodeStepUp, 401, insufficientUserAuthentication, "Another authentication of the user is needed")
	_                        = row(Undecidable, CodeIssuerUnavailable, 503, temporarilyUnavailable, unavailable)
	resolverUnavailable      = row(Undecidable, CodeResolverUnavailable, 503, temporarilyUnavailable, unavailable)
	replayStoreUnavailable   = row(Undecidable, CodeReplayStore, 503, temporarilyUnavailable, unavailable)
	proofShareUsedUp         = row(Undecidable, CodeProofShare, 503, temporarilyUnavailable, unavailable)
	canceled                 = row(Undecidable, CodeCanceled, 503, temporarilyUnavailable, unavailable)
	configInvalid            = row(Misconfigured, CodeConfig, 500, serverError, misconfigured)
	resolverFailed           = row(Misconfigured, CodeResolver, 500, serverError, misconfigured)
	requestIncomplete        = row(Misconfigured, CodeRequestIncomplete, 500, serverError, misconfigured)
)

// answers are those of the table, by their codes.
var answers = make(map[Code]answer)

func row(class Class, code Code, status int, oauthError, description string) answer {
	a := answer{Class: class, Code: code, Status: status, OAuthError: oauthError, Description: description}
	answers[code] = a
	return a
}

// fail makes an error that breaks rule. Its header fields depend on the request: see [responder].
func (a answer) fail(rule, detail string) *Error {
	a.Rule, a.Detail = rule, detail
	return (*Error)(&a)
}

// because makes an error that breaks no rule but has a cause.
func (a answer) because(cause error) *Error { return a.fail("", "").because(cause) }

// because adds the cause.
func (e *Error) because(cause error) *Error {
	e.Err = cause
	return e
}

// refused makes a fault of the front that tokens of all kinds have in common an error. A test finds each of its codes in
// the table.
func refused(fault *jwt.Fault) *Error {
	a, found := answers[Code(fault.Code)]
	if !found {
		a = configInvalid
	}
	return a.fail(fault.Rule, fault.Detail).because(fault.Err)
}
