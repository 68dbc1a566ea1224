package fault

import (
	"net/http"
	"slices"
	"strings"
)

// A Fault is one way in which an issuer fails. Those of this package are variables, and functions where a fault
// needs a parameter; a Fault of your own needs a Handler only. The zero Fault is none. It does not change, and is safe for
// concurrent use.
type Fault struct {
	// Name is what this package calls it, and Does what the issuer does, in a few words that follow "it".
	Name, Does string
	// Endpoint is the one that fails; empty means every one.
	Endpoint Endpoint
	// Handler returns what answers in place of a healthy issuer's handler.
	Handler func(healthy http.Handler) http.Handler
}

// An Endpoint is a part of an issuer that can fail on its own. Its text is in the path of its requests.
type Endpoint string

// The endpoints that [Fault.At] can name, as the test issuer has them.
const (
	Metadata      Endpoint = ".well-known/"
	Keys          Endpoint = "jwks"
	Authorization Endpoint = "authorize"
	Token         Endpoint = "token"
)

func (e Endpoint) asked(r *http.Request) bool { return strings.Contains(r.URL.Path, "/"+string(e)) }

// At returns the fault for one endpoint; the others are healthy.
func (f Fault) At(endpoint Endpoint) Fault {
	f.Name += ".At(" + string(endpoint) + ")"
	f.Endpoint = endpoint
	return f
}

// MarshalText returns the name.
func (f Fault) MarshalText() ([]byte, error) { return []byte(f.Name), nil }

// Over returns a handler that shows these faults, the first one over the second and so on, and is healthy otherwise. A
// fault that changes answers (Status, Header, Oversized and those of metadata and keys) changes those of the faults after
// it, except for what Raw and HeaderFlood send.
func Over(healthy http.Handler, faults ...Fault) http.Handler {
	for _, f := range slices.Backward(faults) {
		if f.Handler != nil {
			healthy = f.over(healthy)
		}
	}
	return healthy
}

func (f Fault) over(healthy http.Handler) http.Handler {
	faulty := f.Handler(healthy)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.Endpoint.asked(r) {
			faulty.ServeHTTP(w, r)
		} else {
			healthy.ServeHTTP(w, r)
		}
	})
}
