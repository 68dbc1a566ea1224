package verifier_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// How cost grows is in docs/performance.md; what is compared with others is in module bench.

func BenchmarkTokenSize(b *testing.B) {
	for _, kibibytes := range []int{0, 1, 4, 11} {
		claims := verifiertest.Claims{"permissions": strings.Split(strings.Repeat("read:something ", kibibytes*1024/18), " ")}
		for name, config := range map[string]func(*verifier.Config){"never seen": forgetful, "seen": nil} {
			be := newEnvironment(b, config)
			sent := token(b, be.issuer, claims)
			b.Run(fmt.Sprintf("%s/%d bytes", name, len(sent)), func(b *testing.B) { verifyAgain(b, be, sent) })
		}
	}
}

func BenchmarkKeys(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		be := newEnvironment(b, forgetful)
		keys := make([]*verifiertest.Key, n)
		for i := range keys {
			keys[i] = key(b, "ES256", fmt.Sprint("key-", i))
		}
		keys[0] = key(b, "RS256", "key-1")
		be.issuer.SetKeys(keys...)
		sent := token(b, be.issuer, nil)
		b.Run(fmt.Sprintf("%d keys", n), func(b *testing.B) { verifyAgain(b, be, sent) })
	}
}

// BenchmarkDPoP has one client send its token with a new proof each time.
func BenchmarkDPoP(b *testing.B) {
	be := newEnvironment(b, nil)
	s := newSender(b, be)
	bound := s.bound(b)
	requests := make([]verifier.Request, b.N+1)
	for i := range requests {
		requests[i] = get("DPoP "+bound, s.proof(b, bound, nil))
	}
	if _, err := be.VerifyRequest(context.Background(), requests[b.N]); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if _, err := be.VerifyRequest(context.Background(), requests[i]); err != nil {
			b.Fatal(err)
		}
	}
}

// verifyAgain verifies a token over and over, after its keys are fetched.
func verifyAgain(b *testing.B, be *environment, sent string) {
	ctx := context.Background()
	if _, err := be.VerifyAccessToken(ctx, sent); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := be.VerifyAccessToken(ctx, sent); err != nil {
			b.Fatal(err)
		}
	}
}
