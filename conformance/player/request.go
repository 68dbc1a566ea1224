package player

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/conformance/internal/result"
	"github.com/holdfast-go/holdfast/verifier"
)

// A Request is what a case sends.
type Request struct {
	Method string
	// Process is which of the processes gets it, where two share a store: 0 or 1.
	Process int
	// Path is the path and query below the API's URL. /scoped needs the scope read:conformance; /resource and what
	// is below it need only a token.
	Path   string
	Header map[string][]string
	// Host replaces the Host field, if it is not empty.
	Host string
	// Form is the body, if it is not nil.
	Form map[string][]string
	// Certificate is that of the client, in DER.
	Certificate []byte
	// Before is a request that is written on the same connection before that of Head, without waiting for its answer.
	Before string
	// Head is the request line and header to be written as they are, with \r\n at the ends of lines, in place of all
	// else: %HOST% in it stands for the API's host, %AUTH% for the fields of Header.
	Head string
}

// Get is a request without credentials.
func Get() Request { return Request{Method: "GET", Path: "/resource", Header: map[string][]string{}} }

// Bearer sends an access token as Bearer, whatever the mode.
func Bearer(accessToken string) Request { return Get().With("Authorization", "Bearer "+accessToken) }

// With returns r with another value of a header field.
func (r Request) With(name, value string) Request {
	r.Header = maps.Clone(r.Header)
	r.Header[name] = append(slices.Clone(r.Header[name]), value)
	return r
}

// At returns r with another path and query.
func (r Request) At(path string) Request {
	r.Path = path
	return r
}

// An Answer is what came back.
type Answer struct {
	Status int
	Header map[string][]string // by canonical names
	Body   []byte              // up to 1 MiB of it
	// Verified is the token that passed, and Err why it did not, where the verifier is in this process.
	Verified *verifier.Verified
	Err      *verifier.Error
}

// Values returns the values of a header field.
func (a Answer) Values(name string) []string { return a.Header[name] }

// A Target is an API, or what decides for one.
type Target interface {
	// Send sends one request and returns the answer, the one of a redirect itself. An error means that there was
	// none.
	Send(ctx context.Context, r Request) (Answer, error)
}

// Front is what stands between a client and an API.
type Front struct {
	PublicURL    string            // that clients know the API by; empty means that of the connection
	PathPrefixes map[string]string // from the API's to the client's
	Hosts        []string          // that clients know the API by; none means any
	Proxy        bool              // a trusted proxy writes X-Forwarded-*
	Forwarded    bool              // it writes Forwarded (RFC 7239) in their place
	Optional     bool              // requests without credentials pass as anonymous
	Certificate  bool              // it forwards the client's certificate as RFC 9440 has it
	XFCC         bool              // or in X-Forwarded-Client-Cert, as Envoy does
	EscapedPEM   bool              // or in X-SSL-Client-Cert, as nginx does
}

// String tells the status and the header fields that matter, and what the verifier says if that is known.
func (a Answer) String() string {
	parts := []string{fmt.Sprint(a.Status)}
	for _, name := range []string{"Www-Authenticate", "Dpop-Nonce", "Retry-After", "Location"} {
		for _, value := range a.Values(name) {
			parts = append(parts, name+": "+result.Printable(value))
		}
	}
	if a.Err != nil {
		parts = append(parts, a.Err.Error())
	}
	return strings.Join(parts, "; ")
}
