package verifier_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// An algorithm that this Go release lacks is refused by a name, a reason and a cure.
func TestAlgorithmsOfLaterGoReleases(t *testing.T) {
	issuer := verifiertest.MustIssuer(t, issuerURL)
	for _, alg := range []string{"ML-DSA-44", "ML-DSA-65", "ML-DSA-87"} {
		config := verifier.Config{Domain: issuerURL, Audiences: []string{audience}, Fetcher: issuer}
		config.Algorithms, config.DPoP.Algorithms = []string{"RS256", alg}, []string{alg}
		v, err := verifier.New(config)
		if slices.Contains(verifier.Algorithms(), alg) {
			if err != nil {
				t.Errorf("JWS-08 %s: %v", alg, err)
			} else {
				v.Close()
			}
			continue
		}
		if field := new(verifier.FieldError); !errors.As(err, &field) || field.Field != "Algorithms[1]" {
			t.Errorf("JWS-08 %s: the field is in no error: %v", alg, err)
		}
		for _, field := range []string{"Algorithms[1]", "DPoP.Algorithms[0]"} {
			if want := field + " is " + alg + ", which needs Go 1.27 or newer, and with GOFIPS140 a newer module than v1.0.0: build the program with that"; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("JWS-08 %s: %v, want %q", alg, err, want)
			}
		}
	}
}

// The comment of Algorithms names what it returns.
func TestAlgorithmsAreDocumented(t *testing.T) {
	source, err := os.ReadFile("algorithms.go")
	if err != nil {
		t.Fatal(err)
	}
	comment, _, _ := strings.Cut(string(source), "\nfunc ")
	words := strings.FieldsFunc(comment, func(r rune) bool { return strings.ContainsRune(" ,.()\n", r) })
	for _, alg := range verifier.Algorithms() {
		if !slices.Contains(words, alg) {
			t.Errorf("the comment of Algorithms lacks %s", alg)
		}
	}
}
