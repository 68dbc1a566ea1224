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
	// Scopes are what the route needs, all of them: a token that lacks one is refused as by [Verified.RequireScopes],
	// and the challenges of every other refusal name them, so that a client asks for them at once (RFC 6750 section
	// 3). They must be configuration, not input.
	Scopes []string
}

// NeedsURL reports whether more of r.URL than its query counts: r has credentials, and a DPoP proof is checked against
// its URL or a Resolver is asked for its issuers. It does not look at r.URL. Adapters for which working out the URL costs
// something, or can fail, ask it first.
func (v *Verifier) NeedsURL(r Request) bool {
	authorization, proof := r.fields()
	return authorization.count > 0 && (v.resolver != nil || v.dpop != nil && proof.count > 0)
}

// credentials are what a request was sent with.
type credentials struct {
	scheme Scheme // empty if it could not be read
	token  string
	field  bool   // the token is from the Authorization field
	proof  string // the value of the first DPoP header field
	proofs int    // how many of these fields there are
}

// credentials finds the one access token of a request. Nothing later reads the header again. That the token is a token68
// (RFC 9110 section 11.2) is left to [credentials.fault]: what is not can't be a good JWS, and what is a good JWS need
// not be looked at twice.
func (v *Verifier) credentials(r Request) (credentials, *Error) {
	authorization, dpop := r.fields()
	sent := credentials{field: true, proof: dpop.first, proofs: dpop.count}
	switch {
	case authorization.count == 0:
		return sent, fail(CodeCredentialsMissing, "CRED-01", "no Authorization header field")
	case authorization.count > 1:
		return sent, fail(CodeRequestMalformed, "CRED-03", "several Authorization header fields")
	}
	name, token, parted := strings.Cut(authorization.first, " ")
	sent.token = strings.TrimLeft(token, " ")
	if strings.ContainsRune(name, '\t') || strings.HasPrefix(sent.token, "\t") {
		return sent, fail(CodeRequestMalformed, "CRED-06", "a tab between scheme and token")
	}
	if !isToken(name) {
		return sent, fail(CodeRequestMalformed, "CRED-04", "the scheme is empty or no token of RFC 9110")
	}
	if sent.scheme = v.offered(name); sent.scheme == "" {
		return sent, fail(CodeSchemeNotOffered, "CRED-07", "the scheme is not offered")
	}
	switch {
	case !parted || sent.token == "":
		return sent, fail(CodeRequestMalformed, "CRED-04", "scheme without a token")
	case len(sent.token) > v.maxTokenBytes:
		return sent, fail(CodeTokenTooLarge, "CRED-09", "the token is over the size bound")
	case r.tokenElsewhere():
		return sent, fail(CodeRequestMalformed, "CRED-08", "a second access token in the query or form")
	}
	if err := sent.checkProofs(); err != nil {
		return sent, sent.fault(err)
	}
	return sent, nil
}

// checkProofs wants one proof with the DPoP scheme (RFC 9449 section 4.3, item 1).
func (c credentials) checkProofs() *Error {
	switch {
	case c.scheme != DPoPScheme:
	case c.proofs == 0, c.proofs == 1 && c.proof == "":
		return fail(CodeProof, "DPOP-REQ-02", "no DPoP header field, or an empty one")
	case c.proofs > 1 || strings.Contains(c.proof, ","):
		return fail(CodeProof, "DPOP-REQ-01", "several DPoP proofs")
	}
	return nil
}

// fault returns what is wrong with the token as part of the header, which comes before err, what else is wrong.
func (c credentials) fault(err *Error) *Error {
	if c.field && !isToken68(c.token) {
		return fail(CodeRequestMalformed, "CRED-05", "the token has characters that no token68 has")
	}
	return err
}

// offered returns the scheme of that name (compared without case) in its registered spelling, empty if it is not
// offered.
func (v *Verifier) offered(name string) Scheme {
	for _, scheme := range v.schemes {
		if strings.EqualFold(name, string(scheme)) {
			return scheme
		}
	}
	return ""
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

// isToken reports whether s is a token of RFC 9110 section 5.6.2.
func isToken(s string) bool { return s != "" && tokenCharacters.all(s) }

// isToken68 reports whether s is a token68 of RFC 9110 section 11.2, which is RFC 6750's b64token.
func isToken68(s string) bool {
	body := strings.TrimRight(s, "=")
	return body != "" && token68Characters.all(body)
}

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

var (
	tokenCharacters   = characters(alphanumeric + "!#$%&'*+-.^_`|~")
	token68Characters = characters(alphanumeric + "-._~+/")
)

// A characterSet is looked up, since tokens are long.
type characterSet [256]bool

func characters(list string) *characterSet {
	var set characterSet
	for _, c := range []byte(list) {
		set[c] = true
	}
	return &set
}

func (set *characterSet) all(s string) bool {
	for i := range len(s) {
		if !set[s[i]] {
			return false
		}
	}
	return true
}
