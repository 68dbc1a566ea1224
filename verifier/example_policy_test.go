package verifier_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// An API that moves from one domain to another takes the tokens of both. Domain is where its own client asks for
// tokens.
func ExampleConfig_domains() {
	issuers := make(map[string]*verifiertest.Issuer)
	for _, host := range []string{"tenant.auth0.com", "login.example.com", "elsewhere.example"} {
		issuer, err := verifiertest.NewIssuer("https://" + host + "/")
		if err != nil {
			fmt.Println(err)
			return
		}
		issuers[host] = issuer
	}
	v, err := verifier.New(verifier.Config{
		Domain:    "tenant.auth0.com",
		Domains:   []ports.Domain{{Issuer: "tenant.auth0.com"}, {Issuer: "login.example.com"}},
		Audiences: []string{"https://api.example"},
		Fetcher: ports.FetcherFunc(func(ctx context.Context, url string) (ports.Document, error) {
			host, _, _ := strings.Cut(strings.TrimPrefix(url, "https://"), "/")
			return issuers[host].Fetch(ctx, url)
		}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.Close()
	for _, host := range []string{"tenant.auth0.com", "login.example.com", "elsewhere.example"} {
		token, err := issuers[host].Token(verifiertest.Claims{"aud": "https://api.example"})
		if err != nil {
			fmt.Println(err)
			return
		}
		_, err = v.VerifyAccessToken(context.Background(), token)
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// <nil>
	// holdfast: issuer_not_allowed (CLAIM-ISS-02): iss is not "https://tenant.auth0.com/" or "https://login.example.com/"
}

// What every token must have, in addition to what the standards ask for.
func ExampleConfig_requiredClaims() {
	issuer, err := verifiertest.NewIssuer("https://issuer.example/")
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := verifier.New(verifier.Config{
		Domain:         "issuer.example",
		Audiences:      []string{"https://api.example"},
		Fetcher:        issuer,
		RequiredClaims: []string{"tier"},
		Organization:   "org_acme",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.Close()
	for _, claims := range []verifiertest.Claims{
		{"tier": "gold", "org_id": "org_acme"},
		{"org_id": "org_acme"},
		{"tier": "gold", "org_id": "org_other"},
	} {
		claims["aud"] = "https://api.example"
		token, err := issuer.Token(claims)
		if err != nil {
			fmt.Println(err)
			return
		}
		_, err = v.VerifyAccessToken(context.Background(), token)
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// holdfast: claim_missing (CLAIM-REQ-01): claim "tier" is missing
	// holdfast: organization_mismatch (CLAIM-ORG-01): the token is not for the configured organization
}

// An API that takes only bound tokens says so in its challenge.
func ExampleConfig_dpopRequired() {
	issuer, err := verifiertest.NewIssuer("https://issuer.example/")
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := verifier.New(verifier.Config{
		Domain:    "issuer.example",
		Audiences: []string{"https://api.example"},
		Fetcher:   issuer,
		DPoP:      verifier.DPoP{Mode: verifier.DPoPRequired},
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
	_, err = v.VerifyRequest(context.Background(), verifier.Request{
		Method: "GET",
		URL:    "https://api.example/orders",
		Header: map[string][]string{"Authorization": {"Bearer " + token}},
	})
	var refused *verifier.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Status, refused.Header["Www-Authenticate"])
	}
	// Output: 401 [DPoP algs="ES256"]
}

// Keys that never change need no fetcher: a JWK Set or PEM from the configuration.
func ExampleConfig_staticKeys() {
	issuer, err := verifiertest.NewIssuer("https://issuer.example/")
	if err != nil {
		fmt.Println(err)
		return
	}
	public, err := issuer.Keys()[0].JWK()
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := verifier.New(verifier.Config{
		Domain:     "issuer.example",
		Audiences:  []string{"https://api.example"},
		StaticKeys: map[string][]byte{"issuer.example": []byte(`{"keys":[` + string(public) + `]}`)},
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
	verified, err := v.VerifyAccessToken(context.Background(), token)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(verified.Subject)
	// Output: user-1
}

// Outside net/http: the metadata of a gRPC call is a map of fields too. DPoP proofs are for a method and a URL, which
// gRPC does not show its services, so this one takes only Bearer tokens.
func ExampleVerifier_VerifyRequest_metadata() {
	issuer, err := verifiertest.NewIssuer("https://issuer.example/")
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := verifier.New(verifier.Config{
		Domain:    "issuer.example",
		Audiences: []string{"https://api.example"},
		Fetcher:   issuer,
		DPoP:      verifier.DPoP{Mode: verifier.DPoPDisabled},
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
	metadata := map[string][]string{"authorization": {"Bearer " + token}} // metadata.FromIncomingContext(ctx)
	verified, err := v.VerifyRequest(context.Background(), verifier.Request{Header: metadata})
	if err != nil {
		fmt.Println(err) // codes.Unavailable if it is Undecidable, codes.Unauthenticated if it is Rejected
		return
	}
	fmt.Println(verified.Subject)
	// Output: user-1
}

// What a token permits, and what only the application knows of: a list of its customers, callers who never logged in.
func ExampleVerified() {
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
	customers := []string{"org_acme", "org_globex"}
	for _, claims := range []verifiertest.Claims{
		{"scope": "read:orders", "org_id": "org_acme"},
		{"scope": "read:orders", "org_id": "org_unknown"},
		{"scope": "read:orders", "org_id": "org_acme", "sub": "anon@1"},
		{"scope": "read:menu", "org_id": "org_acme"},
	} {
		claims["aud"] = "https://api.example"
		token, err := issuer.Token(claims)
		if err != nil {
			fmt.Println(err)
			return
		}
		verified, err := v.VerifyAccessToken(context.Background(), token)
		if err != nil {
			fmt.Println(err)
			return
		}
		switch err := verified.RequireScopes("read:orders"); {
		case err != nil:
			fmt.Println(err)
		case strings.HasPrefix(verified.Subject, "anon@"):
			fmt.Println("not for anonymous callers")
		default:
			fmt.Println(slices.Contains(customers, verified.OrganizationID))
		}
	}
	// Output:
	// true
	// false
	// not for anonymous callers
	// holdfast: scope_insufficient (CLAIM-SCP-02): scope "read:orders" is needed
}

// Who acts for the user: the first of the chain is to be considered in decisions, the others are history.
func ExampleVerified_DelegationChain() {
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
	token, err := issuer.Token(verifiertest.Claims{
		"aud": "https://api.example",
		"act": verifiertest.Claims{
			"iss": "https://issuer.example/", "sub": "calendar-service", "act": verifiertest.Claims{"sub": "assistant"},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	verified, err := v.VerifyAccessToken(context.Background(), token)
	if err != nil {
		fmt.Println(err)
		return
	}
	actor, err := verified.Actor()
	fmt.Printf("%+v %v\n", actor, err)
	chain, err := verified.DelegationChain()
	fmt.Printf("%+v %v\n", chain, err)
	// Output:
	// {Issuer:https://issuer.example/ Subject:calendar-service} <nil>
	// [{Issuer:https://issuer.example/ Subject:calendar-service} {Issuer: Subject:assistant}] <nil>
}
