package main

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/holdfast-go/holdfast/adapters/fastverify"
	"github.com/holdfast-go/holdfast/adapters/httpfetch"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

// holdfastName is what the report calls it. Names of contenders that begin so are Holdfast's, in other ways.
const holdfastName = "Holdfast"

func isHoldfast(contender string) bool { return strings.HasPrefix(contender, holdfastName) }

// acceleratedName is what the report calls Holdfast with adapters/fastverify, which has to be named to be used.
const acceleratedName = holdfastName + ", accelerated"

// A way is a way to set Holdfast up.
type way struct {
	name       string
	signatures ports.SignatureVerifier // nil for the standard library
}

// ways are those that are measured on the same tokens.
func ways() (plain, accelerated way, err error) {
	fast, err := fastverify.New(fastverify.Config{})
	return way{holdfastName, nil}, way{acceleratedName, fast}, err
}

// newHoldfast returns a verifier as the README sets one up: the defaults hold, its memory of verified tokens included.
func newHoldfast(t *tenant, by way, replays ports.ReplayStore, after *cleanup, edit ...func(*verifier.Config)) (*verifier.Verifier, error) {
	fetcher, err := httpfetch.New(httpfetch.Config{Client: t.client})
	if err != nil {
		return nil, err
	}
	config := verifier.Config{
		Domain:     t.URL,
		Audiences:  []string{audience},
		Algorithms: []string{t.algorithm},
		Fetcher:    fetcher,

		SignatureVerifier: by.signatures,
		// One client sends as fast as it can, and its proofs are forgotten between runs.
		DPoP: verifier.DPoP{ReplayStore: replays, MaxProofsPerKey: 1 << 40},
	}
	for _, change := range edit {
		change(&config)
	}
	return newVerifier(config, after)
}

func newVerifier(config verifier.Config, after *cleanup) (*verifier.Verifier, error) {
	v, err := verifier.New(config)
	if err == nil {
		after.add(func() { _ = v.Close() })
	}
	return v, err
}

// bearerRequest is a request as a guard hands it to the verifier. The peers are given only the token.
func bearerRequest(token string) verifier.Request {
	return verifier.Request{
		Method: http.MethodGet,
		URL:    targetURL,
		Header: map[string][]string{"Authorization": {"Bearer " + token}},
	}
}

func dpopRequest(token, proof string) verifier.Request {
	return verifier.Request{
		Method: http.MethodGet,
		URL:    targetURL,
		Header: map[string][]string{"Authorization": {"DPoP " + token}, "Dpop": {proof}},
	}
}

func bearerRequests(tokens []string) []verifier.Request {
	requests := make([]verifier.Request, len(tokens))
	for i, token := range tokens {
		requests[i] = bearerRequest(token)
	}
	return requests
}

func (p *dpopPool) requests() []verifier.Request {
	requests := make([]verifier.Request, len(p.tokens))
	for i, token := range p.tokens {
		requests[i] = dpopRequest(token, p.proofs[i])
	}
	return requests
}

func bearerVerify(ctx context.Context, v *verifier.Verifier) verifyFunc {
	return func(token string, into *apiClaims) error {
		verified, err := v.VerifyRequest(ctx, bearerRequest(token))
		if err != nil || into == nil {
			return err
		}
		return verified.Decode(into)
	}
}

func dpopVerify(ctx context.Context, v *verifier.Verifier) verifyProofFunc {
	return func(token, proof string) error {
		_, err := v.VerifyRequest(ctx, dpopRequest(token, proof))
		return err
	}
}

// holdfast verifies requests in turn.
func holdfast(v *verifier.Verifier, requests []verifier.Request) *contender {
	return &contender{name: holdfastName, do: func(i int) error {
		_, err := v.VerifyRequest(context.Background(), requests[i%len(requests)])
		return err
	}}
}

// holdfastReading verifies requests in turn and reads their claims.
func holdfastReading(v *verifier.Verifier, requests []verifier.Request) *contender {
	return &contender{name: holdfastName, do: func(i int) error {
		verified, err := v.VerifyRequest(context.Background(), requests[i%len(requests)])
		if err != nil {
			return err
		}
		return verified.Decode(new(apiClaims))
	}}
}

// A laterClock is the system's clock, put forward.
type laterClock struct{ nanoseconds atomic.Int64 }

func (c *laterClock) Now() time.Time          { return time.Now().Add(time.Duration(c.nanoseconds.Load())) }
func (c *laterClock) advance(d time.Duration) { c.nanoseconds.Add(int64(d)) }

// forgettingReplays is a replay memory that can be made to take a pool's proofs once more: what it holds has expired,
// and is swept as ever, so that it is measured as one that has run for long.
func forgettingReplays() (store *memory.ReplayStore, reset func() error, err error) {
	clock := &laterClock{}
	store, err = memory.NewReplayStore(memory.ReplayConfig{Clock: clock})
	return store, func() error { clock.advance(time.Hour); return nil }, err
}
