package dpop

// An Error says which rule a proof breaks. Its texts hold nothing of the proof, except the two URLs of a proof for
// another one, which an operator behind proxies needs: log it, and don't send it to a client.
type Error struct {
	// Rule is the ID of the rule, as docs/rules.md lists it.
	Rule string
	// Detail says what is wrong, for the operator.
	Detail string
	// Nonce is whether a nonce is wanted that the proof does not have (RFC 9449 section 9).
	Nonce bool
	// Binding is whether the access token is bound to another key than the proof's. That is the token's fault as well:
	// RFC 9449 section 7.1 answers it with invalid_token.
	Binding bool
}

// Error returns the rule and the detail.
func (e *Error) Error() string { return "dpop: " + e.Rule + ": " + e.Detail }

func broken(rule, detail string) *Error { return &Error{Rule: rule, Detail: detail} }
