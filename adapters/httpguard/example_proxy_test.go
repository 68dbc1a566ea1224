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

// Behind a proxy, a DPoP proof is for the URL that the client sees. What the proxy forwards counts; what somebody else
// sends does not.
func ExampleConfig_proxies() {
	issuer, err := verifiertest.NewIssuer("https://tenant.example/")
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

	v, err := verifier.New(verifier.Config{Domain: "tenant.example", Audiences: []string{"https://api.example"}, Fetcher: issuer})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.Close()
	guard, err := httpguard.New(v, httpguard.Config{
		Proxies: httpguard.Proxies{
			Trusted:   []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
			Forwarded: httpguard.XForwardedFor | httpguard.XForwardedProto | httpguard.XForwardedHost,
		},
		Hosts: []string{"api.example"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	orders := guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "orders") }))

	for _, peer := range []string{"10.0.0.7:4711", "198.51.100.9:4711"} {
		proof, err := client.Proof("GET", "https://api.example/orders", token, nil, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
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
