package main

import (
	"context"
	"crypto"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/holdfast-go/holdfast/adapters/redis"
)

// dpopWorkload has the verifiers that know DPoP verify requests whose proofs are all different. If the tokens were seen
// before, their signatures are not part of the floor.
func dpopWorkload(name string, seen bool) preparation {
	return preparation{name, func(ctx context.Context, after *cleanup) (*workload, error) {
		t, err := newTenant("RS256", after)
		if err != nil {
			return nil, err
		}
		requests, err := newDPoPPool(t, pool, seen)
		if err != nil {
			return nil, err
		}
		bare, err := requests.floor(t, seen)
		if err != nil {
			return nil, err
		}
		plain, accelerated, err := ways()
		if err != nil {
			return nil, err
		}
		ours, err := holdfastDPoP(ctx, t, plain, requests, after)
		if err != nil {
			return nil, err
		}
		fast, err := holdfastDPoP(ctx, t, accelerated, requests, after)
		if err != nil {
			return nil, err
		}
		theirs, err := jwtMiddlewareDPoP(ctx, t, requests)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", jwtMiddlewareName, err)
		}
		return &workload{name: name, variants: variants([]*contender{bare, ours, theirs, fast}, 1, 2), jobs: pool}, nil
	}}
}

// floor is the proofs' signatures and the hashes of the tokens that they must have (ath, RFC 9449 section 4.3), and the
// tokens' signatures unless these were seen before.
func (p *dpopPool) floor(t *tenant, seen bool) (*contender, error) {
	proofs, err := bareAll(p.proofs, p.proofKey)
	if err != nil {
		return nil, err
	}
	signatures := floor(proofs)
	if !seen {
		tokens, err := bareAll(p.tokens, func(int) crypto.PublicKey { return t.public })
		if err != nil {
			return nil, err
		}
		signatures = floor(tokens, proofs)
	}
	texts := make([][]byte, len(p.tokens))
	hashes := make([][sha256.Size]byte, len(p.tokens))
	for i, token := range p.tokens {
		texts[i] = []byte(token)
		hashes[i] = sha256.Sum256(texts[i])
	}
	verify := signatures.do
	signatures.do = func(i int) error {
		if n := i % len(texts); sha256.Sum256(texts[n]) != hashes[n] {
			return errors.New("the hash of a token has changed")
		}
		return verify(i)
	}
	return signatures, nil
}

func holdfastDPoP(ctx context.Context, t *tenant, by way, requests *dpopPool, after *cleanup) (*contender, error) {
	replays, reset, err := forgettingReplays()
	if err != nil {
		return nil, err
	}
	v, err := newHoldfast(t, by, replays, after)
	if err != nil {
		return nil, err
	}
	if err := checkDPoP(t, dpopVerify(ctx, v)); err != nil {
		return nil, fmt.Errorf("%s: %w", by.name, err)
	}
	ours := holdfast(v, requests.requests())
	ours.name, ours.reset = by.name, reset
	return ours, nil
}

func jwtMiddlewareDPoP(ctx context.Context, t *tenant, requests *dpopPool) (*contender, error) {
	verify, err := startJWTMiddlewareDPoP(ctx, t)
	if err != nil {
		return nil, err
	}
	if err := checkDPoP(t, verify); err != nil {
		return nil, err
	}
	return &contender{name: jwtMiddlewareName, do: func(i int) error {
		return verify(requests.tokens[i%pool], requests.proofs[i%pool])
	}}, nil
}

// checkDPoP shows that a verifier accepts good tokens with good proofs, and nothing that was tampered with or is
// another client's.
func checkDPoP(t *tenant, verify verifyProofFunc) error {
	good, err := newDPoPPool(t, 2, false)
	if err != nil {
		return err
	}
	token, proof := good.tokens[1], good.proofs[1]
	for _, bad := range []struct{ what, token, proof string }{
		{"a proof with another signature", token, withOtherSignature(proof)},
		{"a token with another signature", withOtherSignature(token), proof},
		{"another client's proof", token, good.proofs[0]},
		{"no proof", token, ""},
	} {
		if verify(bad.token, bad.proof) == nil {
			return fmt.Errorf("%s is accepted", bad.what)
		}
	}
	for i, token := range good.tokens {
		if err := verify(token, good.proofs[i]); err != nil {
			return fmt.Errorf("a good proof is rejected: %w", err)
		}
	}
	return nil
}

// The variants of dpopRedis, and what the store of a process is called there.
const (
	oneAtOnce    = "1 at once"
	fiftyAtOnce  = "50 at once"
	embeddedName = holdfastName + ", embedded store"
)

// redisWorkload is dpopSeen with the replay store that a fleet shares, by requests one after the other, and by many at
// once. Its floor has the round trip of one SET NX by the bare Redis client; no peer looks for replays.
func redisWorkload() preparation {
	return preparation{dpopRedis, func(ctx context.Context, after *cleanup) (*workload, error) {
		server, err := startRedis(ctx, after)
		if err != nil {
			return nil, err
		}
		t, err := newTenant("RS256", after)
		if err != nil {
			return nil, err
		}
		requests, err := newDPoPPool(t, pool, true)
		if err != nil {
			return nil, err
		}
		proofs, err := bareAll(requests.proofs, requests.proofKey)
		if err != nil {
			return nil, err
		}
		replays, err := redis.NewReplayStore(server, redis.Config{})
		if err != nil {
			return nil, err
		}
		v, err := newHoldfast(t, way{}, replays, after)
		if err != nil {
			return nil, err
		}
		verify := dpopVerify(ctx, v)
		if err := errors.Join(checkDPoP(t, verify), checkReplay(requests, verify)); err != nil {
			return nil, fmt.Errorf("%s: %w", holdfastName, err)
		}
		embedded, err := holdfastDPoP(ctx, t, way{name: embeddedName}, requests, after)
		if err != nil {
			return nil, err
		}
		keys := new(proofKeys).make(pool)
		forget := func() error { return server.FlushDB(ctx).Err() }
		bare := &contender{name: floorName + " + SET NX", reset: forget, do: func(i int) error {
			if err := proofs[i%pool].verify(); err != nil {
				return err
			}
			return server.Do(ctx, "set", keys[i%pool], 1, "px", 300_000, "nx").Err()
		}}
		ours := holdfast(v, requests.requests())
		ours.reset = forget
		contenders := []*contender{bare, ours, embedded}
		return &workload{name: dpopRedis, jobs: pool, variants: []variant{
			{name: oneAtOnce, cores: 1, contenders: contenders, waits: true},
			{name: fiftyAtOnce, cores: 2, callers: 50, contenders: contenders},
		}}, nil
	}}
}

// checkReplay shows that a verifier accepts a proof once.
func checkReplay(requests *dpopPool, verify verifyProofFunc) error {
	if err := verify(requests.tokens[0], requests.proofs[0]); err != nil {
		return fmt.Errorf("a good proof is rejected: %w", err)
	}
	if verify(requests.tokens[0], requests.proofs[0]) == nil {
		return errors.New("a proof is accepted twice")
	}
	return nil
}
