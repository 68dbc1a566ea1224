package verifier_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A Bearer token of one issuer. In production the Fetcher is an httpfetch.Fetcher.
func Example() {
	issuer := must(verifiertest.NewIssuer("https://tenant.us.auth0.com/"))
	v := must(verifier.New(verifier.Config{
		Domain:    "tenant.us.auth0.com",
		Audiences: []string{"https://api.example.com"},
		Fetcher:   issuer,
	}))
	defer v.Close()

	token := must(issuer.Token(verifiertest.Claims{"aud": "https://api.example.com", "scope": "read:orders"}))
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
	issuer := must(verifiertest.NewIssuer("https://issuer.example/"))
	key := must(verifiertest.NewKey("ES256", "client"))
	client := &verifiertest.Prover{Key: key}
	thumbprint := must(client.Thumbprint())
	token := must(issuer.Token(verifiertest.Claims{"aud": "https://api.example", "cnf": verifiertest.Claims{"jkt": thumbprint}}))
	proof := must(client.Proof("GET", "https://api.example/orders", token, nil, nil))

	v := must(verifier.New(verifier.Config{Domain: "issuer.example", Audiences: []string{"https://api.example"}, Fetcher: issuer}))
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
	v := must(verifier.New(verifier.Config{
		Domain:    "tenant.example",
		Audiences: []string{"https://api.example"},
		Fetcher: ports.FetcherFunc(func(context.Context, string) (ports.Document, error) {
			return ports.Document{}, errors.New("connection refused")
		}),
	}))
	defer v.Close()
	issuer := must(verifiertest.NewIssuer("https://tenant.example/"))
	good := must(issuer.Token(verifiertest.Claims{"aud": "https://api.example"}))
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
	issuer := must(verifiertest.NewIssuer("https://issuer.example/"))
	v := must(verifier.New(verifier.Config{Domain: "issuer.example", Audiences: []string{"https://api.example"}, Fetcher: issuer}))
	defer v.Close()
	token := must(issuer.Token(verifiertest.Claims{"aud": "https://api.example", "https://api.example/tier": "gold"}))
	verified := must(v.VerifyAccessToken(context.Background(), token))
	type account struct {
		Tier string `json:"https://api.example/tier"`
	}
	claims, err := verifier.DecodeClaims[account](verified)
	fmt.Println(claims.Tier, err)
	// Output: gold <nil>
}

// An application with a tenant for each host says for each request whose tokens it takes.
func ExampleConfig_resolver() {
	issuer := must(verifiertest.NewIssuer("https://acme.eu.auth0.com/"))
	v := must(verifier.New(verifier.Config{
		Audiences: []string{"https://api.example"},
		Fetcher:   issuer,
		Resolver: ports.DomainResolverFunc(func(_ context.Context, q ports.DomainQuery) ([]ports.Domain, error) {
			if q.URL != "https://acme.api.example/orders" {
				return nil, errors.New("no such tenant")
			}
			return []ports.Domain{{Issuer: "acme.eu.auth0.com"}}, nil
		}),
	}))
	defer v.Close()
	token := must(issuer.Token(verifiertest.Claims{"aud": "https://api.example"}))
	verified := must(v.VerifyRequest(context.Background(), verifier.Request{
		Method: "GET",
		URL:    "https://acme.api.example/orders",
		Header: map[string][]string{"Authorization": {"Bearer " + token}},
	}))
	fmt.Println(verified.Issuer)
	// Output: https://acme.eu.auth0.com/
}

// An API that moves from one domain to another takes the tokens of both. Domain is where its own client asks for
// tokens.
func ExampleConfig_domains() {
	issuers := make(map[string]*verifiertest.Issuer)
	for _, host := range []string{"tenant.auth0.com", "login.example.com", "elsewhere.example"} {
		issuer := must(verifiertest.NewIssuer("https://" + host + "/"))
		issuers[host] = issuer
	}
	v := must(verifier.New(verifier.Config{
		Domain:    "tenant.auth0.com",
		Domains:   []ports.Domain{{Issuer: "tenant.auth0.com"}, {Issuer: "login.example.com"}},
		Audiences: []string{"https://api.example"},
		Fetcher: ports.FetcherFunc(func(ctx context.Context, url string) (ports.Document, error) {
			host, _, _ := strings.Cut(strings.TrimPrefix(url, "https://"), "/")
			return issuers[host].Fetch(ctx, url)
		}),
	}))
	defer v.Close()
	for _, host := range []string{"tenant.auth0.com", "login.example.com", "elsewhere.example"} {
		token := must(issuers[host].Token(verifiertest.Claims{"aud": "https://api.example"}))
		_, err := v.VerifyAccessToken(context.Background(), token)
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// <nil>
	// holdfast: issuer_not_allowed (CLAIM-ISS-02): iss is "https://elsewhere.example/", not "https://tenant.auth0.com/" or "https://login.example.com/"
}

// What every token must have, in addition to what the standards ask for.
func ExampleConfig_requiredClaims() {
	issuer := must(verifiertest.NewIssuer("https://issuer.example/"))
	v := must(verifier.New(verifier.Config{
		Domain:         "issuer.example",
		Audiences:      []string{"https://api.example"},
		Fetcher:        issuer,
		RequiredClaims: []string{"tier"},
		Organization:   "org_acme",
	}))
	defer v.Close()
	for _, claims := range []verifiertest.Claims{
		{"tier": "gold", "org_id": "org_acme"},
		{"org_id": "org_acme"},
		{"tier": "gold", "org_id": "org_other"},
	} {
		claims["aud"] = "https://api.example"
		token := must(issuer.Token(claims))
		_, err := v.VerifyAccessToken(context.Background(), token)
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// holdfast: claim_missing (CLAIM-REQ-01): claim "tier" is missing
	// holdfast: organization_mismatch (CLAIM-ORG-01): the token is not for the organization "org_acme" of Config.Organization
}

// Tokens are for one of a list of organizations: for all requests, for those of one issuer or tenant by a ports.Domain, or
// for one route by a Route.
func ExampleConfig_organizations() {
	issuer := must(verifiertest.NewIssuer("https://issuer.example/"))
	v := must(verifier.New(verifier.Config{
		Domain:         "issuer.example",
		Audiences:      []string{"https://api.example"},
		Fetcher:        issuer,
		RequiredValues: []ports.RequiredValue{{Claim: "org_id", OneOf: []string{"org_acme", "org_umbrella"}}},
	}))
	defer v.Close()
	for _, claims := range []verifiertest.Claims{{"org_id": "org_umbrella"}, {"org_id": "org_other"}, {}} {
		claims["aud"] = "https://api.example"
		_, err := v.VerifyAccessToken(context.Background(), must(issuer.Token(claims)))
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// holdfast: claim_mismatch (CLAIM-REQ-02): claim "org_id" is none of ["org_acme" "org_umbrella"]
	// holdfast: claim_missing (CLAIM-REQ-02): claim "org_id" is missing
}

// An API that takes only bound tokens says so in its challenge.
func ExampleConfig_dpopRequired() {
	issuer := must(verifiertest.NewIssuer("https://issuer.example/"))
	v := must(verifier.New(verifier.Config{
		Domain:    "issuer.example",
		Audiences: []string{"https://api.example"},
		Fetcher:   issuer,
		DPoP:      verifier.DPoP{Mode: verifier.DPoPRequired},
	}))
	defer v.Close()
	token := must(issuer.Token(verifiertest.Claims{"aud": "https://api.example"}))
	_, err := v.VerifyRequest(context.Background(), verifier.Request{
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
	issuer := must(verifiertest.NewIssuer("https://issuer.example/"))
	public := must(issuer.Keys()[0].JWK())
	v := must(verifier.New(verifier.Config{
		Domain:     "issuer.example",
		Audiences:  []string{"https://api.example"},
		StaticKeys: map[string][]byte{"issuer.example": []byte(`{"keys":[` + string(public) + `]}`)},
	}))
	defer v.Close()
	token := must(issuer.Token(verifiertest.Claims{"aud": "https://api.example"}))
	verified := must(v.VerifyAccessToken(context.Background(), token))
	fmt.Println(verified.Subject)
	// Output: user-1
}

// What a token permits, and what only the application knows of: a list of its customers, callers who never logged in.
func ExampleVerified() {
	issuer := must(verifiertest.NewIssuer("https://issuer.example/"))
	v := must(verifier.New(verifier.Config{Domain: "issuer.example", Audiences: []string{"https://api.example"}, Fetcher: issuer}))
	defer v.Close()
	customers := []string{"org_acme", "org_globex"}
	for _, claims := range []verifiertest.Claims{
		{"scope": "read:orders", "org_id": "org_acme"},
		{"scope": "read:orders", "org_id": "org_unknown"},
		{"scope": "read:orders", "org_id": "org_acme", "sub": "anon@1"},
		{"scope": "read:menu", "org_id": "org_acme"},
	} {
		claims["aud"] = "https://api.example"
		token := must(issuer.Token(claims))
		verified := must(v.VerifyAccessToken(context.Background(), token))
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

// A route that needs a recent login by one of two strong methods (RFC 9470).
func ExampleVerified_RequireAuthentication() {
	issuer := must(verifiertest.NewIssuer("https://issuer.example/"))
	v := must(verifier.New(verifier.Config{Domain: "issuer.example", Audiences: []string{"https://api.example"}, Fetcher: issuer}))
	defer v.Close()
	for _, minutesAgo := range []int{2, 20} {
		loggedIn := time.Now().Add(time.Duration(-minutesAgo) * time.Minute).Unix()
		token := must(issuer.Token(verifiertest.Claims{"aud": "https://api.example", "auth_time": loggedIn, "acr": "mfa"}))
		verified := must(v.VerifyAccessToken(context.Background(), token))

		err := verified.RequireAuthentication(5*time.Minute, "mfa", "passkey")
		var refusal *verifier.Error
		fmt.Println("may pay:", err == nil)
		if errors.As(err, &refusal) {
			fmt.Println(refusal.Status, refusal.Header["Www-Authenticate"][0])
		}
	}
	// Output:
	// may pay: true
	// may pay: false
	// 401 Bearer error="insufficient_user_authentication", error_description="Another authentication of the user is needed", acr_values="mfa passkey", max_age="300"
}

// Who acts for the user: the first of the chain is to be considered in decisions, the others are history.
func ExampleVerified_DelegationChain() {
	issuer := must(verifiertest.NewIssuer("https://issuer.example/"))
	v := must(verifier.New(verifier.Config{Domain: "issuer.example", Audiences: []string{"https://api.example"}, Fetcher: issuer}))
	defer v.Close()
	token := must(issuer.Token(verifiertest.Claims{
		"aud": "https://api.example",
		"act": verifiertest.Claims{
			"iss": "https://issuer.example/", "sub": "calendar-service", "act": verifiertest.Claims{"sub": "assistant"},
		},
	}))
	verified := must(v.VerifyAccessToken(context.Background(), token))
	actor, err := verified.Actor()
	fmt.Printf("%+v %v\n", actor, err)
	chain, err := verified.DelegationChain()
	fmt.Printf("%+v %v\n", chain, err)
	// Output:
	// {Issuer:https://issuer.example/ Subject:calendar-service} <nil>
	// [{Issuer:https://issuer.example/ Subject:calendar-service} {Issuer: Subject:assistant}] <nil>
}

// must ends an example that fails. An application handles the error.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
