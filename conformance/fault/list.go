package fault

import (
	"net/http"
	"slices"
	"strings"
)

// The faults of every endpoint. [Fault.At] confines one to an endpoint.
var (
	Outage  = row("Outage", "answers 503", "", answer(http.StatusServiceUnavailable, "text/plain", "out of order"))
	Hang    = row("Hang", "never answers", "", wrap(hang))
	Garbage = row("Garbage", "answers 200 with an HTML page, as a captive portal does", "",
		answer(http.StatusOK, "text/html; charset=utf-8", "<!doctype html><title>Welcome</title><p>Please accept our terms."))
	NotJSON         = row("NotJSON", "answers 200 with bytes that are not JSON", "", answer(http.StatusOK, "application/json", "\x00\xff{"))
	Empty           = row("Empty", "answers 200 with an empty body", "", answerJSON(""))
	HangUp          = row("HangUp", "closes the connection without an answer", "", wrap(hangUp))
	Truncated       = row("Truncated", "closes the connection before the body has its Content-Length", "", wrap(truncate))
	TruncatedChunks = row("TruncatedChunks", "closes the connection before the last chunk of the body", "", wrap(truncateChunks))
	Stall           = row("Stall", "sends a part of the body, and then nothing", "", wrap(stall))
	Drip            = row("Drip", "sends a byte of the body every few milliseconds, without end", "", wrap(drip))
	HeaderFlood     = row("HeaderFlood", "sends 16 MiB of header fields", "", wrap(floodHeader))
	UnknownEncoding = row("UnknownEncoding", "names a Content-Encoding that no client asks for", "", field("Content-Encoding", "x-unknown"))
)

// The faults of the metadata.
var (
	IssuerUpperCase = row("IssuerUpperCase", "publishes metadata whose issuer is in upper case", Metadata,
		member("issuer", strings.ToUpper))
	IssuerWithoutSlash = row("IssuerWithoutSlash", "publishes metadata whose issuer lacks the trailing slash", Metadata,
		member("issuer", func(issuer string) string { return strings.TrimSuffix(issuer, "/") }))
	NoIssuer        = row("NoIssuer", "publishes metadata without issuer", Metadata, members(map[string]any{"issuer": nil}))
	NoJWKSURI       = row("NoJWKSURI", "publishes metadata without jwks_uri", Metadata, members(map[string]any{"jwks_uri": nil}))
	RelativeJWKSURI = row("RelativeJWKSURI", "publishes a relative jwks_uri", Metadata, members(map[string]any{"jwks_uri": "/jwks"}))
	HTTPJWKSURI     = row("HTTPJWKSURI", "publishes a jwks_uri of http", Metadata,
		member("jwks_uri", func(uri string) string { return strings.Replace(uri, "https:", "http:", 1) }))
	CredentialsInJWKSURI = row("CredentialsInJWKSURI", "publishes a jwks_uri with credentials", Metadata,
		member("jwks_uri", func(uri string) string { return strings.Replace(uri, "://", "://user:password@", 1) }))
	FragmentInJWKSURI = row("FragmentInJWKSURI", "publishes a jwks_uri with a fragment", Metadata,
		member("jwks_uri", func(uri string) string { return uri + "#keys" }))
)

// The faults of the key set.
var (
	NoKeys              = row("NoKeys", "publishes an empty key set", Keys, answerJSON(`{"keys":[]}`))
	NoUsableKey         = row("NoUsableKey", "publishes one key, which can't be used", Keys, answerJSON(`{"keys":[{"kty":"AKP","alg":"SLH-DSA-SHA2-128s","kid":"key-1","pub":"AA"}]}`))
	NoKeysMember        = row("NoKeysMember", "publishes a key set without the member keys", Keys, answerJSON(`{"key":[]}`))
	KeysNotArray        = row("KeysNotArray", "publishes a key set whose member keys is an object", Keys, answerJSON(`{"keys":{}}`))
	KeySetNotObject     = row("KeySetNotObject", "publishes an array in place of a key set", Keys, answerJSON(`[]`))
	DuplicateKeysMember = row("DuplicateKeysMember", "publishes a key set that has the member keys twice", Keys, answerJSON(`{"keys":[],"keys":[]}`))
	KeysWithoutID       = row("KeysWithoutID", "publishes its keys without kid", Keys, eachKey(func(key map[string]any) { delete(key, "kid") }))
	UnknownKeys         = row("UnknownKeys", "publishes keys that can't be used before its own (RFC 7517 section 5)", Keys, moreKeys(func([]any) []any {
		return []any{
			map[string]any{"kty": "AKP", "kid": "unknown-algorithm", "alg": "SLH-DSA-SHA2-128s", "use": "sig", "pub": "AAAA"},
			map[string]any{"kty": "EC", "kid": "unknown-curve", "crv": "secp256k1", "x": "AAAA", "y": "AAAA"},
			map[string]any{"kty": "RSA", "kid": "without-members", "alg": "RS256"},
			map[string]any{"kty": "oct", "kid": "symmetric", "alg": "HS256", "k": "c2VjcmV0"},
			map[string]any{"kty": 7, "kid": []string{"odd"}},
			"not an object",
		}
	}))
	KeysBehindHTTP = row("KeysBehindHTTP", "redirects requests for its keys to http", Keys, wrap(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+r.Host+r.URL.Path, http.StatusFound)
	}))
)

var list []Fault

// List returns the faults that need no parameter.
func List() []Fault { return slices.Clone(list) }

// row adds a fault to the list.
func row(name, does string, at Endpoint, handler func(http.Handler) http.Handler) Fault {
	f := Fault{name, does, at, handler}
	list = append(list, f)
	return f
}
