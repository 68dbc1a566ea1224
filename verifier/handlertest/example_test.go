package handlertest_test

import (
	"fmt"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/handlertest"
)

// refund is what is tested: it takes the token that the guard has put into the request's context.
func refund(token *verifier.Verified) string {
	if err := token.RequireScopes("refund:orders"); err != nil {
		return "refused"
	}
	return "refunded by " + token.Subject
}

// In a test of a net/http handler the token goes into the request by httpguard.NewContext, in one of a gRPC method by
// grpcguard.NewContext.
func ExampleVerified() {
	fmt.Println(refund(handlertest.Verified(map[string]any{"sub": "ada", "scope": "refund:orders"})))
	fmt.Println(refund(handlertest.Verified(map[string]any{"sub": "bob"})))
	// Output:
	// refunded by ada
	// refused
}
