package jwt

import (
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/jws"
	"github.com/holdfast-go/holdfast/verifier/internal/quote"
)

// A Form is what tokens of one kind look like, before anything in them is believed.
type Form struct {
	MaxBytes   int
	Algorithms []string
	// Types are what typ may be, in lower case and without application/, empty for a token without. None means that
	// the caller checks it.
	Types []string
	// AlgorithmRule and TypeRule are broken by another alg and another typ. AlgorithmRule is that of the JWS where it
	// is empty.
	AlgorithmRule, TypeRule string
}

// CheckSize is to be done first: all that follows takes time in proportion to the token's size.
func (f *Form) CheckSize(compact string) *Fault {
	if len(compact) > f.MaxBytes {
		return &Fault{Code: CodeTooLarge, Rule: "CRED-09", Detail: "the token is over the size bound"}
	}
	return nil
}

// Parse checks all of a token that needs neither its issuer nor its keys. The message is nil if the token is not a
// strict JWS.
func (f *Form) Parse(compact string) (*jws.Message, *Fault) {
	message, fault := Parse(compact)
	if fault != nil {
		return nil, fault
	}
	return message, f.Check(message)
}

// Parse reads a token of any algorithm and type. The caller has bounded its size.
func Parse(compact string) (*jws.Message, *Fault) {
	message, fault := jws.Parse(compact)
	switch {
	case fault == jws.ErrType:
		return nil, &Fault{Code: CodeType, Rule: fault.Rule, Detail: fault.Error()}
	case fault != nil:
		return nil, &Fault{Code: CodeMalformed, Rule: fault.Rule, Detail: fault.Error()}
	}
	return message, nil
}

// Check checks what a header says of the token: its algorithm and its type.
func (f *Form) Check(message *jws.Message) *Fault {
	switch {
	case !slices.Contains(f.Algorithms, message.Algorithm):
		return &Fault{Code: CodeAlgorithm, Rule: f.algorithmRule(message.Algorithm), Detail: f.otherAlgorithm(message.Algorithm)}
	case len(f.Types) > 0 && !slices.Contains(f.Types, message.Type):
		return f.otherType(message.Type)
	}
	return nil
}

// algorithmRule is the rule that an alg breaks which is not configured. None and HMAC never are.
func (f *Form) algorithmRule(alg string) string {
	switch {
	case f.AlgorithmRule != "":
		return f.AlgorithmRule
	case strings.EqualFold(alg, "none"):
		return "JWS-09"
	case strings.HasPrefix(alg, "HS"):
		return "JWS-10"
	}
	return "JWS-08"
}

// otherAlgorithm names the alg that came, and those that are allowed.
func (f *Form) otherAlgorithm(alg string) string {
	detail := fmt.Sprintf("alg is %s, not one of %s", quote.Text(alg), strings.Join(f.Algorithms, ", "))
	if slices.Contains(jwk.Algorithms(), alg) {
		detail += "; if the issuer is to sign with it, add it to Algorithms"
	}
	return detail
}

// otherType keeps JWTs of other kinds out (RFC 8725 section 3.11).
func (f *Form) otherType(typ string) *Fault {
	return &Fault{Code: CodeType, Rule: f.TypeRule, Detail: fmt.Sprintf("typ is %s, not one of %s", quote.Text(typ), quote.Few(f.Types))}
}
