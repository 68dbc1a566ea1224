package main

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"reflect"
)

// A bearerJob is what is done with a Bearer token.
type bearerJob struct {
	algorithm string
	tokens    int // that come in turn
	read      bool
}

// bearerWorkload has every verifier verify Bearer tokens in turn, and read their claims if that is the job.
func bearerWorkload(name string, job bearerJob, cores ...int) preparation {
	return preparation{name, func(ctx context.Context, after *cleanup) (*workload, error) {
		t, err := newTenant(job.algorithm, after)
		if err != nil {
			return nil, err
		}
		tokens, err := mint(job.tokens, func(int) (string, error) { return t.Token(claims()) })
		if err != nil {
			return nil, err
		}
		bare, err := bearerFloor(t, tokens)
		if err != nil {
			return nil, err
		}
		verifiers, err := bearerContenders(ctx, t, tokens, job.read, after)
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

// bearerContenders are Holdfast, all its peers, and Holdfast accelerated, on the same tokens.
func bearerContenders(ctx context.Context, t *tenant, tokens []string, read bool, after *cleanup) ([]*contender, error) {
	plain, accelerated, err := ways()
	if err != nil {
		return nil, err
	}
	first, err := bearerHoldfast(ctx, t, plain, tokens, read, after)
	if err != nil {
		return nil, err
	}
	last, err := bearerHoldfast(ctx, t, accelerated, tokens, read, after)
	if err != nil {
		return nil, err
	}
	contenders := []*contender{first}
	ctx, stop := context.WithCancel(ctx)
	after.add(stop)
	for _, p := range peers() {
		verify, err := p.start(ctx, t)
		if err == nil {
			err = errors.Join(checkBearer(t, verify), checkReading(t, verify))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		contenders = append(contenders, &contender{name: p.name, do: func(i int) error {
			var into *apiClaims
			if read {
				into = new(apiClaims)
			}
			return verify(tokens[i%len(tokens)], into)
		}})
	}
	return append(contenders, last), nil
}

func bearerHoldfast(ctx context.Context, t *tenant, by way, tokens []string, read bool, after *cleanup) (*contender, error) {
	v, err := newHoldfast(t, by, nil, after)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(checkBearer(t, bearerVerify(ctx, v)), checkReading(t, bearerVerify(ctx, v))); err != nil {
		return nil, fmt.Errorf("%s: %w", by.name, err)
	}
	ours := holdfast
	if read {
		ours = holdfastReading
	}
	c := ours(v, bearerRequests(tokens))
	c.name = by.name
	return c, nil
}

// checkBearer shows that a verifier accepts a good token, also the second time, and none that was tampered with.
func checkBearer(t *tenant, verify verifyFunc) error {
	good, err := t.Token(claims())
	if err != nil {
		return err
	}
	for range 2 {
		if err := verify(good, nil); err != nil {
			return fmt.Errorf("a good token is rejected: %w", err)
		}
	}
	bad, err := tampered(t, good)
	if err != nil {
		return err
	}
	for _, b := range bad {
		if verify(b.token, nil) == nil {
			return fmt.Errorf("a token with %s is accepted", b.what)
		}
	}
	return nil
}

// checkReading shows that a verifier reads a token's claims, each time, and none of a token that it rejects.
func checkReading(t *tenant, verify verifyFunc) error {
	good, err := t.Token(claims())
	if err != nil {
		return err
	}
	for range 4 { // what is remembered after the second time is read as what was not
		var read apiClaims
		if err := verify(good, &read); err != nil {
			return fmt.Errorf("a good token is rejected: %w", err)
		}
		if !reflect.DeepEqual(read, granted) {
			return fmt.Errorf("a good token's claims are %v, and it reads %v", granted, read)
		}
	}
	if verify(withOtherSignature(good), new(apiClaims)) == nil {
		return errors.New("a token with another signature is read")
	}
	return nil
}
