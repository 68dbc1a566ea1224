package httpguard_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A guard in front of a handler. In production the Fetcher is an httpfetch.Fetcher and the Domain your issuer's.
func Example() {
	issuer, err := verifiertest.NewIssuer("https://tenant.example/")
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
	guard, err := httpguard.New(v, httpguard.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	orders := guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := httpguard.From(r.Context())
		fmt.Fprintf(w, "orders of %s", token.Subject)
	}), "read:orders")

	token, err := issuer.Token(verifiertest.Claims{"aud": "https://api.example", "scope": "read:orders"})
	if err != nil {
		fmt.Println(err)
		return
	}
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
	// Bearer error="invalid_token", error_description="The access token is malformed"
	// DPoP algs="ES256"
}
