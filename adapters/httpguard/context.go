package httpguard

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/verifier"
)

// An admission is a verified token in a context, and which guard let it pass with which credentials, if one did.
type admission struct {
	verified *verifier.Verified
	guard    *Guard
	credentials
}

type admissionKey struct{}

// NewContext returns a copy of ctx that holds the token, for [From]: in tests of a handler, which get a token from
// package handlertest, and in middleware that calls [Guard.Verify].
func NewContext(ctx context.Context, verified *verifier.Verified) context.Context {
	return context.WithValue(ctx, admissionKey{}, admission{verified: verified})
}

// From returns the verified token of a request that passed a [Guard]. It reports false for an anonymous request, which
// only an optional guard lets pass.
func From(ctx context.Context) (*verifier.Verified, bool) {
	of, _ := ctx.Value(admissionKey{}).(admission)
	return of.verified, of.verified != nil
}

// admit returns the request with its token in the context.
func (g *Guard) admit(r *http.Request, verified *verifier.Verified) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), admissionKey{}, admission{verified, g.parent, credentialsOf(r).clone()}))
}

// admitted returns the token with which this guard has let the request pass, nil if it has not.
func (g *Guard) admitted(r *http.Request) *verifier.Verified {
	of, ok := r.Context().Value(admissionKey{}).(admission)
	if !ok || of.guard != g.parent || !of.equal(credentialsOf(r)) {
		return nil
	}
	return of.verified
}

// credentials are what a request needs to pass. One that has others, such as one that a handler makes of the request that
// it got, is another request.
type credentials struct{ authorization, proof []string }

func credentialsOf(r *http.Request) credentials {
	return credentials{authorization: r.Header["Authorization"], proof: r.Header["Dpop"]}
}

// clone copies the texts too: some servers use their memory again.
func (c credentials) clone() credentials {
	c.authorization, c.proof = slices.Clone(c.authorization), slices.Clone(c.proof)
	for _, texts := range [][]string{c.authorization, c.proof} {
		for i, text := range texts {
			texts[i] = strings.Clone(text)
		}
	}
	return c
}

func (c credentials) equal(other credentials) bool {
	return slices.Equal(c.authorization, other.authorization) && slices.Equal(c.proof, other.proof)
}
