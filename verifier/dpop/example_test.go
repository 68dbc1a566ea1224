package dpop_test

import (
	"fmt"

	"github.com/holdfast-go/holdfast/verifier/dpop"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A proof is good for the request that it was made for, and for no other.
func ExampleChecker_Check() {
	key := must(verifiertest.NewKey("ES256", "client"))
	client := &verifiertest.Prover{Key: key}
	proof := must(client.Proof("GET", "https://api.example/orders", "the-access-token", nil, nil))

	checker := must(dpop.New(dpop.Config{}))
	thumbprint := must(client.Thumbprint()) // in an access token: cnf.jkt
	for _, url := range []string{"https://API.example:443/orders?page=2", "https://api.example/users"} {
		_, err := checker.Check(proof, dpop.Request{Method: "GET", URL: url, AccessToken: "the-access-token", Thumbprint: thumbprint})
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// dpop: DPOP-CLM-04: htu is "https://api.example/orders", the request's URL "https://api.example/users"
}

// must ends an example that fails. An application handles the error.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
