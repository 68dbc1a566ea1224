package verifier_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/memory"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

const ordersURL = "https://api.example/orders"

// A sender is a client with a DPoP key and a token that is bound to it.
type sender struct {
	*verifiertest.Prover
	*environment
	thumbprint string
}

func newSender(t testing.TB, env *environment) *sender {
	t.Helper()
	prover := &verifiertest.Prover{Key: key(t, "ES256", "client"), Clock: env.clock}
	thumbprint := prover.MustThumbprint(t)
	return &sender{prover, env, thumbprint}
}

// bound returns a token that is bound to the client's key.
func (s *sender) bound(t testing.TB) string {
	t.Helper()
	return token(t, s.issuer, verifiertest.Claims{"cnf": verifiertest.Claims{"jkt": s.thumbprint}})
}

// proof returns a proof for GET of ordersURL with that token, and these claims on top.
func (s *sender) proof(t testing.TB, token string, claims verifiertest.Claims) string {
	t.Helper()
	proof := s.MustProof(t, "GET", ordersURL, token, nil, claims)
	return proof
}

func get(authorization string, proofs ...string) verifier.Request {
	r := verifier.Request{Method: "GET", URL: ordersURL + "?page=2", Header: map[string][]string{"Authorization": {authorization}}}
	if proofs != nil {
		r.Header["Dpop"] = proofs
	}
	return r
}

func mode(m verifier.DPoPMode) func(*verifier.Config) {
	return func(c *verifier.Config) { c.DPoP.Mode = m }
}

// The catalogue has the forms of requests with and without proofs (conformance/catalogue); here are the codes.
func TestDPoPRequests(t *testing.T) {
	const good = verifier.Code("")
	type outcomes struct{ allowed, required, disabled verifier.Code }
	all := func(code verifier.Code) outcomes { return outcomes{code, code, verifier.CodeSchemeNotOffered} }

	for _, c := range []struct {
		name    string
		request func(*sender, *testing.T) verifier.Request
		want    outcomes
	}{
		{"DPOP-REQ-01 one proof", func(s *sender, t *testing.T) verifier.Request {
			bound := s.bound(t)
			return get("DPoP "+bound, s.proof(t, bound, nil))
		}, all(good)},
		{"DPOP-REQ-01 two fields, the first empty", func(s *sender, t *testing.T) verifier.Request {
			bound := s.bound(t)
			return get("DPoP "+bound, "", s.proof(t, bound, nil))
		}, all(verifier.CodeProof)},
		{"DPOP-REQ-02 no proof", func(s *sender, t *testing.T) verifier.Request { return get("DPoP " + s.bound(t)) }, all(verifier.CodeProof)},
		{"DPOP-REQ-03 token that is not bound", func(s *sender, t *testing.T) verifier.Request {
			unbound := token(t, s.issuer, nil)
			return get("DPoP "+unbound, s.proof(t, unbound, nil))
		}, all(verifier.CodeConfirmation)},
		{"DPOP-REQ-04 bound token as Bearer", func(s *sender, t *testing.T) verifier.Request { return get("Bearer " + s.bound(t)) },
			outcomes{verifier.CodeConfirmation, verifier.CodeSchemeNotOffered, verifier.CodeConfirmation}},
		{"DPOP-CLM-04 proof for another URL", func(s *sender, t *testing.T) verifier.Request {
			bound := s.bound(t)
			return get("DPoP "+bound, s.proof(t, bound, verifiertest.Claims{"htu": "https://api.example/users"}))
		}, all(verifier.CodeProof)},
		{"DPOP-BIND-01 proof by another key", func(s *sender, t *testing.T) verifier.Request {
			bound := s.bound(t)
			thief := *s.Prover
			thief.Key = key(t, "ES256", "thief")
			proof := thief.MustProof(t, "GET", ordersURL, bound, nil, nil)
			return get("DPoP "+bound, proof)
		}, all(verifier.CodeConfirmation)},
	} {
		for m, want := range map[verifier.DPoPMode]verifier.Code{
			verifier.DPoPAllowed: c.want.allowed, verifier.DPoPRequired: c.want.required, verifier.DPoPDisabled: c.want.disabled,
		} {
			t.Run(fmt.Sprint(c.name, " in mode ", []string{"allowed", "required", "disabled"}[m]), func(t *testing.T) {
				env := newEnvironment(t, mode(m))
				verified, err := env.VerifyRequest(t.Context(), c.request(newSender(t, env), t))
				wantCode(t, err, want)
				switch {
				case want == verifier.CodeSchemeNotOffered:
				case m == verifier.DPoPAllowed:
					wantRule(t, err, c.name, "")
				case m == verifier.DPoPDisabled:
					wantRule(t, err, c.name, "DPOP-REQ-07")
				}
				if err == nil && (verified.Scheme == verifier.DPoPScheme) != (verified.Thumbprint != "") {
					t.Errorf("scheme %s, thumbprint %q", verified.Scheme, verified.Thumbprint)
				}
			})
		}
	}
}

func TestDPoPBindings(t *testing.T) {
	env := newEnvironment(t, nil)
	s := newSender(t, env)
	for _, c := range []struct {
		name string
		cnf  any
		want verifier.Code
	}{
		{"DPOP-BIND-02 jkt", verifiertest.Claims{"jkt": s.thumbprint}, ""},
		{"DPOP-BIND-02 cnf is null", nil, verifier.CodeConfirmation},
		{"DPOP-BIND-02 jkt of 44 characters", verifiertest.Claims{"jkt": s.thumbprint + "A"}, verifier.CodeConfirmation},
		{"DPOP-BIND-02 jkt with a line break", verifiertest.Claims{"jkt": strings.Repeat("A", 42) + "\n"}, verifier.CodeConfirmation},
		{"DPOP-BIND-03 unknown method next to jkt", verifiertest.Claims{"jkt": s.thumbprint, "jwk": verifiertest.Claims{}}, verifier.CodeConfirmation},
	} {
		t.Run(c.name, func(t *testing.T) {
			bound := token(t, env.issuer, verifiertest.Claims{"cnf": c.cnf})
			_, err := env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, nil)))
			wantCode(t, err, c.want)
			wantRule(t, err, c.name, "")
		})
	}
}

func TestDPoPConcurrentUses(t *testing.T) {
	t.Run("DPOP-RPL-03 one of 50 at once is accepted", testConcurrentUses)
}

func testConcurrentUses(t *testing.T) {
	env := newEnvironment(t, nil)
	s := newSender(t, env)
	bound := s.bound(t)
	for range 20 {
		r := get("DPoP "+bound, s.proof(t, bound, nil))
		var (
			accepted atomic.Int64
			all      sync.WaitGroup
		)
		for range 50 {
			all.Go(func() {
				switch _, err := env.VerifyRequest(context.Background(), r); {
				case err == nil:
					accepted.Add(1)
				case !errors.Is(err, verifier.CodeProofReplayed):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if accepted.Load() != 1 {
			t.Errorf("accepted %d times", accepted.Load())
		}
	}
}

func TestDPoPReplay(t *testing.T) {
	env := newEnvironment(t, nil)
	s := newSender(t, env)
	bound := s.bound(t)
	request := get("DPoP "+bound, s.proof(t, bound, nil))
	for use, want := range []verifier.Code{"", verifier.CodeProofReplayed} {
		t.Run(fmt.Sprint("DPOP-RPL-01 use ", use+1), func(t *testing.T) {
			_, err := env.VerifyRequest(t.Context(), request)
			wantCode(t, err, want)
		})
	}
}

func TestDPoPReplayWithinTheWindow(t *testing.T) {
	for _, careless := range []bool{false, true} {
		t.Run(fmt.Sprint("DPOP-RPL-04 without the store if need be: ", careless), func(t *testing.T) {
			env := newEnvironment(t, func(c *verifier.Config) { c.DPoP.InsecureAcceptWithoutReplayStore = careless })
			s := newSender(t, env)
			bound := s.bound(t)
			r := get("DPoP "+bound, s.proof(t, bound, nil))
			_, err := env.VerifyRequest(t.Context(), r)
			wantCode(t, err, "")
			for range 3 {
				env.clock.Advance(99 * time.Second)
				_, err = env.VerifyRequest(t.Context(), r)
				wantCode(t, err, verifier.CodeProofReplayed)
			}
		})
	}
}

// brokenStore can't tell.
type brokenStore struct{}

func (brokenStore) FirstUse(context.Context, string, time.Duration) (bool, error) {
	return false, errors.New("connection refused")
}

func TestDPoPReplayStoreAway(t *testing.T) {
	full, err := memory.NewReplayStore(memory.ReplayConfig{MaxEntries: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := full.FirstUse(t.Context(), "taken", time.Hour); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		dpop verifier.DPoP
		want verifier.Code
	}{
		{"DPOP-RPL-05 away", verifier.DPoP{ReplayStore: brokenStore{}}, verifier.CodeReplayStore},
		{"DPOP-RPL-05 full", verifier.DPoP{ReplayStore: full}, verifier.CodeReplayStore},
		{"DPOP-RPL-05 accepted without", verifier.DPoP{ReplayStore: brokenStore{}, InsecureAcceptWithoutReplayStore: true}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := newEnvironment(t, func(config *verifier.Config) { config.DPoP = c.dpop })
			s := newSender(t, env)
			bound := s.bound(t)
			_, err := env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, nil)))
			wantCode(t, err, c.want)
			var e *verifier.Error
			if errors.As(err, &e) && (e.Status != 503 || e.Header["Retry-After"] == nil || e.Header["Www-Authenticate"] != nil) {
				t.Errorf("answer is %d %v", e.Status, e.Header)
			}
		})
	}
}

func TestDPoPConfig(t *testing.T) {
	for name, c := range map[string]struct {
		dpop  verifier.DPoP
		field string
	}{
		"unknown mode":             {verifier.DPoP{Mode: 9}, "DPoP.Mode"},
		"unknown nonce mode":       {verifier.DPoP{Nonce: 9}, "DPoP.Nonce"},
		"HS256":                    {verifier.DPoP{Algorithms: []string{"HS256"}}, "DPoP.Algorithms[0]"},
		"nonces while off":         {verifier.DPoP{Mode: verifier.DPoPDisabled, Nonce: verifier.NonceOffered}, "DPoP.Nonce"},
		"negative age":             {verifier.DPoP{MaxAge: -1}, "DPoP.MaxAge"},
		"negative size":            {verifier.DPoP{MaxProofBytes: -1}, "DPoP.MaxProofBytes"},
		"short secret":             {verifier.DPoP{Nonce: verifier.NonceRequired, NonceSecrets: [][]byte{{1}}}, "DPoP.NonceSecrets[0]"},
		"short life":               {verifier.DPoP{Nonce: verifier.NonceRequired, NonceLifetime: 1}, "DPoP.NonceLifetime"},
		"bound as Bearer while on": {verifier.DPoP{InsecureAcceptBoundTokensAsBearer: true}, "DPoP.InsecureAcceptBoundTokensAsBearer"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := verifier.New(verifier.Config{Domain: issuerURL, Audiences: []string{audience}, Fetcher: &verifiertest.Issuer{}, DPoP: c.dpop})
			if diff := cmp.Diff([]string{c.field}, faultyFields(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDPoPDisabled(t *testing.T) {
	env := newEnvironment(t, func(c *verifier.Config) {
		c.DPoP = verifier.DPoP{Mode: verifier.DPoPDisabled, InsecureAcceptBoundTokensAsBearer: true}
	})
	s := newSender(t, env)
	t.Run("DPOP-REQ-07 bound token as Bearer, by choice", func(t *testing.T) {
		_, err := env.VerifyRequest(t.Context(), get("Bearer "+s.bound(t)))
		wantCode(t, err, "")
	})
	t.Run("DPOP-REQ-07 another binding all the same", func(t *testing.T) {
		_, err := verify(t, env, token(t, env.issuer, verifiertest.Claims{"cnf": verifiertest.Claims{"kid": "k"}}))
		wantCode(t, err, verifier.CodeConfirmation)
	})
	t.Run("DPOP-REQ-07 bound token as Bearer", func(t *testing.T) {
		strict := newEnvironment(t, mode(verifier.DPoPDisabled))
		_, err := strict.VerifyRequest(t.Context(), get("Bearer "+s.bound(t)))
		wantCode(t, err, verifier.CodeConfirmation)
		wantRule(t, err, "DPOP-REQ-07", "")
	})
	t.Run("DPOP-REQ-07 the scheme is not offered", func(t *testing.T) {
		bound := s.bound(t)
		_, err := env.VerifyRequest(t.Context(), get("DPoP "+bound, s.proof(t, bound, nil)))
		wantCode(t, err, verifier.CodeSchemeNotOffered)
	})
}

func TestDPoPRequired(t *testing.T) {
	t.Run("DPOP-REQ-06 a token without a proof", func(t *testing.T) {
		env := newEnvironment(t, mode(verifier.DPoPRequired))
		_, err := verify(t, env, token(t, env.issuer, nil))
		wantCode(t, err, verifier.CodeSchemeNotOffered)
	})
}

func TestMTLSBesideDPoP(t *testing.T) {
	certificate := []byte("the DER of a certificate")
	sum := sha256.Sum256(certificate)
	x5t := base64.RawURLEncoding.EncodeToString(sum[:])
	type claims = verifiertest.Claims
	on, off, required := verifier.MTLSOn, verifier.MTLSOff, verifier.MTLSRequired
	for _, c := range []struct {
		name        string
		mode        verifier.MTLSMode
		cnf         any
		certificate []byte
		want        verifier.Code
	}{
		{"MTLS-01 the certificate", on, claims{"x5t#S256": x5t}, certificate, ""},
		{"MTLS-01 another", on, claims{"x5t#S256": x5t}, []byte("another"), verifier.CodeConfirmation},
		{"MTLS-01 required", required, claims{"x5t#S256": x5t}, certificate, ""},
		{"MTLS-02 none", on, claims{"x5t#S256": x5t}, nil, verifier.CodeConfirmation},
		{"MTLS-02 none, where the token is bound to the hash of nothing", on, claims{"x5t#S256": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"}, nil, verifier.CodeConfirmation},
		{"MTLS-02 off", off, claims{"x5t#S256": x5t}, certificate, verifier.CodeConfirmation},
		{"MTLS-02 unbound token", on, verifiertest.Absent, certificate, ""},
		{"MTLS-02 unbound token where binding is required", required, verifiertest.Absent, certificate, verifier.CodeConfirmation},
		{"DPOP-BIND-02 malformed", on, claims{"x5t#S256": x5t[1:]}, certificate, verifier.CodeConfirmation},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := newEnvironment(t, func(config *verifier.Config) { config.MTLS = c.mode })
			r := get("Bearer " + token(t, env.issuer, claims{"cnf": c.cnf}))
			r.ClientCertificate = c.certificate
			_, err := env.VerifyRequest(t.Context(), r)
			wantCode(t, err, c.want)
		})
	}
	t.Run("MTLS-03 a certificate in a header field is not read", func(t *testing.T) {
		env := newEnvironment(t, func(config *verifier.Config) { config.MTLS = verifier.MTLSOn })
		r := get("Bearer " + token(t, env.issuer, claims{"cnf": claims{"x5t#S256": x5t}}))
		r.Header["Client-Cert"] = []string{":" + base64.StdEncoding.EncodeToString(certificate) + ":"}
		_, err := env.VerifyRequest(t.Context(), r)
		wantCode(t, err, verifier.CodeConfirmation)
	})
	t.Run("MTLS-02 a token that is bound only to a key where a certificate is required", func(t *testing.T) {
		env := newEnvironment(t, func(config *verifier.Config) { config.MTLS = required })
		s := newSender(t, env)
		bound := s.bound(t)
		r := get("DPoP "+bound, s.proof(t, bound, nil))
		r.ClientCertificate = certificate
		_, err := env.VerifyRequest(t.Context(), r)
		wantCode(t, err, verifier.CodeConfirmation)
		wantRule(t, err, "MTLS-02", "")
	})
	for name, c := range map[string]struct {
		certificate []byte
		proved      bool
		want        verifier.Code
	}{
		"MTLS-04 both hold":            {certificate, true, ""},
		"MTLS-04 only the key":         {nil, true, verifier.CodeConfirmation},
		"MTLS-04 only the certificate": {certificate, false, verifier.CodeConfirmation},
	} {
		t.Run(name, func(t *testing.T) {
			env := newEnvironment(t, func(config *verifier.Config) { config.MTLS = verifier.MTLSOn })
			s := newSender(t, env)
			both := token(t, env.issuer, claims{"cnf": claims{"x5t#S256": x5t, "jkt": s.thumbprint}})
			r := get("Bearer " + both)
			if c.proved {
				r = get("DPoP "+both, s.proof(t, both, nil))
			}
			r.ClientCertificate = c.certificate
			_, err := env.VerifyRequest(t.Context(), r)
			wantCode(t, err, c.want)
		})
	}
	if _, err := verifier.New(verifier.Config{Domain: issuerURL, Audiences: []string{audience}, Fetcher: &verifiertest.Issuer{}, MTLS: 9}); !cmp.Equal(faultyFields(err), []string{"MTLS"}) {
		t.Errorf("New = %v for an unknown mode", err)
	}
}
