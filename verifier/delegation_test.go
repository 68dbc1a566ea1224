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

// by returns actors whose act claims have no iss.
func by(subjects ...string) []verifier.Actor {
	var chain []verifier.Actor
	for _, subject := range subjects {
		chain = append(chain, verifier.Actor{Subject: subject})
	}
	return chain
}

func TestDelegation(t *testing.T) {
	for _, c := range []struct {
		name  string
		act   any
		chain []verifier.Actor
		want  verifier.Code
	}{
		{name: "ACT-01 no act", act: verifiertest.Absent},
		{name: "ACT-01 the outermost is current", act: claims{"sub": "b", "act": claims{"sub": "a"}}, chain: by("b", "a")},
		{name: "ACT-02 newest to oldest", act: claims{"sub": "c", "act": claims{"sub": "b", "act": claims{"sub": "a"}}}, chain: by("c", "b", "a")},
		{name: "ACT-02 other members don't count", act: claims{"sub": "b", "client_id": "x", "scope": 1}, chain: by("b")},
		{name: "ACT-03 a string", act: "b", want: verifier.CodeActorMalformed},
		{name: "ACT-03 null", act: nil, want: verifier.CodeActorMalformed},
		{name: "ACT-03 an array", act: []any{claims{"sub": "b"}}, want: verifier.CodeActorMalformed},
		{name: "ACT-03 no sub", act: claims{"iss": "x"}, want: verifier.CodeActorMalformed},
		{name: "ACT-03 sub is a number", act: claims{"sub": 1}, want: verifier.CodeActorMalformed},
		{name: "ACT-03 blank sub", act: claims{"sub": " \t"}, want: verifier.CodeActorMalformed},
		{name: "ACT-03 malformed further in", act: claims{"sub": "b", "act": claims{"sub": "a", "act": "x"}}, want: verifier.CodeActorMalformed},
		{name: "ACT-03 no sub further in", act: claims{"sub": "b", "act": claims{}}, want: verifier.CodeActorMalformed},
		{name: "ACT-05 issuers are kept", act: claims{"sub": "a", "iss": "https://x.example/", "act": claims{"sub": "a", "iss": "https://y.example/", "act": claims{"sub": "a"}}}, chain: []verifier.Actor{
			{Issuer: "https://x.example/", Subject: "a"}, {Issuer: "https://y.example/", Subject: "a"}, {Subject: "a"},
		}},
		{name: "ACT-05 iss is a number", act: claims{"sub": "b", "iss": 1}, want: verifier.CodeActorMalformed},
		{name: "ACT-05 iss is null", act: claims{"sub": "b", "iss": nil}, want: verifier.CodeActorMalformed},
		{name: "ACT-05 blank iss", act: claims{"sub": "b", "iss": " "}, want: verifier.CodeActorMalformed},
		{name: "ACT-05 empty iss further in", act: claims{"sub": "b", "act": claims{"sub": "a", "iss": ""}}, want: verifier.CodeActorMalformed},
		{name: "ACT-04 32 deep", act: actors(32), chain: append(by(slices.Repeat([]string{"later"}, 31)...), by("first")...)},
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
			var newest verifier.Actor
			if len(c.chain) > 0 {
				newest = c.chain[0]
			}
			if actor != newest {
				t.Errorf("the actor is %q, want %q", actor, newest)
			}
			var e *verifier.Error
			if errors.As(err, &e) && (e.Status != 401 || e.OAuthError != "invalid_token" || e.Header["Www-Authenticate"] == nil) {
				t.Errorf("the answer is %d %s %v", e.Status, e.OAuthError, e.Header)
			}
		})
	}
}
