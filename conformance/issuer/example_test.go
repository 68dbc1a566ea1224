package issuer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/holdfast-go/holdfast/conformance/fault"
	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
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

// What a verifier without keys makes of an issuer that fails: it can't decide, and its answer is 503. Keys that can't
// be used must not keep it from using the others.
func ExampleServer_Fail() {
	server := must(issuer.Start())
	defer server.Close()
	token := must(server.Token(verifiertest.Claims{"aud": "https://api.example"}))
	for _, f := range []fault.Fault{
		fault.Outage,
		fault.Hang.At(fault.Keys),
		fault.NoJWKSURI,
		fault.WrongIssuer("https://other.example/"),
		fault.UnknownKeys,
	} {
		server.Fail(f)
		v := must(verifier.New(verifier.Config{
			Domain: server.URL, Audiences: []string{"https://api.example"}, Fetcher: ports.FetcherFunc(server.Get),
			Keys: verifier.KeyPolicy{FetchTimeout: time.Second},
		}))
		_, err := v.VerifyAccessToken(context.Background(), token)
		fmt.Printf("it %s: accepted %t, undecided %t\n", f.Does, err == nil, errors.Is(err, verifier.Undecidable))
		v.Close()
	}
	// Output:
	// it answers 503: accepted false, undecided true
	// it never answers: accepted false, undecided true
	// it publishes metadata without jwks_uri: accepted false, undecided true
	// it publishes metadata whose issuer is another: accepted false, undecided true
	// it publishes keys that can't be used before its own (RFC 7517 section 5): accepted true, undecided false
}

// must ends an example that fails. An application handles the error.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
