package verifier_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// The claims of each actor, in the order and with the faults of the chain.
func TestDecodeActors(t *testing.T) {
	type actor struct {
		Subject  string `json:"sub"`
		ClientID string `json:"client_id"`
	}
	for name, c := range map[string]struct {
		act  any // nil for none
		want []actor
		code verifier.Code
		rule string
	}{
		"no one acts": {},
		"two act": {
			act:  map[string]any{"sub": "orders", "client_id": "c-1", "act": map[string]any{"sub": "shop", "client_id": "c-2"}},
			want: []actor{{"orders", "c-1"}, {"shop", "c-2"}},
		},
		"ACT-03 without sub":   {act: map[string]any{"client_id": "c-1"}, code: verifier.CodeActorMalformed, rule: "ACT-03"},
		"ACT-03 the older one": {act: map[string]any{"sub": "a", "act": "s3cr3t"}, code: verifier.CodeActorMalformed, rule: "ACT-03"},
		"CLAIM-CUST-01 of another type": {
			act: map[string]any{"sub": "a", "client_id": []string{"s3cr3t"}}, code: verifier.CodeClaimsUndecodable, rule: "CLAIM-CUST-01",
		},
	} {
		t.Run(name, func(t *testing.T) {
			env := newEnvironment(t, nil)
			claims := verifiertest.Claims{}
			if c.act != nil {
				claims["act"] = c.act
			}
			verified, err := verify(t, env, token(t, env.issuer, claims))
			if err != nil {
				t.Fatal(err)
			}
			got, err := verifier.DecodeActors[actor](verified)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("the actors differ (-want +got):\n%s", diff)
			}
			switch e, refused := errors.AsType[*verifier.Error](err); {
			case c.code == "" && err != nil:
				t.Error(err)
			case c.code != "" && (!refused || e.Code != c.code || e.Rule != c.rule || strings.Contains(err.Error(), "s3cr3t")):
				t.Errorf("the error is %v, want %s (%s)", err, c.code, c.rule)
			}
		})
	}
}
