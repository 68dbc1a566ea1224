package verifier_test

import (
	"context"
	"maps"
	"math"
	"net/http"
	"runtime"
	"testing"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// allocRuns is how many requests are averaged over.
const allocRuns = 200

// TestAllocs holds the requests that servers mostly get against bounds on what each allocates: with it goes much of the
// time that is not spent on cryptography.
func TestAllocs(t *testing.T) {
	for _, c := range []struct {
		name   string
		config func(*verifier.Config)
		// requests returns n requests that are to pass.
		requests func(t *testing.T, env *environment, n int) []verifier.Request
		most     float64
	}{
		{name: "Bearer never seen", requests: bearers(true), most: 23},
		{name: "Bearer never seen, nothing remembered", config: forgetful, requests: bearers(true), most: 23},
		{name: "Bearer seen", requests: bearers(false), most: 3},
		{name: "Bearer seen, observed", config: watched, requests: bearers(false), most: 10},
		{name: "DPoP, token and proof never seen", requests: senders(true), most: 62},
		{name: "DPoP, token seen, proof fresh", requests: senders(false), most: 42},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := newEnvironment(t, c.config)
			requests := c.requests(t, env, allocRuns+1)
			if _, err := env.VerifyRequest(t.Context(), requests[0]); err != nil {
				t.Fatal(err)
			}
			// The first is not sent again: its proof is used, and the keys are fetched.
			next := 0
			requests = requests[1:]
			allocs := testing.AllocsPerRun(allocRuns-1, func() {
				if _, err := env.VerifyRequest(t.Context(), requests[next]); err != nil {
					t.Fatal(err)
				}
				next++
			})
			t.Logf("%v allocations", allocs)
			if allocs > c.most {
				t.Errorf("%v allocations, at most %v", allocs, c.most)
			}
		})
	}
}

// TestAllocsOfARealisticToken has a token of 1.4 kB, with 20 permissions, be sent again and again, and its claims be read.
func TestAllocsOfARealisticToken(t *testing.T) {
	env := newEnvironment(t, nil)
	sent := token(t, env.issuer, realistic())
	if len(sent) < 1400 {
		t.Fatalf("the token has %d bytes", len(sent))
	}
	request := get("Bearer " + sent)
	for _, c := range []struct {
		name   string
		read   func(*verifier.Verified) error
		allocs float64
		bytes  uint64
	}{
		{"seen", func(*verifier.Verified) error { return nil }, 3, 450},
		{"seen, claims decoded", decodeClaims, 5, 900},
		{"seen, permissions read", func(v *verifier.Verified) error { _, err := v.Permissions(); return err }, 5, 900},
	} {
		t.Run(c.name, func(t *testing.T) {
			do := func() {
				verified, err := env.VerifyRequest(t.Context(), request)
				if err == nil {
					err = c.read(verified)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			for range 4 { // until it is remembered, and was read once after that
				do()
			}
			allocs, bytes := math.Inf(1), uint64(math.MaxUint64)
			for range 3 { // others may allocate meanwhile
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				allocs = min(allocs, testing.AllocsPerRun(allocRuns-1, do))
				runtime.ReadMemStats(&after)
				bytes = min(bytes, (after.TotalAlloc-before.TotalAlloc)/allocRuns)
			}
			t.Logf("%v allocations, %d bytes", allocs, bytes)
			if allocs > c.allocs+raceAllocs || bytes > c.bytes+raceBytes {
				t.Errorf("%v allocations of %d bytes, at most %v of %d", allocs, bytes, c.allocs+raceAllocs, c.bytes+raceBytes)
			}
		})
	}
}

func forgetful(c *verifier.Config) { c.MaxRememberedTokens = -1 }

func watched(c *verifier.Config) { c.DecisionObserver = func(context.Context, verifier.Decision) {} }

// usual are claims that many access tokens have.
var usual = verifiertest.Claims{"scope": "read:orders write:orders", "client_id": "app-1"}

func bearers(different bool) func(t *testing.T, env *environment, n int) []verifier.Request {
	return func(t *testing.T, env *environment, n int) []verifier.Request {
		var requests []verifier.Request
		one := token(t, env.issuer, usual)
		for range n {
			if different {
				one = token(t, env.issuer, usual)
			}
			requests = append(requests, verifier.Request{
				Method: http.MethodGet, URL: "https://api.example/orders?page=2", Header: map[string][]string{"Authorization": {"Bearer " + one}},
			})
		}
		return requests
	}
}

func senders(different bool) func(t *testing.T, env *environment, n int) []verifier.Request {
	return func(t *testing.T, env *environment, n int) []verifier.Request {
		var requests []verifier.Request
		s := newSender(t, env)
		claims := maps.Clone(usual)
		claims["cnf"] = verifiertest.Claims{"jkt": s.thumbprint}
		one := token(t, env.issuer, claims)
		for range n {
			if different {
				one = token(t, env.issuer, claims)
			}
			requests = append(requests, get("DPoP "+one, s.proof(t, one, nil)))
		}
		return requests
	}
}
