package contract

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/ports"
)

// TokenTraits say what [TestTokenEndpoint] can't know of a token endpoint's client.
type TokenTraits struct {
	// MaxBytes is the largest body that the client takes. Zero means 1 MiB; negative is an error.
	MaxBytes int64
	// Hasty opens a client that allows itself 2 seconds at most for a request. Nil says that it sets itself no limit.
	Hasty func(t *testing.T, roots *x509.CertPool) ports.TokenEndpoint
}

// TestTokenEndpoint proves that the clients which open returns keep the contract of [ports.TokenEndpoint]. It plays the
// token endpoint itself, on TLS servers at loopback addresses that answer as no token endpoint should; roots has the
// certificate to trust. It calls open once for each case, with the case's own t. A client that can send cookies or
// credentials of its own should be given some for the host 127.0.0.1, which the suite then looks for at another host.
func TestTokenEndpoint(
	t *testing.T, open func(t *testing.T, roots *x509.CertPool) ports.TokenEndpoint, traits TokenTraits,
) {
	t.Helper()
	if traits.MaxBytes < 0 {
		t.Fatal(errors.New("contract: TokenTraits.MaxBytes is negative"))
	}
	runContract(t, tokenContract(), true, func(t *testing.T, trial trial) *tokenTrial {
		return newTokenTrial(t, trial, open, traits)
	})
}

// A tokenTrial is a case of the token endpoint's contract under way.
type tokenTrial struct {
	trial
	TokenTraits
	open  func(roots *x509.CertPool) ports.TokenEndpoint
	hasty func(roots *x509.CertPool) ports.TokenEndpoint
}

func newTokenTrial(
	t *testing.T, trial trial, open func(*testing.T, *x509.CertPool) ports.TokenEndpoint, traits TokenTraits,
) *tokenTrial {
	if traits.MaxBytes == 0 {
		traits.MaxBytes = defaultMaxBytes
	}
	return &tokenTrial{
		trial: trial, TokenTraits: traits,
		open:  func(roots *x509.CertPool) ports.TokenEndpoint { return rescuedEndpoint(open(t, roots), trial) },
		hasty: func(roots *x509.CertPool) ports.TokenEndpoint { return rescuedEndpoint(traits.Hasty(t, roots), trial) },
	}
}

// rescuedEndpoint returns a client whose panics fail the case.
func rescuedEndpoint(e ports.TokenEndpoint, trial trial) ports.TokenEndpoint {
	return ports.TokenEndpointFunc(func(ctx context.Context, r ports.TokenRequest) (response ports.TokenResponse, err error) {
		defer trial.rescue("PostForm", &err)
		return e.PostForm(ctx, r)
	})
}

func (t *tokenTrial) isNeverHasty() string {
	if t.Hasty == nil {
		return "TokenTraits.Hasty is nil"
	}
	return ""
}

// A tokenExchange is a request with secrets of its own.
type tokenExchange struct {
	request ports.TokenRequest
	secrets []string
}

// newExchange returns a request to a token endpoint as the domain makes it.
func newExchange(url string) tokenExchange {
	code, secret, proof := rand.Text(), rand.Text(), rand.Text()
	return tokenExchange{
		request: ports.TokenRequest{
			URL:    url,
			Form:   map[string][]string{"grant_type": {"authorization_code"}, "code": {code}},
			Header: map[string][]string{"Authorization": {"Basic " + secret}, "Dpop": {proof}},
		},
		secrets: []string{code, secret, proof},
	}
}

// post returns the answer to one request, which must not hang.
func (t *tokenTrial) post(e ports.TokenEndpoint, r ports.TokenRequest) (response ports.TokenResponse, err error) {
	t.Helper()
	err = t.wantAnswer("PostForm", func() (err error) {
		response, err = e.PostForm(t.Context(), r)
		return err
	})
	return response, err
}

// wantBody posts what must be answered.
func (t *tokenTrial) wantBody(what string, e ports.TokenEndpoint, url, want string) {
	t.Helper()
	if got, err := t.post(e, newExchange(url).request); err != nil {
		t.fail("PostForm, answered by %s: error %v", what, err)
	} else if string(got.Body) != want {
		t.fail("PostForm, answered by %s, returned %s, not the %s that were sent", what, sketch(got.Body), sketch([]byte(want)))
	}
}

// wantRefusal posts what must not be taken for answered.
func (t *tokenTrial) wantRefusal(what string, e ports.TokenEndpoint, url string) {
	t.Helper()
	if got, err := t.post(e, newExchange(url).request); err == nil {
		t.fail("PostForm, answered by %s, returned %s and no error", what, sketch(got.Body))
	}
}

// postOne sends one request to a server that takes it, and returns what came there.
func (t *tokenTrial) postOne(r ports.TokenRequest, path string) request {
	t.Helper()
	s := newHostileServer(t, write(`{}`))
	r.URL = s.url + path
	if _, err := t.post(t.open(s.roots), r); err != nil {
		t.fatal("PostForm: error %v", err)
	}
	asked := s.asked()
	if len(asked) != 1 {
		t.fatal("the server was sent %d requests", len(asked))
	}
	return asked[0]
}

// hasMember tells whether a list in header fields has a member that begins with want, in any case.
func hasMember(fields []string, want string) bool {
	for _, field := range fields {
		for member := range strings.SplitSeq(field, ",") {
			if strings.HasPrefix(strings.ToLower(strings.TrimSpace(member)), want) {
				return true
			}
		}
	}
	return false
}

// cloneRequest returns a deep copy.
func cloneRequest(r ports.TokenRequest) ports.TokenRequest {
	r.Form = http.Header(r.Form).Clone()
	r.Header = http.Header(r.Header).Clone()
	return r
}
