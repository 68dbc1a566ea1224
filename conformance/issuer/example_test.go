package issuer_test

import (
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

func Example() {
	server := must(issuer.Start())
	defer server.Close()

	response := must(server.Client().Get(server.URL + ".well-known/openid-configuration"))
	defer response.Body.Close()
	fmt.Println(response.Status)

	token, err := server.Token(verifiertest.Claims{"aud": "https://api.example"})
	fmt.Println(len(token) > 0, err)
	// Output:
	// 200 OK
	// true <nil>
}

// A service gets a token of its own over the wire.
func ExampleServer_Register() {
	server := must(issuer.Start())
	defer server.Close()
	if err := server.Register(issuer.Client{ID: "billing", Secret: "secret"}); err != nil {
		fmt.Println(err)
		return
	}

	response := must(server.Client().PostForm(server.URL+"token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"billing"}, "client_secret": {"secret"},
		"audience": {"https://api.example"}, "scope": {"read:orders"},
	}))
	defer response.Body.Close()
	var answer struct {
		TokenType string `json:"token_type"`
		Scope     string `json:"scope"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(response.Status, answer.TokenType, answer.Scope)
	// Output: 200 OK Bearer read:orders
}

// An issuer that is down, and well again.
func ExampleServer_Fail() {
	server := must(issuer.Start())
	defer server.Close()

	for _, fault := range []issuer.Fault{issuer.Outage, nil} {
		server.Fail(fault)
		response := must(server.Client().Get(server.URL + "jwks"))
		response.Body.Close()
		fmt.Println(response.Status)
	}
	// Output:
	// 503 Service Unavailable
	// 200 OK
}

// must ends an example that fails. An application handles the error.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
