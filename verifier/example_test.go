package verifier_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A Bearer token of one issuer. In production the Fetcher is an httpfetch.Fetcher.
func Example() {
	issuer, err := verifiertest.NewIssuer("https://tenant.us.auth0.com/")
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := verifier.New(verifier.Config{
		Domain:    "tenant.us.auth0.com",
		Audiences: []string{"https://api.example.com"},
		Fetcher:   issuer,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.Close()

	token, err := issuer.Token(verifiertest.Claims{"aud": "https://api.example.com", "scope": "read:orders"})
	if err != nil {
		fmt.Println(err)
		return
	}
	verified, err := v.VerifyAccessToken(context.Background(), token)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(verified.Subject, verified.Scopes)
	// Output: user-1 [read:orders]
}

// A token that is bound to a key comes with a DPoP proof, which is good for one request, once.
func ExampleVerifier_VerifyRequest_dpop() {
	issuer, err := verifiertest.NewIssuer("https://issuer.example/")
	if err != nil {
		fmt.Println(err)
		return
	}
	key, err := verifiertest.NewKey("ES256", "client")
	if err != nil {
		fmt.Println(err)
		return
	}
	client := &verifiertest.Prover{Key: key}
	thumbprint, err := client.Thumbprint()
	if err != nil {
		fmt.Println(err)
		return
	}
	token, err := issuer.Token(verifiertest.Claims{"aud": "https://api.example", "cnf": verifiertest.Claims{"jkt": thumbprint}})
	if err != nil {
		fmt.Println(err)
		return
	}
	proof, err := client.Proof("GET", "https://api.example/orders", token, nil, nil)
	if err != nil {
		fmt.Println(err)
		return
	}

	v, err := verifier.New(verifier.Config{Domain: "issuer.example", Audiences: []string{"https://api.example"}, Fetcher: issuer})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.Close()
	request := verifier.Request{
		Method: "GET",
		URL:    "https://api.example/orders?page=2",
		Header: map[string][]string{"Authorization": {"DPoP " + token}, "Dpop": {proof}},
	}
	for range 2 {
		verified, err := v.VerifyRequest(context.Background(), request)
		fmt.Println(err == nil && verified.Thumbprint == thumbprint, err)
	}
	// Output:
	// true <nil>
	// false holdfast: dpop_proof_replayed (DPOP-RPL-01): the proof was used before
}

// An issuer that is down makes no token invalid: tell the two apart by the error's class.
func ExampleError() {
	v, err := verifier.New(verifier.Config{
		Domain:    "tenant.example",
		Audiences: []string{"https://api.example"},
		Fetcher: ports.FetcherFunc(func(context.Context, string) (ports.Document, error) {
			return ports.Document{}, errors.New("connection refused")
		}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.Close()
	issuer, err := verifiertest.NewIssuer("https://tenant.example/")
	if err != nil {
		fmt.Println(err)
		return
	}
	good, err := issuer.Token(verifiertest.Claims{"aud": "https://api.example"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, token := range []string{good, "not.a.token"} {
		_, err := v.VerifyAccessToken(context.Background(), token)
		var e *verifier.Error
		if errors.As(err, &e) {
			fmt.Println(e.Status, e.Class, e.Code, errors.Is(err, verifier.Undecidable))
		}
	}
	// Output:
	// 503 undecidable issuer_unavailable true
	// 401 rejected token_malformed false
}

// Claims of your own are decoded into your own type, strictly.
func ExampleDecodeClaims() {
	issuer, err := verifiertest.NewIssuer("https://issuer.example/")
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := verifier.New(verifier.Config{Domain: "issuer.example", Audiences: []string{"https://api.example"}, Fetcher: issuer})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.Close()
	token, err := issuer.Token(verifiertest.Claims{"aud": "https://api.example", "https://api.example/tier": "gold"})
	if err != nil {
		fmt.Println(err)
		return
	}
	verified, err := v.VerifyAccessToken(context.Background(), token)
	if err != nil {
		fmt.Println(err)
		return
	}
	type account struct {
		Tier string `json:"https://api.example/tier"`
	}
	claims, err := verifier.DecodeClaims[account](verified)
	fmt.Println(claims.Tier, err)
	// Output: gold <nil>
}

// An application with a tenant for each host says for each request whose tokens it takes.
func ExampleConfig_resolver() {
	issuer, err := verifiertest.NewIssuer("https://acme.eu.auth0.com/")
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := verifier.New(verifier.Config{
		Audiences: []string{"https://api.example"},
		Fetcher:   issuer,
		Resolver: ports.DomainResolverFunc(func(_ context.Context, q ports.DomainQuery) ([]ports.Domain, error) {
			if q.URL != "https://acme.api.example/orders" {
				return nil, errors.New("no such tenant")
			}
			return []ports.Domain{{Issuer: "acme.eu.auth0.com"}}, nil
		}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.Close()
	token, err := issuer.Token(verifiertest.Claims{"aud": "https://api.example"})
	if err != nil {
		fmt.Println(err)
		return
	}
	verified, err := v.VerifyRequest(context.Background(), verifier.Request{
		Method: "GET",
		URL:    "https://acme.api.example/orders",
		Header: map[string][]string{"Authorization": {"Bearer " + token}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(verified.Issuer)
	// Output: https://acme.eu.auth0.com/
}
