package verifier_test

import (
	"fmt"
	"testing"
	"time"
	"unsafe"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// manyDomains allows the issuers of that many tenants.
func manyDomains(n int) func(*verifier.Config) {
	return func(c *verifier.Config) {
		c.Domain = ""
		for i := range n {
			c.Domains = append(c.Domains, ports.Domain{Issuer: fmt.Sprintf("tenant-%d.example", i)})
		}
	}
}

// Anybody can write an iss that is not allowed: to say so must not take more work where many issuers are.
func TestFaultUnknownIssuerCostsTheSameWithManyDomains(t *testing.T) {
	cost := func(domains int) float64 {
		b := newBench(t, manyDomains(domains))
		unknown := token(t, b.issuer, nil)
		return testing.AllocsPerRun(100, func() {
			if _, err := b.VerifyAccessToken(t.Context(), unknown); refusal(t, err).Code != verifier.CodeIssuer {
				t.Fatal(err)
			}
		})
	}
	if some, many := cost(300), cost(10_000); many > some {
		t.Errorf("%v allocations with 10,000 domains, %v with 300", many, some)
	}
}

func BenchmarkUnknownIssuer(b *testing.B) {
	for _, domains := range []int{1, 10_000} {
		b.Run(fmt.Sprint(domains, " domains"), func(b *testing.B) {
			bench := newBench(b, manyDomains(domains))
			unknown := token(b, bench.issuer, nil)
			for b.Loop() {
				if _, err := bench.VerifyAccessToken(b.Context(), unknown); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}

// What is kept of an issuer (its keys, its name) must not keep the token alive that named it first.
func TestFaultIssuerHoldsNothingOfTheToken(t *testing.T) {
	b := newBench(t, nil)
	first, err := verify(t, b, token(t, b.issuer, nil))
	wantCode(t, err, "")
	second, err := verify(t, b, token(t, b.issuer, nil))
	wantCode(t, err, "")
	if unsafe.StringData(first.Issuer) != unsafe.StringData(second.Issuer) {
		t.Error("the issuer of each token is a string of its own: a part of its payload")
	}
}

func TestCLAIMIAT02LongestMaxTokenAge(t *testing.T) {
	b := newBench(t, both(maxAge(1<<63-1), func(c *verifier.Config) { c.Leeway = time.Minute }))
	_, err := verify(t, b, token(t, b.issuer, verifiertest.Claims{"iat": 0}))
	wantCode(t, err, "")
}
