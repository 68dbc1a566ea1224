package connectguard_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/holdfast-go/holdfast/adapters/connectguard"
	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A guard in front of a handler of Connect's. In production the Fetcher is an httpfetch.Fetcher, the Domain your issuer's,
// and the handler one that protoc-gen-connect-go has made.
func Example() {
	issuer := must(verifiertest.NewIssuer("https://tenant.example/"))
	v := must(verifier.New(verifier.Config{Domain: "tenant.example", Audiences: []string{"https://api.example"}, Fetcher: issuer}))
	defer v.Close()
	const path = "/orders.v1.Orders/Get"
	orders := connect.NewUnaryHandler(path, func(ctx context.Context, _ *connect.Request[text]) (*connect.Response[text], error) {
		token, _ := httpguard.From(ctx)
		return connect.NewResponse(wrapperspb.String("orders of " + token.Subject)), nil
	})

	// guard
	guard, err := httpguard.New(v, httpguard.Config{PublicURL: "https://api.example", Refuse: connectguard.Refuse})
	if err != nil {
		fmt.Println(err)
		return
	}
	http.Handle(path, guard.Handler(orders, "read:orders"))
	// end

	server := httptest.NewServer(http.DefaultServeMux)
	defer server.Close()
	token := must(issuer.Token(verifiertest.Claims{"aud": "https://api.example", "scope": "read:orders"}))
	client := connect.NewClient[text, text](server.Client(), server.URL+path)
	for _, authorization := range []string{"Bearer " + token, "Bearer stolen"} {
		request := connect.NewRequest(wrapperspb.String(""))
		request.Header().Set("Authorization", authorization)
		answer, err := client.CallUnary(context.Background(), request)
		if failed := new(connect.Error); errors.As(err, &failed) {
			fmt.Println(failed)
			fmt.Println(failed.Meta().Get("WWW-Authenticate"))
			continue
		}
		fmt.Println(answer.Msg.GetValue())
	}
	// Output:
	// orders of user-1
	// unauthenticated: The access token is malformed
	// Bearer error="invalid_token", error_description="The access token is malformed", scope="read:orders"
}

// must ends an example that can't go on.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
