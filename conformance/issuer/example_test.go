package issuer_test

import (
	"fmt"

	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

func Example() {
	server, err := issuer.Start()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	response, err := server.Client().Get(server.URL + ".well-known/openid-configuration")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	fmt.Println(response.Status)

	token, err := server.Token(verifiertest.Claims{"aud": "https://api.example"})
	fmt.Println(len(token) > 0, err)
	// Output:
	// 200 OK
	// true <nil>
}
