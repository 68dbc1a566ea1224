package ports

import "context"

// A TokenEndpoint sends requests to an authorization server's token endpoint (RFC 6749 section 3.2), and to its
// revocation endpoint (RFC 7009) and UserInfo endpoint (OpenID Connect Core section 5.3), the latter with an empty form.
//
// It is given absolute https URLs (or http ones of a loopback host, where the application allowed them by a name
// that says insecure). They come from configuration or from metadata that the configured issuer served.
//
// What crosses this port is secret both ways: an implementation must not log it, nor put any of it in an error.
type TokenEndpoint interface {
	// PostForm performs one POST of r and returns the answer, whatever its status is.
	//
	// It must send r.Form as application/x-www-form-urlencoded in UTF-8, with r.Header and an Accept field for
	// application/json besides.
	// It must return an error unless the answer was read to its end.
	// It must bound the memory that one answer can take: a body over its limit is an error, not a cut.
	// It must not follow a redirect: what would be sent on are credentials. The redirect is the answer.
	// It must not send a request again that the server may have got: a code or refresh token is good for one use.
	// It must not cache.
	// It must not send cookies or credentials that belong to another host.
	//
	// Where the time that it allows itself is up, its error must wrap [context.DeadlineExceeded], as where ctx's
	// deadline is.
	PostForm(ctx context.Context, r TokenRequest) (TokenResponse, error)
}

// A TokenRequest is a request to a token endpoint. It holds the client's credentials.
type TokenRequest struct {
	// URL is the token endpoint. It may have a query, which is sent (RFC 6749 section 3.2), and has no fragment.
	URL string
	// Form holds the parameters of the body, decoded; a name may have several values.
	Form map[string][]string
	// Header holds the header fields that go with them, by names as net/http spells them: Authorization, Dpop.
	Header map[string][]string
}

// A TokenResponse is the answer to one [TokenEndpoint.PostForm].
type TokenResponse struct {
	// Status is the HTTP status.
	Status int
	// Header holds the header fields, by names as net/http spells them: Dpop-Nonce, Retry-After, X-Ratelimit-Reset.
	Header map[string][]string
	// Body is the body as received, without its content coding.
	Body []byte
}

// TokenEndpointFunc makes a function a [TokenEndpoint].
type TokenEndpointFunc func(ctx context.Context, r TokenRequest) (TokenResponse, error)

// PostForm calls f.
func (f TokenEndpointFunc) PostForm(ctx context.Context, r TokenRequest) (TokenResponse, error) {
	return f(ctx, r)
}
