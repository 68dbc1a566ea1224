package exchange

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
	"github.com/holdfast-go/holdfast/verifier/internal/quote"
	"github.com/holdfast-go/holdfast/verifier/internal/shared"
)

// An endpoint is one of an issuer's that a client asks.
type endpoint struct {
	name, request string // of it, and of a request to it, in texts
	field         string // of Config, that has its URL
	configured    func(Config) string
	member        string // of the issuer's metadata, that has its URL
	published     func(verifier.Metadata) string
	missing       verifier.Code // where there is neither
	failed        verifier.Code // where it refuses, and its code can't be read
}

var (
	tokenEndpoint = &endpoint{
		name: "token endpoint", request: "token request",
		field: "TokenEndpointURL", configured: func(c Config) string { return c.TokenEndpointURL },
		member: "token_endpoint", published: func(m verifier.Metadata) string { return m.TokenEndpoint },
		missing: CodeNoTokenEndpoint, failed: CodeTokenEndpoint,
	}
	revocationEndpoint = &endpoint{
		name: "revocation endpoint", request: "revocation request",
		field: "RevocationEndpointURL", configured: func(c Config) string { return c.RevocationEndpointURL },
		member: "revocation_endpoint", published: func(m verifier.Metadata) string { return m.RevocationEndpoint },
		missing: CodeNoRevocationEndpoint, failed: CodeRevocationEndpoint,
	}
	userInfoEndpoint = &endpoint{
		name: "UserInfo endpoint", request: "UserInfo request",
		field: "UserInfoEndpointURL", configured: func(c Config) string { return c.UserInfoEndpointURL },
		member: "userinfo_endpoint", published: func(m verifier.Metadata) string { return m.UserinfoEndpoint },
		missing: CodeNoUserInfoEndpoint, failed: CodeUserInfoEndpoint,
	}
)

// A target is where a client finds an endpoint.
type target struct {
	url   string         // empty where the issuer's metadata name it
	calls *outbound.Port // a request with all that it takes
}

// A request is one on its way to an endpoint.
type request struct {
	form    url.Values
	header  map[string][]string
	secrets []string // what must not be told again

	dpop        *prover // nil without a proof
	accessToken string  // that the proof is for, empty for none
	nonce       string  // of the proof
}

// A response is what an endpoint answered.
type response struct {
	ports.TokenResponse
	at             *endpoint
	sent, received time.Time
	secrets        []string // of the request
}

// ask sends the request that prepare makes for the endpoint's URL, and reads its answer, all within the client's timeout,
// whatever the endpoint does.
func ask[T any](
	ctx context.Context, c *Client, at *endpoint, prepare func(url string) (*request, *Error), read func(context.Context, response) (T, *Error),
) (T, error) {
	result, err := outbound.Call(ctx, c.targets[at].calls, func(ctx context.Context) (result T, _ error) {
		url, failed := c.locate(ctx, at)
		for repeated := false; failed == nil; repeated = true {
			var r *request
			if r, failed = prepare(url); failed != nil {
				break
			}
			var came response
			if came, failed = c.send(ctx, at, url, r); failed == nil {
				result, failed = read(ctx, came)
			}
			// RFC 9449 sections 8 and 9: the same request again, with the nonce that the refusal brought.
			if failed == nil || repeated || failed.Code != CodeUseDPoPNonce || r.dpop == nil || !r.dpop.hasOtherThan(r.nonce) {
				break
			}
			failed = nil
		}
		if failed != nil {
			return result, failed
		}
		return result, nil
	})
	if err == nil {
		return result, nil
	}
	var none T
	if failed, ok := errors.AsType[*Error](err); ok {
		return none, failed
	}
	return none, unanswered(ctx, err)
}

// locate returns the URL of an endpoint (rule XCHG-07).
func (c *Client) locate(ctx context.Context, at *endpoint) (string, *Error) {
	if url := c.targets[at].url; url != "" {
		return url, nil
	}
	none := &Error{Class: verifier.Misconfigured, Code: at.missing, Rule: "XCHG-07", Status: 500}
	if c.verifier == nil {
		none.Description = at.field + " is required without a verifier that has a Domain"
		return "", none
	}
	metadata, err := c.verifier.Metadata(ctx)
	if err != nil {
		return "", unlocated(ctx, err)
	}
	url := at.published(metadata)
	if url == "" {
		published := shared.Of(c.verifier).MetadataURL()
		none.Description = fmt.Sprintf("%s names no %s that is usable", quote.Text(published), at.member)
		return "", none
	}
	return url, nil
}

// send sends a request once, with a proof where one belongs to it.
func (c *Client) send(ctx context.Context, at *endpoint, url string, r *request) (response, *Error) {
	sent := c.clock.Now()
	if r.dpop != nil {
		proof, nonce, failed := r.dpop.proof(url, r.accessToken, sent)
		if failed != nil {
			return response{}, failed
		}
		r.header["Dpop"], r.nonce = []string{proof}, nonce
		r.secrets = append(r.secrets, proof)
	}
	posted, err := c.post(ctx, url, r)
	if err != nil {
		return response{}, unanswered(ctx, r.redact(err))
	}
	if r.dpop != nil {
		r.dpop.remember(posted.Header)
	}
	return response{posted, at, sent, c.clock.Now(), r.secrets}, nil
}

// post sends a request. A panic of the port tells no more than an error of it would (rule XCHG-15).
func (c *Client) post(ctx context.Context, url string, r *request) (ports.TokenResponse, error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			panic(r.redact(fmt.Errorf("%v", panicked)))
		}
	}()
	return c.port.PostForm(ctx, ports.TokenRequest{URL: url, Form: r.form, Header: r.header})
}

// A redactedError is a cause that quotes what was sent. It is only for errors.Is and errors.As.
type redactedError struct{ cause error }

func (e *redactedError) Error() string { return "the cause quotes what was sent" }
func (e *redactedError) Unwrap() error { return e.cause }

// redact returns err without the secrets that the endpoint may have put into it.
func (r *request) redact(err error) error {
	if quotes(err.Error(), r.secrets) {
		return &redactedError{err}
	}
	return err
}
