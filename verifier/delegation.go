package verifier

import (
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
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
	err := v.eachActor(func(actor Actor, _ strictjson.Object) error {
		chain = append(chain, actor)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return chain, nil
}

// DecodeActors returns the act claims of v as values of type T, by the rules of [Verified.Decode], in the order of
// [Verified.DelegationChain] and with its errors: for claims of actors besides iss and sub, such as client_id. Only those that
// say who the actor is mean anything there; exp, nbf and aud do not (RFC 8693 section 4.1).
func DecodeActors[T any](v *Verified) ([]T, error) {
	var chain []T
	err := v.eachActor(func(_ Actor, claim strictjson.Object) error {
		var decoded T
		if fault := jwt.Decode(claim, &decoded); fault != nil {
			return v.refuse(refused(fault), Route{})
		}
		chain = append(chain, decoded)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return chain, nil
}

// eachActor calls take with each actor and its act claim, the newest first, until one of them is malformed or take fails.
func (v *Verified) eachActor(take func(Actor, strictjson.Object) error) error {
	act, found := v.claims().Lookup("act")
	for depth := 0; found; depth++ {
		if depth == maxActors {
			return v.actorMalformed("ACT-04", "act is over 32 deep")
		}
		claim, err := act.Object()
		if err != nil {
			return v.actorMalformed("ACT-03", "act is not an object")
		}
		subject, isText := claim.Text("sub")
		if !isText || settings.Blank(subject) {
			return v.actorMalformed("ACT-03", "the sub of act is not a non-blank string")
		}
		issuer, ok := actorIssuer(claim)
		if !ok {
			return v.actorMalformed("ACT-05", "the iss of act is not a non-blank string")
		}
		if err := take(Actor{Issuer: issuer, Subject: subject}, claim); err != nil {
			return err
		}
		act, found = claim.Lookup("act")
	}
	return nil
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
