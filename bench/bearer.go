package main

import (
	"context"
	"crypto"
	"fmt"
)

// bearerWorkload has every verifier verify so many Bearer tokens in turn.
func bearerWorkload(name, algorithm string, n int, cores ...int) preparation {
	return preparation{name, func(ctx context.Context, after *cleanup) (*workload, error) {
		t, err := newTenant(algorithm, after)
		if err != nil {
			return nil, err
		}
		tokens, err := mint(n, func(int) (string, error) { return t.Token(claims()) })
		if err != nil {
			return nil, err
		}
		bare, err := bearerFloor(t, tokens)
		if err != nil {
			return nil, err
		}
		verifiers, err := bearerContenders(ctx, t, tokens, after)
		if err != nil {
			return nil, err
		}
		return &workload{name: name, variants: variants(append([]*contender{bare}, verifiers...), cores...)}, nil
	}}
}

func bearerFloor(t *tenant, tokens []string) (*contender, error) {
	signatures, err := bareAll(tokens, func(int) crypto.PublicKey { return t.public })
	return floor(signatures), err
}

// bearerContenders are Holdfast and all its peers, on the same tokens.
func bearerContenders(ctx context.Context, t *tenant, tokens []string, after *cleanup) ([]*contender, error) {
	v, err := newHoldfast(t, nil, after)
	if err != nil {
		return nil, err
	}
	if err := checkBearer(t, bearerVerify(ctx, v)); err != nil {
		return nil, fmt.Errorf("%s: %w", holdfastName, err)
	}
	contenders := []*contender{holdfast(v, bearerRequests(tokens))}
	ctx, stop := context.WithCancel(ctx)
	after.add(stop)
	for _, p := range peers() {
		verify, err := p.start(ctx, t)
		if err == nil {
			err = checkBearer(t, verify)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		contenders = append(contenders, &contender{name: p.name, do: func(i int) error {
			return verify(tokens[i%len(tokens)])
		}})
	}
	return contenders, nil
}

// checkBearer shows that a verifier accepts a good token, also the second time, and none that was tampered with.
func checkBearer(t *tenant, verify verifyFunc) error {
	good, err := t.Token(claims())
	if err != nil {
		return err
	}
	for range 2 {
		if err := verify(good); err != nil {
			return fmt.Errorf("a good token is rejected: %w", err)
		}
	}
	bad, err := tampered(t, good)
	if err != nil {
		return err
	}
	for _, b := range bad {
		if verify(b.token) == nil {
			return fmt.Errorf("a token with %s is accepted", b.what)
		}
	}
	return nil
}
