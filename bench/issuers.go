package main

import (
	"context"
	"crypto"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

// plural is a number in words as the report has them: 1 issuer, 10,000 issuers.
func plural(n int, of string) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if n != 1 {
		of += "s"
	}
	return digits + " " + of
}

// mostPeerIssuers bounds the issuers that the peer is set up for: its providers fetch over TLS, one after the other.
const mostPeerIssuers = 10_000

// issuersWorkload verifies so many tokens in turn, of ever more issuers.
func issuersWorkload(sizes []int, tokens int) preparation {
	return preparation{manyIssuers, func(ctx context.Context, after *cleanup) (*workload, error) {
		w := &workload{name: manyIssuers}
		for _, issuers := range sizes {
			contenders, err := issuersContenders(ctx, issuers, tokens, after)
			if err != nil {
				return nil, fmt.Errorf("%d issuers: %w", issuers, err)
			}
			w.variants = append(w.variants, variant{name: plural(issuers, "issuer"), cores: 1, contenders: contenders})
		}
		return w, nil
	}}
}

func issuersContenders(ctx context.Context, issuers, n int, after *cleanup) ([]*contender, error) {
	s, err := newSite("EdDSA", issuers, after)
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
	if err := checkBearer(s.tenants[0], bearerVerify(ctx, v)); err != nil {
		return nil, fmt.Errorf("%s: %w", holdfastName, err)
	}
	// What is measured is verifying: the keys of all issuers are held.
	if err := v.Warm(ctx); err != nil {
		return nil, err
	}
	contenders := []*contender{floor(signatures), holdfast(v, bearerRequests(tokens))}
	if issuers > mostPeerIssuers {
		return contenders, nil
	}
	verify, err := startJWTMiddlewareIssuers(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := checkBearer(s.tenants[0], verify); err != nil {
		return nil, fmt.Errorf("%s: %w", jwtMiddlewareName, err)
	}
	theirs := &contender{name: jwtMiddlewareName, do: func(i int) error { return verify(tokens[i%n], nil) }}
	if err := theirs.jobs(0, n, 1); err != nil {
		return nil, fmt.Errorf("%s: %w", theirs.name, err)
	}
	return append(contenders, theirs), nil
}

// newHoldfastIssuers returns a verifier for all tenants of a site, with the defaults. It gets their documents without a
// network: there may be very many.
func newHoldfastIssuers(s *site, after *cleanup) (*verifier.Verifier, error) {
	config := verifier.Config{
		Audiences:  []string{audience},
		Algorithms: []string{s.tenants[0].algorithm},
		Fetcher:    ports.FetcherFunc(s.fetch),
		Keys:       verifier.KeyPolicy{MaxIssuers: len(s.tenants)},
	}
	for _, t := range s.tenants {
		config.Domains = append(config.Domains, ports.Domain{Issuer: t.URL})
	}
	return newVerifier(config, after)
}

// newIssuersWorkload has tokens name issuers that are allowed and not held, while so many are held as may be. An issuer
// that has an answer would cost its parsing, too.
func newIssuersWorkload(held []int) preparation {
	return preparation{newIssuers, func(_ context.Context, after *cleanup) (*workload, error) {
		t, err := newTenant("RS256", after)
		if err != nil {
			return nil, err
		}
		good, err := t.Token(claims())
		if err != nil {
			return nil, err
		}
		bare, err := bearerFloor(t, []string{good})
		if err != nil {
			return nil, err
		}
		const jobs = 2000
		w := &workload{name: newIssuers, jobs: jobs}
		for _, n := range append([]int{0}, held...) {
			name, most := besideIssuers(n), n
			if n == 0 {
				most = 1 << 24
			}
			ours, err := strangers(most, after)
			if err != nil {
				return nil, err
			}
			if err := ours.jobs(0, n, 1); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			ours.next = n
			w.variants = append(w.variants, variant{name: name, cores: 1, contenders: []*contender{bare, ours}})
		}
		return w, nil
	}}
}

// besideIssuers names a variant.
func besideIssuers(held int) string {
	if held == 0 {
		return "room for all"
	}
	return "evicting 1 of " + plural(held, "issuer")
}

// strangers has each token name an issuer that has not been seen before.
func strangers(maxIssuers int, after *cleanup) (*contender, error) {
	v, err := newVerifier(verifier.Config{
		Audiences: []string{audience},
		Resolver: ports.DomainResolverFunc(func(_ context.Context, query ports.DomainQuery) ([]ports.Domain, error) {
			return []ports.Domain{{Issuer: query.UnverifiedIssuer}}, nil
		}),
		Fetcher: ports.FetcherFunc(func(context.Context, string) (ports.Document, error) { return ports.Document{}, errDown }),
		Keys:    verifier.KeyPolicy{MaxIssuers: maxIssuers},
	}, after)
	if err != nil {
		return nil, err
	}
	encode := base64.RawURLEncoding.EncodeToString
	head, signature := encode([]byte(`{"alg":"RS256","kid":"key-1"}`))+".", "."+encode(make([]byte, 256))
	return &contender{name: holdfastName, do: func(i int) error {
		token := head + encode(fmt.Appendf(nil, `{"iss":"https://%d.example/"}`, i)) + signature
		_, err := v.VerifyRequest(context.Background(), bearerRequest(token))
		if !errors.Is(err, errDown) {
			return fmt.Errorf("of an issuer that is down a token is %w", err)
		}
		return nil
	}}, nil
}

var errDown = errors.New("down")

// domainsWorkload has a resolver return one domain, or a thousand, for each request.
func domainsWorkload() preparation {
	return preparation{manyDomains, func(ctx context.Context, after *cleanup) (*workload, error) {
		t, err := newTenant("RS256", after)
		if err != nil {
			return nil, err
		}
		good, err := t.Token(claims())
		if err != nil {
			return nil, err
		}
		bare, err := bearerFloor(t, []string{good})
		if err != nil {
			return nil, err
		}
		w := &workload{name: manyDomains}
		for _, n := range []int{1, 1000} {
			domains := []ports.Domain{{Issuer: t.URL}}
			for len(domains) < n {
				domains = append(domains, ports.Domain{Issuer: fmt.Sprintf("https://%d.example/", len(domains)), Audiences: []string{audience}})
			}
			v, err := newVerifier(verifier.Config{
				Audiences: []string{audience},
				Resolver: ports.DomainResolverFunc(func(context.Context, ports.DomainQuery) ([]ports.Domain, error) {
					return domains, nil
				}),
				Fetcher: t,
			}, after)
			if err != nil {
				return nil, err
			}
			if err := checkBearer(t, bearerVerify(ctx, v)); err != nil {
				return nil, err
			}
			w.variants = append(w.variants, variant{
				name: plural(n, "domain"), cores: 1, contenders: []*contender{bare, holdfast(v, bearerRequests([]string{good}))},
			})
		}
		return w, nil
	}}
}
