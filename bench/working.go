package main

import (
	"context"
	"crypto"
	"fmt"
	"math/rand/v2"
	"time"
)

// zipfWorkload has a working set of tokens of which some come more often than others: by Zipf's law, the n-th most
// frequent about 1/n as often as the first. What is remembered by default is 1,024 tokens.
func zipfWorkload(sizes []int) preparation {
	return preparation{bearerZipf, func(ctx context.Context, after *cleanup) (*workload, error) {
		t, err := newTenant("RS256", after)
		if err != nil {
			return nil, err
		}
		tokens, err := mint(sizes[len(sizes)-1], func(int) (string, error) { return t.Token(claims()) })
		if err != nil {
			return nil, err
		}
		w := &workload{name: bearerZipf}
		for _, n := range sizes {
			contenders, err := zipfContenders(ctx, t, tokens[:n], after)
			if err != nil {
				return nil, err
			}
			w.variants = append(w.variants, variant{name: workingSet(n), cores: 1, contenders: contenders})
		}
		return w, nil
	}}
}

// workingSet names a variant.
func workingSet(tokens int) string { return plural(tokens, "token") }

func zipfContenders(ctx context.Context, t *tenant, tokens []string, after *cleanup) ([]*contender, error) {
	signatures, err := bareAll(tokens, func(int) crypto.PublicKey { return t.public })
	if err != nil {
		return nil, err
	}
	v, err := newHoldfast(t, way{}, nil, after)
	if err != nil {
		return nil, err
	}
	theirs, err := startGolangJWT(ctx, t)
	if err != nil {
		return nil, err
	}
	const draws, exponent = 1 << 18, 1.01
	zipf := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), exponent, 1, uint64(len(tokens)-1))
	drawn := make([]uint16, draws)
	for i := range drawn {
		drawn[i] = uint16(zipf.Uint64())
	}
	of := func(i int) int { return int(drawn[i%draws]) }
	requests := bearerRequests(tokens)
	return []*contender{
		{name: floorName, do: func(i int) error { return signatures[of(i)].verify() }},
		{name: holdfastName, do: func(i int) error {
			_, err := v.VerifyRequest(context.Background(), requests[of(i)])
			return err
		}},
		{name: golangJWTName, do: func(i int) error { return theirs(tokens[of(i)], nil) }},
	}, nil
}

const (
	// liveTokens is how many tokens come in turn: nearly what is remembered by default.
	liveTokens = 1000
	turns      = 6
)

// A turnsMeasure says which share of the live tokens is found among what is remembered, by how often they have come.
type turnsMeasure [turns]float64

// measureTurns has so many tokens come in turn. A token counts as found if its request takes less than half of what its
// signature takes.
func measureTurns(ctx context.Context, live int) (found turnsMeasure, err error) {
	var after cleanup
	defer after.run()
	t, err := newTenant("RS256", &after)
	if err != nil {
		return found, err
	}
	tokens, err := mint(live, func(int) (string, error) { return t.Token(claims()) })
	if err != nil {
		return found, err
	}
	bare, err := bearerFloor(t, tokens)
	if err != nil {
		return found, err
	}
	v, err := newHoldfast(t, way{}, nil, &after)
	if err != nil {
		return found, err
	}
	if err := checkBearer(t, bearerVerify(ctx, v)); err != nil { // which fetches the keys
		return found, err
	}
	ours := holdfast(v, bearerRequests(tokens))
	signature, err := bare.run(variant{cores: 1}, live)
	if err != nil {
		return found, err
	}
	half := time.Duration(signature.nanoseconds / 2)
	for turn := range found {
		var quick int
		for i := range tokens {
			start := time.Now()
			if err := ours.do(i); err != nil {
				return found, fmt.Errorf("turn %d, token %d: %w", turn, i, err)
			}
			if time.Since(start) < half {
				quick++
			}
		}
		found[turn] = float64(quick) / float64(live)
	}
	return found, nil
}
