package httpguard_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// TestFor has routes of one guard need different things, by themselves and inside a group.
func TestFor(t *testing.T) {
	env := newEnvironment(t)
	open, guard := env.guard(t, httpguard.Config{Optional: true}, nil), env.guard(t, httpguard.Config{}, nil)
	of := func(guard *httpguard.Guard, route verifier.Route) *httpguard.Guard {
		t.Helper()
		own, err := guard.For(route)
		if err != nil {
			t.Fatal(err)
		}
		return own
	}
	const stepUp = `error="insufficient_user_authentication", error_description="Another authentication of the user is needed"`
	const noScope = `Bearer error="insufficient_scope", error_description="The access token lacks a needed scope", scope=`
	dpop := verifier.Route{DPoP: true}
	strong := verifier.Route{Scopes: []string{"pay"}, MaxAge: time.Minute, ACRValues: []string{"mfa"}}
	either := verifier.Route{AnyScope: []string{"pay", "admin"}}
	token := "Bearer " + mint(t, env.issuer, verifiertest.Claims{"scope": "pay", "acr": "pwd", "auth_time": time.Now().Unix()})
	for _, c := range []struct {
		name          string
		handler       http.Handler
		authorization string
		status        int
		challenges    []string
	}{
		{"CLAIM-SCP-02 one of two", of(guard, either).Handler(greet), token, 200, nil},
		{"CLAIM-SCP-02 one of two in a group", guard.Handler(of(guard, either).Handler(greet)), token, 200, nil},
		{"CLAIM-SCP-02 a further one", of(guard, strong).Handler(greet, "refund"), token, 403, []string{noScope + `"pay refund"`}},
		{"CLAIM-SCP-02 a further one in a group", guard.Handler(of(guard, verifier.Route{}).Handler(greet, "refund")), token, 403, []string{noScope + `"refund"`}},
		{"DPOP-REQ-06 Bearer", of(guard, dpop).Handler(greet), token, 401, []string{`DPoP algs="ES256"`}},
		{"DPOP-REQ-06 Bearer in a group", guard.Handler(of(guard, dpop).Handler(greet)), token, 401, []string{`DPoP algs="ES256"`}},
		{"DPOP-REQ-06 no credentials", of(guard, dpop).Handler(greet), "", 401, []string{`DPoP algs="ES256"`}},
		{"STEP-02 another acr", of(guard, strong).Handler(greet), token, 401, []string{`Bearer ` + stepUp + `, scope="pay", acr_values="mfa", max_age="60"`}},
		{"STEP-02 another acr in a group", guard.Handler(of(guard, strong).Handler(greet)), token, 401,
			[]string{`Bearer ` + stepUp + `, scope="pay", acr_values="mfa", max_age="60"`}},
		{"CRED-10 anonymous in an optional group", open.Handler(greet), "", 200, nil},
		{"CRED-10 no anonymous request for a route", open.Handler(of(open, verifier.Route{MaxAge: time.Minute}).Handler(greet)), "", 401,
			[]string{`Bearer realm="api"`, `DPoP algs="ES256"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			request := httptest.NewRequest("GET", "/", nil)
			if c.authorization != "" {
				request.Header.Set("Authorization", c.authorization)
			}
			recorder := httptest.NewRecorder()
			c.handler.ServeHTTP(recorder, request)
			if diff := cmp.Diff(c.challenges, recorder.Result().Header.Values("WWW-Authenticate")); diff != "" || recorder.Code != c.status {
				t.Errorf("answered %d, want %d, challenges (-want +got):\n%s", recorder.Code, c.status, diff)
			}
		})
	}
}

// TestForSharesKeysAndMemory: routes that need different things are of one keyring and one memory of tokens.
func TestForSharesKeysAndMemory(t *testing.T) {
	env := newEnvironment(t)
	var remembered []bool
	guard := env.guard(t, httpguard.Config{}, func(c *verifier.Config) {
		c.DecisionObserver = func(_ context.Context, d verifier.Decision) { remembered = append(remembered, d.Remembered) }
	})
	token := mint(t, env.issuer, verifiertest.Claims{"scope": "pay", "tier": "gold", "permissions": []string{"refund"}})
	for i, route := range []verifier.Route{
		{AnyScope: []string{"pay", "admin"}}, {RequiredValues: []ports.RequiredValue{{Claim: "tier", OneOf: []string{"gold"}}}},
		{RequiredValues: []ports.RequiredValue{{Claim: "permissions", ContainsAny: []string{"refund", "admin"}}}}, {Scopes: []string{"pay"}},
	} {
		own, err := guard.For(route)
		if err != nil {
			t.Fatal(err)
		}
		request := httptest.NewRequest("GET", "/", nil)
		request.Header.Set("Authorization", "Bearer "+token)
		recorder := httptest.NewRecorder()
		own.Handler(greet).ServeHTTP(recorder, request)
		if recorder.Code != 200 {
			t.Errorf("route %d is answered %d %s", i, recorder.Code, recorder.Body)
		}
	}
	metadata, keys := env.issuer.Fetched()
	if diff := cmp.Diff([]bool{false, false, true, true}, remembered); diff != "" || metadata != 1 || keys != 1 {
		t.Errorf("metadata was fetched %d times, keys %d times; the token was remembered (-want +got):\n%s", metadata, keys, diff)
	}
}

// TestForUsesAProofOnce: a route inside a group is of the same guard, in whichever order they stand.
func TestForUsesAProofOnce(t *testing.T) {
	env := newEnvironment(t)
	guard := env.guard(t, httpguard.Config{}, nil)
	route, err := guard.For(verifier.Route{DPoP: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, handler := range map[string]http.Handler{
		"inside": guard.Handler(route.Handler(greet)), "outside": route.Handler(guard.Handler(greet)), "twice": route.Handler(route.Handler(greet)),
	} {
		request := httptest.NewRequest("GET", "/orders", nil)
		request.Host = "api.example"
		request.Header.Set("Authorization", "DPoP "+env.bound)
		request.Header.Set("DPoP", env.proof(t, "GET", "http://api.example/orders"))
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		if recorder.Code != 200 {
			t.Errorf("%s: answered %d %s", name, recorder.Code, recorder.Body)
		}
	}
}

// TestForRefuses: what can't work is found when the guard is made.
func TestForRefuses(t *testing.T) {
	guard := newEnvironment(t).guard(t, httpguard.Config{}, nil)
	_, err := guard.For(verifier.Route{CertificateBound: true, MaxAge: -time.Second})
	var fault *verifier.FieldError
	if !errors.As(err, &fault) || fault.Field != "CertificateBound" {
		t.Errorf("the error is %v", err)
	}
	route, err := guard.For(verifier.Route{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := route.For(verifier.Route{}); err == nil {
		t.Error("For of a guard of For succeeds")
	}
}
