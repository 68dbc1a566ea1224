package dpopclient_test

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/holdfast-go/holdfast/conformance/dpopclient"
	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A client gets a token that is bound to its key, from an issuer that wants a nonce in the proof.
func Example() {
	tenant := must(issuer.Start())
	defer tenant.Close()
	if err := tenant.Register(issuer.Client{ID: "app", Secret: "secret", RequireDPoPNonce: true}); err != nil {
		fmt.Println(err)
		return
	}
	key := must(verifiertest.NewKey("ES256", "app-key"))

	client := http.Client{Transport: &dpopclient.Transport{
		Prover: &verifiertest.Prover{Key: key},
		Base:   tenant.Client().Transport, // trusts the test issuer's certificate
	}}
	answer := must(client.PostForm(tenant.URL+"token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"app"}, "client_secret": {"secret"},
	}))
	defer answer.Body.Close()
	fmt.Println(answer.Status)
	// Output: 200 OK
}

// must ends an example that fails. An application handles the error.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
