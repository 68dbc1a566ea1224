package verifier_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A decisionLog has the decisions that were told.
type decisionLog struct {
	mu       sync.Mutex
	told     []verifier.Decision
	contexts []context.Context
}

func (l *decisionLog) observe(ctx context.Context, d verifier.Decision) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told, l.contexts = append(l.told, d), append(l.contexts, ctx)
}

// one returns the one decision that was told since it was last asked for one.
func (l *decisionLog) one(t *testing.T) verifier.Decision {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.told) != 1 {
		t.Fatalf("%d decisions were told: %+v", len(l.told), l.told)
	}
	defer func() { l.told, l.contexts = nil, nil }()
	return l.told[0]
}

func observed(t *testing.T, edit func(*verifier.Config)) (*environment, *decisionLog) {
	t.Helper()
	var log decisionLog
	env := newEnvironment(t, func(c *verifier.Config) {
		c.DecisionObserver = log.observe
		if edit != nil {
			edit(c)
		}
	})
	return env, &log
}

func TestDecisions(t *testing.T) {
	bearer := func(t *testing.T, env *environment) verifier.Request {
		return get("Bearer " + token(t, env.issuer, nil))
	}
	tenants := func(c *verifier.Config) {
		c.Domain = ""
		c.Resolver = ports.DomainResolverFunc(func(context.Context, ports.DomainQuery) ([]ports.Domain, error) {
			return []ports.Domain{{Issuer: issuerURL}}, nil
		})
	}
	for _, c := range []struct {
		name    string
		edit    func(*verifier.Config)
		request func(t *testing.T, env *environment) verifier.Request
		want    verifier.Decision
	}{
		{
			name: "passes", request: bearer,
			want: verifier.Decision{Issuer: issuerURL, Scheme: verifier.Bearer},
		},
		{
			name: "issuer of a resolver", edit: tenants, request: bearer,
			want: verifier.Decision{Issuer: verifier.OtherIssuer, Scheme: verifier.Bearer},
		},
		{
			name: "issuer that is not allowed",
			request: func(t *testing.T, env *environment) verifier.Request {
				return get("Bearer " + token(t, env.issuer, verifiertest.Claims{"iss": "https://made.up.example/"}))
			},
			want: verifier.Decision{
				Class: verifier.Rejected, Code: verifier.CodeIssuer, Rule: "CLAIM-ISS-02", Issuer: verifier.OtherIssuer, Scheme: verifier.Bearer,
			},
		},
		{
			name:    "no credentials",
			request: func(*testing.T, *environment) verifier.Request { return verifier.Request{} },
			want:    verifier.Decision{Class: verifier.Rejected, Code: verifier.CodeCredentialsMissing, Rule: "CRED-01"},
		},
		{
			name:    "scheme without a token",
			request: func(*testing.T, *environment) verifier.Request { return get("DPoP ") },
			want: verifier.Decision{
				Class: verifier.Rejected, Code: verifier.CodeRequestMalformed, Rule: "CRED-04", Scheme: verifier.DPoPScheme,
			},
		},
		{
			name: "expired",
			request: func(t *testing.T, env *environment) verifier.Request {
				return get("Bearer " + token(t, env.issuer, verifiertest.Claims{"exp": noon.Unix()}))
			},
			want: verifier.Decision{
				Class: verifier.Rejected, Code: verifier.CodeExpired, Rule: "CLAIM-EXP-02", Issuer: issuerURL, Scheme: verifier.Bearer,
			},
		},
		{
			name: "scope",
			request: func(t *testing.T, env *environment) verifier.Request {
				r := bearer(t, env)
				r.Route.Scopes = []string{"read:orders"}
				return r
			},
			want: verifier.Decision{
				Class: verifier.Rejected, Code: verifier.CodeScope, Rule: "CLAIM-SCP-02", Issuer: issuerURL, Scheme: verifier.Bearer,
			},
		},
		{
			name: "issuer away", request: bearer,
			edit: func(c *verifier.Config) { c.Fetcher = ports.FetcherFunc(unavailable) },
			want: verifier.Decision{
				Class: verifier.Undecidable, Code: verifier.CodeIssuerUnavailable, Issuer: issuerURL, Scheme: verifier.Bearer,
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			env, log := observed(t, c.edit)
			type asked struct{}
			ctx := context.WithValue(t.Context(), asked{}, true)
			_, err := env.VerifyRequest(ctx, c.request(t, env))
			wantCode(t, err, c.want.Code)
			if log.contexts[0].Value(asked{}) == nil {
				t.Error("the context is not that of the request")
			}
			if diff := cmp.Diff(c.want, log.one(t)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecisionsOfProofs(t *testing.T) {
	for _, c := range []struct {
		name          string
		store         func(context.Context, string) (bool, error)
		acceptWithout bool
		want          verifier.Replay
		code          verifier.Code
	}{
		{"DPOP-RPL-01 first use", func(context.Context, string) (bool, error) { return true, nil }, false, verifier.FirstUse, ""},
		{"DPOP-RPL-01 replayed", func(context.Context, string) (bool, error) { return false, nil }, false, verifier.Replayed, verifier.CodeProofReplayed},
		{"DPOP-RPL-05 store away", func(context.Context, string) (bool, error) { return false, errors.New("away") }, false, verifier.ReplayUnknown, verifier.CodeReplayStore},
		{"DPOP-RPL-05 store away, accepted", func(context.Context, string) (bool, error) { return false, errors.New("away") }, true, verifier.ReplayUnknown, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			env, log := observed(t, withStore(storeFunc(c.store), c.acceptWithout))
			s := newSender(t, env)
			bound := s.bound(t)
			_, err := env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, nil)))
			wantCode(t, err, c.code)
			wantRule(t, err, c.name, "")
			if d := log.one(t); d.Replay != c.want || d.Scheme != verifier.DPoPScheme || d.Code != c.code {
				t.Errorf("told %+v, want replay %q and code %q", d, c.want, c.code)
			}
		})
	}
	t.Run("not asked", func(t *testing.T) {
		env, log := observed(t, nil)
		s := newSender(t, env)
		bound := s.bound(t)
		_, err := env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, verifiertest.Claims{"htm": "PUT"})))
		wantCode(t, err, verifier.CodeProof)
		if d := log.one(t); d.Replay != "" {
			t.Errorf("told %+v", d)
		}
	})
	t.Run("DPOP-RPL-08 over the share", func(t *testing.T) {
		env, log := observed(t, func(c *verifier.Config) { c.DPoP.MaxProofsPerKey = 1 })
		s := newSender(t, env)
		bound := s.bound(t)
		var last verifier.Decision
		for range 3 { // a share is counted by halves of its time
			_, _ = env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, nil)))
			last = log.one(t)
		}
		if last.Code != verifier.CodeProofShare || last.Replay != verifier.ReplayUnknown {
			t.Errorf("told %+v", last)
		}
	})
}

// A token is remembered when it comes for the second time.
func TestDecisionsOfRememberedTokens(t *testing.T) {
	env, log := observed(t, nil)
	one := token(t, env.issuer, nil)
	for i, want := range []bool{false, false, true} {
		_, err := verify(t, env, one)
		wantCode(t, err, "")
		if d := log.one(t); d.Remembered != want {
			t.Errorf("use %d: told %+v, want remembered %t", i+1, d, want)
		}
	}
	env.clock.Advance(48 * time.Hour)
	_, err := verify(t, env, one)
	wantCode(t, err, verifier.CodeExpired)
	log.one(t)
	_, _ = verify(t, env, one)
	if d := log.one(t); d.Remembered {
		t.Errorf("told %+v of a token that was forgotten", d)
	}
}

func TestDecisionsTakeTime(t *testing.T) {
	const took = 7 * time.Millisecond
	var clock *verifiertest.Clock
	env, log := observed(t, func(c *verifier.Config) {
		c.Domain = ""
		c.Resolver = ports.DomainResolverFunc(func(context.Context, ports.DomainQuery) ([]ports.Domain, error) {
			clock.Advance(took)
			return []ports.Domain{{Issuer: issuerURL}}, nil
		})
	})
	clock = env.clock
	_, err := verify(t, env, token(t, env.issuer, nil))
	wantCode(t, err, "")
	if d := log.one(t); d.Duration != took {
		t.Errorf("told %v, want %v", d.Duration, took)
	}
}

// What adapters refuse before there are credentials is told; what handlers refuse later is not.
func TestDecisionsAreToldOnce(t *testing.T) {
	env, log := observed(t, nil)
	for code, refuse := range map[verifier.Code]func(rule, detail string) *verifier.Error{
		verifier.CodeRequestMalformed: env.Malformed, verifier.CodeMisdirected: env.Misdirected,
	} {
		wantCode(t, refuse("PROXY-05", "a detail"), code)
		want := verifier.Decision{Class: verifier.Rejected, Code: code, Rule: "PROXY-05"}
		if diff := cmp.Diff(want, log.one(t)); diff != "" {
			t.Error(diff)
		}
	}
	verified, err := verify(t, env, token(t, env.issuer, nil))
	wantCode(t, err, "")
	wantCode(t, verified.RequireScopes("read:orders"), verifier.CodeScope)
	log.one(t)
}

// A client that hangs up is told of as any other.
func TestDecisionOfAnEndedContext(t *testing.T) {
	env, log := observed(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := env.VerifyAccessToken(ctx, token(t, env.issuer, nil))
	wantCode(t, err, verifier.CodeCanceled)
	if d := log.one(t); d.Code != verifier.CodeCanceled || d.Class != verifier.Undecidable {
		t.Errorf("told %+v", d)
	}
}

func TestFaultDecisionObserverPanics(t *testing.T) {
	var log syncBuffer
	env := newEnvironment(t, func(c *verifier.Config) {
		c.DecisionObserver = func(context.Context, verifier.Decision) { panic("no such histogram") }
		c.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	_, err := verify(t, env, token(t, env.issuer, nil))
	wantCode(t, err, "")
	_, err = env.VerifyRequest(t.Context(), get("Bearer x"))
	wantCode(t, err, verifier.CodeTokenMalformed)
	if want := `msg=port_panicked port="decision observer" panic="no such histogram"`; strings.Count(log.String(), want) != 2 {
		t.Errorf("the log has not twice %s:\n%s", want, log.String())
	}
}
