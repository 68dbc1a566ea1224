package dpop_test

import (
	"fmt"

	"github.com/holdfast-go/holdfast/verifier/dpop"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A proof is good for the request that it was made for, and for no other.
func ExampleChecker_Check() {
	key, err := verifiertest.NewKey("ES256", "client")
	if err != nil {
		fmt.Println(err)
		return
	}
	client := &verifiertest.Prover{Key: key}
	proof, err := client.Proof("GET", "https://api.example/orders", "the-access-token", nil, nil)
	if err != nil {
		fmt.Println(err)
		return
	}

	checker, err := dpop.New(dpop.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	thumbprint, err := client.Thumbprint() // in an access token: cnf.jkt
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, url := range []string{"https://API.example:443/orders?page=2", "https://api.example/users"} {
		_, err := checker.Check(proof, dpop.Request{Method: "GET", URL: url, AccessToken: "the-access-token", Thumbprint: thumbprint})
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// dpop: DPOP-CLM-04: htu is "https://api.example/orders", the request's URL "https://api.example/users"
}
