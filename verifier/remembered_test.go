package verifier_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// TestRemembered verifies a token until it is remembered, changes one thing about the world, and sends it again.
func TestRemembered(t *testing.T) {
	for _, c := range []struct {
		name   string
		config func(*verifier.Config)
		change func(t *testing.T, env *environment)
		want   verifier.Code
	}{
		{name: "nothing changes", change: func(*testing.T, *environment) {}},
		{name: "CLAIM-EXP-02 a second before it expires", change: func(_ *testing.T, env *environment) { env.clock.Advance(299 * time.Second) }},
		{name: "CLAIM-EXP-02 it expires", change: func(_ *testing.T, env *environment) { env.clock.Advance(300 * time.Second) }, want: verifier.CodeExpired},
		{name: "CLAIM-IAT-02 the clock is set back", change: func(_ *testing.T, env *environment) { env.clock.Advance(-61 * time.Second) }, want: verifier.CodeIssuedInFuture},
		{name: "CLAIM-IAT-02 it grows too old", config: func(c *verifier.Config) { c.MaxTokenAge = time.Minute }, change: func(_ *testing.T, env *environment) { env.clock.Advance(61 * time.Second) }, want: verifier.CodeTooOld},
		{name: "CACHE-08 its key is withdrawn", change: rotate("key-2"), want: verifier.CodeKeyUnknown},
		{name: "CACHE-08 its key ID gets another key", change: rotate("key-1"), want: verifier.CodeSignature},
		{name: "its key is fetched again", change: func(t *testing.T, env *environment) { refresh(t, env) }},
		{name: "the keys grow too old, and the issuer is away", change: func(_ *testing.T, env *environment) {
			env.clock.Advance(2 * time.Hour)
			env.issuer.SetKeys()
			env.issuer.URL = "https://elsewhere.example/"
		}, config: func(c *verifier.Config) { c.Keys.HardTTL = time.Hour; c.Leeway = 5 * time.Minute }, want: verifier.CodeIssuerUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := newEnvironment(t, func(config *verifier.Config) {
				config.Keys.SoftTTL = time.Minute
				if c.config != nil {
					c.config(config)
				}
			})
			sent := token(t, env.issuer, nil)
			for range 2 {
				if _, err := verify(t, env, sent); err != nil {
					t.Fatal(err)
				}
			}
			c.change(t, env)
			_, err := verify(t, env, sent)
			wantCode(t, err, c.want)
		})
	}
}

// rotate has the issuer publish a new key under the ID, in place of the one it had.
func rotate(id string) func(*testing.T, *environment) {
	return func(t *testing.T, env *environment) {
		made := verifiertest.MustKey(t, "RS256", id)
		env.issuer.SetKeys(made)
		refresh(t, env)
	}
}

// refresh makes the verifier take over the issuer's keys as they are now.
func refresh(t *testing.T, env *environment) {
	t.Helper()
	_, before := env.issuer.Fetched()
	env.clock.Advance(time.Minute)
	if _, err := verify(t, env, token(t, env.issuer, verifiertest.Claims{"jti": "another"})); err != nil && before == 0 {
		t.Fatal(err)
	}
	wantSoon(t, "the refresh", func() bool { _, keys := env.issuer.Fetched(); return keys > before })
	wantSoon(t, "the new keys", func() bool {
		_, err := env.VerifyAccessToken(t.Context(), token(t, env.issuer, nil))
		return err == nil
	})
}

func TestRememberedTokenIsTheWholeToken(t *testing.T) {
	env := newEnvironment(t, nil)
	good := token(t, env.issuer, nil)
	if _, err := verify(t, env, good); err != nil {
		t.Fatal(err)
	}
	signed := good[:strings.LastIndexByte(good, '.')+1]
	other := token(t, env.issuer, verifiertest.Claims{"sub": "user-2"})
	_, err := verify(t, env, signed+other[strings.LastIndexByte(other, '.')+1:])
	wantCode(t, err, verifier.CodeSignature)
}

func TestRememberedByOneVerifierAlone(t *testing.T) {
	env := newEnvironment(t, nil)
	good := token(t, env.issuer, nil)
	if _, err := verify(t, env, good); err != nil {
		t.Fatal(err)
	}
	other := newEnvironment(t, func(c *verifier.Config) { c.Audiences, c.Fetcher = []string{"https://other.example"}, env.issuer })
	_, err := verify(t, other, good)
	wantCode(t, err, verifier.CodeAudience)
}

// TestRememberedUnderAResolver sends one token under policies that change between two uses.
func TestRememberedUnderAResolver(t *testing.T) {
	var (
		domains []ports.Domain
		failure error
		asked   int
	)
	resolver := ports.DomainResolverFunc(func(context.Context, ports.DomainQuery) ([]ports.Domain, error) {
		asked++
		return domains, failure
	})
	env := newEnvironment(t, func(c *verifier.Config) { c.Domain, c.Resolver = "", resolver })
	good := token(t, env.issuer, nil)
	allowed := []ports.Domain{{Issuer: issuerURL}}
	for _, c := range []struct {
		name    string
		domains []ports.Domain
		failure error
		want    verifier.Code
	}{
		{name: "allowed", domains: allowed},
		{name: "allowed again", domains: allowed},
		{name: "CLAIM-ISS-02 another issuer", domains: []ports.Domain{{Issuer: "other.example"}}, want: verifier.CodeIssuer},
		{name: "allowed after that", domains: allowed},
		{name: "CLAIM-AUD-02 another audience", domains: []ports.Domain{{Issuer: issuerURL, Audiences: []string{"x"}}}, want: verifier.CodeAudience},
		{name: "allowed once more", domains: allowed},
		{name: "DISC-11 it fails", failure: ports.ErrUnavailable, want: verifier.CodeResolverUnavailable},
	} {
		domains, failure, asked = c.domains, c.failure, 0
		_, err := verify(t, env, good)
		t.Run(c.name, func(t *testing.T) {
			wantCode(t, err, c.want)
			if asked != 1 {
				t.Errorf("DISC-10: the resolver was asked %d times", asked)
			}
		})
	}
}

func TestRememberedIsBoundAllTheSame(t *testing.T) {
	env := newEnvironment(t, nil)
	s := newSender(t, env)
	bound := s.bound(t)
	proof := s.proof(t, bound, nil)
	if _, err := env.VerifyRequest(t.Context(), get("DPoP "+bound, proof)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		request verifier.Request
		want    verifier.Code
	}{
		{"DPOP-REQ-04 as Bearer", get("Bearer " + bound), verifier.CodeConfirmation},
		{"DPOP-REQ-02 without a proof", get("DPoP " + bound), verifier.CodeProof},
		{"DPOP-CLM-10 with a proof for another token", get("DPoP "+bound, s.proof(t, s.bound(t), nil)), verifier.CodeProof},
		{"DPOP-RPL-01 with the proof again", get("DPoP "+bound, proof), verifier.CodeProofReplayed},
		{"with another proof", get("DPoP "+bound, s.proof(t, bound, nil)), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := env.VerifyRequest(t.Context(), c.request)
			wantCode(t, err, c.want)
		})
	}
}

func TestRememberedIsNotShared(t *testing.T) {
	env := newEnvironment(t, nil)
	good := token(t, env.issuer, verifiertest.Claims{"scope": "read", "aud": []string{audience, "x"}})
	for range 3 {
		verified, err := verify(t, env, good)
		if err != nil {
			t.Fatal(err)
		}
		if verified.Scopes[0] != "read" || verified.Audiences[1] != "x" {
			t.Fatalf("a caller's change is seen by another: %v, %v", verified.Scopes, verified.Audiences)
		}
		verified.Scopes[0], verified.Audiences[1] = "write", "y"
	}
}

// TestCLAIMCUST01RememberedIsNotShared has each caller overwrite all that was decoded.
func TestCLAIMCUST01RememberedIsNotShared(t *testing.T) {
	type claims struct {
		Permissions []string `json:"permissions"`
		Account     *struct {
			Roles []string `json:"roles"`
		} `json:"account"`
		Any any `json:"any"`
	}
	env := newEnvironment(t, nil)
	good := token(t, env.issuer, verifiertest.Claims{
		"permissions": []string{"read", "write"}, "account": map[string]any{"roles": []string{"owner"}}, "any": []string{"x"},
	})
	for range 5 {
		verified, err := verify(t, env, good)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			read, err := verifier.DecodeClaims[claims](verified)
			permissions, permissionsErr := verified.Permissions()
			some, someErr := verifier.DecodeClaims[map[string]any](verified)
			if err := errors.Join(err, permissionsErr, someErr); err != nil {
				t.Fatal(err)
			}
			if read.Permissions[0] != "read" || permissions[0] != "read" || read.Account.Roles[0] != "owner" || read.Any.([]any)[0] != "x" || some["any"].([]any)[0] != "x" {
				t.Fatalf("a caller's change is seen by another: %+v, %v, %v", read, permissions, some)
			}
			read.Permissions[0], permissions[0], read.Account.Roles[0], read.Any.([]any)[0], some["any"].([]any)[0] = "", "", "", "", ""
		}
	}
}

// TestCLAIMCUST01Remembered has a token that does not fit be as wrong as it was the first time, and one with a member
// that stands twice inside a claim.
func TestCLAIMCUST01Remembered(t *testing.T) {
	env := newEnvironment(t, nil)
	for name, claims := range map[string]verifiertest.Claims{
		"another type":  {"permissions": "read"},
		"another case":  {"Permissions": 1},
		"a text inside": {"permissions": []any{"read", 1}},
		"twice inside":  {"other": json.RawMessage(`{"a":1,"a":2}`)},
	} {
		t.Run(name, func(t *testing.T) {
			want := verifier.CodeClaimsUndecodable
			if name == "another case" {
				want = ""
			}
			good := token(t, env.issuer, claims)
			for range 4 {
				verified, err := verify(t, env, good)
				if err != nil {
					t.Fatal(err)
				}
				permissions, err := verified.Permissions()
				wantCode(t, err, want)
				if permissions != nil {
					t.Errorf("permissions are %q", permissions)
				}
				wantCode(t, verified.Decode(new(readClaims)), want)
			}
		})
	}
}

func TestPermissions(t *testing.T) {
	env := newEnvironment(t, nil)
	for _, c := range []struct {
		claims verifiertest.Claims
		want   []string
	}{
		{verifiertest.Claims{"permissions": []string{"read:a", "write:b"}}, []string{"read:a", "write:b"}},
		{verifiertest.Claims{"permissions": []string{}}, []string{}},
		{verifiertest.Claims{}, nil},
	} {
		good := token(t, env.issuer, c.claims)
		for range 4 {
			verified, err := verify(t, env, good)
			if err != nil {
				t.Fatal(err)
			}
			got, err := verified.Permissions()
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		}
	}
	if got, err := (&verifier.Verified{}).Permissions(); got != nil || !errors.Is(err, verifier.CodeClaimsUndecodable) {
		t.Errorf("of a Verified that a test has made: %q, %v", got, err)
	}
}

func TestRememberedConcurrently(t *testing.T) {
	env := newEnvironment(t, func(c *verifier.Config) { c.MaxRememberedTokens = 4 })
	var tokens []string
	for i := range 16 {
		tokens = append(tokens, token(t, env.issuer, verifiertest.Claims{"sub": fmt.Sprint("user-", i)}))
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 64 {
				n := (g + i) % len(tokens)
				verified, err := env.VerifyAccessToken(context.Background(), tokens[n])
				if err != nil || verified.Subject != fmt.Sprint("user-", n) {
					t.Errorf("token %d: %v, %v", n, verified, err)
				}
			}
		})
	}
	wg.Wait()
}
