package handlertest_test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/handlertest"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

func TestVerified(t *testing.T) {
	at := time.Now().Add(time.Hour).Truncate(time.Second)
	for name, c := range map[string]struct {
		claims map[string]any
		want   verifier.Verified
	}{
		"by default": {nil, verifier.Verified{Issuer: handlertest.Issuer, Subject: "user-1", Audiences: []string{handlertest.Audience}}},
		"claims": {verifiertest.Claims{"sub": "ada", "scope": "a b", "client_id": "app", "jti": "7", "exp": at.Unix()},
			verifier.Verified{Issuer: handlertest.Issuer, Subject: "ada", Audiences: []string{handlertest.Audience}, Scopes: []string{"a", "b"}, ClientID: "app", TokenID: "7", ExpiresAt: at}},
		"another issuer and audience": {map[string]any{"iss": "https://accounts.example", "aud": []string{"api", "other"}, "sub": verifiertest.Absent},
			verifier.Verified{Issuer: "https://accounts.example", Audiences: []string{"api", "other"}}},
	} {
		got := handlertest.Verified(c.claims)
		if c.want.ExpiresAt.IsZero() {
			c.want.ExpiresAt = got.IssuedAt.Add(5 * time.Minute)
		}
		shown := verifier.Verified{Issuer: got.Issuer, Subject: got.Subject, Audiences: got.Audiences, Scopes: got.Scopes, ClientID: got.ClientID, ExpiresAt: got.ExpiresAt}
		if c.want.TokenID != "" {
			shown.TokenID = got.TokenID
		}
		if diff := cmp.Diff(c.want, shown, cmp.AllowUnexported(verifier.Verified{})); diff != "" || got.Scheme != verifier.Bearer {
			t.Errorf("%s (-want +got), sent as %s:\n%s", name, got.Scheme, diff)
		}
	}
}

// It does what one of a verifier does.
func TestVerifiedIsWhole(t *testing.T) {
	claims := map[string]any{"scope": "read", "act": map[string]any{"sub": "agent"}, "plan": "gold"}
	v := handlertest.Verified(claims)
	own, err := verifier.DecodeClaims[struct {
		Plan string `json:"plan"`
	}](v)
	if actor, actErr := v.Actor(); err != nil || actErr != nil || own.Plan != "gold" || actor.Subject != "agent" {
		t.Errorf("the claims are %v, the actor %v: %v, %v", own, actor, err, actErr)
	}
	if err := v.RequireScopes("read"); err != nil {
		t.Error(err)
	}
	if err := v.RequireScopes("write"); !errors.Is(err, verifier.CodeScope) {
		t.Errorf("CLAIM-SCP-02: the error is %v", err)
	}
	if err := v.RequireDPoP(); !errors.Is(err, verifier.CodeSchemeNotOffered) {
		t.Errorf("DPOP-REQ-06: the error is %v", err)
	}
	v.Scheme = verifier.DPoPScheme
	if err := v.RequireDPoP(); err != nil {
		t.Error(err)
	}
	if len(claims) != 3 {
		t.Errorf("the caller's claims are changed: %v", claims)
	}
}

func TestVerifiedPanics(t *testing.T) {
	for name, claims := range map[string]map[string]any{
		"CLAIM-EXP-02": {"exp": 1}, "CLAIM-AUD": {"aud": verifiertest.Absent}, "not JSON": {"f": func() {}}, "aud of numbers": {"aud": 7},
	} {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.HasPrefix(text, "handlertest: the claims map[") {
					t.Errorf("%s: it panics with %q", name, text)
				}
			}()
			handlertest.Verified(claims)
		}()
	}
}

// A program that is not a test gets no token.
func TestVerifiedOutsideOfATest(t *testing.T) {
	_, here, _, _ := runtime.Caller(0)
	program := exec.CommandContext(t.Context(), "go", "run", "./testdata/program")
	program.Dir = filepath.Dir(here)
	output, err := program.CombinedOutput()
	if err == nil || !strings.Contains(string(output), "handlertest: Verified was called outside of a test") {
		t.Errorf("the program ended by %v: %s", err, output)
	}
}
