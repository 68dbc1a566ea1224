package issuer

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"
)

// A Fault is a way to fail: given the handler of a healthy issuer, it returns the one that answers in its
// place. See [Server.Fail].
type Fault func(well http.Handler) http.Handler

// Fail makes the server fail in that way until it is called again; nil makes it healthy again.
func (s *Server) Fail(fault Fault) {
	if fault == nil {
		s.Interrupt(nil)
		return
	}
	s.Interrupt(fault(s.endpoints))
}

// Outage answers everything 503.
func Outage(http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "out of order", http.StatusServiceUnavailable)
	})
}

// Slow lets each answer wait for d, or for the client to leave.
func Slow(d time.Duration) Fault {
	return func(well http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			wait := time.NewTimer(d)
			defer wait.Stop()
			select {
			case <-wait.C:
				well.ServeHTTP(w, r)
			case <-r.Context().Done():
			}
		})
	}
}

// Garbage answers everything 200 with a page for people, as a captive portal does.
func Garbage(http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!doctype html><title>Welcome</title><p>Please accept our terms."))
	})
}

// Oversized fills up each JSON answer by a member of n bytes: everything in it is right, it is only too much.
func Oversized(n int) Fault {
	return edited(func(members map[string]any) {
		members["filling"] = strings.Repeat("x", n)
	})
}

// Redirect sends every request to another URL.
func Redirect(to string) Fault {
	return func(http.Handler) http.Handler { return http.RedirectHandler(to, http.StatusFound) }
}

// WrongIssuer publishes metadata that names another issuer, as in a mix-up (OpenID Connect Discovery section 4.3).
func WrongIssuer(name string) Fault {
	return edited(func(members map[string]any) {
		if _, isMetadata := members["issuer"]; isMetadata {
			members["issuer"] = name
		}
	})
}

// UnknownKeys publishes, in front of the issuer's keys, some that no one can use: of a type and a curve yet unknown,
// without their members, symmetric, no object at all. The others must go on serving (RFC 7517 section 5).
var UnknownKeys Fault = edited(func(members map[string]any) {
	if keys, isKeySet := members["keys"].([]any); isKeySet {
		members["keys"] = append([]any{
			map[string]any{"kty": "AKP", "kid": "post-quantum", "alg": "ML-DSA-44", "use": "sig", "pub": "AAAA"},
			map[string]any{"kty": "EC", "kid": "unknown-curve", "crv": "secp256k1", "x": "AAAA", "y": "AAAA"},
			map[string]any{"kty": "RSA", "kid": "without-members", "alg": "RS256"},
			map[string]any{"kty": "oct", "kid": "symmetric", "alg": "HS256", "k": "c2VjcmV0"},
			map[string]any{"kty": 7, "kid": []string{"odd"}},
			"not an object",
		}, keys...)
	}
})

// edited changes the members of each answer that is a JSON object.
func edited(change func(members map[string]any)) Fault {
	return func(well http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			well.ServeHTTP(answer, r)
			body := answer.Body.Bytes()
			var members map[string]any
			if json.Unmarshal(body, &members) == nil {
				change(members)
				body, _ = json.Marshal(members)
			}
			for name, values := range answer.Header() {
				w.Header()[name] = values
			}
			w.WriteHeader(answer.Code)
			_, _ = w.Write(body)
		})
	}
}
