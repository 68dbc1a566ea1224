package idtoken_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/idtoken"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A login at a client: its nonce was kept in the session, and is held against the token's. In production the Fetcher is
// an httpfetch.Fetcher.
func Example() {
	issuer := must(verifiertest.NewIssuer("https://tenant.us.auth0.com/"))
	v := must(verifier.New(verifier.Config{
		Domain:    "tenant.us.auth0.com",
		Audiences: []string{"https://api.example.com"},
		Fetcher:   issuer,
	}))
	defer v.Close()
	ids := must(idtoken.New(v, idtoken.Config{ClientID: "my-web-app"}))

	token := must(issuer.IDToken(verifiertest.Claims{"aud": "my-web-app", "nonce": "kept-in-the-session", "name": "Ann"}))
	for _, nonce := range []string{"kept-in-the-session", "another"} {
		verified, err := ids.Verify(context.Background(), token, idtoken.Expect{Nonce: nonce})
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(verified.Subject, verified.Name)
	}
	// Output:
	// user-1 Ann
	// holdfast: nonce_mismatch (IDTOK-06): nonce is not that of the request
}

// A login that must be recent, of one organization, with a second factor.
func ExampleVerifier_Verify_stepUp() {
	issuer := must(verifiertest.NewIssuer("https://tenant.us.auth0.com/"))
	v := must(verifier.New(verifier.Config{
		Domain:    "tenant.us.auth0.com",
		Audiences: []string{"https://api.example.com"},
		Fetcher:   issuer,
	}))
	defer v.Close()
	ids := must(idtoken.New(v, idtoken.Config{ClientID: "my-web-app"}))

	expect := idtoken.Expect{Organization: "org_acme", MaxAge: new(10 * time.Minute), AMR: []string{"mfa"}}
	for _, minutesAgo := range []int{5, 15} {
		token := must(issuer.IDToken(verifiertest.Claims{
			"aud":       "my-web-app",
			"org_id":    "org_acme",
			"auth_time": time.Now().Add(time.Duration(-minutesAgo) * time.Minute).Unix(),
			"amr":       []string{"pwd", "mfa"},
		}))
		_, err := ids.Verify(context.Background(), token, expect)
		fmt.Println(errors.Is(err, idtoken.CodeAuthTime), err)
	}
	// Output:
	// false <nil>
	// true holdfast: authentication_too_old (IDTOK-07): auth_time is over the maximum age ago
}

// An issuer that signs ID tokens with the client's secret. No token can choose that: it is configured, and then it is
// the only way.
func ExampleConfig_hs256() {
	v := must(verifier.New(verifier.Config{
		Domain:    "tenant.us.auth0.com",
		Audiences: []string{"https://api.example.com"},
		Fetcher: ports.FetcherFunc(func(context.Context, string) (ports.Document, error) {
			return ports.Document{}, errors.New("no key is fetched")
		}),
	}))
	defer v.Close()
	for _, secret := range []string{"too-short", "a-secret-of-at-least-thirty-two-bytes"} {
		_, err := idtoken.New(v, idtoken.Config{ClientID: "my-web-app", HS256ClientSecret: secret})
		fmt.Println(err)
	}
	// Output:
	// holdfast: config_invalid: HS256ClientSecret has under 32 bytes
	// <nil>
}

// must ends an example that fails. An application handles the error.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
