package httpfetch_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/holdfast-go/holdfast/adapters/httpfetch"
)

// An issuer whose certificate is from a private authority needs a client that trusts it.
func ExampleNew() {
	issuer := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=900")
		w.Header().Set("Age", "300")
		fmt.Fprint(w, `{"keys":[]}`)
	}))
	defer issuer.Close()

	fetcher, err := httpfetch.New(httpfetch.Config{Client: issuer.Client()})
	if err != nil {
		log.Fatal(err)
	}
	document, err := fetcher.Fetch(context.Background(), issuer.URL+"/.well-known/jwks.json")
	fmt.Printf("%s is fresh for %v, %v\n", document.Body, document.Fresh, err)
	// Output: {"keys":[]} is fresh for 10m0s, <nil>
}

// What an issuer answered, if it was not the document.
func ExampleStatusError() {
	issuer := httptest.NewTLSServer(http.NotFoundHandler())
	defer issuer.Close()

	fetcher, err := httpfetch.New(httpfetch.Config{Client: issuer.Client()})
	if err != nil {
		log.Fatal(err)
	}
	_, err = fetcher.Fetch(context.Background(), issuer.URL+"/jwks")
	if answered, ok := errors.AsType[*httpfetch.StatusError](err); ok && answered.Status == http.StatusNotFound {
		fmt.Println("the issuer has no such document")
	}
	// Output: the issuer has no such document
}
