package main

import (
	"context"
	"crypto"
	"fmt"

	"github.com/holdfast-go/holdfast/adapters/httpfetch"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

// The variants of manyIssuers.
const (
	issuers1     = "1 issuer"
	issuers100   = "100 issuers"
	issuers10000 = "10,000 issuers"
)

// issuersWorkload verifies so many tokens in turn, which are of one, of a hundred and of ten thousand issuers.
func issuersWorkload(tokens int) preparation {
	return preparation{manyIssuers, func(ctx context.Context, after *cleanup) (*workload, error) {
		w := &workload{name: manyIssuers}
		for _, v := range []struct {
			name    string
			issuers int
		}{{issuers1, 1}, {issuers100, 100}, {issuers10000, 10_000}} {
			contenders, err := issuersContenders(ctx, v.issuers, tokens, after)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", v.name, err)
			}
			w.variants = append(w.variants, variant{v.name, 1, contenders})
		}
		return w, nil
	}}
}

func issuersContenders(ctx context.Context, issuers, n int, after *cleanup) ([]*contender, error) {
	s, err := newSite("RS256", issuers, after)
	if err != nil {
		return nil, err
	}
	// Where there are fewer tokens than tenants, no two are of the same.
	step := max(1, issuers/n)
	of := func(i int) *tenant { return s.tenants[i*step%issuers] }
	tokens, err := mint(n, func(i int) (string, error) { return of(i).Token(claims()) })
	if err != nil {
		return nil, err
	}
	signatures, err := bareAll(tokens, func(i int) crypto.PublicKey { return of(i).public })
	if err != nil {
		return nil, err
	}
	v, err := newHoldfastIssuers(s, after)
	if err != nil {
		return nil, err
	}
	verify, err := startJWTMiddlewareIssuers(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := checkBearer(s.tenants[0], bearerVerify(ctx, v)); err != nil {
		return nil, fmt.Errorf("%s: %w", holdfastName, err)
	}
	if err := checkBearer(s.tenants[0], verify); err != nil {
		return nil, fmt.Errorf("%s: %w", jwtMiddlewareName, err)
	}
	ours := holdfast(v, bearerRequests(tokens))
	theirs := &contender{name: jwtMiddlewareName, do: func(i int) error { return verify(tokens[i%n]) }}
	for _, c := range []*contender{ours, theirs} {
		// What is measured is verifying: all keys are fetched ahead.
		if err := c.jobs(0, n, 1); err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return []*contender{floor(signatures), ours, theirs}, nil
}

// newHoldfastIssuers returns a verifier for all tenants of a site, with the defaults.
func newHoldfastIssuers(s *site, after *cleanup) (*verifier.Verifier, error) {
	fetcher, err := httpfetch.New(httpfetch.Config{Client: s.Client()})
	if err != nil {
		return nil, err
	}
	config := verifier.Config{Audiences: []string{audience}, Fetcher: fetcher}
	for _, t := range s.tenants {
		config.Domains = append(config.Domains, ports.Domain{Issuer: t.URL})
	}
	return newVerifier(config, after)
}
