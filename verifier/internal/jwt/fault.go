package jwt

import "fmt"

// The codes of faults, which package verifier documents under the same words.
const (
	CodeTooLarge       = "token_too_large"
	CodeMalformed      = "token_malformed"
	CodeAlgorithm      = "algorithm_not_allowed"
	CodeType           = "token_type_not_accepted"
	CodeKeyIDMissing   = "key_id_missing"
	CodeKeyUnknown     = "key_unknown"
	CodeSignature      = "signature_invalid"
	CodeClaimMissing   = "claim_missing"
	CodeClaimMalformed = "claim_malformed"
	CodeUndecodable    = "claims_undecodable"

	// Without keys nothing can be said of a token.
	CodeIssuerUnavailable = "issuer_unavailable"
	CodeCanceled          = "canceled"
)

// A Fault says why a token is not accepted. Of the token its texts hold only alg, typ, kid, iss, aud and times, quoted and
// bounded: see verifier.Error.
type Fault struct {
	// Code is one of those above.
	Code string
	// Rule is the ID of the rule that is broken, as docs/rules.md lists it; empty where there is none.
	Rule   string
	Detail string
	// Err is the cause, if there is one.
	Err error
}

// Missing reports a claim that is not there.
func Missing(claim, rule string) *Fault {
	return &Fault{Code: CodeClaimMissing, Rule: rule, Detail: fmt.Sprintf("claim %q is missing", claim)}
}

// Malformed reports a claim that can't be read. The text follows the claim's name.
func Malformed(claim, rule, text string) *Fault {
	return &Fault{Code: CodeClaimMalformed, Rule: rule, Detail: fmt.Sprintf("claim %q %s", claim, text)}
}
