package verifiertest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A test of what happens when a token expires, without waiting for it.
func Example() {
	clock := verifiertest.NewClock(time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC))
	issuer := must(verifiertest.NewIssuer("https://issuer.example/"))
	issuer.Clock = clock
	v := must(verifier.New(verifier.Config{Domain: issuer.URL, Audiences: []string{"https://api.example"}, Fetcher: issuer, Clock: clock}))
	defer v.Close()

	token := must(issuer.Token(verifiertest.Claims{"aud": "https://api.example"}))
	for range 2 {
		_, err := v.VerifyAccessToken(context.Background(), token)
		fmt.Println(err)
		clock.Advance(5 * time.Minute)
	}
	// Output:
	// <nil>
	// holdfast: token_expired (CLAIM-EXP-02): exp, 2026-03-01T12:05:00Z, was 0s ago, and Leeway is 0s
}

// must ends an example that fails. An application handles the error.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
