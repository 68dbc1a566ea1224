package verifier

import "strings"

// maxActors bounds how many actors may have acted for one another.
const maxActors = 32

// Actor returns who acts for the subject: the sub of the outermost act claim (RFC 8693 section 4.1), empty if the
// subject acts for itself. Its error is that of [Verified.DelegationChain].
func (v *Verified) Actor() (string, error) {
	chain, err := v.DelegationChain()
	if len(chain) == 0 {
		return "", err
	}
	return chain[0], err
}

// DelegationChain returns who acts for the subject and, after that, who acted before, the newest first: the sub of
// each act claim inside the other (RFC 8693 section 4.1). It is nil if the subject acts for itself. Only the first
// of them is to be considered in decisions; the others are history.
//
// An act claim that is malformed at any depth, or more than 32 deep, is an [*Error] with the code
// [CodeActorMalformed]. Verification alone does not look at act, so an API that does not ask is not bothered by it.
func (v *Verified) DelegationChain() ([]string, error) {
	var chain []string
	for act, found := v.claims().Lookup("act"); found; {
		if len(chain) == maxActors {
			return nil, v.actorMalformed("ACT-04", "act is over 32 deep")
		}
		actor, err := act.Object()
		if err != nil {
			return nil, v.actorMalformed("ACT-03", "act is not an object")
		}
		name, isText := actor.Text("sub")
		if !isText || strings.TrimSpace(name) == "" {
			return nil, v.actorMalformed("ACT-03", "the sub of act is not a non-blank string")
		}
		chain = append(chain, name)
		act, found = actor.Lookup("act")
	}
	return chain, nil
}

func (v *Verified) actorMalformed(rule, detail string) error {
	return v.refuse(fail(CodeActorMalformed, rule, detail), nil)
}
