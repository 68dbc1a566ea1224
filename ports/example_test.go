package ports_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

// A tenant is found by the host that the request was sent to, never by the issuer that its token claims.
func ExampleDomainResolverFunc() {
	tenants := map[string]ports.Domain{
		"https://acme.example.com/orders": {Issuer: "acme.eu.auth0.com", Audiences: []string{"https://api.acme.example.com"}},
	}
	resolve := ports.DomainResolverFunc(func(_ context.Context, q ports.DomainQuery) ([]ports.Domain, error) {
		domain, known := tenants[q.URL]
		if !known {
			return nil, errors.New("no tenant for this URL")
		}
		return []ports.Domain{domain}, nil
	})

	domains, err := resolve.ResolveDomains(context.Background(), ports.DomainQuery{URL: "https://acme.example.com/orders"})
	fmt.Println(domains[0].Issuer, err)
	// Output: acme.eu.auth0.com <nil>
}

// A key set that never changes, served without a network.
func ExampleFetcherFunc() {
	fetch := ports.FetcherFunc(func(_ context.Context, url string) (ports.Document, error) {
		return ports.Document{Body: []byte(`{"keys":[]}`), Fresh: time.Hour}, nil
	})

	doc, err := fetch.Fetch(context.Background(), "https://issuer.example/jwks")
	fmt.Printf("%s for %v, %v\n", doc.Body, doc.Fresh, err)
	// Output: {"keys":[]} for 1h0m0s, <nil>
}
