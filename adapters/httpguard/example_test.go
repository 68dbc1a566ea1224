package httpguard_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A guard in front of a handler. In production the Fetcher is an httpfetch.Fetcher and the Domain your issuer's.
func Example() {
	issuer := must(verifiertest.NewIssuer("https://tenant.example/"))
	v := must(verifier.New(verifier.Config{Domain: "tenant.example", Audiences: []string{"https://api.example"}, Fetcher: issuer}))
	defer v.Close()
	guard := must(httpguard.New(v, httpguard.Config{}))
	orders := guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := httpguard.From(r.Context())
		fmt.Fprintf(w, "orders of %s", token.Subject)
	}), "read:orders")

	token := must(issuer.Token(verifiertest.Claims{"aud": "https://api.example", "scope": "read:orders"}))
	for _, authorization := range []string{"Bearer " + token, "Bearer stolen"} {
		request := httptest.NewRequest("GET", "/orders", nil)
		request.Header.Set("Authorization", authorization)
		answer := httptest.NewRecorder()
		orders.ServeHTTP(answer, request)
		fmt.Println(answer.Code, answer.Body)
		for _, challenge := range answer.Header().Values("WWW-Authenticate") {
			fmt.Println(challenge)
		}
	}
	// Output:
	// 200 orders of user-1
	// 401 {"error":"invalid_token","error_description":"The access token is malformed"}
	// Bearer error="invalid_token", error_description="The access token is malformed", scope="read:orders"
	// DPoP scope="read:orders", algs="ES256"
}

// Behind a proxy, a DPoP proof is for the URL that the client sees. What the proxy forwards counts; what somebody else
// sends does not.
func ExampleConfig_proxies() {
	issuer := must(verifiertest.NewIssuer("https://tenant.example/"))
	key := must(verifiertest.NewKey("ES256", "client"))
	client := &verifiertest.Prover{Key: key}
	thumbprint := must(client.Thumbprint())
	token := must(issuer.Token(verifiertest.Claims{"aud": "https://api.example", "cnf": verifiertest.Claims{"jkt": thumbprint}}))

	v := must(verifier.New(verifier.Config{Domain: "tenant.example", Audiences: []string{"https://api.example"}, Fetcher: issuer}))
	defer v.Close()
	guard := must(httpguard.New(v, httpguard.Config{
		Proxies: httpguard.Proxies{
			Trusted:   []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
			Forwarded: httpguard.XForwardedFor | httpguard.XForwardedProto | httpguard.XForwardedHost,
		},
		Hosts: []string{"api.example"},
	}))
	orders := guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "orders") }))

	for _, peer := range []string{"10.0.0.7:4711", "198.51.100.9:4711"} {
		proof := must(client.Proof("GET", "https://api.example/orders", token, nil, nil))
		request := httptest.NewRequest("GET", "/orders", nil)
		request.Host, request.RemoteAddr = "backend.internal", peer
		request.Header.Set("Authorization", "DPoP "+token)
		request.Header.Set("DPoP", proof)
		request.Header.Set("X-Forwarded-For", "203.0.113.5")
		request.Header.Set("X-Forwarded-Proto", "https")
		request.Header.Set("X-Forwarded-Host", "api.example")
		answer := httptest.NewRecorder()
		orders.ServeHTTP(answer, request)
		fmt.Println(answer.Code, answer.Body)
	}
	// Output:
	// 200 orders
	// 421 {"error":"invalid_request","error_description":"The request is for another host"}
}

// must ends an example that fails. An application handles the error.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
