package verifier_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// Two APIs of one process share keys and memory, and each takes its own tokens only.
func ExampleVerifier_For() {
	const orders, users = "https://api.example/orders", "https://api.example/users"
	issuer := must(verifiertest.NewIssuer("https://issuer.example/"))
	v := must(verifier.New(verifier.Config{Domain: "issuer.example", Audiences: []string{orders, users}, Fetcher: issuer}))
	defer v.Close()
	ordersAPI := must(v.For(verifier.Resource{Identifier: orders, Name: verifier.Localized{"": "Orders", "de": "Bestellungen"}}))

	metadata, _ := ordersAPI.ResourceMetadata()
	fmt.Printf("%s\n%s\n", metadata.Address(), must(json.MarshalIndent(metadata, "", "  ")))

	token := must(issuer.Token(verifiertest.Claims{"aud": users}))
	_, err := ordersAPI.VerifyAccessToken(context.Background(), token)
	fmt.Println(err)
	// Output:
	// https://api.example/.well-known/oauth-protected-resource/orders
	// {
	//   "resource": "https://api.example/orders",
	//   "authorization_servers": [
	//     "https://issuer.example/"
	//   ],
	//   "bearer_methods_supported": [
	//     "header"
	//   ],
	//   "dpop_signing_alg_values_supported": [
	//     "ES256"
	//   ],
	//   "resource_name": "Orders",
	//   "resource_name#de": "Bestellungen"
	// }
	// holdfast: audience_mismatch (META-05): aud is "https://api.example/users", not one of "https://api.example/orders"
}

// What a token permits in detail, and what a request needs of it.
func ExampleAuthorizationDetails_Permit() {
	details := verifier.AuthorizationDetails{
		{Type: "customer", Actions: []string{"read"}, DataTypes: []string{"contacts", "photos"}},
		{Type: "customer", Actions: []string{"write"}, DataTypes: []string{"photos"}},
	}
	fmt.Println(details.Permit(verifier.AuthorizationDetail{Type: "customer", Actions: []string{"read", "write"}, DataTypes: []string{"photos"}}))
	fmt.Println(details.Permit(verifier.AuthorizationDetail{Type: "customer", Actions: []string{"write"}, DataTypes: []string{"contacts"}}))
	// Output:
	// true
	// false
}
