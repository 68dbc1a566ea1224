package verifier

import (
	"net/url"
	"strings"
)

// A Request is what of an HTTP request decides whether it may pass. It is not changed.
type Request struct {
	// Method is the request's method, as sent.
	Method string
	// URL is the absolute URL that the client asked for, its query included: the one before any proxy. Where
	// [Verifier.NeedsURL] reports false, path and query are enough.
	URL string
	// Header holds the header fields. Their names are compared without case, whatever the map's spelling.
	Header map[string][]string
	// ClientCertificate is the certificate that the client proved to hold in the TLS handshake, in DER; nil if
	// there was none. One that a proxy forwards is worth as much as the proxy.
	ClientCertificate []byte
	// Form holds the fields of a form body, if the caller has parsed one. It is only looked at for an access token
	// sent where none belongs.
	Form map[string][]string
	// Route is what the request needs besides a good token.
	Route Route
}

// A headerField is the first value of a header field, and how many there are.
type headerField struct {
	first string
	count int
}

func (f *headerField) add(values []string) {
	if f.count == 0 && len(values) > 0 {
		f.first = values[0]
	}
	f.count += len(values)
}

// fields finds the header fields that hold credentials, under whatever spelling of their names.
func (r Request) fields() (authorization, dpop headerField) {
	for name, values := range r.Header {
		switch {
		case strings.EqualFold(name, "Authorization"):
			authorization.add(values)
		case strings.EqualFold(name, "DPoP"):
			dpop.add(values)
		}
	}
	return authorization, dpop
}

// tokenElsewhere reports whether an access token is in the query (RFC 6750 section 2.3) or form (section 2.2) too. A
// client must not use more than one method.
func (r Request) tokenElsewhere() bool {
	const parameter = "access_token"
	if _, found := r.Form[parameter]; found {
		return true
	}
	_, query, _ := strings.Cut(r.URL, "?")
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		name, _, _ := strings.Cut(pair, "=")
		if name == parameter {
			return true
		}
		if decoded, err := url.QueryUnescape(name); err == nil && decoded == parameter {
			return true
		}
	}
	return false
}
