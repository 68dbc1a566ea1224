package verifier_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// actors returns an act claim of that many actors inside one another.
func actors(depth int) claims {
	act := claims{"sub": "first"}
	for range depth - 1 {
		act = claims{"sub": "later", "act": act}
	}
	return act
}

type claims = verifiertest.Claims

func TestDelegation(t *testing.T) {
	for _, c := range []struct {
		name  string
		act   any
		actor string
		chain []string
		want  verifier.Code
	}{
		{name: "ACT-01 no act", act: verifiertest.Absent},
		{name: "ACT-01 the outermost is current", act: claims{"sub": "b", "act": claims{"sub": "a"}}, actor: "b", chain: []string{"b", "a"}},
		{name: "ACT-02 newest to oldest", act: claims{"sub": "c", "act": claims{"sub": "b", "act": claims{"sub": "a"}}}, actor: "c", chain: []string{"c", "b", "a"}},
		{name: "ACT-02 other members don't count", act: claims{"sub": "b", "iss": "https://x.example/", "scope": 1}, actor: "b", chain: []string{"b"}},
		{name: "ACT-03 a string", act: "b", want: verifier.CodeActorMalformed},
		{name: "ACT-03 null", act: nil, want: verifier.CodeActorMalformed},
		{name: "ACT-03 an array", act: []any{claims{"sub": "b"}}, want: verifier.CodeActorMalformed},
		{name: "ACT-03 no sub", act: claims{"iss": "x"}, want: verifier.CodeActorMalformed},
		{name: "ACT-03 sub is a number", act: claims{"sub": 1}, want: verifier.CodeActorMalformed},
		{name: "ACT-03 blank sub", act: claims{"sub": " \t"}, want: verifier.CodeActorMalformed},
		{name: "ACT-03 malformed further in", act: claims{"sub": "b", "act": claims{"sub": "a", "act": "x"}}, want: verifier.CodeActorMalformed},
		{name: "ACT-03 no sub further in", act: claims{"sub": "b", "act": claims{}}, want: verifier.CodeActorMalformed},
		{name: "ACT-04 32 deep", act: actors(32), actor: "later", chain: append(slices.Repeat([]string{"later"}, 31), "first")},
		{name: "ACT-04 33 deep", act: actors(33), want: verifier.CodeActorMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, nil)
			verified, err := verify(t, b, token(t, b.issuer, claims{"act": c.act}))
			if err != nil {
				t.Fatal(err)
			}
			chain, err := verified.DelegationChain()
			wantCode(t, err, c.want)
			wantRule(t, err, c.name, "")
			if !slices.Equal(chain, c.chain) {
				t.Errorf("the chain is %q, want %q", chain, c.chain)
			}
			actor, err := verified.Actor()
			wantCode(t, err, c.want)
			if actor != c.actor {
				t.Errorf("the actor is %q, want %q", actor, c.actor)
			}
			var e *verifier.Error
			if errors.As(err, &e) && (e.Status != 401 || e.OAuthError != "invalid_token" || e.Header["Www-Authenticate"] == nil) {
				t.Errorf("the answer is %d %s %v", e.Status, e.OAuthError, e.Header)
			}
		})
	}
}
