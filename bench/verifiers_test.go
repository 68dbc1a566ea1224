package main

import (
	"context"
	"crypto"
	"errors"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/verifier"
)

func startTenant(t *testing.T, algorithm string) *tenant {
	t.Helper()
	started, err := newTenant(algorithm, endWith(t))
	if err != nil {
		t.Fatal(err)
	}
	return started
}

// endWith returns a cleanup that is run when the test ends.
func endWith(t *testing.T) *cleanup {
	after := &cleanup{}
	t.Cleanup(func() { after.run() })
	return after
}

func startHoldfast(t *testing.T, of *tenant) *verifier.Verifier {
	t.Helper()
	v, err := newHoldfast(of, way{}, nil, endWith(t))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Each verifier is asked for the same: what is compared is not a verifier with one that forgets to look.
func TestBearerVerifiers(t *testing.T) {
	for _, algorithm := range []string{"RS256", "ES256"} {
		of := startTenant(t, algorithm)
		good, err := of.Token(claims())
		if err != nil {
			t.Fatal(err)
		}
		bad, err := tampered(of, good)
		if err != nil {
			t.Fatal(err)
		}
		all := append(peers(), peer{name: "Holdfast", start: func(ctx context.Context, of *tenant) (verifyFunc, error) {
			return bearerVerify(ctx, startHoldfast(t, of)), nil
		}})
		for _, p := range all {
			t.Run(algorithm+" "+p.name, func(t *testing.T) {
				verify, err := p.start(t.Context(), of)
				if err != nil {
					t.Fatal(err)
				}
				if err := verify(good, nil); err != nil {
					t.Errorf("a good token: %v", err)
				}
				if err := checkReading(of, verify); err != nil {
					t.Error(err)
				}
				for _, b := range bad {
					if verify(b.token, nil) == nil {
						t.Errorf("a token with %s is accepted", b.what)
					}
				}
			})
		}
	}
}

func TestDPoPVerifiers(t *testing.T) {
	of := startTenant(t, "RS256")
	ours := dpopVerify(t.Context(), startHoldfast(t, of))
	theirs, err := startJWTMiddlewareDPoP(t.Context(), of)
	if err != nil {
		t.Fatal(err)
	}
	for name, verify := range map[string]verifyProofFunc{"Holdfast": ours, "go-jwt-middleware": theirs} {
		t.Run(name, func(t *testing.T) {
			if err := checkDPoP(of, verify); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("Holdfast takes a proof once", func(t *testing.T) {
		requests, err := newDPoPPool(of, 1, true)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkReplay(requests, ours); err != nil {
			t.Error(err)
		}
	})
}

// The checks before a measurement fail for a verifier that does not do its job.
func TestChecksFail(t *testing.T) {
	of := startTenant(t, "ES256")
	ours := bearerVerify(t.Context(), startHoldfast(t, of))
	signatureAlone := func(token string, _ *apiClaims) error {
		s, err := bare(token, of.public)
		if err != nil {
			return err
		}
		return s.verify()
	}
	for _, row := range []struct {
		name   string
		verify verifyFunc
		want   string // in the error; empty for none
	}{
		{"good", ours, ""},
		{"accepts all", func(string, *apiClaims) error { return nil }, "another signature is accepted"},
		{"rejects all", func(string, *apiClaims) error { return errors.New("no") }, "a good token is rejected"},
		{"reads no claims", signatureAlone, "another audience is accepted"},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := checkBearer(of, row.verify)
			if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
				t.Errorf("checkBearer: %v, want %q", err, row.want)
			}
		})
	}
	if err := checkReading(of, ours); err != nil {
		t.Error(err)
	}
	for name, verify := range map[string]verifyFunc{
		"reads nothing": func(token string, _ *apiClaims) error { return ours(token, nil) },
		"reads tokens that it rejects": func(token string, into *apiClaims) error {
			*into = granted
			_ = ours(token, nil)
			return nil
		},
	} {
		if checkReading(of, verify) == nil {
			t.Errorf("checkReading takes a verifier that %s", name)
		}
	}
	if err := checkDPoP(of, func(token, _ string) error { return ours(token, nil) }); err == nil {
		t.Error("checkDPoP takes a verifier of Bearer tokens")
	}
	if err := checkDPoP(of, func(_, _ string) error { return nil }); err == nil {
		t.Error("checkDPoP takes a verifier that accepts all")
	}
	requests, err := newDPoPPool(of, 1, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkReplay(requests, func(_, _ string) error { return nil }); err == nil {
		t.Error("checkReplay takes a verifier that remembers nothing")
	}
}

// The floor is no lower than it looks: it verifies.
func TestBare(t *testing.T) {
	for _, algorithm := range []string{"RS256", "ES256"} {
		t.Run(algorithm, func(t *testing.T) {
			signer, stranger := startTenant(t, algorithm), startTenant(t, algorithm)
			token, err := signer.Token(claims())
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range []struct {
				name, token string
				key         crypto.PublicKey
				good        bool
			}{
				{"good", token, signer.public, true},
				{"another signature", withOtherSignature(token), signer.public, false},
				{"another key", token, stranger.public, false},
				{"other bytes", "x" + token, signer.public, false},
			} {
				s, err := bare(row.token, row.key)
				if err != nil {
					t.Fatal(err)
				}
				if err := s.verify(); (err == nil) != row.good {
					t.Errorf("%s: %v", row.name, err)
				}
			}
		})
	}
	for _, malformed := range []string{"", "a.b.!"} {
		if _, err := bare(malformed, nil); err == nil {
			t.Errorf("bare takes %q", malformed)
		}
	}
}

// Holdfast's replay memory takes the pool's proofs once in each cell, and no proof twice in one.
func TestForgettingReplays(t *testing.T) {
	store, reset, err := forgettingReplays()
	if err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		for use := range 2 {
			first, err := store.FirstUse(t.Context(), "proof", proofWindow)
			if err != nil || first != (use == 0) {
				t.Errorf("round %d, use %d: %v, %v", round, use, first, err)
			}
		}
		if err := reset(); err != nil {
			t.Fatal(err)
		}
	}
}

// Tokens of many issuers are spread over all of them, or over as many as there are tokens.
func TestIssuersContenders(t *testing.T) {
	for _, issuers := range []int{1, 3, 40} {
		contenders, err := issuersContenders(t.Context(), issuers, 20, endWith(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range contenders {
			if err := c.jobs(0, 25, 1); err != nil {
				t.Errorf("%d issuers, %s: %v", issuers, c.name, err)
			}
		}
	}
}
