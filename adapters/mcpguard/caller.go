package mcpguard

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/holdfast-go/holdfast/verifier"
)

// A party is whom a session belongs to. Two tokens of one party differ in nothing that says who is calling.
type party struct {
	issuer, subject, client string
	actor                   verifier.Actor
}

// String returns it in a form that no other party has.
func (p party) String() string {
	text, err := json.Marshal([]string{p.issuer, p.subject, p.client, p.actor.Issuer, p.actor.Subject})
	if err != nil {
		return "" // strings can always be written
	}
	return string(text)
}

// A caller is who sends a request: a party, by a token.
type caller struct {
	party
	token *verifier.Verified
}

// newCaller returns who sent the token. One that names no one can't own a session.
func newCaller(token *verifier.Verified) (caller, error) {
	actor, err := token.Actor()
	if err != nil {
		return caller{}, err
	}
	if token.Subject == "" && token.ClientID == "" {
		return caller{}, forbidden(CodeNoParty, "the token has neither sub nor client_id, so its sessions can't be told from others'")
	}
	return caller{party{token.Issuer, token.Subject, token.ClientID, actor}, token}, nil
}

// Codes of this package, besides those of package verifier. Their answer is 403 without a challenge: another token of the
// same party will not help.
const (
	CodeActor   verifier.Code = "actor_not_allowed" // who acts for the subject is not in Actors
	CodeTool    verifier.Code = "tool_not_listed"   // the tool is not in Tools
	CodeNoParty verifier.Code = "party_missing"     // the token says neither whose it is nor which client's
	// CodeSessions: no session can begin, since too many are open; 503 with Retry-After.
	CodeSessions verifier.Code = "sessions_used_up"
)

// forbidden returns the error of a call that no token of the same party makes good.
func forbidden(code verifier.Code, detail string) *verifier.Error {
	return &verifier.Error{
		Class: verifier.Rejected, Code: code, Detail: detail,
		Status: 403, OAuthError: "access_denied", Description: "The caller is not allowed to do this",
		Header: map[string][]string{"Cache-Control": {"no-store"}},
	}
}

// mayAct reports whether the caller may act for its subject at all.
func (g *Guard) mayAct(c caller) error {
	if c.actor == (verifier.Actor{}) || slices.Contains(g.actors, c.actor) {
		return nil
	}
	return forbidden(CodeActor, fmt.Sprintf("%.256q of the issuer %.256q acts for the subject, and is not in Config.Actors", c.actor.Subject, c.actor.Issuer))
}

// mayCall reports whether the caller may call the tool. Tests of it run twice for each call: on what this package reads in
// the request's body, for an answer that HTTP clients understand, and on what the SDK reads there, which is what runs.
func (g *Guard) mayCall(c caller, name string) error {
	if g.tools == nil {
		return nil
	}
	tool, listed := g.tools[name]
	if !listed {
		return forbidden(CodeTool, fmt.Sprintf("the tool %.128q is not in Config.Tools", name))
	}
	if c.actor != (verifier.Actor{}) && len(tool.Actors) > 0 && !slices.Contains(tool.Actors, c.actor) {
		return forbidden(CodeActor, fmt.Sprintf("%.256q of the issuer %.256q acts for the subject, and is not in the tool's Actors", c.actor.Subject, c.actor.Issuer))
	}
	return c.token.Require(tool.route(g.scopes))
}
