package verifier

import (
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// maxActors bounds how many actors may have acted for one another.
const maxActors = 32

// An Actor is a party that acts for the subject of a token (RFC 8693 section 4.1). Equal subjects of different issuers
// are different parties, so compare both fields. The zero value means that there is no actor.
type Actor struct {
	// Issuer is the iss of the act claim, empty if it has none. RFC 8693 doesn't say which issuer that means; it is
	// usually the token's.
	Issuer string
	// Subject is the sub of the act claim.
	Subject string
}

// Actor returns who acts for the subject: the outermost act claim (RFC 8693 section 4.1), the zero Actor if the subject
// acts for itself. Its error is that of [Verified.DelegationChain].
func (v *Verified) Actor() (Actor, error) {
	chain, err := v.DelegationChain()
	if len(chain) == 0 {
		return Actor{}, err
	}
	return chain[0], err
}

// DelegationChain returns who acts for the subject and, after that, who acted before, the newest first: the act claims
// inside one another (RFC 8693 section 4.1). It is nil if the subject acts for itself. Only the first of them is to be
// considered in decisions; the others are history.
//
// An act claim that is malformed at any depth, or more than 32 deep, is an [*Error] with the code
// [CodeActorMalformed]. Verification doesn't look at act, so an API that doesn't ask is not bothered by it.
func (v *Verified) DelegationChain() ([]Actor, error) {
	var chain []Actor
	for act, found := v.claims().Lookup("act"); found; {
		if len(chain) == maxActors {
			return nil, v.actorMalformed("ACT-04", "act is over 32 deep")
		}
		claim, err := act.Object()
		if err != nil {
			return nil, v.actorMalformed("ACT-03", "act is not an object")
		}
		subject, isText := claim.Text("sub")
		if !isText || settings.Blank(subject) {
			return nil, v.actorMalformed("ACT-03", "the sub of act is not a non-blank string")
		}
		issuer, ok := actorIssuer(claim)
		if !ok {
			return nil, v.actorMalformed("ACT-05", "the iss of act is not a non-blank string")
		}
		chain = append(chain, Actor{Issuer: issuer, Subject: subject})
		act, found = claim.Lookup("act")
	}
	return chain, nil
}

// actorIssuer returns the iss of an act claim, empty if it has none, and whether it is well formed (rule ACT-05).
func actorIssuer(claim strictjson.Object) (string, bool) {
	value, found := claim.Lookup("iss")
	if !found {
		return "", true
	}
	issuer, isText := value.Text()
	return issuer, isText && !settings.Blank(issuer)
}

func (v *Verified) actorMalformed(rule, detail string) error {
	return v.refuse(actorMalformed.fail(rule, detail), Route{})
}
